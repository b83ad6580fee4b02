use serde_json::{Value, json};

use super::{Field, answers, check};

fn fields(of: Value) -> Vec<Field> {
    serde_json::from_value(of).unwrap()
}

/// One question of each kind.
fn form() -> Vec<Field> {
    fields(json!([
        {"key": "ticket", "label": "Ticket", "required": true, "answer": {"type": "text", "maxLength": 8}},
        {"key": "site", "label": "Site", "answer": {"type": "choice", "options": ["Bern", "Oslo"]}},
        {"key": "seats", "label": "Seats", "answer": {"type": "number", "min": 1, "max": 5}},
        {"key": "from", "label": "From", "answer": {"type": "date", "notBefore": "2026-01-01"}},
        {"key": "agreed", "label": "Agreed", "answer": {"type": "checkbox", "mustBeTicked": true}},
    ]))
}

#[test]
fn r_q_5_answers_are_checked_and_the_wrong_one_is_named() {
    let right = json!({"ticket": " T-1 ", "site": "Oslo", "seats": 2.5, "from": "2026-11-23", "agreed": true});
    let kept = answers(&form(), right.as_object().unwrap()).unwrap();
    assert_eq!(Value::Object(kept)["ticket"], "T-1");
    for (change, field) in [
        (json!({"ticket": null}), "form.ticket"),
        (json!({"ticket": "  "}), "form.ticket"),
        (json!({"ticket": "123456789"}), "form.ticket"),
        (json!({"ticket": 7}), "form.ticket"),
        (json!({"site": "Rome"}), "form.site"),
        (json!({"seats": 0}), "form.seats"),
        (json!({"seats": 6}), "form.seats"),
        (json!({"seats": "2"}), "form.seats"),
        (json!({"from": "2025-12-31"}), "form.from"),
        (json!({"from": "tomorrow"}), "form.from"),
        (json!({"agreed": false}), "form.agreed"),
        (json!({"agreed": null}), "form.agreed"),
        (json!({"other": "x"}), "form.other"),
    ] {
        let mut given = right.as_object().unwrap().clone();
        given.extend(change.as_object().unwrap().clone());
        assert_eq!(answers(&form(), &given).unwrap_err().field, field, "{change}");
    }
    let least = json!({"ticket": "T-1", "agreed": true});
    assert_eq!(answers(&form(), least.as_object().unwrap()).unwrap().len(), 2);
}

#[test]
fn r_q_5_a_form_is_checked_when_it_is_saved() {
    assert_eq!(check(&form()), Ok(()));
    let one = |key: &str, label: &str, answer: Value| fields(json!([{"key": key, "label": label, "answer": answer}]));
    let text = || json!({"type": "text"});
    for (wrong, field) in [
        (Vec::new(), "fields"),
        (one("Ticket", "x", text()), "fields[0].key"),
        (one("", "x", text()), "fields[0].key"),
        (one("x", " ", text()), "fields[0].label"),
        (one("x", "x", json!({"type": "text", "maxLength": 0})), "fields[0].answer"),
        (one("x", "x", json!({"type": "choice", "options": []})), "fields[0].answer"),
        (one("x", "x", json!({"type": "choice", "options": ["a", "a"]})), "fields[0].answer"),
        (one("x", "x", json!({"type": "number", "min": 2, "max": 1})), "fields[0].answer"),
        ([form(), form()].concat(), "fields[5].key"),
    ] {
        assert_eq!(check(&wrong).unwrap_err().field, field);
    }
}
