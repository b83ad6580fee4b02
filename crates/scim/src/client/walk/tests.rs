use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Debug, Clone, Deserialize)]
struct User {
    id: String,
}

impl Entry for User {
    fn id(&self) -> &str {
        &self.id
    }
    fn user_name(&self) -> Option<&str> {
        None
    }
    fn is_regular(&self) -> bool {
        true
    }
    fn from_loose(_: &Value) -> Option<Self> {
        None
    }
}

fn page(ids: impl IntoIterator<Item = u64>, total: Option<u64>) -> Page<User> {
    Page { entries: ids.into_iter().map(|id| User { id: format!("u{id}") }).collect(), bad: 0, total }
}

/// Walks a service given as a function of the request number and the start index; returns the end and the ids.
fn walk(mut service: impl FnMut(u32, u64) -> Page<User>) -> (Result<Option<Remark>, Stuck>, HashSet<String>, u32) {
    let mut walk = Walk::new(Position::start());
    let mut ids = HashSet::new();
    for request in 0.. {
        let page = service(request, walk.position().next_start());
        ids.extend(page.entries.iter().map(|user| user.id.clone()));
        match walk.advance(&page) {
            Ok(Next::Page(_)) => {}
            Ok(Next::End { remark }) => return (Ok(remark), ids, request + 1),
            Err(stuck) => return (Err(stuck), ids, request + 1),
        }
    }
    unreachable!()
}

/// A sound service with `users` users and pages of ten.
fn sound(users: u64, start: u64) -> Page<User> {
    page(start..(start + 10).min(users + 1), Some(users))
}

#[test]
fn a_sound_listing_is_read_once() {
    for (users, requests) in [(0, 1), (1, 2), (10, 2), (95, 11), (100, 11)] {
        let (end, ids, count) = walk(|_, start| sound(users, start));
        assert_eq!((end, ids.len() as u64, count), (Ok(None), users, requests), "{users} users");
    }
}

#[test]
fn a_missing_total_is_no_trouble() {
    let (end, ids, _) = walk(|_, start| Page { total: None, ..sound(35, start) });
    assert_eq!((end, ids.len()), (Ok(None), 35));
}

#[test]
fn a_low_total_does_not_end_the_walk() {
    let (end, ids, requests) = walk(|_, start| Page { total: Some(12), ..sound(35, start) });
    assert_eq!((end, ids.len(), requests), (Ok(Some(Remark::TotalTooLow { total: 12, received: 35 })), 35, 5));
}

#[test]
fn a_high_total_fails_after_three_readings() {
    let (end, _, requests) = walk(|_, start| Page { total: Some(40), ..sound(35, start) });
    assert_eq!((end, requests), (Err(Stuck::Incomplete { total: 40, received: 35, walks: 3 }), 15));
}

#[test]
fn a_fault_that_passes_makes_one_more_reading() {
    type Spoil = fn(Page<User>) -> Page<User>;
    let drop_first: Spoil = |page| Page { entries: page.entries.into_iter().skip(1).collect(), ..page };
    let repeat_first: Spoil = |page| {
        let first = page.entries.first().cloned();
        Page { entries: first.into_iter().chain(page.entries).collect(), ..page }
    };
    let wrong_total: Spoil = |page| Page { total: Some(99), ..page };
    let empty: Spoil = |page| Page { entries: Vec::new(), ..page };
    for (name, spoil) in [("drop", drop_first), ("repeat", repeat_first), ("total", wrong_total), ("empty", empty)] {
        let (end, ids, _) = walk(|request, start| match request {
            1 => spoil(sound(35, start)),
            _ => sound(35, start),
        });
        assert_eq!((end, ids.len()), (Ok(None), 35), "{name}");
    }
}

#[test]
fn a_service_that_takes_no_notice_of_the_index_is_an_error() {
    let (end, _, requests) = walk(|_, _| sound(35, 1));
    assert_eq!((end, requests), (Err(Stuck::SamePage { start: 11 }), 2));
}

#[test]
fn a_user_who_leaves_meanwhile_hides_nobody() {
    // User 1 leaves after the first page: everybody moves up, and user 11 would be missed.
    let (end, ids, _) = walk(|request, start| match request {
        0 => sound(35, start),
        _ => page((start + 1)..(start + 11).min(36), Some(34)),
    });
    assert_eq!(end, Ok(None));
    assert!((1..=35).all(|id| ids.contains(&format!("u{id}"))), "{ids:?}");
}

#[test]
fn the_longest_listing_is_read_to_its_end() {
    let users = u64::from(MAX_PAGES);
    let (end, ids, requests) = walk(|_, start| page(start..(start + 1).min(users + 1), Some(users)));
    assert_eq!((end, ids.len() as u64, requests), (Ok(None), users, MAX_PAGES + 1));
}

#[test]
fn an_endless_listing_is_given_up() {
    let (end, _, requests) = walk(|_, start| page(start..=start, None));
    assert_eq!((end, requests), (Err(Stuck::TooLong), MAX_PAGES + 1));
}

#[test]
fn a_resumed_walk_goes_on_when_nothing_moved_and_knows_when_it_did() {
    let mut before = Walk::new(Position::start());
    for start in [1, 11] {
        before.advance(&sound(35, start)).unwrap();
    }
    let token = serde_json::to_string(before.position()).unwrap();

    let position: Position = serde_json::from_str(&token).unwrap();
    assert_eq!(position.last_start(), Some(11));
    let mut moved = Walk::new(position.clone());
    assert!(!moved.is_unmoved(&page(12..22, Some(34))));

    let mut after = Walk::new(position);
    assert!(after.is_unmoved(&sound(35, 11)));
    let mut ends = Vec::new();
    for start in [21, 31, 36] {
        assert_eq!(after.position().next_start(), start);
        ends.push(after.advance(&sound(35, start)).unwrap());
    }
    assert_eq!(ends.pop(), Some(Next::End { remark: None }));
}
