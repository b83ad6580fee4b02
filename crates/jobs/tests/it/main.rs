//! Jobs on both engines: each is done, also when whoever does it dies.

mod crash;
mod runner;
mod scene;
