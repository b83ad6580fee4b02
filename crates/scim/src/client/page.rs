//! Lists and single users, parsed fast when they are as the standard has them, and tolerantly otherwise.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, Fault};
use super::loose;

/// A user as a product sees one.
pub trait Entry: DeserializeOwned + Send {
    /// Returns the id that the service made.
    fn id(&self) -> &str;

    /// Returns the `userName`, when there is one.
    fn user_name(&self) -> Option<&str>;

    /// Whether everything was found where the standard has it. When it was not, the same JSON is read again by
    /// [`Entry::from_loose`], which looks harder.
    fn is_regular(&self) -> bool;

    /// Reads the user from JSON that is not quite as it should be; `None` when it has no usable id.
    fn from_loose(value: &Value) -> Option<Self>;
}

/// One page of a listing.
#[derive(Debug)]
pub struct Page<E> {
    /// The users, in the order of the service.
    pub entries: Vec<E>,
    /// Users that could not be read.
    pub bad: usize,
    /// How many users the service says there are in all; a hint.
    pub total: Option<u64>,
}

impl<E> Page<E> {
    /// Returns how many users the service sent, readable or not.
    #[must_use]
    pub fn received(&self) -> usize {
        self.entries.len() + self.bad
    }
}

/// A page as RFC 7644 §3.4.2 has it.
#[derive(Deserialize)]
#[serde(bound = "E: DeserializeOwned")]
struct Regular<E> {
    #[serde(rename = "totalResults")]
    total: Option<u64>,
    #[serde(rename = "Resources")]
    entries: Vec<E>,
}

/// More than one in so many unreadable users fails the listing.
const BAD_SHARE: usize = 20;

/// Reads a page.
pub(super) fn parse<E: Entry>(body: &[u8]) -> Result<Page<E>, Error> {
    if let Ok(page) = serde_json::from_slice::<Regular<E>>(body)
        && page.entries.iter().all(Entry::is_regular)
    {
        return Ok(Page { entries: page.entries, bad: 0, total: page.total });
    }
    let page = json(body)?;
    let object = page.as_object().ok_or_else(|| Error::new(Fault::Unreadable))?;
    let total = loose::member(object, "totalResults").and_then(loose::number);
    let users: &[Value] = match loose::member(object, "Resources") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(users)) => users,
        Some(_) => return Err(Error::new(Fault::Unreadable)),
    };
    let entries: Vec<E> = users.iter().filter_map(E::from_loose).collect();
    let bad = users.len() - entries.len();
    if bad * BAD_SHARE > users.len() {
        return Err(Error::new(Fault::TooManyBad { bad, all: users.len() }));
    }
    Ok(Page { entries, bad, total })
}

/// Reads a single user.
pub(super) fn parse_one<E: Entry>(body: &[u8]) -> Result<E, Error> {
    if let Ok(entry) = serde_json::from_slice::<E>(body)
        && entry.is_regular()
    {
        return Ok(entry);
    }
    E::from_loose(&json(body)?).ok_or_else(|| Error::new(Fault::Unreadable))
}

fn json(body: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(body).map_err(|source| {
        let is_web_page = body.trim_ascii_start().starts_with(b"<");
        Error::new(if is_web_page { Fault::WebPage } else { Fault::Unreadable }).with_source(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct User {
        id: String,
        active: Option<bool>,
    }

    impl Entry for User {
        fn id(&self) -> &str {
            &self.id
        }
        fn user_name(&self) -> Option<&str> {
            None
        }
        fn is_regular(&self) -> bool {
            true
        }
        fn from_loose(value: &Value) -> Option<Self> {
            let object = value.as_object()?;
            Some(Self {
                id: loose::member(object, "id").and_then(loose::text)?,
                active: loose::member(object, "active").and_then(loose::boolean),
            })
        }
    }

    #[test]
    fn pages_are_read_in_every_shape() {
        for (body, ids, total) in [
            (r#"{"totalResults":2,"Resources":[{"id":"a","active":true},{"id":"b"}]}"#, vec!["a", "b"], Some(2)),
            (r#"{"TOTALRESULTS":"2","resources":[{"ID":7,"Active":"False"}]}"#, vec!["7"], Some(2)),
            (r#"{"totalResults":0}"#, vec![], Some(0)),
            (r#"{"Resources":null}"#, vec![], None),
        ] {
            let page: Page<User> = parse(body.as_bytes()).unwrap();
            let read: Vec<&str> = page.entries.iter().map(Entry::id).collect();
            assert_eq!((read, page.total), (ids, total), "{body}");
        }
    }

    #[test]
    fn a_few_bad_users_are_counted_and_many_fail_the_page() {
        let users = |bad: usize, all: usize| {
            let good = (bad..all).map(|id| format!(r#"{{"id":"{id}"}}"#));
            let users: Vec<String> = std::iter::repeat_n("{}".to_owned(), bad).chain(good).collect();
            format!(r#"{{"Resources":[{}]}}"#, users.join(","))
        };
        let page: Page<User> = parse(users(1, 100).as_bytes()).unwrap();
        assert_eq!((page.entries.len(), page.bad, page.received()), (99, 1, 100));
        let error = parse::<User>(users(6, 100).as_bytes()).unwrap_err();
        assert_eq!(*error.fault(), Fault::TooManyBad { bad: 6, all: 100 });
    }

    #[test]
    fn what_is_not_scim_is_named() {
        for (body, fault) in [
            ("<!doctype html><p>Sign in", Fault::WebPage),
            (r#"{"Resources":[{"id":"a"#, Fault::Unreadable),
            (r#"{"Resources":{}}"#, Fault::Unreadable),
            ("[]", Fault::Unreadable),
            ("", Fault::Unreadable),
        ] {
            assert_eq!(*parse::<User>(body.as_bytes()).unwrap_err().fault(), fault, "{body}");
        }
    }
}
