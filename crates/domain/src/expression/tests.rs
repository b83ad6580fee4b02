use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::*;

fn facts() -> Json {
    json!({
        "subject": {
            "id": "p1", "email": "ada@example.com", "department": "Sales", "manager": "p2", "roles": ["user"],
            "title": null, "attributes": {"level": 7, "rate": 1.5, "site": "Köln", "tags": ["a", "b"], "on": true},
        },
        "account": {"status": "enabled", "last_login": "2026-11-20T09:00:00Z", "profile": {}},
        "app": {"name": "Whimsical", "owners": ["p3", "p4"]},
        "entitlement": {"slug": "editor", "risk_level": "high", "owners": []},
        "request": {"kind": "grant", "duration": "PT4H", "emergency": false, "form": {"ticket": "OPS-12"}},
        "now": "2026-11-23T09:00:00Z",
    })
}

fn check_true(source: &str, expected: Result<bool, &str>) {
    let expression = Expression::new(source, Wanted::Condition).unwrap_or_else(|error| panic!("{source}: {error}"));
    let found = expression.is_true(&facts());
    match expected {
        Ok(value) => assert_eq!(found, Ok(value), "{source}"),
        Err(text) => {
            let error = found.expect_err(source).to_string();
            assert!(error.contains(text), "{source}: {error}");
        }
    }
}

#[test]
fn r_p_1_conditions_are_worked_out() {
    for (source, expected) in [
        ("true", Ok(true)),
        ("!(1 < 2) || 2 >= 2", Ok(true)),
        ("subject.department == 'Sales'", Ok(true)),
        ("subject.department in ['Ops', \"Sales\"]", Ok(true)),
        ("subject.id in app.owners", Ok(false)),
        ("'p3' in app.owners && app.owners[1] == 'p4'", Ok(true)),
        ("size(app.owners) == 2 && app.name.size() == 9", Ok(true)),
        ("subject.attributes.site.size() == 4", Ok(true)),
        ("subject.email.endsWith('@example.com') && subject.email.startsWith('ada')", Ok(true)),
        ("app.name.lowerAscii().contains('whim')", Ok(true)),
        ("request.form.ticket.matches('^OPS-[0-9]+$')", Ok(true)),
        ("request.form['ticket'] == 'OPS-12'", Ok(true)),
        ("'ticket' in request.form", Ok(true)),
        ("request.duration <= duration('4h')", Ok(true)),
        ("request.duration < duration('3h59m60s')", Ok(false)),
        ("now - account.last_login > duration('48h')", Ok(true)),
        ("account.last_login + duration('72h') == now", Ok(true)),
        ("now < timestamp('2026-11-23T10:00:00+01:00')", Ok(false)),
        ("has(subject.title) ? subject.title == 'x' : entitlement.risk_level == 'high'", Ok(true)),
        ("has(subject.attributes.level) && !has(subject.attributes.nothing)", Ok(true)),
        ("subject.attributes.level > 6 && subject.attributes.level < 7.5", Ok(true)),
        ("subject.attributes.rate == 1.5 && subject.attributes.on", Ok(true)),
        ("'b' in subject.attributes.tags", Ok(true)),
        ("-1 < 0 && -1.5 < -1.0", Ok(true)),
        // The side that decides alone does.
        ("subject.title == 'x' || true", Ok(true)),
        ("false && subject.title == 'x'", Ok(false)),
        ("subject.title == 'x' && false", Ok(false)),
        ("subject.title == 'x' || false", Err("`title` is not known here")),
        ("subject.title == 'x'", Err("line 1, column 8: `title` is not known here; ask has(…) first")),
        ("app.owners[2] == 'p5'", Err("the list has no item 2")),
        ("subject.attributes.site > 3", Err("cannot be compared so")),
        ("subject.attributes.site == 3", Ok(false)),
        ("subject.attributes.level", Err("neither true nor false")),
        ("subject.attributes.level.startsWith('x')", Err("not text")),
        ("duration(subject.attributes.site) < duration('1h')", Err("no duration")),
        ("now + duration('9000000h') > now && now + duration('2562047788015215h') > now", Err("beyond all time")),
    ] {
        check_true(source, expected);
    }
}

#[test]
fn r_p_1_faults_are_named_with_their_place() {
    for (source, line, column, message) in [
        ("", 1, 1, "empty"),
        ("  \n", 1, 1, "empty"),
        ("subject.depatment == 'x'", 1, 8, "`subject` has no field `depatment`; it has id, email"),
        ("true &&\n  person.id == 'x'", 2, 3, "there is no variable `person`; there are subject, account"),
        ("1 +", 1, 4, ""),
        ("a b", 1, 3, ""),
        ("subject.department ==", 1, 22, ""),
        ("'Köln' == 'x' && foo", 1, 18, "no variable `foo`"),
        ("1 + 2 == 3", 1, 3, "only instants and durations are added up"),
        ("subject.department == 3", 1, 20, "text cannot be compared so with a whole number"),
        ("subject == subject", 1, 9, "cannot be compared"),
        ("subject.department && true", 1, 8, "this is text, not true or false"),
        ("subject.department", 1, 8, "this is text; a condition is true or false"),
        ("3 in ['a']", 1, 6, "a whole number cannot be in a list of text"),
        ("subject.email.matches('(')", 1, 23, "no regular expression"),
        ("subject.email.matches(subject.id)", 1, 30, "a literal text"),
        ("subject.email.matches('(((a{1,99}){1,99}){1,99}){1,99}')", 1, 23, "no regular expression"),
        ("duration('4 hours') == duration('1h')", 1, 10, "`4 hours` is no duration"),
        ("duration('P1D') == duration('1h')", 1, 10, "no duration"),
        ("timestamp('yesterday') < now", 1, 11, "no instant"),
        ("app.owners.exists(o, o == 'x')", 1, 18, "loops"),
        ("app.owners.map(o, o) == []", 1, 15, "loops"),
        ("{'a': 1}['a'] == 1", 1, 1, "maps and messages"),
        ("subject.id == null", 1, 15, "null is not supported"),
        ("string(3) == '3'", 1, 7, "`string` is not supported here"),
        ("b'x' == b'x'", 1, 1, "kind of literal"),
        ("1u < 2u", 1, 1, "kind of literal"),
        ("true ? 1 : 'a'", 1, 12, "the other choice"),
        ("[1, 'a'] == []", 1, 5, "the items before it"),
    ] {
        let error = check(source, Wanted::Condition).expect_err(source);
        assert_eq!((error.line, error.column), (line, column), "{source}: {error}");
        assert!(error.message.contains(message), "{source}: {error}");
        assert!(!error.message.is_empty(), "{source}");
    }
}

#[test]
fn r_p_2_people_are_a_list_of_text() {
    for (source, expected) in [
        ("app.owners", vec!["p3", "p4"]),
        ("[subject.manager, 'x@example.com']", vec!["p2", "x@example.com"]),
        ("request.emergency ? [subject.manager] : entitlement.owners", vec![]),
        ("subject.attributes.tags", vec!["a", "b"]),
    ] {
        let expression = Expression::new(source, Wanted::People).unwrap();
        assert_eq!(expression.people(&facts()).unwrap(), expected, "{source}");
    }
    for source in ["true", "subject.id", "[1]", "subject"] {
        let error = check(source, Wanted::People).expect_err(source);
        assert!(error.message.ends_with("people are a list of ids or mail addresses"), "{source}: {error}");
    }
    let odd = Expression::new("subject.attributes.level", Wanted::People).unwrap();
    assert!(odd.people(&facts()).unwrap_err().message.contains("not people"));
}

/// Sources that would take a careless parser or interpreter down. Each is answered at once, whatever the answer.
#[test]
fn r_p_1_hostile_sources_do_no_harm() {
    let half = LONGEST_BYTES / 2 - 8;
    let all = |text: &str| text.repeat((LONGEST_BYTES - 8) / text.len());
    let begun = Instant::now();
    for source in [
        all("("),
        all("["),
        all("!"),
        all("-"),
        all("{"),
        format!("{}true{}", "(".repeat(half), ")".repeat(half)),
        format!("{}true", all("!").split_off(8)),
        format!("{}true", all("! ").split_off(8)),
        format!("{}true", all("true ? true : ").split_off(16)),
        format!("{}true", all("true ? ").split_off(16)),
        format!("{}true", all("true && ").split_off(8)),
        format!("{}true", all("true == ").split_off(8)),
        format!("subject{}", all(".a").split_off(8)),
        format!("subject.attributes{}", ".a".repeat(1_000)),
        format!("subject.attributes{}", "[0]".repeat(1_000)),
        format!("[{}] == []", all("1,").split_off(16)),
        format!("size({}", all("size(").split_off(16)),
        all("\""),
        all("'''"),
        all("\\"),
        all("\u{0}"),
        all("ä"),
        all("?:"),
        all("has("),
        all("a.b("),
        all("[].all(x,"),
        "ma[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\x0c\0\0[[[[[[[putTo?[[[[[[[[[[ep".to_owned(),
        "x".repeat(LONGEST_BYTES + 1),
        format!("subject.email.matches('{}')", "(a*)*".repeat(700)),
        format!("subject.email.matches('{}')", "a{1000}".repeat(500)),
        format!("1 < {}", "9".repeat(4_000)),
        all("'x,' == "),
        all("'''x'',''' == "),
        all("r'\\' == ',' == "),
        all("a // ,\n == "),
        all("a in "),
        all("true==true&&("),
        format!("{}true{}", "(true==".repeat(8), ")".repeat(8)),
        format!("{}true{}", "(".repeat(12), ")".repeat(12)),
        format!("true{}", ".a".repeat(70)),
        format!("{}true", "true == ".repeat(35)),
        format!("{}true", "true && ".repeat(500)),
        format!("{}true", "true ? true : ".repeat(290)),
        format!("{}true", "!".repeat(72)),
        format!("{}x{}", "size(".repeat(11), ")".repeat(11)),
    ] {
        // Half of the stack that threads of the server have.
        let run = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
            if let Ok(expression) = Expression::new(&source, Wanted::Condition) {
                let _ = expression.is_true(&facts());
            }
        });
        run.unwrap().join().unwrap();
    }
    // Only a hang would take this long; nothing is measured.
    assert!(begun.elapsed() < Duration::from_mins(2));
}

#[test]
fn r_p_1_steps_are_counted_by_the_size_of_what_they_handle() {
    let large = json!({"subject": {"attributes": {"text": "a".repeat(100_000), "list": vec!["x"; 100_000]}}});
    for source in [
        "subject.attributes.text.contains('b')",
        "subject.attributes.text.matches('(a+)+b')",
        "'y' in subject.attributes.list",
        "subject.attributes.list == subject.attributes.list",
        "size(subject.attributes.text) > 3",
    ] {
        let expression = Expression::new(source, Wanted::Condition).unwrap();
        let error = expression.is_true(&large).unwrap_err();
        assert!(error.message.contains("more than 1000 steps"), "{source}: {error}");
    }
}

#[test]
fn variables_are_listed() {
    let listed = variables();
    assert!(listed.contains(&("now".to_owned(), "an instant".to_owned())));
    assert!(listed.contains(&("app.owners".to_owned(), "a list of text".to_owned())));
    for (name, _) in listed {
        let source = format!("[{name}] == [{name}] || {name} == {name}");
        let other = format!("{name} == {name}");
        assert!(check(&source, Wanted::Condition).is_ok() || check(&other, Wanted::Condition).is_ok(), "{name}");
    }
}
