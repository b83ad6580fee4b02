//! What happened in a sync: in pages, or live as server-sent events.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use domain::sync;
use futures_util::stream;
use governance::{Caller, Error};
use ids::SyncId;
use serde::Serialize;
use store::Paging;
use store::connector::LogLine;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Problem, Result, Signed};

/// How often is looked whether something happened.
const LOOK: Duration = Duration::from_millis(500);
/// How many lines are read at once.
const LINES: u32 = 200;
/// How long a log is followed. Whoever wants more asks again, is known again, and goes on behind the last line.
const LONGEST: Duration = Duration::from_mins(10);

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(log))
}

/// A line of the log of a sync.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SyncLogLine {
    /// Its id, which sorts by time.
    id: String,
    /// When.
    at: String,
    /// `info`, `warning` or `error`.
    level: &'static str,
    /// What happened.
    message: String,
}

impl From<LogLine> for SyncLogLine {
    fn from(line: LogLine) -> Self {
        Self { id: line.id, at: line.at.to_string(), level: line.level.name(), message: line.message }
    }
}

/// What happened in a sync, the newest line first
///
/// With `Accept: text/event-stream` each line is an event, the oldest first, and those that are written while it runs
/// follow; the stream ends with the event `end` once the sync has or is held. `Last-Event-ID` goes on behind a line. A stream
/// lasts ten minutes at most.
#[utoipa::path(get, path = "/api/v1/syncs/{sync}/log", tag = "syncs", params(("sync" = String, Path), PageParams),
    responses((status = OK, body = Page<SyncLogLine>), (status = NOT_FOUND, body = Problem)))]
async fn log(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<SyncId>,
    page: PageQuery,
    headers: HeaderMap,
) -> Result<Response> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if text(header::ACCEPT).is_none_or(|accepted| !accepted.contains("text/event-stream")) {
        let found = api.governance().sync_log(&caller, id, page.paging()).await?;
        return Ok(Json(Page::<SyncLogLine>::of(found)).into_response());
    }
    // Whoever may not see it gets an answer, not a stream.
    api.governance().sync(&caller, id).await?;
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let follower = Follower {
        api,
        caller,
        id,
        after,
        until: Instant::now() + LONGEST,
        told: HashSet::new(),
        waiting: VecDeque::new(),
        rest: Rest::Look,
    };
    let events = stream::try_unfold(follower, Follower::next);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Somebody who follows a log.
struct Follower {
    api: Api,
    caller: Caller,
    id: SyncId,
    /// The line behind which they go on.
    after: String,
    until: Instant,
    told: HashSet<String>,
    waiting: VecDeque<SyncLogLine>,
    rest: Rest,
}

/// What comes after the lines that wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// A look for more.
    Look,
    /// A look for more, after a while.
    LookLater,
    /// The last event.
    End,
    /// Nothing.
    Nothing,
}

impl Follower {
    async fn next(mut self) -> governance::Result<Option<(Event, Self)>> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                let event = Event::default().id(&line.id).event("line").json_data(&line).map_err(Error::internal)?;
                return Ok(Some((event, self)));
            }
            match self.rest {
                Rest::Nothing => return Ok(None),
                Rest::End => {
                    self.rest = Rest::Nothing;
                    return Ok(Some((Event::default().event("end").data("the sync has ended"), self)));
                }
                Rest::LookLater if Instant::now() >= self.until => return Ok(None),
                Rest::LookLater => tokio::time::sleep(LOOK).await,
                Rest::Look => {}
            }
            // What ended before the look has no lines that the look does not find.
            let state = self.api.governance().sync(&self.caller, self.id).await?.state;
            let has_ended = state.is_final() || state == sync::State::Held;
            let new = self.new_lines().await?;
            self.told.extend(new.iter().map(|line| line.id.clone()));
            self.waiting.extend(new.into_iter().map(SyncLogLine::from));
            self.rest = if has_ended { Rest::End } else { Rest::LookLater };
        }
    }
    /// The lines that were not told yet, the oldest first.
    async fn new_lines(&self) -> governance::Result<Vec<LogLine>> {
        let mut new = Vec::new();
        let mut cursor = None;
        loop {
            let paging = Paging { after: cursor.as_deref(), limit: LINES };
            let page = self.api.governance().sync_log(&self.caller, self.id, paging).await?;
            let read = page.rows.len();
            let is_new = |line: &LogLine| line.id > self.after && !self.told.contains(&line.id);
            let before = new.len();
            new.extend(page.rows.into_iter().filter(is_new));
            cursor = page.next;
            if cursor.is_none() || new.len() - before < read {
                break;
            }
        }
        new.reverse();
        Ok(new)
    }
}
