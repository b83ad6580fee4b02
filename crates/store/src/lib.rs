//! What the server remembers, on SQLite and on PostgreSQL, with one SQL text.
