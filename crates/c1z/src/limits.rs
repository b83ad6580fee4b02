//! How much a file may ask of the machine that reads it.

use crate::{Error, Result};

const MIB: u64 = 1 << 20;

/// Bounds for decoding a file from outside.
///
/// Source: `BATON_DECODER_*` of the upstream SDK, v0.25.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes a file may decode to; 10 GiB by default.
    pub max_decoded_bytes: u64,
    /// The most memory the zstd window may take, in bytes; 128 MiB by default.
    pub max_window_bytes: u64,
    /// What to do with the size that a file declares; [`DeclaredSize::Check`] by default.
    pub declared_size: DeclaredSize,
}

/// Whether the size that a frame declares is compared with [`Limits::max_decoded_bytes`] before decoding starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredSize {
    /// A file that declares too much fails at once.
    Check,
    /// Only what is really decoded counts.
    Ignore,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decoded_bytes: 10 << 30, max_window_bytes: 128 * MIB, declared_size: DeclaredSize::Check }
    }
}

impl Limits {
    /// Returns the limits that the environment asks for; `lookup` gives the value of a variable.
    ///
    /// Reads `BATON_DECODER_MAX_DECODED_SIZE_MB` and `BATON_DECODER_MAX_MEMORY_MB` (MiB) and
    /// `BATON_DISABLE_FCS_FAIL_FAST` (`1`). What is not set, or empty, keeps its default.
    ///
    /// # Errors
    /// [`Error::InvalidLimit`] when a value is no whole number above 0.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mib = |name: &'static str, default: u64| match lookup(name).filter(|value| !value.is_empty()) {
            None => Ok(default),
            Some(value) => {
                match value.parse::<u64>().ok().filter(|mib| *mib > 0).and_then(|mib| mib.checked_mul(MIB)) {
                    Some(bytes) => Ok(bytes),
                    None => Err(Error::InvalidLimit { name, value }),
                }
            }
        };
        let defaults = Self::default();
        Ok(Self {
            max_decoded_bytes: mib("BATON_DECODER_MAX_DECODED_SIZE_MB", defaults.max_decoded_bytes)?,
            max_window_bytes: mib("BATON_DECODER_MAX_MEMORY_MB", defaults.max_window_bytes)?,
            declared_size: match lookup("BATON_DISABLE_FCS_FAIL_FAST").as_deref() {
                Some("1") => DeclaredSize::Ignore,
                _ => DeclaredSize::Check,
            },
        })
    }
}
