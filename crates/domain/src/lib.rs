//! The rules of governance: pure, no async, no SQL, no HTTP.
//!
//! Every rule takes the time as an argument and answers with a value; nothing here waits, stores or asks. Start at
//! [`actor::Actor`], who does something, and [`audit::Event`], what is remembered about it.
//!
//! Source: governance.md; rule numbers (R-…) and transition numbers (T-…) name the tests.

pub mod access;
pub mod actor;
pub mod audit;
pub mod breaker;
pub mod bundle;
pub mod classification;
pub mod connector;
pub mod email;
pub mod expression;
pub mod finding;
pub mod form;
pub mod grant;
pub mod hold;
pub mod notice;
pub mod person;
pub mod policy;
pub mod provision;
pub mod request;
pub mod schedule;
pub mod spreadsheet;
pub mod step;
pub mod switch;
pub mod sync;
pub mod task;
pub mod vocabulary;
