//! Who was found in a workspace, read from what the explorer prints.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

/// One user of a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) is_enabled: bool,
    roles: BTreeSet<String>,
}

impl Member {
    /// Returns the name of the role that the member holds, or `none`.
    pub(crate) fn role(&self) -> &str {
        self.roles.first().map_or("none", String::as_str)
    }
}

/// The users of one sync, in the order of the file.
pub(crate) struct Members {
    order: Vec<String>,
    by_id: BTreeMap<String, Member>,
}

impl Members {
    /// Reads the JSON of `baton resources` and `baton grants`.
    pub(crate) fn read(resources: &Value, grants: &Value) -> anyhow::Result<Self> {
        let mut members = Self { order: Vec::new(), by_id: BTreeMap::new() };
        for item in list(resources, "resources") {
            let resource = item.get("resource").context("an item holds no resource")?;
            if text(resource, "/id/resourceType") == "user" {
                let member = member(resource)?;
                members.order.push(member.id.clone());
                members.by_id.insert(member.id.clone(), member);
            }
        }
        for item in list(grants, "grants") {
            let principal = text(item, "/grant/principal/id/resource");
            let role = text(item, "/resource/id/resource");
            if let Some(member) = members.by_id.get_mut(&principal) {
                member.roles.insert(role);
            }
        }
        Ok(members)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Returns the members that differ between two syncs, by id, with their old and new state.
    pub(crate) fn changes<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Option<&'a Member>, Option<&'a Member>)> {
        let ids: BTreeSet<&String> = self.by_id.keys().chain(after.by_id.keys()).collect();
        ids.into_iter()
            .map(|id| (id.as_str(), self.by_id.get(id), after.by_id.get(id)))
            .filter(|(_, old, new)| old != new)
    }
}

/// The text at a JSON pointer; empty when there is none.
fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn member(resource: &Value) -> anyhow::Result<Member> {
    let user = list(resource, "annotations")
        .find(|annotation| text(annotation, "/@type").ends_with("UserTrait"))
        .context("a user has no user trait")?;
    let email = list(user, "emails").find(|email| email.get("isPrimary") == Some(&Value::Bool(true)));
    Ok(Member {
        id: text(resource, "/id/resource"),
        name: text(resource, "/displayName"),
        email: email.map(|email| text(email, "/address")).unwrap_or_default(),
        is_enabled: text(user, "/status/status") == "STATUS_ENABLED",
        roles: BTreeSet::new(),
    })
}
