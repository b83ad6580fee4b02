//! Who is calling, on both engines.

mod call;
mod credential;
mod machine;
mod setup;
mod token;
mod world;
