//! Proofs of possession (RFC 9449), both sides, and the keys behind them.
//!
//! A connector holds a [`SigningKey`]; it proves so once per token with an [`assertion`], and once per call with a
//! [`proof`], so that a token that was stolen is of no use without the key. The server checks both. The texts that carry
//! the key and its name to the connector, [`ClientId`] and [`client_secret`], live here because both halves read them.
//!
//! Nothing here waits, stores or asks the time: whoever verifies gets back what must be remembered ([`Replay`]) and
//! remembers it.

pub mod assertion;
pub mod client_id;
pub mod client_secret;
mod date;
mod hash;
pub mod jws;
pub mod key;
pub mod nonce;
pub mod proof;

pub use client_id::ClientId;
pub use hash::Replay;
pub use key::{PublicKey, SigningKey, Thumbprint};
pub use nonce::Nonces;
