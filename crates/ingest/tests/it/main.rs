//! Files become what the store knows, on both engines.

mod basics;
mod holds;
mod world;
