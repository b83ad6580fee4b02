//! What a run tells while it works.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use connector_sdk::sync::{self, Observer, Phase};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::options;
use crate::fake::{Fake, runtime, workspace};
use crate::file::Folder;

/// Collects the lines of level info and above, as `message {field=value}`.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            write!(self.fields, " {}={value:?}", field.name()).unwrap();
        }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= Level::INFO {
            let mut line = Line::default();
            event.record(&mut line);
            self.0.lock().unwrap().push(format!("{}{}", line.message, line.fields));
        }
    }
}

#[derive(Debug, Default)]
struct Events(Mutex<Vec<String>>);

impl Observer for Events {
    fn phase(&self, phase: Phase) {
        self.0.lock().unwrap().push(format!("{phase:?}"));
    }

    fn advance(&self, phase: Phase, resource_type: &str, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push(format!("{phase:?} {resource_type} {done} {total:?}"));
    }
}

#[tokio::test]
async fn lines_and_events_follow_the_phases() {
    let lines = Lines::default();
    let events = Arc::new(Events::default());
    let folder = Folder::new();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    let fake = Fake::new(workspace(12));
    let report = sync::run(fake.connector(), options(&folder), &runtime().0, events.clone()).await.unwrap();
    drop(guard);

    let skipped = r#"["I7", "I3", "I8", "I9"]"#;
    let lines = lines.0.lock().unwrap().clone();
    assert_eq!(
        lines,
        [
            "Syncing resource types...".to_owned(),
            "Synced resource types count=2".to_owned(),
            "Syncing resources...".to_owned(),
            r#"Synced resources resource_type_id="user" count=12"#.to_owned(),
            r#"Synced resources resource_type_id="role" count=2"#.to_owned(),
            "Syncing static entitlements...".to_owned(),
            "Syncing entitlements...".to_owned(),
            r#"Synced entitlements resource_type_id="role" count=2 total=2"#.to_owned(),
            "Syncing grants...".to_owned(),
            r#"Synced grants resource_type_id="role" count=2 total=2"#.to_owned(),
            format!(
                "ingest invariants: store engine lacks the inspection surface; referential invariants were not \
                 evaluated skipped_invariants={skipped}"
            ),
            format!(
                r#"Sync complete. sync_id="{}" sync_type="full" completed_actions=15 worker_count=1"#,
                report.sync_id
            ),
        ]
    );
    assert_eq!(
        *events.0.lock().unwrap(),
        [
            "ResourceTypes",
            "ResourceTypes  2 Some(2)",
            "Resources",
            "Resources user 10 None",
            "Resources user 12 None",
            "Resources role 2 None",
            "StaticEntitlements",
            "Entitlements",
            "Entitlements role 1 Some(2)",
            "Entitlements role 2 Some(2)",
            "Grants",
            "Grants role 1 Some(2)",
            "Grants role 2 Some(2)",
            "Saving",
        ]
    );
}
