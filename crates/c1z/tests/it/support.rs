//! Files and messages for the tests.

use std::collections::BTreeMap;

use c1z::{Error, Limits, Options, Reader, Resources, Row, Store, SyncType};
use camino::{Utf8Path, Utf8PathBuf};
use prost::Message;
use proto::Any;
use proto::c1::connector::v2::{
    Entitlement, Grant, GrantExpandable, Resource, ResourceId, ResourceType, resource_type,
};

/// A folder that goes at the end of the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    pub(crate) fn join(&self, name: &str) -> Utf8PathBuf {
        self.path().join(name)
    }

    /// Returns the names of what is in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn fixture(name: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn resource_type(id: &str) -> ResourceType {
    ResourceType {
        id: id.to_owned(),
        display_name: format!("Type {id}"),
        traits: vec![resource_type::Trait::User as i32],
        ..ResourceType::default()
    }
}

pub(crate) fn resource_id(resource_type: &str, resource: &str) -> ResourceId {
    ResourceId { resource_type: resource_type.to_owned(), resource: resource.to_owned(), ..ResourceId::default() }
}

pub(crate) fn resource(resource_type: &str, id: &str, display_name: &str) -> Resource {
    Resource { id: Some(resource_id(resource_type, id)), display_name: display_name.to_owned(), ..Resource::default() }
}

pub(crate) fn entitlement(role: &str) -> Entitlement {
    Entitlement {
        id: format!("role:{role}:assigned"),
        resource: Some(resource("role", role, role)),
        slug: "assigned".to_owned(),
        ..Entitlement::default()
    }
}

pub(crate) fn grant(role: &str, user: &str) -> Grant {
    Grant {
        id: format!("role:{role}:assigned:user:{user}"),
        entitlement: Some(entitlement(role)),
        principal: Some(Resource { id: Some(resource_id("user", user)), ..Resource::default() }),
        ..Grant::default()
    }
}

pub(crate) fn expandable(mut grant: Grant, entitlement_ids: &[&str]) -> Grant {
    let expandable = GrantExpandable {
        entitlement_ids: entitlement_ids.iter().map(ToString::to_string).collect(),
        ..GrantExpandable::default()
    };
    grant.annotations.push(Any {
        type_url: "type.googleapis.com/c1.connector.v2.GrantExpandable".to_owned(),
        value: expandable.encode_to_vec(),
    });
    grant
}

pub(crate) fn open(path: &Utf8Path) -> Result<Store, Error> {
    Store::open(path, Options::default())
}

/// Writes a full sync of `users` users, each a viewer.
pub(crate) fn write_sync(path: &Utf8Path, users: usize) {
    let mut store = open(path).unwrap();
    fill_sync(&mut store, users);
    store.end_sync().unwrap();
    store.save().unwrap();
}

pub(crate) fn fill_sync(store: &mut Store, users: usize) {
    store.start_sync(SyncType::Full, None).unwrap();
    store.put(&[resource_type("role"), resource_type("user")]).unwrap();
    store.put(&[resource("role", "viewer", "Viewer")]).unwrap();
    let ids: Vec<String> = (0..users).map(|user| format!("usr_{user:08}")).collect();
    store.put(&ids.iter().map(|id| resource("user", id, &format!("Name of {id}"))).collect::<Vec<_>>()).unwrap();
    store.put(&[entitlement("viewer")]).unwrap();
    store.put(&ids.iter().map(|id| grant("viewer", id)).collect::<Vec<_>>()).unwrap();
}

pub(crate) fn reader(path: &Utf8Path) -> Reader {
    Reader::open(path, &Limits::default()).unwrap()
}

/// Returns the resources of the last sync: ids and names.
pub(crate) fn names(path: &Utf8Path) -> BTreeMap<String, String> {
    let reader = reader(path);
    let runs = reader.syncs().unwrap();
    let mut names = BTreeMap::new();
    reader
        .view(&runs.last().unwrap().id)
        .each(Resources::All, |row: Row<'_, Resource>| {
            assert!(names.insert(row.external_id()?.to_owned(), row.decode()?.display_name).is_none());
            Ok::<_, Error>(())
        })
        .unwrap();
    names
}
