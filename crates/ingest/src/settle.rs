//! How a sync ends, each in one transaction with its audit rows.

use camino::Utf8Path;
use domain::actor::{Actor, Part};
use domain::audit::{Event, Object, Via};
use domain::hold::{self, Reason};
use domain::sync::{State, Step, audit_action};
use ids::{HoldId, TenantId};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::connector::Level;
use store::file::Digest;
use store::hold::Hold;
use store::inventory::{self, Application, Change, Difference, ObjectKind, Reading};
use store::job::NewJob;
use store::sync::Sync;
use store::{Connection, Store, Tx};

use crate::change;
use crate::error::{Error, Result};
use crate::read::{Opened, Seen, Unusable};
use crate::run::{Connector, Work};

/// Up to how many differences each get an event of their own (T-S5).
const EVENTS: u64 = 1_000;
/// The kind of the job that compares what was said to be done with what a sync shows. Its payload names the sync.
pub const PROOF: &str = "proof";
/// How often that job is tried.
const PROOF_ATTEMPTS: i64 = 100;
/// The warning of a sync that would have been held.
const PASSED: &str = "it would have been held, but holds are switched off (switch `sync_holds`)";
const ACTOR: Actor = Actor::System(Part::Ingest);

/// Whether this held sync was confirmed, and only waits to be read again (T-S7).
pub(crate) async fn is_confirmed(conn: &mut Connection, tenant: TenantId, sync: &Sync) -> Result<bool> {
    let (State::Held, Some(hold)) = (sync.state, sync.hold_id) else { return Ok(false) };
    let hold = store::hold::find(conn, tenant, hold).await?;
    Ok(hold.is_some_and(|hold| hold.state == hold::State::Confirmed && hold.sync_id == sync.id))
}

/// T-S5, first half.
pub(crate) async fn begin(store: &Store, mut sync: Sync) -> Result<Sync> {
    let mut tx = store.begin().await?;
    step(&mut sync, Step::Ingesting)?;
    store::sync::update(tx.conn(), &mut sync).await?;
    tx.commit().await?;
    Ok(sync)
}

/// T-S5, second half; T-S7.
pub(crate) async fn applied(
    work: Work<'_>,
    reading: &Reading,
    opened: &Opened,
    seen: Seen,
    started_at: Timestamp,
    digest: &Digest,
    passed: &[Reason],
) -> Result<State> {
    let Work { context, mut sync, connector, visible, .. } = work;
    sync.counts = change::counts(reading, &seen);
    sync.warnings = change::warnings(&seen);
    let complete = matches!(opened.run.kind, c1z::SyncType::Full | c1z::SyncType::ResourcesOnly);
    let application = Application { started_at, file: *digest, resource_types: seen.types, complete };
    let mut tx = context.store.begin().await?;
    supersede(&mut tx, &connector, &sync).await?;
    reading.apply(&mut tx, &application).await?;
    describe(&mut sync, opened);
    sync.started_at = Some(started_at);
    sync.previous_applied_sync_id = visible.map(|visible| visible.sync_id);
    if !passed.is_empty() {
        sync.warnings.push(PASSED.to_owned());
        let told = json!({ "reasons": passed });
        tx.audit(event_about(Object::new("sync", sync.id), &connector, &sync, "sync.not_held", told));
    }
    finish(&mut tx, &connector, &mut sync, Step::Applied).await?;
    inventory::note_applied(tx.conn(), connector.id, sync.id).await?;
    wish_for_proof(&mut tx, &sync).await?;
    if reading.differences() > 0 && reading.differences() <= EVENTS {
        for difference in inventory::differences_of(tx.conn(), sync.id, EVENTS).await? {
            tx.audit(event_of(&connector, &sync, &difference));
        }
    }
    tx.commit().await?;
    if let Err(error) = reading.count_tables().await {
        // The sync is applied; only the next one is slower.
        tracing::warn!(error = &error as &dyn std::error::Error, "can't let the database count its tables");
    }
    Ok(sync.state)
}

/// The file that is visible came again: applied, with no difference.
pub(crate) async fn applied_before(work: Work<'_>, digest: &Digest) -> Result<State> {
    let Work { context, mut sync, connector, visible, .. } = work;
    let mut tx = context.store.begin().await?;
    supersede(&mut tx, &connector, &sync).await?;
    let started_at = sync.started_at.or(visible.as_ref().map(|visible| visible.started_at)).unwrap_or(tx.now());
    inventory::see_again(tx.conn(), connector.id, sync.id, started_at, digest).await?;
    if let Some(visible) = &visible {
        let tenant = tx.tenant();
        let before = store::sync::find(tx.conn(), tenant, visible.sync_id).await?;
        sync.counts = before.as_ref().map_or(Value::Null, |before| unchanged(before.counts.clone()));
        if let Some(before) = before {
            sync.engine = before.engine;
            sync.file_sync_id = before.file_sync_id;
        }
    }
    sync.previous_applied_sync_id = visible.map(|visible| visible.sync_id);
    finish(&mut tx, &connector, &mut sync, Step::Applied).await?;
    inventory::note_applied(tx.conn(), connector.id, sync.id).await?;
    wish_for_proof(&mut tx, &sync).await?;
    tx.commit().await?;
    Ok(sync.state)
}

/// What was said to be done in the app is compared with what the sync shows (R-V-1).
async fn wish_for_proof(tx: &mut Tx, sync: &Sync) -> Result<()> {
    let job = NewJob {
        kind: PROOF,
        key: Some(sync.id.to_string()),
        payload: json!({ "syncId": sync.id }).to_string(),
        run_at: tx.now(),
        priority: 0,
        max_attempts: PROOF_ATTEMPTS,
    };
    Ok(store::job::enqueue(tx, &job).await?)
}

/// Counts of which nothing differs.
fn unchanged(mut counts: Value) -> Value {
    match &mut counts {
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                *value = match name.as_str() {
                    "added" | "changed" | "removed" => 0.into(),
                    _ => unchanged(value.take()),
                };
            }
            counts
        }
        _ => counts,
    }
}

/// T-S6, with T-H1 or T-H5.
pub(crate) async fn held(
    work: Work<'_>,
    reading: &Reading,
    opened: &Opened,
    seen: &Seen,
    reasons: Vec<Reason>,
) -> Result<State> {
    let Work { context, mut sync, connector, visible, .. } = work;
    sync.counts = change::counts(reading, seen);
    sync.warnings = change::warnings(seen);
    describe(&mut sync, opened);
    sync.previous_applied_sync_id = visible.map(|visible| visible.sync_id);
    let mut tx = context.store.begin().await?;
    let (now, tenant) = (tx.now(), tx.tenant());
    let told = json!({ "reasons": reasons, "syncId": sync.id.to_string() });
    let hold = match store::hold::open_of(tx.conn(), connector.id).await? {
        Some(mut hold) if hold.sync_id != sync.id => {
            discard_held(&mut tx, &connector, &hold, "a later sync was held in its place").await?;
            hold.state = hold.state.after(hold::Step::Renew).map_err(|_| stale_hold(&hold))?;
            (hold.sync_id, hold.reasons, hold.renewed_at) = (sync.id, reasons, now);
            store::hold::update(tx.conn(), &mut hold).await?;
            tx.audit(hold_event(&connector, &sync, hold.id, "hold.renewed", told));
            hold
        }
        Some(hold) => hold,
        None => {
            let hold = Hold {
                id: HoldId::new(now, tx.rng()),
                connector_id: connector.id,
                sync_id: sync.id,
                reasons,
                state: hold::State::Open,
                opened_at: now,
                renewed_at: now,
                decided_at: None,
                decided_by: None,
                decision_reason: None,
                version: 1,
            };
            store::hold::insert(tx.conn(), tenant, &hold).await?;
            tx.audit(hold_event(&connector, &sync, hold.id, "hold.opened", told));
            hold
        }
    };
    sync.hold_id = Some(hold.id);
    step(&mut sync, Step::Held)?;
    tx.audit(sync_event(&connector, &sync, Step::Held));
    store::sync::update(tx.conn(), &mut sync).await?;
    tx.commit().await?;
    Ok(sync.state)
}

/// A sync that started before the last applied one.
pub(crate) async fn outdated(work: Work<'_>, opened: &Opened) -> Result<State> {
    let Work { context, mut sync, connector, .. } = work;
    describe(&mut sync, opened);
    sync.error = Some("it started before the sync that was applied last, so what it found is out of date".to_owned());
    let mut tx = context.store.begin().await?;
    finish(&mut tx, &connector, &mut sync, Step::Discarded).await?;
    tx.commit().await?;
    Ok(sync.state)
}

/// T-S9: the file cannot be used.
pub(crate) async fn failed(work: Work<'_>, why: &Unusable, path: &Utf8Path) -> Result<State> {
    let Work { context, mut sync, connector, .. } = work;
    let words = words(why, path);
    sync.error = Some(words.clone());
    let mut tx = context.store.begin().await?;
    finish(&mut tx, &connector, &mut sync, Step::Failed).await?;
    inventory::note_failed(tx.conn(), connector.id, &words).await?;
    tx.commit().await?;
    Ok(sync.state)
}

/// T-S9: the file is not tried again, for a reason that is not its own.
pub(crate) async fn gave_up(store: &Store, connector: &Connector, mut sync: Sync, why: &str) -> Result<()> {
    sync.error = Some(format!("the file could not be read: {why}"));
    let mut tx = store.begin().await?;
    finish(&mut tx, connector, &mut sync, Step::Failed).await?;
    inventory::note_failed(tx.conn(), connector.id, why).await?;
    tx.commit().await?;
    Ok(())
}

/// What an error and its causes say. The name of a temporary file tells people nothing.
fn words(why: &Unusable, path: &Utf8Path) -> String {
    let mut words = why.to_string();
    let mut cause = std::error::Error::source(why);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words.replace(&format!("`{path}`"), "the uploaded file")
}

/// T-H4: what passes the rules takes the place of what did not.
async fn supersede(tx: &mut Tx, connector: &Connector, by: &Sync) -> Result<()> {
    let Some(mut hold) = store::hold::open_of(tx.conn(), connector.id).await? else { return Ok(()) };
    if hold.sync_id == by.id {
        return Ok(());
    }
    discard_held(tx, connector, &hold, "a later sync was applied in its place").await?;
    hold.state = hold.state.after(hold::Step::Supersede).map_err(|_| stale_hold(&hold))?;
    hold.decided_at = Some(tx.now());
    hold.decided_by = Some(ACTOR.to_string());
    store::hold::update(tx.conn(), &mut hold).await?;
    tx.audit(hold_event(connector, by, hold.id, "hold.superseded", json!({ "bySyncId": by.id.to_string() })));
    Ok(())
}

/// T-S8 for the sync of a hold that another sync takes the place of.
async fn discard_held(tx: &mut Tx, connector: &Connector, hold: &Hold, why: &str) -> Result<()> {
    let tenant = tx.tenant();
    let Some(mut sync) = store::sync::find(tx.conn(), tenant, hold.sync_id).await? else { return Ok(()) };
    sync.error = Some(why.to_owned());
    finish(tx, connector, &mut sync, Step::Discarded).await
}

fn stale_hold(hold: &Hold) -> Error {
    Error::Store(store::Error::Stale { kind: "hold", id: hold.id.to_string() })
}

fn describe(sync: &mut Sync, opened: &Opened) {
    sync.engine = Some(opened.engine.to_owned());
    sync.file_sync_id = Some(opened.run.id.to_string());
}

fn step(sync: &mut Sync, step: Step) -> Result<()> {
    sync.state = sync.state.after(step).map_err(|_| store::Error::Stale { kind: "sync", id: sync.id.to_string() })?;
    Ok(())
}

/// The last step of a sync, with its audit row.
async fn finish(tx: &mut Tx, connector: &Connector, sync: &mut Sync, last: Step) -> Result<()> {
    step(sync, last)?;
    let now = tx.now();
    sync.finished_at = Some(now);
    if last == Step::Applied {
        sync.applied_at = Some(now);
    }
    store::sync::update(tx.conn(), sync).await?;
    tx.audit(sync_event(connector, sync, last));
    if last == Step::Applied {
        let sum = |name| sum(&sync.counts, name);
        let words = format!(
            "the sync was applied: {} appeared, {} changed, {} disappeared",
            sum("added"),
            sum("changed"),
            sum("removed")
        );
        store::connector::write_line(tx, connector.id, Some(sync.id), Level::Info, &words).await?;
    }
    Ok(())
}

/// The sum of everything in the counts that has this name.
fn sum(counts: &Value, name: &str) -> u64 {
    let Value::Object(members) = counts else { return 0 };
    let count = |(of, value): (&String, &Value)| {
        let number = value.as_u64().filter(|_| of == name);
        number.unwrap_or_else(|| sum(value, name))
    };
    members.iter().map(count).sum()
}

fn sync_event(connector: &Connector, sync: &Sync, step: Step) -> Event {
    let action = audit_action(step).unwrap_or("sync.changed");
    let mut after = json!({ "connectorId": connector.id.to_string(), "state": sync.state, "counts": sync.counts });
    if let (Value::Object(after), Some(file)) = (&mut after, sync.file) {
        after.insert("fileSha256".to_owned(), file.to_string().into());
    }
    let mut event = Event::new(&ACTOR, Via::Ingest, action, Object::new("sync", sync.id))
        .with_app(connector.app)
        .with_change(Value::Null, after)
        .with_correlation(sync.id);
    if let Some(error) = &sync.error {
        event = event.with_reason(error.clone());
    }
    event
}

fn hold_event(connector: &Connector, sync: &Sync, hold: HoldId, action: &str, after: Value) -> Event {
    event_about(Object::new("hold", hold), connector, sync, action, after)
}

fn event_about(object: Object, connector: &Connector, sync: &Sync, action: &str, after: Value) -> Event {
    Event::new(&ACTOR, Via::Ingest, action, object)
        .with_app(connector.app)
        .with_change(Value::Null, after)
        .with_correlation(sync.id)
}

/// The event of one difference. Grants have the names of their transitions (T-G5, T-G14).
fn event_of(connector: &Connector, sync: &Sync, difference: &Difference) -> Event {
    let action = match (difference.kind, difference.change) {
        (ObjectKind::Grant, Change::Appeared) => "grant.appeared_outside".to_owned(),
        (ObjectKind::Grant, Change::Disappeared) => "grant.disappeared_outside".to_owned(),
        (kind, change) => format!("{kind}.{change}"),
    };
    let document = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    Event::new(&ACTOR, Via::Ingest, &action, Object::new(difference.kind.name(), &difference.id))
        .with_app(connector.app)
        .with_change(document(&difference.before), document(&difference.after))
        .with_correlation(sync.id)
}
