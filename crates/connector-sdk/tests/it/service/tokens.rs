//! Access tokens (client items 1, 4).
