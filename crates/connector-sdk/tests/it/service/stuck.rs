//! A connector that stops in the middle of a listing until it is let go, or panics there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use connector_sdk::connector::{Connector, PageToken, ResourcePage, ResourceSyncer};
use connector_sdk::error::Result;
use proto::c1::connector::v2::{ConnectorMetadata, ResourceId, ResourceType, SkipEntitlementsAndGrants};
use tokio::sync::{Semaphore, watch};

use crate::fake::{annotated, user, user_type};

#[derive(Clone)]
pub(crate) struct Stuck(Arc<Shared>);

struct Shared {
    started: watch::Sender<usize>,
    go: Semaphore,
    panics: AtomicBool,
}

impl Stuck {
    pub(crate) fn new() -> Self {
        let shared = Shared { started: watch::channel(0).0, go: Semaphore::new(0), panics: AtomicBool::new(false) };
        Self(Arc::new(shared))
    }

    pub(crate) fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }

    /// Waits until so many listings stand still, or have stood still.
    pub(crate) async fn started(&self, count: usize) {
        let mut started = self.0.started.subscribe();
        let reached = tokio::time::timeout(std::time::Duration::from_secs(30), started.wait_for(|is| *is >= count));
        reached.await.expect("no listing begins").unwrap();
    }

    /// How many listings have begun.
    pub(crate) fn begun(&self) -> usize {
        *self.0.started.borrow()
    }

    /// Lets all listings go on, now and later.
    pub(crate) fn go(&self) {
        self.0.go.add_permits(1000);
    }

    /// Listings panic instead of going on.
    pub(crate) fn panic(&self, does: bool) {
        self.0.panics.store(does, Ordering::Relaxed);
    }
}

#[async_trait]
impl Connector for Stuck {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata { display_name: "Stuck".to_owned(), ..ConnectorMetadata::default() }
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(self.clone())]
    }
}

#[async_trait]
impl ResourceSyncer for Stuck {
    fn resource_type(&self) -> ResourceType {
        annotated::<SkipEntitlementsAndGrants>(user_type())
    }

    async fn list_resources(&self, _: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage> {
        let next = page.is_start().then(|| PageToken::new("2"));
        if !page.is_start() {
            self.0.started.send_modify(|count| *count += 1);
            self.0.go.acquire().await.unwrap().forget();
            assert!(!self.0.panics.load(Ordering::Relaxed), "on purpose");
        }
        let name = if page.is_start() { "ada" } else { "grace" };
        Ok(ResourcePage { resources: vec![user(name)], next, ..ResourcePage::default() })
    }
}
