//! The URNs and the attributes that RFC 7643 defines.
//!
//! A provider builds its own schema for what it holds, and gives [`user`] and [`enterprise_user`] to
//! [`ResourceType::recognising`](super::ResourceType::recognising) for what it does not.
//! The descriptions are left empty: these are for recognising names, not for `/Schemas`.

use super::attribute::{Attribute, Kind, Mutability, Returned};
use super::resource_type::Schema;

/// The schema of a user (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The Enterprise extension (RFC 7643 §4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The schema of a schema (RFC 7643 §7).
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// The schema of a resource type (RFC 7643 §6).
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The schema of the provider's configuration (RFC 7643 §5).
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// Returns the attributes that every resource has (RFC 7643 §3.1).
#[must_use]
pub fn common() -> Schema {
    Schema::new(
        "",
        "Common",
        "Attributes of every resource",
        [
            Attribute::string("schemas").multi_valued().read_only().returned(Returned::Always),
            Attribute::string("id").case_exact().read_only().returned(Returned::Always),
            Attribute::string("externalId").case_exact().accepting_numbers(),
            Attribute::complex(
                "meta",
                [
                    Attribute::string("resourceType").case_exact().read_only(),
                    Attribute::date_time("created").read_only(),
                    Attribute::date_time("lastModified").read_only(),
                    Attribute::new("location", Kind::Reference).case_exact().read_only(),
                    Attribute::string("version").case_exact().read_only(),
                ],
            )
            .read_only(),
        ],
    )
}

/// Returns the whole core schema of a user (RFC 7643 §§4.1, 8.7.1).
#[must_use]
pub fn user() -> Schema {
    Schema::new(
        USER,
        "User",
        "User account",
        [
            Attribute::string("userName").required(),
            Attribute::complex(
                "name",
                ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"]
                    .map(Attribute::string),
            ),
            Attribute::string("displayName"),
            Attribute::string("nickName"),
            Attribute::new("profileUrl", Kind::Reference),
            Attribute::string("title"),
            Attribute::string("userType"),
            Attribute::string("preferredLanguage"),
            Attribute::string("locale"),
            Attribute::string("timezone"),
            Attribute::boolean("active"),
            Attribute::string("password").mutability(Mutability::WriteOnly).returned(Returned::Never),
            plural("emails", Kind::String),
            plural("phoneNumbers", Kind::String),
            plural("ims", Kind::String),
            plural("photos", Kind::Reference),
            Attribute::complex(
                "addresses",
                [
                    Attribute::string("formatted"),
                    Attribute::string("streetAddress"),
                    Attribute::string("locality"),
                    Attribute::string("region"),
                    Attribute::string("postalCode"),
                    Attribute::string("country"),
                    Attribute::string("type"),
                    Attribute::boolean("primary"),
                ],
            )
            .multi_valued(),
            Attribute::complex(
                "groups",
                [
                    Attribute::string("value"),
                    Attribute::new("$ref", Kind::Reference),
                    Attribute::string("display"),
                    Attribute::string("type"),
                ],
            )
            .multi_valued()
            .read_only(),
            plural("entitlements", Kind::String),
            plural("roles", Kind::String),
            plural("x509Certificates", Kind::Binary),
        ],
    )
}

/// Returns the whole Enterprise extension (RFC 7643 §§4.3, 8.7.1).
#[must_use]
pub fn enterprise_user() -> Schema {
    Schema::new(
        ENTERPRISE_USER,
        "EnterpriseUser",
        "Enterprise user",
        [
            Attribute::string("employeeNumber"),
            Attribute::string("costCenter"),
            Attribute::string("organization"),
            Attribute::string("division"),
            Attribute::string("department"),
            Attribute::complex(
                "manager",
                [Attribute::string("value"), Attribute::new("$ref", Kind::Reference), Attribute::string("displayName")],
            ),
        ],
    )
}

/// Returns a multi-valued attribute of the usual five parts (RFC 7643 §2.4).
fn plural(name: &str, value: Kind) -> Attribute {
    Attribute::complex(
        name,
        [
            Attribute::new("value", value),
            Attribute::string("display"),
            Attribute::string("type"),
            Attribute::boolean("primary"),
            Attribute::new("$ref", Kind::Reference),
        ],
    )
    .multi_valued()
}
