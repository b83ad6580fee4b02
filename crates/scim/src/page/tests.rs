use super::*;

const LIMITS: Limits = Limits { default_count: 100, max_count: 200, methods: Methods::IndexAndCursor };

fn index(start_index: Option<&str>, count: Option<&str>) -> (usize, usize) {
    match Page::new(start_index, count, None, LIMITS).unwrap() {
        Page::Index { start_index, count } => (start_index, count),
        Page::Cursor { .. } => panic!("a cursor"),
    }
}

#[test]
fn numbers_are_brought_into_range() {
    for (start_index, count, expected) in [
        (None, None, (1, 100)),
        (Some("-5"), Some("-1"), (1, 0)),
        (Some("0"), Some("0"), (1, 0)),
        (Some("7"), Some("200"), (7, 200)),
        (Some("+7"), Some("201"), (7, 200)),
        (Some("99999999999999999999"), Some("99999999999999999999"), (usize::try_from(i64::MAX).unwrap(), 200)),
        (Some("-99999999999999999999"), Some("1"), (1, 1)),
    ] {
        assert_eq!(index(start_index, count), expected, "{start_index:?} {count:?}");
    }
}

#[test]
fn other_text_is_refused() {
    for text in ["abc", "", "1.5", "1 ", "0x1", "1e2"] {
        for (start_index, count) in [(Some(text), None), (None, Some(text))] {
            let error = Page::new(start_index, count, None, LIMITS).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{text}");
        }
    }
}

#[test]
fn a_cursor_excludes_an_index_and_bounds_the_count() {
    let error = Page::new(Some("1"), None, Some(""), LIMITS).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
    for count in ["0", "-1", "201"] {
        let error = Page::new(None, Some(count), Some(""), LIMITS).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidCount), "{count}");
    }
    let page = Page::new(None, Some("200"), Some("x"), LIMITS).unwrap();
    assert_eq!(page, Page::Cursor { cursor: "x".to_owned(), count: Some(200), default_count: 100 });
    let off = Limits { methods: Methods::IndexOnly, ..LIMITS };
    assert_eq!(Page::new(Some("2"), Some("201"), Some("x"), off).unwrap(), Page::Index { start_index: 2, count: 200 });
}

#[test]
fn ranges_stay_inside_the_list() {
    for (start_index, count, total, expected) in [
        (1, 2, 5, 0..2),
        (5, 2, 5, 4..5),
        (6, 2, 5, 5..5),
        (1, 0, 5, 0..0),
        (usize::MAX, usize::MAX, 5, 5..5),
        (1, 2, 0, 0..0),
    ] {
        assert_eq!(Page::Index { start_index, count }.range(total), expected);
    }
}

#[test]
fn the_message_has_its_numbers_even_when_empty() {
    let list = ListResponse { total_results: 3, start_index: Some(4), next_cursor: None, resources: vec![] };
    assert_eq!(
        list.into_json(),
        json!({"schemas": [LIST_RESPONSE], "totalResults": 3, "startIndex": 4, "itemsPerPage": 0, "Resources": []})
    );
    let list =
        ListResponse { total_results: 3, start_index: None, next_cursor: Some("x".into()), resources: vec![json!({})] };
    assert_eq!(
        list.into_json(),
        json!({"schemas": [LIST_RESPONSE], "totalResults": 3, "itemsPerPage": 1, "nextCursor": "x", "Resources": [{}]})
    );
    assert_eq!(ListResponse::all(vec![json!({})]).into_json()["itemsPerPage"], 1);
}
