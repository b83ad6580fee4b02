//! Lists as CSV, for whoever asks with `Accept: text/csv`: one row for each object of the page, one column for each field.
//!
//! What is no text or number is JSON in its cell. Texts that a spreadsheet would take for a formula get an apostrophe.
//! The token of the next page is in the header `Next-Page-Token`.
//!
//! Source: governance §5, R-API-5; style §9.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::spreadsheet;
use serde_json::{Map, Value};

use super::problem::Problem;

/// The media type.
const CSV: &str = "text/csv";
/// The largest page in JSON, in bytes.
const LARGEST: usize = 64 << 20;

/// Writes the page of a list as CSV when that is what is asked for. Everything else stays as it is.
pub(crate) async fn as_csv(request: Request, next: Next) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let wished = request.method() == Method::GET && accept.is_some_and(prefers_csv);
    let response = next.run(request).await;
    if !wished || !response.status().is_success() || !is_json(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(content) = to_bytes(body, LARGEST).await else {
        return Problem::new(governance::Code::Internal, "the list could not be written").into_response();
    };
    let page: Page = match serde_json::from_slice(&content) {
        Ok(page) => page,
        // Not a list.
        Err(_) => return Response::from_parts(parts, Body::from(content)),
    };
    let Ok(text) = written(&page.list) else {
        return Problem::new(governance::Code::Internal, "the list could not be written").into_response();
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    parts.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(token) = HeaderValue::try_from(page.next_page_token)
        && !token.is_empty()
    {
        parts.headers.insert("next-page-token", token);
    }
    Response::from_parts(parts, Body::from(text))
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    list: Vec<Map<String, Value>>,
    #[serde(default)]
    next_page_token: String,
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/json"))
}

/// Whether CSV is named, and JSON is not named before it.
fn prefers_csv(accept: &str) -> bool {
    let mut kinds = accept.split(',').filter_map(|kind| kind.split(';').next()).map(str::trim);
    kinds.find(|kind| [CSV, "application/json", "*/*"].contains(kind)) == Some(CSV)
}

fn written(rows: &[Map<String, Value>]) -> csv::Result<Vec<u8>> {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(Map::keys) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if !columns.is_empty() {
        writer.write_record(&columns)?;
    }
    for row in rows {
        writer.write_record(columns.iter().map(|column| cell(row.get(*column))))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => spreadsheet::harmless(text).into_owned(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_become_lines_and_formulas_become_texts() {
        let rows = json!([
            {"id": "1", "name": "a,\"b\"", "count": 7, "when": null, "more": {"x": [1]}},
            {"id": "2", "name": "=HYPERLINK(\"http://evil\")", "extra": true},
        ]);
        let rows: Vec<Map<String, Value>> = serde_json::from_value(rows).unwrap();
        let text = String::from_utf8(written(&rows).unwrap()).unwrap();
        assert_eq!(
            text,
            "id,name,count,when,more,extra\r\n1,\"a,\"\"b\"\"\",7,,\"{\"\"x\"\":[1]}\",\r\n\
             2,\"'=HYPERLINK(\"\"http://evil\"\")\",,,,true\r\n"
        );
        assert_eq!(written(&[]).unwrap(), b"");
        for text in ["+1", "-1", "@x", "\tx", "\rx", "=1"] {
            assert_eq!(cell(Some(&json!(text))), format!("'{text}"));
        }
    }

    #[test]
    fn csv_is_for_those_who_want_it() {
        for (accept, wants) in [
            ("text/csv", true),
            ("text/csv; q=0.9, application/json; q=0.1", true),
            ("text/html, text/csv", true),
            ("application/json, text/csv", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(prefers_csv(accept), wants, "{accept}");
        }
    }
}
