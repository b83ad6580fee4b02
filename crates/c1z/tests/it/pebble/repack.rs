//! Takes files of the Pebble engine apart, and puts them together again with changes.

use std::collections::BTreeMap;
use std::hash::Hasher;

use camino::Utf8Path;
use prost::Message;
use proto::c1::c1z::v3::{C1zManifestV3, IndexedFrameEntry, IndexedFrameIndex};
use twox_hash::XxHash64;

/// How the files are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    ZstdTar = 1,
    Tar = 2,
    Indexed = 5,
}

/// The files of a store, and the engine that the manifest names.
pub(super) struct Payload {
    pub(super) engine: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Payload {
    /// Takes a file with the usual payload apart.
    pub(super) fn of(path: &Utf8Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let footer = &bytes[bytes.len() - 28..];
        let start = usize::try_from(u64::from_be_bytes(*footer.first_chunk().unwrap())).unwrap();
        let index = IndexedFrameIndex::decode(&bytes[start..bytes.len() - 28]).unwrap();
        let file = |entry: IndexedFrameEntry| {
            let from = usize::try_from(entry.frame_offset).unwrap();
            let stored = &bytes[from..from + usize::try_from(entry.compressed_size).unwrap()];
            (entry.name, zstd::decode_all(stored).unwrap())
        };
        Self { engine: "pebble3".to_owned(), files: index.entries.into_iter().map(file).collect() }
    }

    /// Returns the first name that has `part` in it.
    pub(super) fn name(&self, part: &str) -> String {
        self.files.keys().find(|name| name.contains(part)).unwrap().clone()
    }

    /// Returns the bytes of a file of this content.
    pub(super) fn pack(&self, encoding: Encoding) -> Vec<u8> {
        let manifest = C1zManifestV3 {
            engine: self.engine.clone(),
            payload_encoding: encoding as i32,
            ..C1zManifestV3::default()
        };
        let manifest = manifest.encode_to_vec();
        let length = u32::try_from(manifest.len()).unwrap().to_be_bytes();
        let mut bytes = [b"C1Z3\0".as_slice(), &length, &manifest].concat();
        match encoding {
            Encoding::Tar => bytes.extend(self.tar()),
            Encoding::ZstdTar => bytes.extend(zstd::encode_all(self.tar().as_slice(), 1).unwrap()),
            Encoding::Indexed => self.index(&mut bytes, &manifest),
        }
        bytes
    }

    fn tar(&self) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in &self.files {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, content.as_slice()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn index(&self, bytes: &mut Vec<u8>, manifest: &[u8]) {
        let mut index = IndexedFrameIndex { manifest_xxh64: xxh64(manifest), ..IndexedFrameIndex::default() };
        for (name, content) in &self.files {
            let frame = zstd::bulk::compress(content, 1).unwrap();
            index.entries.push(IndexedFrameEntry {
                name: name.clone(),
                frame_offset: i64::try_from(bytes.len()).unwrap(),
                compressed_size: i64::try_from(frame.len()).unwrap(),
                raw_size: i64::try_from(content.len()).unwrap(),
                raw_xxh64: xxh64(content),
                raw_sha256: vec![0; 32],
            });
            bytes.extend(frame);
        }
        let (start, index) = (bytes.len() as u64, index.encode_to_vec());
        bytes.extend(&index);
        bytes.extend(start.to_be_bytes());
        bytes.extend(u32::try_from(index.len()).unwrap().to_be_bytes());
        bytes.extend(xxh64(&index).to_be_bytes());
        bytes.extend(b"C1ZIDX1\0");
    }
}

fn xxh64(bytes: &[u8]) -> u64 {
    let mut hash = XxHash64::with_seed(0);
    hash.write(bytes);
    hash.finish()
}

fn prefixed(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    prost::encoding::encode_varint(bytes.len() as u64, &mut out);
    out.extend(bytes);
    out
}

/// An entry of a batch that gives `key` a value.
pub(super) fn set(key: &[u8], value: &[u8]) -> Vec<u8> {
    [vec![1], prefixed(key), prefixed(value)].concat()
}

/// An entry of a batch that deletes `key`.
pub(super) fn delete(key: &[u8]) -> Vec<u8> {
    [vec![0], prefixed(key)].concat()
}

/// An entry of a batch that deletes everything from `start` to before `end`.
pub(super) fn delete_range(start: &[u8], end: &[u8]) -> Vec<u8> {
    [vec![15], prefixed(start), prefixed(end)].concat()
}

/// A batch whose first entry has the number `sequence`.
pub(super) fn batch(sequence: u64, entries: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    [sequence.to_le_bytes().to_vec(), count.to_le_bytes().to_vec(), entries.concat()].concat()
}

/// A log of these batches, each cut into two records to show that they are joined.
pub(super) fn log(batches: &[Vec<u8>]) -> Vec<u8> {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    let mut out = Vec::new();
    for batch in batches {
        let (first, last) = batch.split_at(batch.len() / 2);
        for (kind, payload) in [(2, first), (4, last)] {
            let checked = [&[kind], payload].concat();
            out.extend(crc.checksum(&checked).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes());
            out.extend(u16::try_from(payload.len()).unwrap().to_le_bytes());
            out.extend(checked);
        }
    }
    out
}
