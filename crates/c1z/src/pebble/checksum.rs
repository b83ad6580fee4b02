//! The checksums of the format.

use crc::{CRC_32_ISCSI, Crc, Table};

static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Returns the CRC-32C of the parts, one after the other, masked as logs and tables store it.
pub(super) fn masked_crc(parts: &[&[u8]]) -> u32 {
    let mut digest = CRC.digest();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().rotate_right(15).wrapping_add(0xa282_ead8)
}
