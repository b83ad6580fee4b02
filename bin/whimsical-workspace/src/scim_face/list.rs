//! Lists of users: filtered, sorted, projected, paged by index or by cursor.
//!
//! A page of everybody is a slice of the directory, written straight from the records. A filter that names one user
//! name, id or external id goes through the index. Everything else looks at every user, away from the async threads.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use scim::Error;
use scim::filter::Filter;
use scim::page::cursor::{Binding, Seal};
use scim::page::{LIST_RESPONSE, Limits, ListResponse, Methods, Page};
use scim::projection::Projection;
use scim::search::{Listing, Query};
use scim::sort::Key;

use super::Asked;
use super::answer::Answer;
use super::discovery::{CURSOR_TIMEOUT_S, DEFAULT_PAGE};
use super::input::strictness;
use super::resource::Style;
use super::route::url_pairs;
use super::schema::USER_TYPE;
use crate::app::App;
use crate::model::{ScimUser, Switches, Workspace, email};

/// What cursors belong to, besides the query. The key of the seal tells workspaces apart.
const SCOPE: &str = "users";

pub(super) async fn by_query(asked: &Asked<'_>) -> Result<Answer, Error> {
    answer(asked, query(asked)).await
}

pub(super) async fn by_body(asked: &Asked<'_>) -> Result<Answer, Error> {
    let strictness = asked.app.read(|workspace| strictness(workspace.switches()));
    answer(asked, Query::from_json(&asked.body, strictness)?).await
}

/// Returns the list of groups where there are none.
pub(super) fn no_groups() -> Answer {
    Answer::json(StatusCode::OK, &ListResponse::all(Vec::new()).into_json())
}

/// Returns what the parameters want to see of an answer.
pub(super) fn projection(asked: &Asked<'_>) -> Result<Projection, Error> {
    query(asked).projection(&USER_TYPE)
}

fn query(asked: &Asked<'_>) -> Query {
    Query::from_parameters(&url_pairs(asked.parts.uri.query().unwrap_or_default()))
}

async fn answer(asked: &Asked<'_>, query: Query) -> Result<Answer, Error> {
    let listing = query.resolve(&USER_TYPE, asked.app.read(|workspace| limits(workspace.switches())))?;
    let (app, base, now) = (Arc::clone(asked.app), asked.base.clone(), asked.app.now());
    if listing.sort.is_by_creation() && listing.filter.as_ref().is_none_or(|filter| index_key(filter).is_some()) {
        return app.read(|workspace| page(workspace, &listing, &base, now));
    }
    let scan = tokio::task::spawn_blocking(move || scan(&app, &listing, &base, now));
    scan.await.unwrap_or_else(|_| Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, "The search failed.")))
}

fn scan(app: &App, listing: &Listing, base: &str, now: Timestamp) -> Result<Answer, Error> {
    app.read(|workspace| page(workspace, listing, base, now))
}

/// Returns how pages are cut.
fn limits(switches: &Switches) -> Limits {
    Limits {
        default_count: DEFAULT_PAGE.min(switches.list_cap).into(),
        max_count: switches.list_cap.into(),
        methods: if switches.cursor.is_on() { Methods::IndexAndCursor } else { Methods::IndexOnly },
    }
}

/// The users that match, in order.
enum Matching<'w> {
    /// All of the directory, in its own order.
    Everybody(&'w Workspace),
    /// Some, in the order of creation.
    Some(Vec<&'w ScimUser>),
    /// Some, sorted by their keys.
    Sorted(Vec<(Key, &'w ScimUser)>),
}

impl<'w> Matching<'w> {
    fn find(workspace: &'w Workspace, listing: &Listing, style: Style<'_>) -> Self {
        let Some(filter) = &listing.filter else {
            if listing.sort.is_by_creation() && workspace.shows_everybody() {
                return Self::Everybody(workspace);
            }
            return Self::ordered(visible(workspace), listing, style);
        };
        let matches = |user: &&ScimUser| filter.matches(&style.value(user));
        match index_key(filter) {
            Some(key) => {
                let candidates = key.candidates(workspace);
                Self::ordered(
                    candidates.into_iter().filter(|user| workspace.is_visible(user)).filter(matches),
                    listing,
                    style,
                )
            }
            None => Self::ordered(visible(workspace).filter(matches), listing, style),
        }
    }

    fn ordered(users: impl Iterator<Item = &'w ScimUser>, listing: &Listing, style: Style<'_>) -> Self {
        if listing.sort.is_by_creation() {
            return Self::Some(users.collect());
        }
        let mut keyed: Vec<_> = users.map(|user| (listing.sort.key(&style.value(user)), user)).collect();
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        Self::Sorted(keyed)
    }

    fn len(&self) -> usize {
        match self {
            Self::Everybody(workspace) => workspace.directory().len(),
            Self::Some(users) => users.len(),
            Self::Sorted(keyed) => keyed.len(),
        }
    }

    fn get(&self, start: usize, count: usize) -> Vec<&'w ScimUser> {
        match self {
            Self::Everybody(workspace) => workspace.directory().from_index(start).take(count).flatten().collect(),
            Self::Some(users) => users.iter().skip(start).take(count).copied().collect(),
            Self::Sorted(keyed) => keyed.iter().skip(start).take(count).map(|(_, user)| *user).collect(),
        }
    }

    /// Returns how many stand at or before a place.
    fn index_after(&self, after: &Key) -> usize {
        let place = after.created().zip(after.id().parse().ok());
        match (self, place) {
            (Self::Sorted(keyed), _) => keyed.partition_point(|(key, _)| key <= after),
            (_, None) => 0,
            (Self::Everybody(workspace), Some((created, id))) => workspace.directory().index_after(created, id),
            (Self::Some(users), Some(place)) => users.partition_point(|user| (user.created, user.id) <= place),
        }
    }

    fn key(&self, index: usize, last: &ScimUser) -> Key {
        match self {
            Self::Sorted(keyed) if let Some((key, _)) = keyed.get(index) => key.clone(),
            _ => Key::by_creation(last.created, &last.id.to_string()),
        }
    }
}

fn visible(workspace: &Workspace) -> impl Iterator<Item = &ScimUser> {
    workspace.directory().iter().filter(|user| workspace.is_visible(user))
}

/// What a filter says a user must be called, so that an index finds the user.
enum IndexKey<'f> {
    UserName(&'f str),
    Id(&'f str),
    ExternalId(&'f str),
}

fn index_key(filter: &Filter) -> Option<IndexKey<'_>> {
    let user_name = filter.required_equality("userName").map(IndexKey::UserName);
    let id = || filter.required_equality("id").map(IndexKey::Id);
    user_name.or_else(id).or_else(|| filter.required_equality("externalId").map(IndexKey::ExternalId))
}

impl IndexKey<'_> {
    fn candidates<'w>(&self, workspace: &'w Workspace) -> Vec<&'w ScimUser> {
        let directory = workspace.directory();
        match self {
            Self::UserName(name) => directory.by_email(&email::folded(name)).into_iter().collect(),
            Self::Id(id) => id.parse().ok().and_then(|id| directory.get(id)).into_iter().collect(),
            Self::ExternalId(id) => directory.by_external_id(id),
        }
    }
}

fn page(workspace: &Workspace, listing: &Listing, base: &str, now: Timestamp) -> Result<Answer, Error> {
    let matching = Matching::find(workspace, listing, Style::inner(base));
    let total = matching.len();
    let query = listing.query();
    let binding = Binding { scope: SCOPE, query: &query };
    let seal = || Seal::new(workspace.cursor_key(), Duration::from_secs(CURSOR_TIMEOUT_S));
    let (start, count) = match &listing.page {
        Page::Index { .. } => {
            let range = listing.page.range(total);
            (range.start, range.len())
        }
        Page::Cursor { cursor, count, default_count } if cursor.is_empty() => (0, count.unwrap_or(*default_count)),
        Page::Cursor { cursor, count, .. } => {
            let position = seal().open(cursor, *count, binding, now)?;
            (matching.index_after(&position.after), position.count)
        }
    };
    let users = matching.get(start, count);
    let end = start.saturating_add(users.len());
    let (start_index, next_cursor) = match (&listing.page, users.last()) {
        (Page::Index { start_index, .. }, _) => (Some(*start_index), None),
        (Page::Cursor { .. }, Some(last)) if end < total => {
            (None, Some(seal().seal(matching.key(end - 1, last), count, binding, now)))
        }
        (Page::Cursor { .. }, _) => (None, None),
    };
    let head = Head { total, start_index, next_cursor };
    let style = Style::wire(base, workspace.switches());
    Ok(Answer::bytes(StatusCode::OK, head.written(&users, &listing.projection, style)))
}

/// What stands before the users of a page.
struct Head {
    total: usize,
    start_index: Option<usize>,
    next_cursor: Option<String>,
}

/// About how many bytes a user takes.
const USER_BYTES: usize = 640;

impl Head {
    /// Returns the list as JSON text, users written one by one.
    fn written(&self, users: &[&ScimUser], projection: &Projection, style: Style<'_>) -> Vec<u8> {
        let mut text = Vec::with_capacity(256 + users.len() * USER_BYTES);
        // Writing into memory can't fail; cursors have no characters that JSON escapes.
        let _ = write!(text, r#"{{"schemas":["{LIST_RESPONSE}"],"totalResults":{}"#, self.total);
        if let Some(start_index) = self.start_index {
            let _ = write!(text, r#","startIndex":{start_index}"#);
        }
        let _ = write!(text, r#","itemsPerPage":{}"#, users.len());
        if let Some(next_cursor) = &self.next_cursor {
            let _ = write!(text, r#","nextCursor":"{next_cursor}""#);
        }
        text.extend_from_slice(br#","Resources":["#);
        for (index, user) in users.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            if projection == &Projection::Default {
                style.write(user, &mut text);
            } else {
                let shown = projection.apply(&style.value(user), &USER_TYPE);
                let _ = write!(text, "{shown}");
            }
        }
        text.extend_from_slice(b"]}");
        text
    }
}
