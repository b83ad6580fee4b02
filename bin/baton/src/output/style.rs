//! Colours, and what keeps a file's names from choosing their own.

use std::borrow::Cow;
use std::io::{self, Write};

const RESET: &str = "\u{1b}[0m";

/// How text for people is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// With colours, also into pipes, as the upstream explorer does it.
    Colours,
    /// Without.
    Plain,
}

/// A colour of the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Colour {
    /// Titles of columns.
    Cyan,
    /// Lines between things.
    Gray,
    /// Behind the title of a section.
    Blue,
}

impl Colour {
    fn start(self) -> &'static str {
        match self {
            Self::Cyan => "\u{1b}[96m",
            Self::Gray => "\u{1b}[90m",
            Self::Blue => "\u{1b}[104;97;1m",
        }
    }
}

impl Style {
    /// Returns the style for a `NO_COLOR` of this value: anything but an empty text turns colours off.
    ///
    /// Source: <https://no-color.org>.
    pub(crate) fn from_no_color(value: Option<&str>) -> Self {
        if value.is_some_and(|value| !value.is_empty()) { Self::Plain } else { Self::Colours }
    }

    /// Writes `text` in a colour.
    pub(crate) fn paint(self, out: &mut dyn Write, colour: Colour, text: &str) -> io::Result<()> {
        match self {
            Self::Colours => write!(out, "{}{text}{RESET}", colour.start()),
            Self::Plain => out.write_all(text.as_bytes()),
        }
    }
}

/// Returns `text` with U+FFFD for everything that could move the cursor, change colours, break the line, or turn the
/// direction of the text around it.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unprintable) {
        text.chars().map(|letter| if is_unprintable(letter) { '\u{fffd}' } else { letter }).collect::<String>().into()
    } else {
        text.into()
    }
}

fn is_unprintable(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the number of cells that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_replaced() {
        for (text, expect) in [
            ("Ada Lovelace", "Ada Lovelace"),
            ("Łukasz Żółć 山田", "Łukasz Żółć 山田"),
            ("a\u{1b}[31mb", "a\u{fffd}[31mb"),
            ("a\nb\tc", "a\u{fffd}b\u{fffd}c"),
            ("a\u{9b}2J", "a\u{fffd}2J"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ] {
            assert_eq!(printable(text), expect);
        }
    }

    #[test]
    fn colours_are_off_only_when_asked_for() {
        assert_eq!(Style::from_no_color(None), Style::Colours);
        assert_eq!(Style::from_no_color(Some("")), Style::Colours);
        assert_eq!(Style::from_no_color(Some("1")), Style::Plain);
    }
}
