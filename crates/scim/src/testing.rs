//! The resource type that the tests of this crate share: a small user with an extension.

use crate::schema::{Attribute, ResourceType, Schema, Uniqueness, rfc7643};

pub(crate) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:example:2.0:User";

/// A user with one attribute of every sort, `editor` in an extension, and the rest of RFC 7643
/// recognised.
pub(crate) fn resource_type() -> ResourceType {
    let user = Schema::new(
        rfc7643::USER,
        "User",
        "Test user",
        [
            Attribute::string("userName").required().unique(Uniqueness::Server),
            Attribute::complex(
                "name",
                [
                    Attribute::string("formatted").read_only(),
                    Attribute::string("familyName"),
                    Attribute::string("givenName"),
                ],
            ),
            Attribute::string("displayName"),
            Attribute::boolean("active").required(),
            Attribute::complex(
                "emails",
                [Attribute::string("value"), Attribute::string("type"), Attribute::boolean("primary")],
            )
            .multi_valued(),
            Attribute::string("tags").multi_valued(),
            Attribute::complex("badges", [Attribute::string("value"), Attribute::string("type")])
                .multi_valued()
                .read_only(),
            Attribute::new("logins", crate::schema::Kind::Integer),
        ],
    );
    let extension = Schema::new(
        EXTENSION,
        "ExampleUser",
        "Role",
        [Attribute::boolean("editor").required().unassigned_by(&["", "undefined"]), Attribute::string("team")],
    );
    ResourceType::new("User", "Test user", "/Users", user)
        .extended_by(extension)
        .recognising(rfc7643::user())
        .recognising(rfc7643::enterprise_user())
}
