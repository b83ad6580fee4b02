//! Audit rows in the shape of the Open Cybersecurity Schema Framework, for systems that collect security events.
//!
//! What changes an object is an *Entity Management* event (class 3004); what only reads or was refused is an *API Activity*
//! event (class 6003). Every row becomes one event; what has no place of its own in the schema is in `unmapped`.
//!
//! Source: the public OCSF schema, classes `entity_management` (uid 4 of category 3) and `api_activity` (uid 3 of
//! category 6), with the attributes that they and the base event require.

use serde_json::{Map, Value, json};

use super::Row;

/// The version of the schema whose attributes are used.
const VERSION: &str = "1.1.0";
/// Of category 3, Identity & Access Management.
const ENTITY_MANAGEMENT: u32 = 3004;
/// Of category 6, Application Activity.
const API_ACTIVITY: u32 = 6003;
/// An activity that the schema has no number for; its name is in `activity_name`.
const OTHER: u32 = 99;

/// The event of a row; `hash` is the row's, so that it can be found in the log again.
#[must_use]
pub fn event(row: &Row, hash: &str) -> Value {
    let said = &row.event;
    let (_, verb) = said.action.split_once('.').unwrap_or(("", &said.action));
    let (activity, name) = activity(verb);
    let refused = verb == "refused";
    let class = if refused || verb == "exported" { API_ACTIVITY } else { ENTITY_MANAGEMENT };
    let mut event = json!({
        "class_uid": class,
        "category_uid": class / 1000,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": class * 100 + activity,
        // Informational; a refusal is of low severity. What it means is for the rules of whoever collects.
        "severity_id": if refused { 2 } else { 1 },
        "status_id": if refused { 2 } else { 1 },
        "time": row.at.as_millisecond(),
        "message": format!("{} {} {} {}", said.actor, said.action, said.object.kind, said.object.id),
        "metadata": {
            "version": VERSION,
            "product": {"name": "Podium", "vendor_name": "Podium"},
            "uid": row.seq.to_string(),
            "sequence": row.seq,
            "event_code": said.action,
            "correlation_uid": said.correlation_id,
            "original_time": row.at.to_string(),
        },
        "actor": {"user": {"uid": said.actor}, "session": said.session_id.map(|id| json!({"uid": id}))},
        "comment": said.reason,
        "src_endpoint": {"ip": said.ip, "name": said.via.name()},
        "unmapped": {"app_id": said.app_id, "via": said.via.name(), "hash": hash},
    });
    if let Value::Object(fields) = &mut event {
        fields.extend(about(row, class));
    }
    drop_nulls(&mut event);
    event
}

/// To what it was done, as the class has it.
fn about(row: &Row, class: u32) -> Map<String, Value> {
    let (said, object) = (&row.event, &row.event.object);
    let entity = |data: &Value| json!({"type": object.kind, "uid": object.id, "data": data});
    let fields = if class == API_ACTIVITY {
        [
            ("api", json!({"operation": said.action})),
            ("resources", json!([{"type": object.kind, "uid": object.id, "data": said.after}])),
        ]
    } else {
        [("entity", entity(&said.before)), ("entity_result", entity(&said.after))]
    };
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The number and the name of what was done.
fn activity(verb: &str) -> (u32, &str) {
    match verb {
        "created" => (1, "Create"),
        "exported" => (2, "Read"),
        "edited" | "changed" => (3, "Update"),
        _ if verb.ends_with("_changed") => (3, "Update"),
        "deleted" | "removed" => (4, "Delete"),
        _ => (OTHER, verb),
    }
}

/// To validators, `null` is not the same as absent.
fn drop_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        // What a change says stays as it is: there, `null` is a value.
        for (_, field) in fields.iter_mut().filter(|(name, _)| *name != "data") {
            drop_nulls(field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{Actor, Part};
    use crate::audit::{Event, Object, Via};

    fn made(action: &str) -> Value {
        let timer = Actor::System(Part::Timer);
        let said = Event::new(&timer, Via::Rest, action, Object::new("app", "a1"))
            .with_change(json!({"name": null}), json!({"name": "Wiki"}))
            .with_ip(Some("192.0.2.7".to_owned()));
        event(&Row { seq: 7, at: "2026-11-23T08:00:00Z".parse().unwrap(), event: said }, "ab")
    }

    #[test]
    fn the_required_attributes_are_there() {
        for (action, type_uid) in [
            ("app.created", 300_401),
            ("app.edited", 300_403),
            ("app.owners_changed", 300_403),
            ("app.deleted", 300_404),
            ("app.managed", 300_499),
            ("audit.exported", 600_302),
            ("sign_in.refused", 600_399),
        ] {
            let event = made(action);
            let number = |name: &str| event[name].as_u64().unwrap_or_else(|| panic!("{action} has no {name}"));
            assert_eq!(number("type_uid"), type_uid, "{action}");
            assert_eq!(number("class_uid") * 100 + number("activity_id"), type_uid);
            assert_eq!(number("category_uid"), number("class_uid") / 1000);
            assert_eq!((number("time"), event["metadata"]["version"].as_str()), (1_795_420_800_000, Some(VERSION)));
            assert!(number("severity_id") > 0 && event["metadata"]["product"]["vendor_name"].is_string());
            let needed: &[&str] = match number("class_uid") {
                3004 => &["entity"],
                _ => &["actor", "api", "src_endpoint"],
            };
            assert!(needed.iter().all(|name| event[*name].is_object()), "{action}: {event}");
        }
    }

    #[test]
    fn nothing_is_null_but_what_was() {
        let event = made("app.edited");
        assert_eq!(event["entity"], json!({"type": "app", "uid": "a1", "data": {"name": null}}));
        assert_eq!(event["entity_result"]["data"], json!({"name": "Wiki"}));
        assert_eq!(event["unmapped"], json!({"via": "rest", "hash": "ab"}));
        assert!(event["metadata"].get("correlation_uid").is_none());
    }
}
