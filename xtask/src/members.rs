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
        let mut members = Self {
            order: Vec::new(),
            by_id: BTreeMap::new(),
        };
        for item in list(resources, "resources") {
            let resource = &item["resource"];
            if resource["id"]["resourceType"] == "user" {
                let member = member(resource)?;
                members.order.push(member.id.clone());
                members.by_id.insert(member.id.clone(), member);
            }
        }
        for item in list(grants, "grants") {
            let principal = item["grant"]["principal"]["id"]["resource"]
                .as_str()
                .unwrap_or_default();
            let role = item["resource"]["id"]["resource"]
                .as_str()
                .context("a grant names no role")?;
            if let Some(member) = members.by_id.get_mut(principal) {
                member.roles.insert(role.to_owned());
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

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn member(resource: &Value) -> anyhow::Result<Member> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let user = list(resource, "annotations").find(|annotation| {
        annotation["@type"]
            .as_str()
            .is_some_and(|name| name.ends_with("UserTrait"))
    });
    let user = user.context("a user has no user trait")?;
    let email = list(user, "emails")
        .find(|email| email["isPrimary"] == true)
        .map(|email| text(&email["address"]));
    Ok(Member {
        id: text(&resource["id"]["resource"]),
        name: text(&resource["displayName"]),
        email: email.unwrap_or_default(),
        is_enabled: user["status"]["status"] == "STATUS_ENABLED",
        roles: BTreeSet::new(),
    })
}
