//! Texts for spreadsheets, which take some of them for formulas.
//!
//! Source: style §9.

use std::borrow::Cow;

/// The text as a cell may hold it: one that a spreadsheet would take for a formula gets an apostrophe before it.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return Cow::Owned(format!("'{text}"));
    }
    Cow::Borrowed(text)
}
