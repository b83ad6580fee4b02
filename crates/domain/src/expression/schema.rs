//! What expressions can name: six variables, their fields, and the types of those.

use std::fmt;

/// The type of a part of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// A single value.
    One(Scalar),
    /// A list of them.
    List(Scalar),
    /// Fields that only the facts know, by name.
    Map,
    /// One of the variables with declared fields.
    Object(&'static Object),
}

/// The type of a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Int,
    Double,
    Text,
    Instant,
    Duration,
    /// Only the facts know.
    Any,
}

/// A variable with fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Type)],
}

impl Type {
    pub(super) const BOOL: Self = Self::One(Scalar::Bool);
    pub(super) const INT: Self = Self::One(Scalar::Int);
    pub(super) const TEXT: Self = Self::One(Scalar::Text);
    pub(super) const INSTANT: Self = Self::One(Scalar::Instant);
    pub(super) const DURATION: Self = Self::One(Scalar::Duration);
    pub(super) const TEXTS: Self = Self::List(Scalar::Text);
    pub(super) const ANY: Self = Self::One(Scalar::Any);

    /// Whether a value of this type can be where one of the other is wanted.
    pub(super) fn fits(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::One(Scalar::Any), _) | (_, Self::One(Scalar::Any)) => true,
            (Self::One(found), Self::One(wanted)) | (Self::List(found), Self::List(wanted)) => found.fits(wanted),
            (found, wanted) => found == wanted,
        }
    }
}

impl Scalar {
    pub(super) fn fits(self, wanted: Self) -> bool {
        let is_number = |scalar| matches!(scalar, Self::Int | Self::Double);
        self == wanted || self == Self::Any || wanted == Self::Any || (is_number(self) && is_number(wanted))
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number",
            Self::Text => "text",
            Self::Instant => "an instant",
            Self::Duration => "a duration",
            Self::Any => "a value",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(scalar) => f.write_str(scalar.words()),
            Self::List(Scalar::Text) => f.write_str("a list of text"),
            Self::List(_) => f.write_str("a list"),
            Self::Map => f.write_str("a map"),
            Self::Object(object) => write!(f, "`{}`", object.name),
        }
    }
}

static SUBJECT: Object = Object {
    name: "subject",
    fields: &[
        ("id", Type::TEXT),
        ("email", Type::TEXT),
        ("emails", Type::TEXTS),
        ("username", Type::TEXT),
        ("display_name", Type::TEXT),
        ("employee_id", Type::TEXT),
        ("department", Type::TEXT),
        ("title", Type::TEXT),
        ("employment_type", Type::TEXT),
        ("status", Type::TEXT),
        ("manager", Type::TEXT),
        ("roles", Type::TEXTS),
        ("attributes", Type::Map),
    ],
};

static ACCOUNT: Object = Object {
    name: "account",
    fields: &[
        ("id", Type::TEXT),
        ("external_id", Type::TEXT),
        ("display_name", Type::TEXT),
        ("email", Type::TEXT),
        ("status", Type::TEXT),
        ("type", Type::TEXT),
        ("last_login", Type::INSTANT),
        ("profile", Type::Map),
    ],
};

static APP: Object = Object {
    name: "app",
    fields: &[
        ("id", Type::TEXT),
        ("name", Type::TEXT),
        ("description", Type::TEXT),
        ("risk_level", Type::TEXT),
        ("tags", Type::TEXTS),
        ("owners", Type::TEXTS),
    ],
};

static ENTITLEMENT: Object = Object {
    name: "entitlement",
    fields: &[
        ("id", Type::TEXT),
        ("external_id", Type::TEXT),
        ("slug", Type::TEXT),
        ("display_name", Type::TEXT),
        ("description", Type::TEXT),
        ("purpose", Type::TEXT),
        ("risk_level", Type::TEXT),
        ("tags", Type::TEXTS),
        ("owners", Type::TEXTS),
    ],
};

static REQUEST: Object = Object {
    name: "request",
    fields: &[
        ("kind", Type::TEXT),
        ("origin", Type::TEXT),
        ("reason", Type::TEXT),
        ("duration", Type::DURATION),
        ("emergency", Type::BOOL),
        ("requested_by", Type::TEXT),
        ("form", Type::Map),
    ],
};

/// The variables with their types.
pub(super) static VARIABLES: [(&str, Type); 6] = [
    ("subject", Type::Object(&SUBJECT)),
    ("account", Type::Object(&ACCOUNT)),
    ("app", Type::Object(&APP)),
    ("entitlement", Type::Object(&ENTITLEMENT)),
    ("request", Type::Object(&REQUEST)),
    ("now", Type::INSTANT),
];

/// Every variable and field, with the words for its type.
pub(super) fn listed() -> Vec<(String, String)> {
    let mut listed = Vec::new();
    for (name, found) in VARIABLES {
        match found {
            Type::Object(object) => {
                listed
                    .extend(object.fields.iter().map(|(field, found)| (format!("{name}.{field}"), found.to_string())));
            }
            found => listed.push((name.to_owned(), found.to_string())),
        }
    }
    listed
}
