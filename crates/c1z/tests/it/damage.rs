//! Whatever a file holds: a named error or its content, never a panic, and the file stays as it is.

use std::io::Write;

use c1z::{DeclaredSize, Error, Format, Grants, Limits, Options, Reader, ResourceTypes, Resources, Store};
use camino::Utf8Path;

use crate::support::{Folder, fixture, write_sync};

/// Reads everything there is, both ways of opening, and checks that the file is as before.
fn read_all(path: &Utf8Path) -> Result<usize, Error> {
    let before = std::fs::read(path).unwrap();
    let listed = list(path);
    let stored = Store::open(path, Options::default()).and_then(Store::discard);
    assert_eq!(std::fs::read(path).unwrap(), before, "the file has changed");
    let folder = path.parent().unwrap();
    let left: Vec<_> = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    if listed.is_ok() {
        stored?;
        assert_eq!(left, [path.file_name().unwrap()], "something was left behind");
    }
    listed
}

fn list(path: &Utf8Path) -> Result<usize, Error> {
    let reader = Reader::open(path, &Limits::default())?;
    let mut rows = 0;
    for run in reader.syncs()? {
        let view = reader.view(&run.id);
        view.each(ResourceTypes::All, |row| row.decode().map(|_| rows += 1))?;
        view.each(Resources::All, |row| row.decode().map(|_| rows += 1))?;
        view.each(Grants::All, |row| row.decode().map(|_| rows += 1))?;
        reader.stats(&run)?;
    }
    Ok(rows)
}

fn envelope(content: &[u8]) -> Vec<u8> {
    [b"C1ZF\0", zstd::encode_all(content, 1).unwrap().as_slice()].concat()
}

fn check(bytes: &[u8], expect: &str) {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    std::fs::write(&path, bytes).unwrap();
    let error = read_all(&path).unwrap_err().to_string();
    assert!(error.contains(expect), "{expect:?} is not in {error:?}");
    assert!(error.contains(path.as_str()), "{error:?} does not name the file");
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let whole = std::fs::read(fixture("users25-sqlite.c1z")).unwrap();
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    for length in (1..40).chain((40..whole.len()).step_by(97)).chain(whole.len() - 20..whole.len()) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = read_all(&path).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "cut at {length}: {error}");
        assert!(error.to_string().contains("unexpected EOF"), "{error}");
    }
}

#[test]
fn a_flipped_byte_is_an_error_and_never_a_panic() {
    let whole = std::fs::read(fixture("users25-sqlite.c1z")).unwrap();
    let content = zstd::decode_all(&whole[5..]).unwrap();
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    for at in (0..40).chain((40..whole.len()).step_by(61)).chain(whole.len() - 4..whole.len()) {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            std::fs::write(&path, &bytes).unwrap();
            // Not every bit of a frame means something, but whatever opens holds what it held before.
            if read_all(&path).is_ok() {
                assert_eq!(
                    zstd::decode_all(&bytes[5..]).unwrap(),
                    content,
                    "a flip of {flip:#x} at {at} goes unnoticed"
                );
            }
        }
    }
}

#[test]
fn a_damaged_database_is_an_error_or_its_content_and_never_a_panic() {
    let whole = std::fs::read(fixture("users25-sqlite.c1z")).unwrap();
    let database = zstd::decode_all(&whole[5..]).unwrap();
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let mut errors = 0;
    for at in (0..100).step_by(3).chain((100..database.len()).step_by(1499)) {
        let mut bytes = database.clone();
        bytes[at] ^= 0x5A;
        std::fs::write(&path, envelope(&bytes)).unwrap();
        errors += usize::from(read_all(&path).is_err());
    }
    assert!(errors > 10, "only {errors} damaged databases were noticed");
}

#[test]
fn what_is_no_c1z_has_its_own_error() {
    check(b"C1Z", "unexpected EOF");
    check(b"hello world", "c1z: invalid file");
    check(b"C1ZF\0", "unexpected EOF");
    check(b"C1ZF\0garbage that is no zstd", "invalid input: magic number mismatch");
    check(b"C1Z3\0\0\0\0", "unexpected EOF");
    check(&envelope(b"this is no database, but it is long enough to be taken for one"), "no readable SQLite");
    let mut trailing = std::fs::read(fixture("users25-sqlite.c1z")).unwrap();
    trailing.extend(b"more");
    check(&trailing, "more bytes follow");
}

#[test]
fn a_foreign_database_is_named_as_such() {
    let folder = Folder::new();
    for (sql, expect) in [
        ("CREATE TABLE users (name text)", "none of the v1_ tables"),
        ("CREATE TABLE v1_grants (id integer primary key)", "v1_grants has no column resource_type_id"),
    ] {
        let database = folder.join("foreign.db");
        let _ = std::fs::remove_file(&database);
        rusqlite::Connection::open(&database).unwrap().execute_batch(sql).unwrap();
        check(&envelope(&std::fs::read(&database).unwrap()), expect);
    }
}

#[test]
fn a_missing_or_empty_file_is_new_to_a_writer_and_an_error_to_a_reader() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    for content in [None, Some(b"")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        assert_eq!(Format::detect(&path).unwrap(), None);
        let error = Reader::open(&path, &Limits::default()).unwrap_err();
        assert!(error.to_string().contains("does not exist or is empty"), "{error}");
        Store::open(&path, Options::default()).unwrap().discard().unwrap();
    }
}

#[test]
fn more_than_the_limits_allow_is_refused_before_the_disk_is_full() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let open = |limits: &Limits| Reader::open(&path, limits).map(|_| ()).unwrap_err().to_string();
    let small = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };

    // 64 MiB of zeros, with and without their size in the header.
    let zeros = vec![0; 64 << 20];
    for (declares, expect) in [
        (true, "c1z: declared decoded size 67108864 exceeds cap 1048576: c1z: max decoded size exceeded"),
        (false, "c1z: max decoded size exceeded"),
    ] {
        let mut encoder = zstd::stream::write::Encoder::new(b"C1ZF\0".to_vec(), 1).unwrap();
        if declares {
            encoder.set_pledged_src_size(Some(zeros.len() as u64)).unwrap();
        }
        encoder.write_all(&zeros).unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        let error = open(&small);
        assert!(error.contains(expect) && error.contains("BATON_DECODER_MAX_DECODED_SIZE_MB"), "{error}");
        let ignoring = open(&Limits { declared_size: DeclaredSize::Ignore, ..small });
        assert!(!ignoring.contains("declared") && ignoring.contains("max decoded size exceeded"), "{ignoring}");
    }

    let mut encoder = zstd::stream::write::Encoder::new(b"C1ZF\0".to_vec(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&zeros).unwrap();
    std::fs::write(&path, encoder.finish().unwrap()).unwrap();
    let error = open(&Limits { max_window_bytes: 8 << 20, ..Limits::default() });
    assert!(error.contains("BATON_DECODER_MAX_MEMORY_MB"), "{error}");
}

#[test]
fn the_environment_sets_the_limits() {
    let with = |name: &'static str, value: &'static str| {
        Limits::from_env(move |asked| (asked == name).then(|| value.to_owned()))
    };
    assert_eq!(Limits::from_env(|_| None).unwrap(), Limits::default());
    assert_eq!(with("BATON_DECODER_MAX_DECODED_SIZE_MB", "3").unwrap().max_decoded_bytes, 3 << 20);
    assert_eq!(with("BATON_DECODER_MAX_MEMORY_MB", "64").unwrap().max_window_bytes, 64 << 20);
    assert_eq!(with("BATON_DISABLE_FCS_FAIL_FAST", "1").unwrap().declared_size, DeclaredSize::Ignore);
    for value in ["0", "-1", "much", "99999999999999999999"] {
        let error = with("BATON_DECODER_MAX_MEMORY_MB", value).unwrap_err();
        assert!(error.to_string().contains("BATON_DECODER_MAX_MEMORY_MB"), "{error}");
    }
}

#[test]
fn a_file_without_content_size_and_with_a_large_window_opens() {
    let folder = Folder::new();
    let (path, foreign) = (folder.join("sync.c1z"), folder.join("foreign.c1z"));
    write_sync(&path, 5);
    let bytes = std::fs::read(&path).unwrap();
    let database = zstd::decode_all(&bytes[5..]).unwrap();
    let mut encoder = zstd::stream::write::Encoder::new(b"C1ZF\0".to_vec(), 19).unwrap();
    encoder.window_log(26).unwrap();
    encoder.write_all(&database).unwrap();
    std::fs::write(&foreign, encoder.finish().unwrap()).unwrap();
    assert_eq!(list(&foreign).unwrap(), list(&path).unwrap());
}
