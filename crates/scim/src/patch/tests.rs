//! Operations and what they make of a resource; shapes of identity providers; atomicity.

mod engine;
mod shapes;

use serde_json::{Value, json};

use super::{Declared, Outcome, PATCH_OP, Policy, Rules, Write, apply};
use crate::path::AttributePath;
use crate::testing::{EXTENSION, resource_type};
use crate::value::Strictness;
use crate::{Error, ScimType};

/// A product's rules: names are fixed once set, the role is never without a value.
struct Product(Strictness);

impl Rules for Product {
    fn policy(&self, path: &AttributePath, write: Write, resource: &Value) -> Policy {
        if path.extension() == Some(EXTENSION) && path.attribute().name == "editor" && write != Write::Set {
            return Policy::NoOp;
        }
        if path.attribute().name == "name" && path.values(resource).next().is_some() {
            return match self.0 {
                Strictness::Lenient => Policy::IgnoreAudited,
                Strictness::Strict => Policy::Reject,
            };
        }
        Declared(self.0).policy(path, write, resource)
    }
}

fn ada() -> Value {
    json!({
        "schemas": [crate::schema::rfc7643::USER, EXTENSION],
        "id": "1", "externalId": "x1", "userName": "ada@example.com",
        "name": {"givenName": "Ada"},
        "displayName": "Ada", "active": true,
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": true},
            {"value": "ada@home.example", "type": "home"},
        ],
        "tags": ["math"],
        "badges": [{"value": "b", "type": "gold"}],
        EXTENSION: {"editor": true},
        "meta": {"resourceType": "User", "created": "2026-01-05T09:00:00.000Z"},
    })
}

fn message(operations: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

fn run(operations: &Value, strictness: Strictness) -> Result<Outcome, Error> {
    apply(&message(operations), &ada(), &resource_type(), &Product(strictness), strictness)
}

/// Checks the members that an operation changes; `null` stands for one that is gone.
fn check(operations: &Value, changes: &Value) {
    let outcome = run(operations, Strictness::Lenient).unwrap_or_else(|error| panic!("{operations}: {error}"));
    let mut expected = ada();
    for (name, value) in changes.as_object().unwrap() {
        let members = expected.as_object_mut().unwrap();
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    assert_eq!(outcome.resource, expected, "{operations}");
    assert_eq!(outcome.is_changed, expected != ada(), "{operations}");
}

fn refuse(operations: &Value, strictness: Strictness, scim_type: ScimType) {
    let error = run(operations, strictness).expect_err(&operations.to_string());
    assert_eq!(error.scim_type, Some(scim_type), "{operations}: {error}");
    assert_eq!(error.status.as_u16(), 400);
}
