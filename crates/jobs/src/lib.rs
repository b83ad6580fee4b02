//! Durable jobs and timers on the store, claimed with leases.
//!
//! Start at [`Runner`]: handlers are registered for kinds of jobs, and [`Runner::run`] does whatever is due until it is
//! cancelled. Any number of processes may run on one database; a job belongs to whoever has its lease, and is taken over
//! when that one falls silent. So every handler may run twice, and must come to the same end.
//!
//! Jobs are written down with [`store::job::enqueue`], in the transaction of what makes them necessary. This crate
//! deliberately knows no kinds of jobs.

mod handler;
mod runner;

pub use handler::{Context, Failure, Handler, Next};
pub use runner::Runner;
pub use store::job::{Job, NewJob, enqueue};
