//! What the rows of a listing refer to: resource types, resources and entitlements, each looked up once.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use c1z::{Record, ResourceRef, Row, View, resource_key};
use prost::DecodeError;
use proto::c1::connector::v2::{Entitlement, Resource, ResourceId, ResourceType};
use proto::json::Type;
use proto::{Message, Name};

use crate::glimpse;

/// How much a cache may hold, so that memory does not grow with the file.
const CACHE_BYTES: usize = 2 << 20;
/// How many missing references are logged.
const MAX_LOGGED: usize = 100;

/// Something that is referred to. When the sync does not have it, a message that says so stands in.
#[derive(Debug)]
pub(crate) struct Known {
    /// The encoded message.
    pub(crate) wire: Vec<u8>,
    /// What it is called.
    pub(crate) display_name: String,
    message: Type,
    json: OnceCell<Vec<u8>>,
}

impl Known {
    fn new(message: Type, wire: Vec<u8>, display_name: String) -> Rc<Self> {
        Rc::new(Self { wire, display_name, message, json: OnceCell::new() })
    }

    /// Returns the message as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<&[u8]> {
        if let Some(json) = self.json.get() {
            return Ok(json);
        }
        let mut json = Vec::with_capacity(self.wire.len() * 2);
        proto::json::write(&mut json, self.message, &self.wire)?;
        Ok(self.json.get_or_init(|| json))
    }

    /// Returns roughly what keeping it costs.
    fn size_bytes(&self) -> usize {
        // The JSON, which comes later, is up to about twice as long.
        self.wire.len() * 3 + self.display_name.len() + 200
    }
}

/// The references of one sync.
#[derive(Debug)]
pub(crate) struct References<'v, 'c> {
    view: &'v View<'c>,
    resource_types: Cache,
    resources: Cache,
    entitlements: Cache,
    logged: HashSet<String>,
}

impl<'v, 'c> References<'v, 'c> {
    /// Returns the references of the sync that `view` shows.
    pub(crate) fn new(view: &'v View<'c>) -> Self {
        Self {
            view,
            resource_types: Cache::default(),
            resources: Cache::default(),
            entitlements: Cache::default(),
            logged: HashSet::new(),
        }
    }

    /// Returns the resource type `id`.
    pub(crate) fn resource_type(&mut self, id: &str) -> anyhow::Result<Rc<Known>> {
        if let Some(known) = self.resource_types.get(id) {
            return Ok(known);
        }
        let name = |wire: &[u8]| Ok(glimpse::ResourceType::decode(wire)?.display_name);
        let known = self.load("resource type", id, name, |display_name| ResourceType {
            id: id.to_owned(),
            display_name,
            ..ResourceType::default()
        })?;
        Ok(self.resource_types.keep(id, known))
    }

    /// Returns the resource `id`.
    pub(crate) fn resource(&mut self, id: ResourceRef<'_>) -> anyhow::Result<Rc<Known>> {
        let key = resource_key(id.resource_type, id.resource);
        if let Some(known) = self.resources.get(&key) {
            return Ok(known);
        }
        let name = |wire: &[u8]| Ok(glimpse::Resource::decode(wire)?.display_name);
        let known = self.load("resource", &key, name, |display_name| Resource {
            id: Some(ResourceId {
                resource_type: id.resource_type.to_owned(),
                resource: id.resource.to_owned(),
                ..ResourceId::default()
            }),
            display_name,
            ..Resource::default()
        })?;
        Ok(self.resources.keep(&key, known))
    }

    /// Returns the entitlement `id`.
    pub(crate) fn entitlement(&mut self, id: &str) -> anyhow::Result<Rc<Known>> {
        if let Some(known) = self.entitlements.get(id) {
            return Ok(known);
        }
        let name = |wire: &[u8]| Ok(glimpse::Entitlement::decode(wire)?.display_name);
        let known = self.load("entitlement", id, name, |display_name| Entitlement {
            id: id.to_owned(),
            display_name,
            ..Entitlement::default()
        })?;
        Ok(self.entitlements.keep(id, known))
    }

    /// Returns what the sync has under `key`, or what stands in for it; `name` reads the display name of a message.
    fn load<R: Record + Name>(
        &mut self,
        kind: &str,
        key: &str,
        name: impl FnOnce(&[u8]) -> Result<String, DecodeError>,
        stand_in: impl FnOnce(String) -> R,
    ) -> anyhow::Result<Rc<Known>> {
        let message = Type::of::<R>()?;
        if let Some(wire) = self.view.with(key, |row: Row<'_, R>| Ok(row.bytes()?.into_owned()))? {
            let display_name = name(&wire)?;
            return Ok(Known::new(message, wire, display_name));
        }
        self.log_missing(kind, key);
        let display_name = format!("MISSING {} ({key})", kind.to_uppercase());
        let wire = stand_in(display_name.clone()).encode_to_vec();
        Ok(Known::new(message, wire, display_name))
    }

    fn log_missing(&mut self, kind: &str, id: &str) {
        if self.logged.len() < MAX_LOGGED && self.logged.insert(format!("{kind} {id}")) {
            tracing::error!("unable to find the {kind} `{id}`");
            if self.logged.len() == MAX_LOGGED {
                tracing::error!("more is missing; no more of it is logged");
            }
        }
    }
}

/// A cache that starts afresh when it is full.
#[derive(Debug, Default)]
struct Cache {
    known: HashMap<String, Rc<Known>>,
    size_bytes: usize,
}

impl Cache {
    fn get(&self, id: &str) -> Option<Rc<Known>> {
        self.known.get(id).cloned()
    }

    fn keep(&mut self, id: &str, known: Rc<Known>) -> Rc<Known> {
        if self.size_bytes > CACHE_BYTES {
            *self = Self::default();
        }
        self.size_bytes += known.size_bytes() + id.len();
        self.known.insert(id.to_owned(), Rc::clone(&known));
        known
    }
}
