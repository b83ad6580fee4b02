//! Versions of resources in HTTP headers (RFC 7644 §3.14, RFC 9110 §13.1).
//!
//! SCIM uses weak tags, also in `If-Match`, where RFC 9110 by itself would want strong ones; so
//! [`EntityTags::match_weakly`] is the only comparison here.

/// Returns the weak entity tag of a version: `W/"3"`.
#[must_use]
pub fn weak_tag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: any version of a resource that exists.
    Any,
    /// These; the text between the quotes.
    Listed(Vec<String>),
}

impl EntityTags {
    /// Reads a header, or several of one name joined by commas.
    ///
    /// Reading stops at the first thing that is no entity tag, so a malformed header names fewer
    /// tags than was meant, and a write that depends on them does not happen.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let mut tags = Vec::new();
        let mut rest = header;
        while let Some((tag, behind)) = take_tag(rest.trim_start_matches([' ', '\t', ','])) {
            tags.push(tag.to_owned());
            rest = behind.trim_start_matches([' ', '\t']);
            if !(rest.is_empty() || rest.starts_with(',')) {
                tags.pop();
                break;
            }
        }
        Self::Listed(tags)
    }

    /// Says whether the tag of a resource is among these, weak or strong.
    #[must_use]
    pub fn match_weakly(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => {
                take_tag(tag).is_some_and(|(opaque, rest)| rest.is_empty() && tags.iter().any(|tag| tag == opaque))
            }
        }
    }
}

/// Takes `"x"` or `W/"x"` from the front and returns `x` and the rest.
fn take_tag(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("W/").unwrap_or(text).strip_prefix('"')?.split_once('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_match_weakly() {
        for (header, expected) in [
            ("*", true),
            (" * ", true),
            (r#"W/"3""#, true),
            (r#""3""#, true),
            (r#"W/"1", W/"3""#, true),
            (r#""1","2",,"3""#, true),
            (r#""a,b" , "3""#, true),
            (r#"W/"1""#, false),
            (r#"W/"33""#, false),
            ("", false),
            ("3", false),
            (r#"w/"3""#, false),
            (r#""3"#, false),
            (r#""1" "3""#, false),
            (r#"x, "3""#, false),
        ] {
            assert_eq!(EntityTags::parse(header).match_weakly(&weak_tag(3)), expected, "{header}");
        }
        assert!(EntityTags::parse(r#""a,b""#).match_weakly(r#"W/"a,b""#));
        assert!(!EntityTags::parse(r#""""#).match_weakly("nothing"));
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(header in ".{0,40}", tag in ".{0,10}") {
            let _ = EntityTags::parse(&header).match_weakly(&tag);
        }
    }
}
