//! Requests for access: made, decided, carried out.
//!
//! Start at [`Governance::submit_request`](crate::Governance::submit_request). A request gets its chain of approval steps
//! when it is made ([`crate::policy`]); `flow` opens one step after the other; what is agreed to becomes a provision
//! job in the same transaction; `outcome` takes what comes of it.
//!
//! Source: governance §1.12, §2.4 (T-Q), §2.5 (T-A), §3.3 (R-Q, R-P).

mod decide;
mod flow;
mod leaver;
mod outcome;
mod oversee;
mod sla;
mod start;
mod submit;
mod timer;
mod view;

pub use decide::{Answer, Decision};
pub(crate) use leaver::{cancel_of, hand_on};
pub(crate) use outcome::{job_done, job_failed};
pub(crate) use sla::handler as step_handler;
pub use submit::NewRequest;
pub(crate) use submit::person;
pub(crate) use timer::handlers;
pub use view::{RequestView, StepView};
