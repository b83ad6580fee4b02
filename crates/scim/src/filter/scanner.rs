//! The characters of a filter, taken from the front.

use super::{FilterProblem, MAX_DEPTH};
use crate::error::excerpt;

/// A place in the text where something is wrong, as a byte offset.
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: FilterProblem,
}

/// A JSON literal.
pub(super) enum Literal {
    Null,
    Boolean(bool),
    Number(serde_json::Number),
    Text(String),
}

/// What is left of the text, and how deep it is nested here.
pub(super) struct Scanner<'t> {
    text: &'t str,
    offset: usize,
    depth: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0, depth: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn fault(&self, problem: FilterProblem) -> Fault {
        Fault { offset: self.offset, problem }
    }

    pub(super) fn expected(&self, what: &'static str) -> Fault {
        self.fault(FilterProblem::Expected(what))
    }

    /// Skips spaces; says whether there were any.
    pub(super) fn skip_spaces(&mut self) -> bool {
        let before = self.offset;
        let rest = self.rest();
        self.offset += rest.len() - rest.trim_start_matches(' ').len();
        self.offset > before
    }

    pub(super) fn is_before(&self, wanted: char) -> bool {
        self.rest().starts_with(wanted)
    }

    /// Takes a character if it is next.
    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.is_before(wanted);
        if found {
            self.offset += wanted.len_utf8();
        }
        found
    }

    /// Takes an opening character if it is next, and goes one level down.
    pub(super) fn open(&mut self, wanted: char) -> Result<bool, Fault> {
        if !self.is_before(wanted) {
            return Ok(false);
        }
        if self.depth == MAX_DEPTH {
            return Err(self.fault(FilterProblem::TooDeep));
        }
        self.depth += 1;
        Ok(self.take(wanted))
    }

    /// Takes a closing character, which has to be next, and comes one level up.
    pub(super) fn close(&mut self, wanted: char, name: &'static str) -> Result<(), Fault> {
        if !self.take(wanted) {
            return Err(self.expected(name));
        }
        self.depth -= 1;
        Ok(())
    }

    /// Takes everything up to the next space, quote, parenthesis or bracket.
    pub(super) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find([' ', '"', '(', ')', '[', ']']).unwrap_or(rest.len());
        self.offset += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a keyword between spaces, or leaves everything where it is.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let before = self.offset;
        let found = self.skip_spaces() && self.word().eq_ignore_ascii_case(keyword) && self.is_before(' ');
        if !found {
            self.offset = before;
        }
        found
    }

    /// Takes `not` before a parenthesis, or leaves everything where it is.
    pub(super) fn take_not(&mut self) -> bool {
        let before = self.offset;
        let found = self.word().eq_ignore_ascii_case("not") && {
            self.skip_spaces();
            self.is_before('(')
        };
        if !found {
            self.offset = before;
        }
        found
    }

    /// Takes a JSON string, number, `true`, `false` or `null`.
    pub(super) fn literal(&mut self) -> Result<Literal, Fault> {
        let start = self.offset;
        if self.is_before('"') {
            return self.string();
        }
        let word = self.word();
        if word.is_empty() {
            return Err(self.expected("a value"));
        }
        for (keyword, literal) in
            [("true", Literal::Boolean(true)), ("false", Literal::Boolean(false)), ("null", Literal::Null)]
        {
            if word.eq_ignore_ascii_case(keyword) {
                return Ok(literal);
            }
        }
        serde_json::from_str(word)
            .map(Literal::Number)
            .map_err(|_| Fault { offset: start, problem: FilterProblem::NotAValue(excerpt(word)) })
    }

    fn string(&mut self) -> Result<Literal, Fault> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, character)| {
            let closes = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            closes
        });
        let quoted = end.and_then(|(end, _)| rest.get(..=end));
        let Some(quoted) = quoted else {
            return Err(self.expected("text that ends in a double quote"));
        };
        let text = serde_json::from_str(quoted).map_err(|_| self.expected("a JSON string with valid escapes"))?;
        self.offset += quoted.len();
        Ok(Literal::Text(text))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }
}
