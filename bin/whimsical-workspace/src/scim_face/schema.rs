//! The description of a Whimsical user in SCIM's own terms.

use std::sync::LazyLock;

use scim::schema::rfc7643::{self, USER};
use scim::schema::{Attribute, Mutability, ResourceType, Schema, Uniqueness};

/// The URN of Whimsical's extension, which holds `editor`.
pub const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User";

/// The full name of the role attribute.
pub(super) const EDITOR: &str = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User:editor";

/// The resource type of users.
pub(super) static USER_TYPE: LazyLock<ResourceType> = LazyLock::new(|| {
    ResourceType::new("User", "Workspace user", "/Users", core())
        .extended_by(extension())
        .recognising(rfc7643::user())
        .recognising(rfc7643::enterprise_user())
});

fn core() -> Schema {
    let name_part =
        |name, description| Attribute::string(name).mutability(Mutability::Immutable).described(description);
    Schema::new(
        USER,
        "User",
        "Workspace user",
        [
            Attribute::string("userName")
                .required()
                .unique(Uniqueness::Server)
                .described("The e-mail address, in lower case."),
            Attribute::complex(
                "name",
                [
                    Attribute::string("formatted").read_only().described("Given and family name."),
                    name_part("familyName", "The family name; fixed after creation."),
                    name_part("givenName", "The given name; fixed after creation."),
                ],
            )
            .mutability(Mutability::Immutable)
            .described("The name; only the user changes it after creation."),
            Attribute::string("displayName").described("The name to show."),
            Attribute::boolean("active").required().described("False: removed from the workspace."),
            Attribute::complex(
                "emails",
                [
                    Attribute::string("value").read_only().described("The address."),
                    Attribute::string("type").canonical_values(&["work"]).read_only().described("Always work."),
                    Attribute::boolean("primary").read_only().described("Always true."),
                ],
            )
            .multi_valued()
            .read_only()
            .described("Always one, equal to userName."),
        ],
    )
}

fn extension() -> Schema {
    let editor = Attribute::boolean("editor")
        .required()
        .unassigned_by(&["", "undefined"])
        .described("True: editor, a paid seat. False: viewer.");
    Schema::new(EXTENSION, "WhimsicalUser", "The role in the workspace", [editor])
}
