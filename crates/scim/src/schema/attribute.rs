//! One attribute and the characteristics of RFC 7643 §7.

use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A number without one.
    Integer,
    /// An instant, written as `xsd:dateTime`.
    DateTime,
    /// Base64 text.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

/// Who may change an attribute, and when (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Only the provider.
    ReadOnly,
    /// Anyone, at any time.
    ReadWrite,
    /// The client, once.
    Immutable,
    /// The client; it is never read back.
    WriteOnly,
}

/// When an attribute is part of an answer (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// In every answer, whatever the projection says.
    Always,
    /// In none.
    Never,
    /// Unless the projection leaves it out.
    Default,
    /// Only if the projection names it.
    Request,
}

/// Within which bounds a value occurs once (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Uniqueness {
    /// No bounds.
    None,
    /// Among the resources of this provider.
    Server,
    /// Everywhere.
    Global,
}

/// The description of one attribute or sub-attribute.
///
/// A new one has the defaults of RFC 7643 §2.2: optional, single-valued, compared without case,
/// `readWrite`, returned by default, not unique. The methods that follow the constructors change
/// one of these each and are meant to be chained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the characteristics of RFC 7643 §7 are booleans")]
pub struct Attribute {
    /// The name, in the spelling that resources use.
    pub name: String,
    /// The data type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Whether the value is an array.
    pub multi_valued: bool,
    /// A sentence for people.
    pub description: String,
    /// Whether a resource always has it.
    pub required: bool,
    /// Whether its text compares with case.
    pub case_exact: bool,
    /// Suggested values; not enforced on input (RFC 7643 §7).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canonical_values: Vec<String>,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is shown.
    pub returned: Returned,
    /// Within which bounds it is unique.
    pub uniqueness: Uniqueness,
    /// What a reference may point at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_types: Vec<String>,
    /// The parts of a complex attribute.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "each")]
    pub sub_attributes: Vec<Arc<Attribute>>,
    /// Words that mean "no value" on input, in any case, besides `null` and `[]`.
    #[serde(skip)]
    pub unassigned_words: Vec<String>,
    /// Whether a JSON number is taken as its text on input.
    #[serde(skip)]
    pub accepts_numbers: bool,
}

impl Attribute {
    /// Returns an attribute of that name and type with the defaults of RFC 7643.
    #[must_use]
    pub fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            description: String::new(),
            required: false,
            case_exact: matches!(kind, Kind::Binary | Kind::Reference),
            canonical_values: Vec::new(),
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            unassigned_words: Vec::new(),
            accepts_numbers: false,
        }
    }

    /// Returns a text attribute.
    #[must_use]
    pub fn string(name: &str) -> Self {
        Self::new(name, Kind::String)
    }

    /// Returns a boolean attribute.
    #[must_use]
    pub fn boolean(name: &str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// Returns an attribute that holds an instant.
    #[must_use]
    pub fn date_time(name: &str) -> Self {
        Self::new(name, Kind::DateTime)
    }

    /// Returns an attribute made of others.
    #[must_use]
    pub fn complex(name: &str, sub_attributes: impl IntoIterator<Item = Attribute>) -> Self {
        let mut complex = Self::new(name, Kind::Complex);
        complex.sub_attributes = sub_attributes.into_iter().map(Arc::new).collect();
        complex
    }

    /// Describes it for people.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// Makes its value an array.
    #[must_use]
    pub fn multi_valued(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// Says that every resource has it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Compares it with case.
    #[must_use]
    pub fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    /// Suggests values.
    #[must_use]
    pub fn canonical_values(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|value| (*value).to_owned()).collect();
        self
    }

    /// Names what a reference may point at, such as `external`, `uri` or a resource type.
    #[must_use]
    pub fn referring_to(mut self, types: &[&str]) -> Self {
        self.reference_types = types.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Says who may change it.
    #[must_use]
    pub fn mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    /// Leaves every change to the provider.
    #[must_use]
    pub fn read_only(self) -> Self {
        self.mutability(Mutability::ReadOnly)
    }

    /// Says when it is part of an answer.
    #[must_use]
    pub fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    /// Says within which bounds it is unique.
    #[must_use]
    pub fn unique(mut self, uniqueness: Uniqueness) -> Self {
        self.uniqueness = uniqueness;
        self
    }

    /// Takes these words, in any case, as "no value" on input.
    #[must_use]
    pub fn unassigned_by(mut self, words: &[&str]) -> Self {
        self.unassigned_words = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Takes a JSON number as its text on input.
    #[must_use]
    pub fn accepting_numbers(mut self) -> Self {
        self.accepts_numbers = true;
        self
    }

    /// Returns the sub-attribute of that name, whatever its case.
    #[must_use]
    pub fn sub_attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        find(&self.sub_attributes, name)
    }
}

/// Returns the attribute of that name, whatever its case (RFC 7643 §2.1).
pub(super) fn find<'a>(attributes: &'a [Arc<Attribute>], name: &str) -> Option<&'a Arc<Attribute>> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

fn each<S: Serializer>(attributes: &[Arc<Attribute>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(attributes.iter().map(|attribute| &**attribute))
}
