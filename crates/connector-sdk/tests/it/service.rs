//! Service mode against a scripted server over real TLS. Numbers are those of baton-service-mode §16, client list.

mod faults;
mod lab;
mod program;
mod server;
mod stopping;
mod stuck;
mod syncs;
mod tasks;
mod tokens;
mod wire;
