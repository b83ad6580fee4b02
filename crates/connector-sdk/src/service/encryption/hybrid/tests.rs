use age::Recipient as _;
use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::kem::DecapsulationKey;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The key schedule knows nothing of the KEM but its number, so the vector of another KEM holds as well.
///
/// Source: RFC 9180 A.2.1.
#[test]
fn the_key_schedule_is_the_one_of_the_rfc() {
    let secret = bytes("0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7");
    let (key, nonce) = key_and_nonce(0x0020, &secret, b"Ode on a Grecian Urn");
    assert_eq!(key.as_ref(), bytes("ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"));
    assert_eq!(nonce.as_slice(), bytes("5c4d98150661b848853b547f"));
}

#[test]
fn whoever_has_both_private_keys_finds_the_file_key() {
    let lattice = DecapsulationKey::generate(&ML_KEM_768).unwrap();
    let curve = PrivateKey::generate(&X25519).unwrap();
    let curve_point = curve.compute_public_key().unwrap();
    let public = lattice.encapsulation_key().unwrap().key_bytes().unwrap().as_ref().to_vec();
    let public = [&public[..], curve_point.as_ref()].concat();
    let recipient = Recipient::from_bytes(&public).unwrap();

    let file_key = FileKey::new(Box::new([7; 16]));
    let (stanzas, labels) = recipient.wrap_file_key(&file_key).unwrap();
    assert_eq!(labels, ["postquantum".to_owned()].into());
    let [Stanza { tag, args, body }] = &stanzas[..] else { panic!("one stanza is enough") };
    assert_eq!((tag.as_str(), args.len()), ("mlkem768x25519", 1));

    let encapsulated = STANDARD_NO_PAD.decode(&args[0]).unwrap();
    let (capsule, point) = encapsulated.split_at(1088);
    let lattice_secret = lattice.decapsulate(capsule.into()).unwrap();
    let secret = agreement::agree(&curve, UnparsedPublicKey::new(&X25519, point), Unspecified, |curve_secret| {
        Ok(combined(lattice_secret.as_ref(), curve_secret, point, curve_point.as_ref()))
    });
    let (key, nonce) = key_and_nonce(KEM, secret.unwrap().as_ref(), INFO);
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).unwrap());
    let mut text = body.clone();
    let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text).unwrap();
    assert_eq!(opened, [7; 16]);
}

#[test]
fn what_is_no_key_of_both_kinds_is_none() {
    for length in [0, 32, LATTICE_BYTES, LATTICE_BYTES + 31, LATTICE_BYTES + 33] {
        assert!(Recipient::from_bytes(&vec![1; length]).is_none(), "{length}");
    }
    // The curve half has no point of large order, the lattice half a number out of range.
    assert!(Recipient::from_bytes(&[0; LATTICE_BYTES + CURVE_BYTES]).is_none());
    assert!(Recipient::from_bytes(&[255; LATTICE_BYTES + CURVE_BYTES]).is_none());
    for text in ["", "age1pq1", "age1pq1qqqq", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"] {
        assert!(Recipient::from_text(text).is_none(), "{text}");
    }
}
