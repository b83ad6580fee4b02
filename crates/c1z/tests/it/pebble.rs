//! Files of the Pebble engine: the same content as of the other engine, and never anything else when they are damaged.

mod repack;

use std::collections::BTreeMap;

use c1z::{
    Entitlements, Error, Filter, Format, Grants, Limits, Reader, ResourceRef, ResourceTypes, Resources, Row, SyncRun,
    View,
};
use camino::Utf8Path;
use prost::Message;
use proto::c1::connector::v2::{Entitlement, Grant, GrantExpandable, Resource, ResourceType};

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
fn a_file_of_the_pebble_engine_opens_with_its_content() {
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
}

/// The files named `varied` hold what a connector can say: ids with NUL and colons, parents, profiles, purposes, sources,
/// expansion. The one is the other, converted by the upstream explorer.
#[test]
fn both_engines_give_the_same_content() {
    for name in ["users25", "varied"] {
        let v1 = read(&fixture(&format!("{name}-sqlite.c1z"))).unwrap();
        let v3 = read(&fixture(&format!("{name}-pebble.c1z"))).unwrap();
        assert_eq!((v1.runs.len(), v3.runs.len()), (1, 1));
        assert_eq!((&v3.runs[0].kind, v3.runs[0].supports_diff), (&v1.runs[0].kind, v1.runs[0].supports_diff));
        let v1 = by_reference(v1);
        assert_eq!(v3.resource_types, v1.resource_types);
        assert_eq!(v3.entitlements, v1.entitlements);
        assert_eq!(v3.grants, v1.grants);
        // Annotations are compared by number: two writers encode the profile within one in any order.
        let plain = |mut resource: Resource| {
            let annotations = std::mem::take(&mut resource.annotations).len();
            (resource, annotations)
        };
        let plain = |rows: BTreeMap<String, Resource>| -> BTreeMap<_, _> {
            rows.into_iter().map(|(id, resource)| (id, plain(resource))).collect()
        };
        assert_eq!(plain(v3.resources), plain(v1.resources));
    }
}

/// Leaves what the Pebble engine keeps: of what a row refers to, its id.
fn by_reference(mut content: Content) -> Content {
    let stub = |resource: Option<Resource>| {
        let Resource { id, parent_resource_id, .. } = resource?;
        Some(Resource { id, parent_resource_id, ..Resource::default() })
    };
    for resource in content.resources.values_mut() {
        resource.baton_resource = false;
    }
    for entitlement in content.entitlements.values_mut() {
        entitlement.resource = stub(entitlement.resource.take());
        for resource_type in &mut entitlement.grantable_to {
            *resource_type = ResourceType { id: resource_type.id.clone(), ..ResourceType::default() };
        }
    }
    for grant in content.grants.values_mut() {
        grant.principal = stub(grant.principal.take());
        let Entitlement { id, resource, .. } = grant.entitlement.take().unwrap();
        grant.entitlement = Some(Entitlement { id, resource: stub(resource), ..Entitlement::default() });
    }
    content
}

#[test]
fn the_expansion_of_grants_and_assets_are_kept() {
    for name in ["varied-sqlite.c1z", "varied-pebble.c1z"] {
        let reader = Reader::open(&fixture(name), &Limits::default()).unwrap();
        let run = &reader.syncs().unwrap()[0];
        assert_eq!(reader.stats(run).unwrap().assets, 1, "{name}");
        let mut expandable = Vec::new();
        let keep = |row: Row<'_, Grant>| {
            if let Some(expansion) = row.columns()?.expansion {
                expandable.push((row.external_id()?.to_owned(), GrantExpandable::decode(expansion).unwrap()));
            }
            Ok::<_, Error>(())
        };
        reader.view(&run.id).each(Grants::All, keep).unwrap();
        let expect = GrantExpandable {
            entitlement_ids: vec!["odd id".to_owned()],
            shallow: true,
            resource_type_ids: vec!["user".to_owned()],
        };
        assert_eq!(expandable, [("exp".to_owned(), expect)], "{name}");
    }
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
    for (whole, step) in [(&whole, 61), (&archive, 997)] {
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
    for at in (0..whole.len()).filter(|at| *at < 64 || at % 61 == 0 || whole.len() - at < 128) {
        let mut bytes = whole.clone();
        bytes[at] ^= [0x01, 0x10, 0x80, 0xFF][at % 4];
        if !is_noticed(&folder, &bytes, &expect, &format!("a flip at {at}")) {
            unnoticed.push(at);
        }
    }
    assert!(unnoticed.len() < 20, "{unnoticed:?}");
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
    for at in (0..whole.len()).step_by(89) {
        let mut bytes = whole.clone();
        bytes[at] ^= [0x01, 0x10, 0x80, 0xFF][at / 89 % 4];
        noticed += u32::from(is_noticed(&folder, &bytes, &expect, &format!("a flip at {at}")));
    }
    assert!(noticed > 50, "only {noticed} were noticed");
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
