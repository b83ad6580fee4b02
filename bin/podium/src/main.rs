//! Open identity governance: the server.

fn main() {}
