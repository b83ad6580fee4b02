//! From a source to the tree of the crate `cel`, with limits that keep its parser from deep recursion.

mod depth;

use cel::IdedExpr;
use cel::common::ast::SourceInfo;
use cel::parser::Parser;

use super::node::Place;
use super::{DEEPEST, ExpressionError, LONGEST_BYTES};

/// Where the parts of a tree stand in its source.
pub(super) struct Places {
    source: String,
    info: SourceInfo,
}

impl Places {
    /// Where the part with this id begins; the beginning of the source for parts that the parser made itself.
    pub(super) fn of(&self, id: u64) -> Place {
        let offset = self.info.offset_for(id).map_or(0, |(start, _)| start);
        place(&self.source, offset as usize)
    }
}

/// The line and column of the letter at this byte.
fn place(source: &str, offset: usize) -> Place {
    let (mut line, mut column) = (1, 1);
    for letter in source.char_indices().take_while(|(at, _)| *at < offset).map(|(_, letter)| letter) {
        if letter == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    Place { line, column }
}

/// The tree of a source.
pub(super) fn parse(source: &str) -> Result<(IdedExpr, Places), ExpressionError> {
    const START: Place = Place { line: 1, column: 1 };
    if source.trim().is_empty() {
        return Err(START.error("this is empty"));
    }
    if source.len() > LONGEST_BYTES {
        return Err(START.error(format!("this has {} bytes; at most {LONGEST_BYTES} are allowed", source.len())));
    }
    if let Some(at) = depth::too_deep(source) {
        return Err(place(source, at).error("this stands too deep: use fewer brackets, or shorter chains"));
    }
    let parser = Parser::new().max_recursion_depth(DEEPEST).error_recovery_limit(1);
    match parser.parse_with_source_info(source) {
        Ok((tree, info)) => Ok((tree, Places { source: source.to_owned(), info })),
        Err(errors) => {
            let first = errors.errors.into_iter().find(|error| error.pos.0 > 0);
            let Some(first) = first else { return Err(START.error("this is no expression")) };
            let number = |value: isize| u32::try_from(value).unwrap_or(1).max(1);
            let place = Place { line: number(first.pos.0), column: number(first.pos.1) };
            let message = first.msg.lines().next().unwrap_or("this is no expression").to_owned();
            Err(place.error(message))
        }
    }
}
