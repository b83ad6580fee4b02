//! Schemas, and the resource types made of them (RFC 7643 §§6, 7).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attribute::{Attribute, find};
use super::rfc7643;

/// A named set of attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The URN that names it.
    pub urn: Arc<str>,
    /// The name for people.
    pub name: String,
    /// A sentence for people.
    pub description: String,
    /// What it describes, in the order in which resources show it.
    pub attributes: Vec<Arc<Attribute>>,
}

impl Schema {
    /// Returns a schema of these attributes.
    #[must_use]
    pub fn new(urn: &str, name: &str, description: &str, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        Self {
            urn: Arc::from(urn),
            name: name.to_owned(),
            description: description.to_owned(),
            attributes: attributes.into_iter().map(Arc::new).collect(),
        }
    }

    /// Returns the attribute of that name, whatever its case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Arc<Attribute>> {
        find(&self.attributes, name)
    }

    /// Returns the resource that `/Schemas/{urn}` answers; `base` is the URL of the mount, without
    /// a slash at its end.
    #[must_use]
    pub fn to_json(&self, base: &str) -> Value {
        json!({
            "schemas": [rfc7643::SCHEMA],
            "id": &*self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": self.attributes.iter().map(|attribute| json!(&**attribute)).collect::<Vec<_>>(),
            "meta": {
                "resourceType": "Schema",
                "location": format!("{base}/Schemas/{}", self.urn),
            },
        })
    }
}

/// A schema that resources of a type may carry besides their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// The schema.
    pub schema: Schema,
    /// Whether every resource of the type carries it.
    pub required: bool,
}

/// A kind of resource: its endpoint, its schema, its extensions, and what it merely recognises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// The name, which is also its id.
    pub name: String,
    /// A sentence for people.
    pub description: String,
    /// The path below the mount, such as `/Users`.
    pub endpoint: String,
    /// The schema whose attributes sit at the top of a resource.
    pub schema: Schema,
    /// The schemas whose attributes sit in an object under their URN.
    pub extensions: Vec<Extension>,
    /// Attributes that clients may send and that are not held: accepted, dropped, and absent in
    /// filters. A schema with the URN of [`schema`](Self::schema) or of an extension adds to that.
    pub unsupported: Vec<Schema>,
    common: Schema,
}

impl ResourceType {
    /// Returns a type without extensions that recognises nothing beyond its schema.
    #[must_use]
    pub fn new(name: &str, description: &str, endpoint: &str, schema: Schema) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            endpoint: endpoint.to_owned(),
            schema,
            extensions: Vec::new(),
            unsupported: Vec::new(),
            common: rfc7643::common(),
        }
    }

    /// Adds an extension that a resource may lack.
    #[must_use]
    pub fn extended_by(mut self, schema: Schema) -> Self {
        self.extensions.push(Extension { schema, required: false });
        self
    }

    /// Recognises the attributes of a schema without holding them.
    #[must_use]
    pub fn recognising(mut self, schema: Schema) -> Self {
        self.unsupported.push(schema);
        self
    }

    /// Returns the attributes that every resource has (RFC 7643 §3.1): `schemas`, `id`,
    /// `externalId`, `meta`.
    #[must_use]
    pub fn common(&self) -> &Schema {
        &self.common
    }

    /// Returns the schema and the extensions, in this order.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(&self.schema).chain(self.extensions.iter().map(|extension| &extension.schema))
    }

    /// Returns the extension of that URN, whatever its case.
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().map(|extension| &extension.schema).find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// Returns the URNs that belong into the `schemas` of this resource: its own, and those of the
    /// extensions with data left in it.
    ///
    /// Its own is there even if a projection leaves nothing but the `id`, or nothing but an
    /// extension: strict clients tell the type of a resource by it.
    ///
    /// Source: RFC 7643 §3.
    #[must_use]
    pub fn schemas_in(&self, resource: &Value) -> Vec<Arc<str>> {
        let extensions =
            self.extensions.iter().map(|extension| &extension.schema.urn).filter(|urn| resource.get(&***urn).is_some());
        std::iter::once(&self.schema.urn).chain(extensions).cloned().collect()
    }

    /// Returns the resource that `/ResourceTypes/{name}` answers; `base` is the URL of the mount,
    /// without a slash at its end.
    #[must_use]
    pub fn to_json(&self, base: &str) -> Value {
        let extensions: Vec<_> = self
            .extensions
            .iter()
            .map(|extension| json!({"schema": &*extension.schema.urn, "required": extension.required}))
            .collect();
        json!({
            "schemas": [rfc7643::RESOURCE_TYPE],
            "id": self.name,
            "name": self.name,
            "description": self.description,
            "endpoint": self.endpoint,
            "schema": &*self.schema.urn,
            "schemaExtensions": extensions,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{}", self.name),
            },
        })
    }
}
