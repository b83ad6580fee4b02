//! Users as SCIM resources, written straight from the record.

use std::borrow::Cow;

use jiff::Timestamp;
use scim::etag::weak_tag;
use scim::schema::rfc7643::USER;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::schema::EXTENSION;
use crate::model::switches::{BoolStyle, Offered, ReturnEditor};
use crate::model::{ScimUser, Switches, UserId};

/// How users are written: the base of their URLs, and what the switches say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style<'a> {
    base: &'a str,
    bools: BoolStyle,
    editor: ReturnEditor,
    etag: Offered,
}

impl<'a> Style<'a> {
    /// Returns how answers write users.
    pub(super) fn wire(base: &'a str, switches: &Switches) -> Self {
        Self { base, bools: switches.bool_style, editor: switches.return_editor, etag: switches.etag }
    }

    /// Returns how filters and PATCH see users: as the schema says.
    pub(super) fn inner(base: &'a str) -> Self {
        Self { base, bools: BoolStyle::Json, editor: ReturnEditor::Always, etag: Offered::On }
    }

    /// Returns the URL of a user.
    pub(super) fn location(&self, user: &ScimUser) -> String {
        Location { base: self.base, id: user.id }.to_string()
    }

    /// Returns a user as JSON.
    pub(super) fn value(&self, user: &ScimUser) -> Value {
        // A view has string keys and no numbers that JSON lacks, so this can't fail.
        serde_json::to_value(self.view(user)).unwrap_or_default()
    }

    /// Writes a user as JSON text.
    pub(super) fn write(&self, user: &ScimUser, into: &mut Vec<u8>) {
        // As above; and writing into memory can't fail.
        let _ = serde_json::to_writer(into, &self.view(user));
    }

    fn view<'u>(&self, user: &'u ScimUser) -> View<'u>
    where
        'a: 'u,
    {
        let shows_editor = match self.editor {
            ReturnEditor::Always => true,
            ReturnEditor::Never => false,
            ReturnEditor::ManagedOnly => user.managed,
        };
        let bools = |value| Bool { value, style: self.bools };
        View {
            schemas: if shows_editor { &[USER, EXTENSION] } else { &[USER] },
            id: user.id,
            external_id: user.external_id.as_deref(),
            user_name: &user.user_name,
            name: (!user.name.is_empty()).then(|| NameView {
                given_name: user.name.given.as_deref(),
                family_name: user.name.family.as_deref(),
                formatted: user.name.formatted().unwrap_or_default(),
            }),
            display_name: user.scim_display_name(),
            active: bools(user.is_active()),
            emails: [Email { value: &user.user_name, kind: "work", primary: bools(true) }],
            extension: shows_editor.then(|| Extension { editor: bools(user.role().is_editor()) }),
            meta: Meta {
                resource_type: "User",
                created: Instant(user.created),
                last_modified: Instant(user.modified),
                location: Location { base: self.base, id: user.id },
                version: self.etag.is_on().then_some(Version(user.version)),
            },
        }
    }
}

/// Returns the `ETag` of a user.
pub(super) fn etag(user: &ScimUser) -> String {
    weak_tag(user.version.into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'u> {
    schemas: &'static [&'static str],
    id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'u str>,
    user_name: &'u str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<NameView<'u>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<Cow<'u, str>>,
    active: Bool,
    emails: [Email<'u>; 1],
    #[serde(
        rename = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User",
        skip_serializing_if = "Option::is_none"
    )]
    extension: Option<Extension>,
    meta: Meta<'u>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NameView<'u> {
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'u str>,
    formatted: String,
}

#[derive(Serialize)]
struct Email<'u> {
    value: &'u str,
    #[serde(rename = "type")]
    kind: &'static str,
    primary: Bool,
}

#[derive(Serialize)]
struct Extension {
    editor: Bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'u> {
    resource_type: &'static str,
    created: Instant,
    last_modified: Instant,
    location: Location<'u>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
}

struct Bool {
    value: bool,
    style: BoolStyle,
}

impl Serialize for Bool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.style, self.value) {
            (BoolStyle::Json, value) => serializer.serialize_bool(value),
            (BoolStyle::String, true) => serializer.serialize_str("True"),
            (BoolStyle::String, false) => serializer.serialize_str("False"),
        }
    }
}

struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&scim::instant::text(self.0))
    }
}

struct Version(u32);

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&weak_tag(self.0.into()))
    }
}

struct Location<'a> {
    base: &'a str,
    id: UserId,
}

impl std::fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/Users/{}", self.base, self.id)
    }
}

impl Serialize for Location<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
