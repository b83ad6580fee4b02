//! Events: which feeds there are, and what is new in one.

use proto::Message;
use proto::c1::connector::v2::{ListEventFeedsResponse, ListEventsRequest, ListEventsResponse};
use proto::c1::connectorapi::baton::v1::task::ListEventsTask;

use super::TaskContext;
use super::answer::{Answer, Fault, MAX_BYTES, read};
use super::rules::Rules;
use crate::connector::{DEFAULT_FEED, EventPosition};
use crate::error::{Error, Result};

/// Lists the feeds.
pub(super) async fn list_feeds(context: &TaskContext) -> Result<Answer, Fault> {
    read(async {
        let list = context.connector.event_feeds().iter().map(|feed| feed.metadata()).collect();
        Answer::of_read(&ListEventFeedsResponse { list, annotations: Vec::new() }, Vec::new())
    })
    .await
}

/// Lists the next events of a feed. Of the connector's answer only events, cursor and "more" are sent.
pub(super) async fn list(context: &TaskContext, task: &ListEventsTask) -> Result<Answer, Fault> {
    read(async {
        let request = ListEventsRequest {
            cursor: task.cursor.clone(),
            start_at: task.start_at,
            page_size: task.page_size,
            annotations: Vec::new(),
            event_feed_id: task.event_feed_id.clone(),
        };
        request.check()?;
        Answer::of_read(&page(context, request).await?, Vec::new())
    })
    .await
}

/// The page after this position; a smaller one when it would be too long to send.
async fn page(context: &TaskContext, request: ListEventsRequest) -> Result<ListEventsResponse> {
    let id = if request.event_feed_id.is_empty() { DEFAULT_FEED } else { &request.event_feed_id };
    let feeds = context.connector.event_feeds();
    let feed = feeds.iter().find(|feed| feed.metadata().id == id);
    let feed = feed.ok_or_else(|| Error::not_found(format!("error: event feed id {id} not found")))?;
    let mut from = EventPosition { cursor: request.cursor, start_at: request.start_at, page_size: request.page_size };
    loop {
        let page = context.call("error: listing events failed", feed.list_events(&from)).await?;
        let count = u32::try_from(page.events.len()).unwrap_or(u32::MAX);
        let response = ListEventsResponse {
            events: page.events,
            cursor: page.cursor,
            has_more: page.has_more,
            annotations: Vec::new(),
        };
        // Each round asks for less than it got; a feed that ignores the size ends it as well.
        let next_size = count.min(if from.page_size == 0 { count } else { from.page_size }) / 2;
        if response.encoded_len() <= MAX_BYTES || next_size == 0 {
            return Ok(response);
        }
        from.page_size = next_size;
    }
}
