//! The rules of governance: pure, no async, no SQL, no HTTP.
