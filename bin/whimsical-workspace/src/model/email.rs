//! The rule of e-mail addresses as user names.

use crate::model::Refusal;
use crate::model::switches::EmailCase;

/// The longest address, in characters. Source: RFC 5321 §4.5.3.1.3, less the angle brackets.
const MAX_CHARS: usize = 254;

/// Returns the form in which addresses are compared: trimmed, and folded as SCIM compares text without case.
#[must_use]
pub fn fold(address: &str) -> String {
    folded(address.trim())
}

/// Returns the form in which addresses are compared, spaces included.
#[must_use]
pub fn folded(address: &str) -> String {
    scim::fold::folded(address)
}

/// Returns the address as it is stored.
///
/// # Errors
/// [`Refusal::NotAnEmail`], or [`Refusal::UpperCase`] when upper case is refused.
pub fn accept(address: &str, case: EmailCase) -> Result<Box<str>, Refusal> {
    if !is_address(address) {
        return Err(Refusal::NotAnEmail);
    }
    let folded = folded(address);
    if folded != address && case == EmailCase::Reject {
        return Err(Refusal::UpperCase);
    }
    Ok(folded.into())
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_clean = |c: char| !c.is_whitespace() && !c.is_control() && !"@<>\",;".contains(c);
    !local.is_empty()
        && !domain.is_empty()
        && text.chars().count() <= MAX_CHARS
        && local.chars().chain(domain.chars()).all(is_clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_case() {
        let check = |text: &str, case| accept(text, case).ok();
        assert_eq!(check("ada@example.com", EmailCase::Reject).as_deref(), Some("ada@example.com"));
        assert_eq!(check("Ada@example.com", EmailCase::Reject), None);
        assert_eq!(check("Ada@Example.com", EmailCase::Fold).as_deref(), Some("ada@example.com"));
        for bad in ["", "@", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c", "a@b\n"] {
            assert_eq!(check(bad, EmailCase::Fold), None, "{bad:?}");
        }
        let long = format!("{}@example.com", "a".repeat(243));
        assert_eq!(check(&long, EmailCase::Reject), None);
        assert!(check(&long[1..], EmailCase::Reject).is_some());
    }
}
