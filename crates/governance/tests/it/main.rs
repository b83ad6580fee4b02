//! Use cases on both engines.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod audit;
mod breakers;
mod bundles;
mod catalogue;
mod connectors;
mod desk;
mod findings;
mod forms;
mod invariants;
mod leavers;
mod lifetime;
mod notices;
mod office;
mod requests;
mod schedule;
mod secrets;
mod settings;
mod sign_in;
mod start;
mod steps;
mod told;
mod unwanted;
mod upkeep;
mod workplace;
mod world;
