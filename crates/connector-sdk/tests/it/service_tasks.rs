//! What the tasks of service mode come to.

mod encryption;
