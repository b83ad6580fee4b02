//! The rules, as tables.

use crate::Ingest;

use super::*;

/// Returns syncs from lines like `a full 1-2`, which reads: id, type, start and end in hours; no end when unfinished.
fn runs(lines: &str) -> Vec<SyncRun> {
    let hour = |text: &str| Timestamp::from_second(text.parse::<i64>().unwrap() * 3600).unwrap();
    lines
        .split(',')
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (start, end) = words[2].split_once('-').unwrap();
            SyncRun {
                id: SyncId::from(words[0]),
                kind: SyncType::from(words[1]),
                started_at: hour(start),
                ended_at: (!end.is_empty()).then(|| hour(end)),
                token: String::new(),
                parent: None,
                linked: words.get(3).map(|id| SyncId::from(*id)),
                supports_diff: false,
                stats: None,
                ingest: Ingest::default(),
            }
        })
        .collect()
}

#[test]
fn retention_removes_what_the_rules_say() {
    for (keep, open, lines, expect) in [
        // Two full syncs are kept, the open one included.
        (2, "", "a full 1-2, b full 3-4", ""),
        (2, "", "a full 1-2, b full 3-4, c full 5-6", "a"),
        (2, "c", "a full 1-2, b full 3-4, c full 5-", "a"),
        (2, "b", "a full 1-2, b full 3-", ""),
        (1, "b", "a full 1-2, b full 3-", "a"),
        (1, "", "a full 1-2, b full 3-4, c full 5-6", "a b"),
        (3, "d", "a full 1-2, b full 3-4, c full 5-6, d full 7-", "a"),
        // The order of ends counts, not that of the rows.
        (2, "", "c full 5-6, a full 1-2, b full 3-4", "a"),
        // Unfinished syncs stay.
        (2, "", "x full 0-, a full 1-2, b full 3-4, c full 5-6", "a"),
        // Partial syncs go with the full ones before which they ended.
        (2, "", "p partial 2-3, a full 1-2, b full 4-5, q resources_only 5-6, c full 6-7", "a p"),
        (2, "c", "p partial 0-1, a full 2-3, q partial 3-4, b full 4-5, c full 6-", "a p"),
        (2, "", "p partial 0-1, a full 2-3, b full 4-5", ""),
        // Unknown types count as full.
        (2, "", "a future 1-2, b full 3-4, c full 5-6", "a"),
        // Of more than two diffs the last and its partner stay.
        (2, "", "u partial_upserts 1-2 v, v partial_deletions 1-2 u", ""),
        (
            2,
            "",
            "u partial_upserts 1-2 v, v partial_deletions 1-3 u, w partial_upserts 4-5 x, x partial_deletions 4-6 w",
            "u v",
        ),
        (2, "", "u partial_upserts 1-2, v partial_upserts 3-4, w partial_upserts 5-6", "u v"),
    ] {
        let open = (!open.is_empty()).then(|| SyncId::from(open));
        let gone = Retention::Keep(keep).overflow(&runs(lines), open.as_ref());
        let gone: Vec<&str> = gone.iter().map(SyncId::as_str).collect();
        assert_eq!(gone.join(" "), expect, "keep {keep} of {lines}");
        assert_eq!(Retention::KeepAll.overflow(&runs(lines), open.as_ref()), []);
    }
}

#[test]
fn the_environment_sets_retention() {
    for (skip, keep, expect) in [
        ("", "", Retention::Keep(2)),
        ("", "5", Retention::Keep(5)),
        ("", "0", Retention::Keep(2)),
        ("", "-1", Retention::Keep(2)),
        ("", "many", Retention::Keep(2)),
        ("true", "5", Retention::KeepAll),
        ("1", "", Retention::KeepAll),
        ("0", "3", Retention::Keep(3)),
        ("false", "", Retention::Keep(2)),
    ] {
        let lookup = |name: &str| match name {
            "BATON_SKIP_CLEANUP" => Some(skip.to_owned()),
            "BATON_KEEP_SYNC_COUNT" => Some(keep.to_owned()),
            _ => None,
        };
        assert_eq!(Retention::from_env(lookup), expect, "skip {skip:?}, keep {keep:?}");
    }
}

#[test]
fn readers_see_the_sync_that_is_meant() {
    let now = Timestamp::from_second(200 * 3600).unwrap();
    // (syncs, latest finished full, of any type, unfinished, default view, explorer's view)
    for (lines, full, any, unfinished, default, explorer) in [
        ("", "-", "-", "-", "-", "-"),
        ("a full 1-2", "a", "a", "-", "a", "a"),
        ("a full 1-2, b full 3-4", "b", "b", "-", "b", "b"),
        ("b full 3-4, a full 1-5", "a", "a", "-", "a", "a"),
        ("a full 1-2, b full 1-2", "b", "b", "-", "b", "b"),
        ("a full 1-2, p partial 3-4", "a", "p", "-", "a", "p"),
        ("p partial 3-4", "-", "p", "-", "-", "p"),
        ("a full 100-", "-", "-", "a", "a", "a"),
        ("a full 100-, b full 150-", "-", "-", "b", "b", "b"),
        ("a full 32-", "-", "-", "a", "a", "a"),
        ("a full 31-", "-", "-", "-", "-", "-"),
        ("a full 1-2, b partial 150-", "a", "a", "b", "a", "a"),
        ("p partial 3-4, u full 150-", "-", "p", "u", "u", "p"),
    ] {
        let runs = runs(lines);
        let selection = Selection::new(&runs);
        let name = |run: Option<&SyncRun>| run.map_or("-".to_owned(), |run| run.id.to_string());
        let found = [
            selection.latest_finished(Some(&SyncType::Full)),
            selection.latest_finished(None),
            selection.latest_unfinished(None, now),
            selection.default_view(now),
            selection.explorer_view(now),
        ];
        assert_eq!(found.map(name), [full, any, unfinished, default, explorer], "{lines}");
    }
}

#[test]
fn a_sync_is_resumed_by_its_type() {
    let runs = runs("a full 100-, b resources_only 150-, c full 160-170");
    let now = Timestamp::from_second(200 * 3600).unwrap();
    let resumable = |kind| Selection::new(&runs).latest_unfinished(Some(&kind), now).map(|run| run.id.as_str());
    assert_eq!(resumable(SyncType::Full), Some("a"));
    assert_eq!(resumable(SyncType::ResourcesOnly), Some("b"));
    assert_eq!(resumable(SyncType::Partial), None);
}

#[test]
fn the_two_latest_full_syncs_are_compared() {
    for (lines, expect) in [
        ("a full 1-2", None),
        ("a full 1-2, b full 3-4", Some("a b")),
        ("a full 1-2, b full 3-9, c full 5-6", Some("c b")),
        ("a full 1-2, b partial 3-4", None),
        ("a full 1-2, b full 3-", None),
    ] {
        let runs = runs(lines);
        let pair = Selection::new(&runs).latest_two_full().map(|(old, new)| format!("{} {}", old.id, new.id));
        assert_eq!(pair.as_deref(), expect, "{lines}");
    }
}
