//! What parses, what is refused and where, and what matches.

mod grammar;
mod meaning;
