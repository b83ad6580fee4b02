use ids::{SeededRng, SystemRng};
use local_credential_options::{NoPassword, Options, PlaintextPassword, RandomPassword, Sso};
use proto::c1::connector::v2::PasswordConstraint;
use secrecy::ExposeSecret;

use super::*;
use crate::error::Code;

fn wish(options: Options) -> LocalCredentialOptions {
    LocalCredentialOptions { options: Some(options), ..LocalCredentialOptions::default() }
}

fn random(length: i64, constraints: &[(&str, u32)]) -> LocalCredentialOptions {
    let constraint =
        |(set, min_count): &(&str, u32)| PasswordConstraint { char_set: (*set).to_owned(), min_count: *min_count };
    wish(Options::RandomPassword(RandomPassword { length, constraints: constraints.iter().map(constraint).collect() }))
}

fn made(options: &LocalCredentialOptions, rng: &dyn Rng) -> Result<String, Code> {
    let password = password(options, rng).map_err(|error| error.code())?;
    Ok(password.expect("a password").expose_secret().to_owned())
}

#[test]
fn a_password_has_its_length_and_some_of_each_kind() {
    for seed in 0..50 {
        for length in [8, 20, 64] {
            let text = made(&random(length, &[]), &SeededRng::new(seed)).unwrap();
            assert_eq!(text.chars().count(), usize::try_from(length).unwrap());
            for kind in KINDS {
                assert!(text.chars().any(|one| kind.contains(one)), "{text} has none of {kind}");
            }
        }
    }
    let options = random(20, &[]);
    assert_ne!(made(&options, &SystemRng), made(&options, &SystemRng));
}

#[test]
fn constraints_are_kept() {
    for seed in 0..20 {
        let text = made(&random(10, &[("äö", 4), ("0123456789", 6)]), &SeededRng::new(seed)).unwrap();
        let count = |set: &str| text.chars().filter(|one| set.contains(*one)).count();
        assert_eq!((count("äö"), count("0123456789")), (4, 6), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    for options in [
        random(7, &[]),
        random(65, &[]),
        random(-20, &[]),
        random(8, &[("abc", 9)]),
        random(8, &[("abc", 8), ("def", 1)]),
        random(8, &[("abc", u32::MAX)]),
        random(8, &[("", 1)]),
    ] {
        assert_eq!(made(&options, &SystemRng), Err(Code::InvalidArgument), "{options:?}");
    }
}

#[test]
fn other_wishes_get_what_they_say() {
    let given = wish(Options::PlaintextPassword(PlaintextPassword { plaintext_password: "given".to_owned() }));
    assert_eq!(made(&given, &SystemRng).as_deref(), Ok("given"));
    for options in [
        LocalCredentialOptions::default(),
        wish(Options::NoPassword(NoPassword {})),
        wish(Options::Sso(Sso::default())),
    ] {
        assert!(password(&options, &SystemRng).unwrap().is_none());
    }
}
