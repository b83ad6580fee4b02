//! Files of the Pebble engine: the same content as of the other engine, and never anything else when they are damaged.

mod repack;

use std::collections::BTreeMap;

use c1z::{
    Entitlements, Error, Filter, Format, Grants, Limits, Reader, ResourceRef, ResourceTypes, Resources, SyncRun, View,
};
use camino::Utf8Path;
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};

use crate::support::{Folder, fixture};
use repack::{Encoding, Payload, batch, delete, delete_range, log, set};

/// Everything that a file says.
#[derive(Debug, Default, PartialEq)]
struct Content {
    runs: Vec<SyncRun>,
    resource_types: BTreeMap<String, ResourceType>,
    resources: BTreeMap<String, Resource>,
    entitlements: BTreeMap<String, Entitlement>,
    grants: BTreeMap<String, Grant>,
}

fn read(path: &Utf8Path) -> Result<Content, Error> {
    read_within(path, &Limits::default())
}

fn read_within(path: &Utf8Path, limits: &Limits) -> Result<Content, Error> {
    let reader = Reader::open(path, limits)?;
    let mut content = Content { runs: reader.syncs()?, ..Content::default() };
    for run in &content.runs {
        let view = reader.view(&run.id);
        content.resource_types.extend(rows(&view, ResourceTypes::All)?);
        content.resources.extend(rows(&view, Resources::All)?);
        content.entitlements.extend(rows(&view, Entitlements::All)?);
        content.grants.extend(rows(&view, Grants::All)?);
    }
    Ok(content)
}

fn rows<F: Filter>(view: &View<'_>, filter: F) -> Result<BTreeMap<String, F::Record>, Error> {
    let mut rows = BTreeMap::new();
    view.each(filter, |row| {
        let id = row.external_id()?.to_owned();
        assert!(rows.insert(id, row.decode()?).is_none(), "a row is there twice");
        Ok::<_, Error>(())
    })?;
    Ok(rows)
}

/// Reads a file with these bytes.
fn read_bytes(folder: &Folder, bytes: &[u8]) -> Result<Content, Error> {
    let path = folder.join("sync.c1z");
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

/// Checks that damaged bytes are an error that names the file, or mean what they meant before. Tells which.
fn is_noticed(folder: &Folder, bytes: &[u8], expect: &Content, what: &str) -> bool {
    match read_bytes(folder, bytes) {
        Ok(content) => {
            assert_eq!(&content, expect, "{what}: other content, and no error");
            false
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(folder.join("sync.c1z").as_str()), "{what}: {text:?} does not name the file");
            true
        }
    }
}

#[test]
fn both_engines_give_the_same_content() {
    let path = fixture("users25-pebble.c1z");
    let reader = Reader::open(&path, &Limits::default()).unwrap();
    assert_eq!((reader.format(), Format::detect(&path).unwrap()), (Format::V3, Some(Format::V3)));
    let runs = reader.syncs().unwrap();
    assert_eq!(c1z::read_syncs(&path, &Limits::default()).unwrap(), runs);
    let stats = reader.stats(&runs[0]).unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (2, 27, 2, 25));
    let user = ResourceRef { resource_type: "user", resource: "usr_00000003" };
    let held = reader.view(&runs[0].id).page(Grants::OfPrincipal(user), 0, 10).unwrap();
    assert_eq!(held.len(), 1);

    let (v1, v3) = (read(&fixture("users25-sqlite.c1z")).unwrap(), read(&path).unwrap());
    assert_eq!(v3.runs.len(), 1);
    assert_eq!(v3.runs[0].kind, v1.runs[0].kind);
    assert!(v3.runs[0].supports_diff && v3.runs[0].ingest.coverage.starts_with(r#"["I5","I10","#));
    assert_eq!(v3.resource_types, v1.resource_types);
    let names = |content: &Content| -> Vec<(String, String, usize)> {
        let resource = |(id, resource): (&String, &Resource)| {
            (id.clone(), resource.display_name.clone(), resource.annotations.len())
        };
        content.resources.iter().map(resource).collect()
    };
    assert_eq!(names(&v3), names(&v1));
    // What a grant and an entitlement refer to is stored as ids only.
    let stub = |resource: &Option<Resource>| Some(Resource { id: resource.clone()?.id, ..Resource::default() });
    let entitlements = v1.entitlements.into_iter().map(|(id, mut entitlement)| {
        entitlement.resource = stub(&entitlement.resource);
        for resource_type in &mut entitlement.grantable_to {
            *resource_type = ResourceType { id: resource_type.id.clone(), ..ResourceType::default() };
        }
        (id, entitlement)
    });
    assert_eq!(v3.entitlements, entitlements.collect());
    let grants = v1.grants.into_iter().map(|(id, mut grant)| {
        grant.principal = stub(&grant.principal);
        let entitlement = grant.entitlement.unwrap();
        grant.entitlement =
            Some(Entitlement { resource: stub(&entitlement.resource), id: entitlement.id, ..Entitlement::default() });
        (id, grant)
    });
    assert_eq!(v3.grants, grants.collect());
}

#[test]
fn all_payloads_give_the_same_content() {
    let path = fixture("users25-pebble.c1z");
    let expect = read(&path).unwrap();
    let payload = Payload::of(&path);
    let folder = Folder::new();
    for encoding in [Encoding::Tar, Encoding::ZstdTar, Encoding::Indexed] {
        assert_eq!(read_bytes(&folder, &payload.pack(encoding)).unwrap(), expect, "{encoding:?}");
    }
    assert_eq!(folder.names(), ["sync.c1z"]);
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let path = fixture("users25-pebble.c1z");
    let folder = Folder::new();
    let whole = std::fs::read(&path).unwrap();
    let archive = Payload::of(&path).pack(Encoding::ZstdTar);
    for (whole, step) in [(&whole, 7), (&archive, 211)] {
        for length in (1..20).chain((20..whole.len()).step_by(step)) {
            let error = read_bytes(&folder, &whole[..length]).unwrap_err();
            let is_named = matches!(error, Error::Truncated { .. } | Error::DamagedPebble { .. });
            assert!(is_named && error.to_string().contains("sync.c1z"), "cut at {length}: {error}");
        }
    }
}

/// Everything in the file but the unused bits of zstd frames is covered by a checksum.
#[test]
fn a_flipped_byte_is_noticed() {
    let path = fixture("users25-pebble.c1z");
    let folder = Folder::new();
    let expect = read(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let mut unnoticed = Vec::new();
    for at in (0..whole.len()).filter(|at| *at < 64 || at % 5 == 0 || whole.len() - at < 900) {
        let mut bytes = whole.clone();
        bytes[at] ^= [0x01, 0x10, 0x80, 0xFF][at % 4];
        if !is_noticed(&folder, &bytes, &expect, &format!("a flip at {at}")) {
            unnoticed.push(at);
        }
    }
    assert!(unnoticed.len() < 40, "{unnoticed:?}");
}

/// A plain tar has no checksum of its own, but the blocks and logs of the store have. Not covered are what is not read
/// (options, properties, padding, times of files) and the names of files, without which the store is not whole.
#[test]
fn a_flipped_byte_of_the_store_is_noticed_or_means_nothing() {
    let path = fixture("users25-pebble.c1z");
    let folder = Folder::new();
    let expect = read(&path).unwrap();
    let whole = Payload::of(&path).pack(Encoding::Tar);
    let mut noticed = 0;
    for at in (0..whole.len()).step_by(23) {
        let mut bytes = whole.clone();
        bytes[at] ^= [0x01, 0x10, 0x80, 0xFF][at / 23 % 4];
        noticed += u32::from(is_noticed(&folder, &bytes, &expect, &format!("a flip at {at}")));
    }
    assert!(noticed > 200, "only {noticed} were noticed");
}

#[test]
fn logs_and_deletions_count() {
    let path = fixture("users25-pebble.c1z");
    let folder = Folder::new();
    let before = read(&path).unwrap();
    let mut payload = Payload::of(&path);
    let name = payload.name(".log");
    let grants = (b"\x03\x04\0".as_slice(), b"\x03\x04\x01".as_slice());
    let viewer = b"\x03\x02\0role\0viewer".as_slice();
    let batches = [
        batch(1 << 40, &[delete(b"\x03\x02\0user\0usr_00000007"), delete_range(grants.0, grants.1)]),
        batch((1 << 40) + 2, &[set(viewer, b"\x12\x04role\x1a\x06viewer\x22\x05Other")]),
        // Too old to count.
        batch(0, &[delete(b"\x03\x02\0user\0usr_00000008"), delete_range(b"\x03\x01", b"\x03\x04")]),
    ];
    payload.files.insert(name, log(&batches));
    let after = read_bytes(&folder, &payload.pack(Encoding::Indexed)).unwrap();
    assert!(after.grants.is_empty());
    let mut resources = before.resources.clone();
    resources.remove("user:usr_00000007").unwrap();
    let role = resources.get_mut("role:viewer").unwrap();
    *role = Resource { id: role.id.clone(), display_name: "Other".to_owned(), ..Resource::default() };
    assert_eq!(after.resources, resources);
    assert_eq!((after.runs, after.entitlements), (before.runs, before.entitlements));
}

#[test]
fn what_is_not_read_is_named() {
    let folder = Folder::new();
    let check = |expect: &str, change: &dyn Fn(&mut Payload)| {
        let mut payload = Payload::of(&fixture("users25-pebble.c1z"));
        change(&mut payload);
        let error = read_bytes(&folder, &payload.pack(Encoding::Indexed)).unwrap_err().to_string();
        assert!(error.contains(expect) && error.contains("sync.c1z"), "{expect:?} is not in {error:?}");
    };
    let rename = |payload: &mut Payload, from: &str, to: &str| {
        let content = payload.files.remove(&payload.name(from)).unwrap();
        payload.files.insert(to.to_owned(), content);
    };
    check("its engine is `rocksdb`", &|payload| payload.engine = "rocksdb".to_owned());
    check("its engine is ``", &|payload| payload.engine.clear());
    check("the format 25", &|payload| rename(payload, "marker.format", "marker.format-version.000002.025"));
    check("the format version of the store is missing", &|payload| rename(payload, "marker.format", "other"));
    check("names no MANIFEST", &|payload| rename(payload, "marker.manifest", "other"));
    check("the MANIFEST of the store is missing", &|payload| rename(payload, "MANIFEST-", "other"));
    check("is missing", &|payload| rename(payload, ".sst", "other"));
    check("does not have its size", &|payload| {
        let name = payload.name(".sst");
        payload.files.get_mut(&name).unwrap().push(0);
    });
    check("unsafe path `../escape`", &|payload| rename(payload, "OPTIONS", "../escape"));
    check("unsafe path `a/b`", &|payload| rename(payload, "OPTIONS", "a/b"));
    let layout = batch(1 << 40, &[set(b"\x03\xFFkeyspace_version", &[0, 0, 0, 3])]);
    check("its keyspace_version is not 2", &|payload| {
        let name = payload.name(".log");
        payload.files.insert(name, log(std::slice::from_ref(&layout)));
    });
    let strange = batch(1 << 40, &[set(b"\x03\x02\0user\0usr_00000001", b"\xFF")]);
    check("its resource user/usr_00000001 does not decode", &|payload| {
        let name = payload.name(".log");
        payload.files.insert(name, log(std::slice::from_ref(&strange)));
    });
}

#[test]
fn no_claim_is_believed() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    let claim = |length: u32, rest: &[u8]| [b"C1Z3\0".as_slice(), &length.to_be_bytes(), rest].concat();
    for (bytes, expect) in [
        (claim(0, b""), "its engine is ``"),
        (claim(1, b""), "unexpected EOF"),
        (claim(16 << 20, b"\x0A\x07pebble3"), "unexpected EOF"),
        (claim(u32::MAX, b"\x0A\x07pebble3"), "its manifest claims 4294967295 bytes"),
        (claim(2, b"\xFF\xFF"), "its manifest does not decode"),
        (claim(9, b"\x0A\x07pebble3"), "its payload has the encoding 0"),
        (claim(11, b"\x0A\x07pebble3\x20\x05"), "unexpected EOF"),
        (claim(11, b"\x0A\x07pebble3\x20\x01not zstd"), "its payload is no zstd stream"),
    ] {
        let error = read_bytes(&folder, &bytes).unwrap_err().to_string();
        assert!(error.contains(expect) || error.contains("damaged"), "{expect:?} is not in {error:?}");
    }
    // 64 MiB of zeros in a file of a few KiB.
    let mut payload = Payload::of(&fixture("users25-pebble.c1z"));
    payload.files.insert("000999.sst".to_owned(), vec![0; 64 << 20]);
    let small = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };
    for encoding in [Encoding::Indexed, Encoding::ZstdTar] {
        std::fs::write(&path, payload.pack(encoding)).unwrap();
        let error = read_within(&path, &small).unwrap_err().to_string();
        assert!(error.contains("c1z: max decoded size exceeded"), "{encoding:?}: {error}");
    }
    assert_eq!(folder.names(), ["sync.c1z"]);
}
