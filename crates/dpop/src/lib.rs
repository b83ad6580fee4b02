//! Proofs of possession (RFC 9449), both sides, and the keys behind them.
