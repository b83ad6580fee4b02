use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

fn entry(key: u8, digest: u8) -> Entry<1> {
    Entry { key: [key], digest: Key([digest; 16]), row: i64::from(key) }
}

fn stored(key: u8, (digest, gone): (u8, bool)) -> Stored<1> {
    Stored { key: [key], digest: Key([digest; 16]), id: key.to_string(), gone, is_settled: false }
}

proptest! {
    #[test]
    fn merging_in_parts_finds_what_maps_find(
        file in prop::collection::btree_map(any::<u8>(), 0..3_u8, 0..40),
        known in prop::collection::btree_map(any::<u8>(), (0..3_u8, any::<bool>()), 0..40),
        page in 1..7_usize,
        parts in 1..5_usize,
    ) {
        let rows: Vec<Stored<1>> = known.iter().map(|(key, what)| stored(*key, *what)).collect();
        let mut pages = rows.chunks(page).map(<[_]>::to_vec).collect::<Vec<_>>().into_iter();
        let mut stored_rows = StoredRows::new(|| Ok::<_, Infallible>(pages.next().unwrap_or_default()));
        let mut found = BTreeMap::new();
        for part in 0..parts {
            let bound = |part: usize| u8::try_from(256 * part / parts).ok();
            let (from, end) = (bound(part).unwrap(), bound(part + 1));
            let entries: Vec<Entry<1>> = file
                .range(from..)
                .filter(|(key, _)| end.is_none_or(|end| **key < end))
                .map(|(key, digest)| entry(*key, *digest))
                .collect();
            stored_rows.merge(&entries, end.map(|end| [end]), |difference| {
                let (key, what) = match difference {
                    Difference::Appeared(entry) => (entry.key, "appeared"),
                    Difference::Changed(entry, _) => (entry.key, "changed"),
                    Difference::Disappeared(stored) => (stored.key, "disappeared"),
                };
                assert!(found.insert(key[0], what).is_none());
                Ok(())
            }).unwrap();
        }
        let mut expected = BTreeMap::new();
        for (key, digest) in &file {
            match known.get(key) {
                None => drop(expected.insert(*key, "appeared")),
                Some((was, gone)) if *gone || was != digest => drop(expected.insert(*key, "changed")),
                Some(_) => {}
            }
        }
        for (key, (_, gone)) in &known {
            if !gone && !file.contains_key(key) {
                expected.insert(*key, "disappeared");
            }
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn of_equal_keys_one_stays_whatever_their_order() {
    let mut one = vec![entry(2, 1), entry(1, 9), entry(1, 3)];
    let mut other = vec![entry(1, 3), entry(1, 9), entry(2, 1)];
    assert_eq!((sort(&mut one), sort(&mut other)), (1, 1));
    assert_eq!(one, other);
    assert_eq!(one, [entry(1, 3), entry(2, 1)]);
}

#[test]
fn what_podium_changed_after_the_sync_began_does_not_differ() {
    let settled = |key| Stored { is_settled: true, ..stored(key, (1, false)) };
    // Held and seen, held and not seen, ended and seen, ended and held again.
    let rows = vec![settled(1), settled(2), settled(3), settled(4), settled(4), stored(5, (1, false))];
    let mut pages = vec![rows].into_iter();
    let mut stored_rows = StoredRows::new(|| Ok::<_, Infallible>(pages.next().unwrap_or_default()));
    let file = [entry(1, 1), entry(3, 2), entry(4, 2), entry(6, 1)];
    let mut found = Vec::new();
    let Ok(()) = stored_rows.merge(&file, None, |difference| {
        found.push(match difference {
            Difference::Appeared(entry) => (entry.key, "appeared"),
            Difference::Changed(entry, _) => (entry.key, "changed"),
            Difference::Disappeared(stored) => (stored.key, "disappeared"),
        });
        Ok(())
    });
    assert_eq!(found, [([5], "disappeared"), ([6], "appeared")]);
}
