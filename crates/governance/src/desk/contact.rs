//! When connectors were last heard of.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ids::ConnectorId;
use jiff::Timestamp;
use store::host::Seen;

use super::{Connector, Desk};
use crate::Result;

/// How many hosts are remembered between two writes; more are not noted.
const BOUND: usize = 200_000;

/// Who was heard of since that was last written down.
#[derive(Debug, Default)]
pub(super) struct Contacts {
    heard: Mutex<BTreeMap<(ConnectorId, String), Timestamp>>,
}

impl Contacts {
    fn put(&self, connector: ConnectorId, host: &str, at: Timestamp) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < BOUND {
            let last = heard.entry((connector, host.to_owned())).or_insert(at);
            *last = at.max(*last);
        }
    }

    fn take(&self) -> BTreeMap<(ConnectorId, String), Timestamp> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Desk {
    /// Remembers that a connector called.
    pub(super) fn heard(&self, connector: Connector<'_>) {
        self.contacts.put(connector.id, connector.host, self.governance.store().now());
    }

    /// Writes down when connectors were last heard of.
    ///
    /// # Errors
    /// When the database refuses; it is remembered on.
    pub async fn flush_contacts(&self) -> Result<()> {
        let heard = self.contacts.take();
        if heard.is_empty() {
            return Ok(());
        }
        let calls: Vec<Seen> =
            heard.into_iter().map(|((connector_id, host_id), at)| Seen { connector_id, host_id, at }).collect();
        let written = async {
            let mut tx = self.governance.store().begin().await?;
            store::host::seen(&mut tx, &calls).await?;
            tx.commit().await.map(drop)
        };
        if let Err(error) = written.await {
            for call in calls {
                self.contacts.put(call.connector_id, &call.host_id, call.at);
            }
            return Err(error.into());
        }
        Ok(())
    }
}
