//! Runs the explorer, and writes files for it.

use c1z::{Options, Store, SyncType};
use camino::{Utf8Path, Utf8PathBuf};
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType, UserTrait, resource_type};
use proto::{Any, Message, Name};
use serde_json::Value;

/// What a run of the explorer did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    /// Returns the output as JSON, of a run that went well.
    pub(crate) fn json(&self) -> Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        assert!(!self.out.ends_with('\n'), "there is no newline at the end");
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs the explorer without colours.
pub(crate) fn baton(arguments: &[&str]) -> Outcome {
    run(arguments, Some("1"))
}

/// Runs the explorer with `NO_COLOR` set to this.
pub(crate) fn run(arguments: &[&str], no_color: Option<&str>) -> Outcome {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["baton"].iter().chain(arguments).map(Into::into);
    let code = baton::run(arguments, no_color, &mut out, &mut err);
    Outcome { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// Runs a command on a file.
pub(crate) fn on(file: &Utf8Path, arguments: &[&str]) -> Outcome {
    baton(&[&["-f", file.as_str()], arguments].concat())
}

/// Returns the path of a file of the format that another implementation wrote.
pub(crate) fn fixture(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/c1z/tests/fixtures").join(name)
}

/// A folder that goes at the end of the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn join(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.0.path()).unwrap().join(name)
    }
}

/// Writes a finished full sync of what `fill` puts into it.
pub(crate) fn write_sync(path: &Utf8Path, fill: impl FnOnce(&mut Store)) {
    let mut store = Store::open(path, Options::default()).unwrap();
    store.start_sync(SyncType::Full, None).unwrap();
    fill(&mut store);
    store.end_sync().unwrap();
    store.save().unwrap();
}

/// The type of users.
pub(crate) fn users() -> ResourceType {
    ResourceType {
        id: "user".into(),
        display_name: "User".into(),
        traits: vec![resource_type::Trait::User as i32],
        ..ResourceType::default()
    }
}

/// The type of roles.
pub(crate) fn roles() -> ResourceType {
    ResourceType { id: "role".into(), display_name: "Role".into(), ..ResourceType::default() }
}

pub(crate) fn resource(kind: &str, id: &str, display_name: &str) -> Resource {
    Resource {
        id: Some(ResourceId { resource_type: kind.into(), resource: id.into(), ..ResourceId::default() }),
        display_name: display_name.into(),
        ..Resource::default()
    }
}

pub(crate) fn user(id: &str, display_name: &str) -> Resource {
    let value = UserTrait::default().encode_to_vec();
    let type_url = format!("type.googleapis.com/{}", UserTrait::full_name());
    Resource { annotations: vec![Any { type_url, value }], ..resource("user", id, display_name) }
}

pub(crate) fn entitlement(role: &str, slug: &str) -> Entitlement {
    Entitlement {
        id: format!("role:{role}:{slug}"),
        resource: Some(resource("role", role, role)),
        display_name: format!("{role} {slug}"),
        slug: slug.into(),
        ..Entitlement::default()
    }
}

pub(crate) fn grant(entitlement: &Entitlement, user: &str) -> Grant {
    Grant {
        id: format!("{}:user:{user}", entitlement.id),
        entitlement: Some(entitlement.clone()),
        principal: Some(resource("user", user, "")),
        ..Grant::default()
    }
}
