//! Requests for access: made, decided, carried out.
//!
//! Source: governance §1.12, §2.4 (T-Q), §2.5 (T-A), §3.3 (R-Q, R-P).

mod outcome;

pub(crate) use outcome::{job_done, job_failed};
