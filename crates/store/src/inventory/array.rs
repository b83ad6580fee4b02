//! Arrays of PostgreSQL, in their text form: many values as one.
//!
//! Source: PostgreSQL, "Array Input and Output Syntax" and "bytea Hex Format".

use crate::hex::hex;

/// The values of a column, all of one type.
#[derive(Debug, Default)]
pub(super) struct Array {
    elements: String,
    of: &'static str,
}

impl Array {
    pub(super) fn text(&mut self, value: Option<&str>) {
        self.element("text", value, quote);
    }

    pub(super) fn number(&mut self, value: Option<i64>) {
        self.element("bigint", value, |value, to| to.push_str(&value.to_string()));
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.element("bytea", Some(value), |value, to| {
            to.push_str("\"\\\\x");
            to.push_str(&hex(value));
            to.push('"');
        });
    }

    fn element<T>(&mut self, of: &'static str, value: Option<T>, write: impl FnOnce(T, &mut String)) {
        self.of = of;
        self.elements.push(if self.elements.is_empty() { '{' } else { ',' });
        match value {
            Some(value) => write(value, &mut self.elements),
            None => self.elements.push_str("NULL"),
        }
    }

    /// The expression for the array that is bound as the text with this number. `sqlx::Any` knows no arrays.
    pub(super) fn expression(&self, number: usize) -> String {
        format!("CAST(CAST(${number} AS text) AS {}[])", self.of)
    }

    /// The text to bind. An array has at least one element.
    pub(super) fn into_text(mut self) -> String {
        self.elements.push('}');
        self.elements
    }
}

/// An element in quotes, which may hold anything.
fn quote(value: &str, to: &mut String) {
    to.push('"');
    for piece in value.split_inclusive(['"', '\\']) {
        match piece.char_indices().next_back() {
            Some((at, special @ ('"' | '\\'))) => {
                to.push_str(piece.get(..at).unwrap_or_default());
                to.extend(['\\', special]);
            }
            _ => to.push_str(piece),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_is_an_element() {
        let mut texts = Array::default();
        for text in [Some(""), None, Some("NULL"), Some(r#"{"a": "b\c", }"#), Some("ä, \n"), Some("\\\"")] {
            texts.text(text);
        }
        assert_eq!(texts.expression(3), "CAST(CAST($3 AS text) AS text[])");
        assert_eq!(
            texts.into_text(),
            r#"{"",NULL,"NULL","{\"a\": \"b\\c\", }","ä, "#.to_owned() + "\n\",\"\\\\\\\"\"}"
        );
        let mut numbers = Array::default();
        numbers.number(Some(-7));
        numbers.number(None);
        assert_eq!(
            (numbers.expression(1), numbers.into_text().as_str()),
            ("CAST(CAST($1 AS text) AS bigint[])".to_owned(), "{-7,NULL}")
        );
        let mut bytes = Array::default();
        bytes.bytes(&[0, 255]);
        assert_eq!(bytes.into_text(), r#"{"\\x00ff"}"#);
    }
}
