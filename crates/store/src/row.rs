//! Values between rows and types: instants, ids, flags, documents.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{ColumnIndex, Row as _};

use crate::error::{Error, Result};

/// The instant as a column holds it: microseconds since the epoch.
#[must_use]
pub fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// As [`micros`], for a column that may be empty.
#[must_use]
pub fn micros_opt(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(micros)
}

/// A flag as a column holds it: 0 or 1.
#[must_use]
pub fn flag(set: bool) -> i64 {
    i64::from(set)
}

/// A document as a column holds it: JSON text.
///
/// # Errors
/// When the value has no JSON form (a map whose keys are no texts).
pub fn json_text<T: Serialize + ?Sized>(column: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::corrupt(column, error))
}

/// Reads typed values out of a row by the name of the column.
///
/// Each method fails with [`Error::Corrupt`] when the column is not there or holds something else.
#[expect(clippy::missing_errors_doc, reason = "one reason for all, said above")]
pub trait RowExt {
    /// A text.
    fn text(&self, column: &str) -> Result<String>;
    /// A text that may be missing.
    fn text_opt(&self, column: &str) -> Result<Option<String>>;
    /// A number.
    fn number(&self, column: &str) -> Result<i64>;
    /// A number that may be missing.
    fn number_opt(&self, column: &str) -> Result<Option<i64>>;
    /// Bytes.
    fn bytes(&self, column: &str) -> Result<Vec<u8>>;
    /// Bytes that may be missing.
    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>>;
    /// A flag: any number but 0.
    fn flag(&self, column: &str) -> Result<bool>;
    /// An instant.
    fn instant(&self, column: &str) -> Result<Timestamp>;
    /// An instant that may be missing.
    fn instant_opt(&self, column: &str) -> Result<Option<Timestamp>>;
    /// A value that is written as text: an id, a state.
    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T>;
    /// A value that is written as text and may be missing.
    fn parsed_opt<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>>;
    /// A JSON document.
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T>;
}

impl RowExt for AnyRow {
    fn text(&self, column: &str) -> Result<String> {
        get(self, column)
    }
    fn text_opt(&self, column: &str) -> Result<Option<String>> {
        get(self, column)
    }
    fn number(&self, column: &str) -> Result<i64> {
        get(self, column)
    }
    fn number_opt(&self, column: &str) -> Result<Option<i64>> {
        get(self, column)
    }
    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        get(self, column)
    }
    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        get(self, column)
    }
    fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.number(column)? != 0)
    }
    fn instant(&self, column: &str) -> Result<Timestamp> {
        instant(column, self.number(column)?)
    }
    fn instant_opt(&self, column: &str) -> Result<Option<Timestamp>> {
        self.number_opt(column)?.map(|micros| instant(column, micros)).transpose()
    }
    fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T> {
        parse(column, &self.text(column)?)
    }
    fn parsed_opt<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>> {
        self.text_opt(column)?.map(|text| parse(column, &text)).transpose()
    }
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(&self.text(column)?).map_err(|error| Error::corrupt(column, error))
    }
}

fn get<'r, T>(row: &'r AnyRow, column: &str) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Any> + sqlx::Type<sqlx::Any>,
    for<'c> &'c str: ColumnIndex<AnyRow>,
{
    row.try_get(column).map_err(|error| Error::corrupt(column, error))
}

fn instant(column: &str, micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::corrupt(column, error))
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T> {
    text.parse().map_err(|error: T::Err| Error::corrupt(column, error.to_string()))
}
