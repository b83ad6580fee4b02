//! Scripted faults: which request, how often, what goes wrong.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The answer comes late.
    Delay {
        /// By so many milliseconds, at most 120,000.
        millis: u32,
    },
    /// 401, as for a wrong token.
    Unauthorized,
    /// 429.
    TooMany {
        /// The `Retry-After` header as it is sent: seconds or an HTTP date; none: no header.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// A server error.
    Status {
        /// 500, 502 or 503.
        status: u16,
        /// What the body is.
        #[serde(default)]
        body: ErrorBody,
        /// The `Retry-After` header; none: no header.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The connection closes; nothing has happened.
    CloseBefore,
    /// The connection closes; the request was carried out.
    CloseAfter,
    /// The body ends early, and the message claims that this is all of it.
    TruncatedJson {
        /// How many bytes are left.
        bytes: usize,
    },
    /// The body ends early, and the connection closes.
    TruncatedBody {
        /// How many bytes are sent.
        bytes: usize,
    },
    /// The body is declared as something else.
    ContentType {
        /// As what.
        value: String,
    },
    /// `totalResults` is wrong by so many, or missing.
    TotalResults {
        /// How many are added; none: the member is missing.
        by: Option<i64>,
    },
    /// The first entry of a page is in it twice.
    DuplicateEntry,
    /// The first entry of a page is missing.
    MissingEntry,
    /// A page is shorter than asked for.
    ShortPage {
        /// How many entries are left.
        entries: usize,
    },
    /// The server takes no notice of `startIndex`.
    IgnoreStartIndex,
    /// `Resources` is null or missing.
    NoResources {
        /// Whether it is null instead of missing.
        null: bool,
    },
    /// Every `id` is a number.
    IdAsNumber,
    /// Every `active` is a string.
    ActiveAsString,
    /// Every user lacks a member: `emails`, `userName`, `meta`, or the extension's URN.
    WithoutMember {
        /// The name of the member.
        name: String,
    },
    /// Every user has members that nobody knows.
    UnknownMembers,
    /// Every user has members that are null.
    Nulls,
    /// A 409 without `scimType`.
    PlainConflict,
    /// 404 for a filter that matches nobody.
    NotFoundForEmptyFilter,
}

/// What the body of a server error is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorBody {
    /// A SCIM error.
    #[default]
    Scim,
    /// A page for people.
    Html,
    /// Nothing.
    Empty,
}

/// A fault and the requests that it spoils.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Only requests with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests whose path and query contain this text.
    #[serde(default)]
    pub contains: Option<String>,
    /// So many matching requests go well first.
    #[serde(default)]
    pub skip: u32,
    /// Then so many are spoiled.
    #[serde(default = "once")]
    pub count: u32,
    /// What goes wrong.
    pub fault: Fault,
}

fn once() -> u32 {
    1
}

/// Why a fault is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadScript {
    /// There are too many faults.
    #[error("there are 1,000 faults already; delete them first")]
    TooMany,
    /// A value is out of bounds.
    #[error("a delay is at most 120,000 ms, a status 500 to 599, and header values are visible ASCII")]
    OutOfBounds,
}

/// The scripted faults, in the order of their coming, and how many SCIM requests have met them or passed.
#[derive(Debug, Default)]
pub struct Faults {
    scripts: Vec<Script>,
    requests: u64,
}

impl Faults {
    /// Adds a fault.
    ///
    /// # Errors
    /// When there are too many, or a value is out of bounds.
    pub fn add(&mut self, script: Script) -> Result<(), BadScript> {
        let is_header = |text: &Option<String>| {
            text.as_deref().is_none_or(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        };
        let is_sound = match &script.fault {
            Fault::Delay { millis } => *millis <= 120_000,
            Fault::Status { status, retry_after, .. } => (500..600).contains(status) && is_header(retry_after),
            Fault::TooMany { retry_after } => is_header(retry_after),
            Fault::ContentType { value } => is_header(&Some(value.clone())),
            _ => true,
        };
        if !is_sound {
            return Err(BadScript::OutOfBounds);
        }
        if self.scripts.len() >= 1_000 {
            return Err(BadScript::TooMany);
        }
        self.scripts.push(script);
        Ok(())
    }

    /// Returns the faults that are still to come.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// Returns the number of SCIM requests since the start.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Takes all faults out.
    pub fn clear(&mut self) {
        self.scripts.clear();
    }

    /// Returns the faults that spoil this request, and counts it.
    pub fn take(&mut self, method: &str, path_and_query: &str) -> Vec<Fault> {
        self.requests += 1;
        let mut faults = Vec::new();
        for script in &mut self.scripts {
            let is_match = script.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && script.contains.as_deref().is_none_or(|text| path_and_query.contains(text));
            if !is_match {
                continue;
            }
            if script.skip > 0 {
                script.skip -= 1;
            } else if script.count > 0 {
                script.count -= 1;
                faults.push(script.fault.clone());
            }
        }
        self.scripts.retain(|script| script.count > 0);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_per_request() {
        let script = Script {
            method: Some("get".to_owned()),
            contains: Some("startIndex=101".to_owned()),
            skip: 1,
            count: 2,
            fault: Fault::CloseBefore,
        };
        let mut faults = Faults::default();
        faults.add(script).unwrap();
        let mut hit = |method, path| !faults.take(method, path).is_empty();
        assert!(!hit("POST", "/scim-v2/Users?startIndex=101"));
        assert!(!hit("GET", "/scim-v2/Users?startIndex=1"));
        let path = "/scim-v2/Users?startIndex=101";
        assert_eq!(
            [hit("GET", path), hit("GET", path), hit("GET", path), hit("GET", path)],
            [false, true, true, false]
        );
    }
}
