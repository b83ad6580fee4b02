use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8PathBuf;
use ids::{SeededRng, SystemRng};
use proptest::prelude::*;

use super::*;

const PLACE: Place<'_> = Place { table: "connector_secret", row: "7/token", column: "sealed" };

fn with_keys(seeds: &[u64]) -> Sealer {
    let keys: Vec<SealKey> = seeds.iter().map(|seed| SealKey::generate(&SeededRng::new(*seed))).collect();
    Sealer::new(&keys).unwrap()
}

#[test]
fn the_newest_key_seals_and_every_key_opens() {
    let (old, both, new) = (with_keys(&[1]), with_keys(&[2, 1]), with_keys(&[2]));
    let sealed = old.seal(PLACE, b"secret", &SystemRng).unwrap();
    assert_eq!(both.open(PLACE, &sealed).unwrap().as_slice(), b"secret");
    assert!(both.is_outdated(&sealed) && !old.is_outdated(&sealed));
    let error = new.open(PLACE, &sealed).unwrap_err();
    assert!(matches!(error, SealError::UnknownKey { .. }), "{error}");
    assert!(error.to_string().starts_with("`sealed` of connector_secret `7/token` is sealed with the key "), "{error}");
    let sealed = both.seal(PLACE, "é".as_bytes(), &SystemRng).unwrap();
    assert_eq!(new.open_text(PLACE, &sealed).unwrap().expose_secret(), "é");
    assert!(!both.is_outdated(&sealed));
}

#[test]
fn a_sealed_value_opens_in_its_place_only() {
    let keys = with_keys(&[1]);
    let sealed = keys.seal(PLACE, b"secret", &SystemRng).unwrap();
    for place in [
        Place { table: "connector", ..PLACE },
        Place { row: "8/token", ..PLACE },
        Place { column: "last_four", ..PLACE },
        Place { table: "connector_secret7", row: "/token", ..PLACE },
    ] {
        assert_eq!(keys.open(place, &sealed), Err(SealError::Broken { place: place.to_string() }));
    }
}

#[test]
fn nothing_of_the_secret_or_the_key_shows() {
    let key = SealKey::generate(&SeededRng::new(1));
    let text = key.to_text();
    let sealed = with_keys(&[1]).seal(PLACE, b"a secret that is long enough", &SystemRng).unwrap();
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
    assert_ne!(sealed, with_keys(&[1]).seal(PLACE, b"a secret that is long enough", &SystemRng).unwrap());
    for printed in [format!("{key:?}"), format!("{:?}", with_keys(&[1])), format!("{text:?}")] {
        assert!(!printed.contains(text.expose_secret()), "{printed}");
    }
}

#[test]
fn keys_are_read_in_either_alphabet() {
    let key = SealKey(Zeroizing::new([0xfb; 32]));
    for text in [
        "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",
        "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=",
        " -_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s \n",
    ] {
        assert_eq!(text.parse::<SealKey>().unwrap().id(), key.id(), "{text}");
    }
    for text in ["", "-_v7", "x y", &"A".repeat(44), &"é".repeat(22)] {
        assert_eq!(text.parse::<SealKey>().err(), Some(SealError::NotKey), "{text}");
    }
    assert_eq!(parse_keys(&"# none\n\n".into()).err(), Some(SealError::NoKey));
    assert_eq!(Sealer::new(&[]).err(), Some(SealError::NoKey));
    assert!(matches!(with_keys(&[1]).seal(PLACE, &vec![0; MAX_BYTES + 1], &SystemRng), Err(SealError::TooLong { .. })));
}

#[test]
fn derived_keys_follow_the_keys_and_the_purpose() {
    let (one, other) = (with_keys(&[2, 1]), with_keys(&[1]));
    assert_eq!(one.derive("a").len(), 2);
    assert_eq!(one.derive("a")[1], other.derive("a")[0]);
    assert_ne!(other.derive("a"), other.derive("b"));
}

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().join("seal.keys")).unwrap();
    (folder, path)
}

#[test]
fn the_key_file_is_made_once_and_for_its_owner_only() {
    let (folder, path) = folder();
    let sealed = open_or_create(&path, &SystemRng).unwrap().seal(PLACE, b"s", &SystemRng).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = open_or_create(&path, &SystemRng).unwrap();
    assert_eq!(again.open(PLACE, &sealed).unwrap().as_slice(), b"s");

    add_key(&path, &SystemRng).unwrap();
    let grown = open_or_create(&path, &SystemRng).unwrap();
    assert_eq!(grown.open(PLACE, &sealed).unwrap().as_slice(), b"s");
    assert!(grown.is_outdated(&sealed));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn servers_that_start_together_get_one_key() {
    let (_folder, path) = folder();
    let ids: Vec<_> = std::thread::scope(|scope| {
        let opened = || format!("{:?}", open_or_create(&path, &SystemRng).unwrap());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(opened)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let (_folder, path) = folder();
    open_or_create(&path, &SystemRng).unwrap();
    for (mode, good) in [(0o400, true), (0o440, true), (0o640, true), (0o644, false), (0o660, false), (0o604, false)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refusal = open_or_create(&path, &SystemRng).err().map(|error| error.to_string());
        assert_eq!(refusal.is_none(), good, "{mode:o}");
        assert!(refusal.is_none_or(|text| text.contains("hint: chmod 600")), "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "not a key\n").unwrap();
    assert!(matches!(open_or_create(&path, &SystemRng), Err(KeyFileError::Keys { .. })));
}

proptest! {
    #[test]
    fn what_is_sealed_comes_back_and_any_change_is_refused(
        secret in proptest::collection::vec(any::<u8>(), 0..200), index in 0usize..10_000, change in 1u8..,
    ) {
        let keys = with_keys(&[1]);
        let sealed = keys.seal(PLACE, &secret, &SystemRng).unwrap();
        prop_assert_eq!(&*keys.open(PLACE, &sealed).unwrap(), &secret);
        let index = index % sealed.len();
        let mut wrong = sealed.clone();
        wrong[index] ^= change;
        prop_assert!(keys.open(PLACE, &wrong).is_err());
        prop_assert!(keys.open(PLACE, &sealed[..index]).is_err());
    }
}
