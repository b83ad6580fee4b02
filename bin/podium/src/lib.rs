//! Open identity governance: the server.
