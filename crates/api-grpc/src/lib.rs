//! The face that connectors see: token endpoint and BatonService, and the port that carries everything.

pub mod server;
