//! Durable jobs and timers on the store, claimed with leases.
