//! Event feeds: what happened upstream between two syncs.

use async_trait::async_trait;
use proto::Timestamp;
use proto::c1::connector::v2::{Event, EventFeedMetadata};

use crate::error::Result;

/// The feed of a request that names none.
pub const DEFAULT_FEED: &str = "baton_feed_event";

/// A stream of events of one kind.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// The id of the feed, unique in the connector, and what it tells about.
    fn metadata(&self) -> EventFeedMetadata;

    /// The events after a position, oldest first.
    ///
    /// # Errors
    /// Whatever the upstream says; the caller asks again from the same position.
    async fn list_events(&self, from: &EventPosition) -> Result<EventPage>;
}

/// Where to go on in a feed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventPosition {
    /// Where the last page ended, in the words of the feed; empty at first.
    pub cursor: String,
    /// Nothing before this time is wanted; only looked at without a cursor.
    pub start_at: Option<Timestamp>,
    /// At most so many events, up to 1000; 0 leaves it to the feed. It may shrink while the cursor stays, when a page
    /// is too large to send.
    pub page_size: u32,
}

/// One page of events.
#[derive(Debug, Default)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<Event>,
    /// Where the next page begins, at most 4096 bytes; also set after the last event, for the next poll.
    pub cursor: String,
    /// Whether there are events after this page now.
    pub has_more: bool,
}
