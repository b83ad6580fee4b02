//! Compares what is there with what is written down, type by type and set-wise.
//!
//! Source: governance T-F1, T-F7, T-F8.

use domain::audit::Object;
use domain::classification::Risk;
use domain::finding::{Check, State, Step, Type};
use ids::{ConnectorId, FindingId};
use serde_json::{Map, Value, json};
use store::Tx;
use store::finding::check::{self, Scope, Seen};
use store::finding::{Finding, kind};

use super::{event, setting, step};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// How many findings one transaction makes or resolves.
const TURN: u32 = 1_000;
/// Up to how many findings of a type and a check each get an audit row of their own; more are counted in one.
const EVENTS: usize = 1_000;

/// How much a check changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// What is not as it should be, and was not known to be.
    pub opened: usize,
    /// What is so no longer.
    pub resolved: usize,
}

impl Governance {
    /// Compares everything that needs no sync with what is written down.
    ///
    /// # Errors
    /// When the database refuses; what was noted stays so.
    pub async fn check_findings(&self, caller: &Caller) -> Result<Checked> {
        self.check(caller, None, |check| check != Check::Sync).await
    }

    /// Compares the inventory of a connector, of which a sync was just applied, with what is written down.
    pub(crate) async fn check_findings_of(&self, caller: &Caller, connector: ConnectorId) -> Result<Checked> {
        self.check(caller, Some(connector), |check| check != Check::Timer).await
    }

    async fn check(
        &self,
        caller: &Caller,
        connector: Option<ConnectorId>,
        when: impl Fn(Check) -> bool,
    ) -> Result<Checked> {
        let store = self.store();
        let scope = Scope { tenant: store.tenant(), connector, now: store.now() };
        let set = kind::all(&mut *store.read().await?, scope.tenant).await?;
        let mut checked = Checked::default();
        for kind in Type::ALL.iter().copied().filter(|kind| when(kind.check())) {
            if !setting(kind, &set).1 {
                continue;
            }
            let mut told = Told::default();
            loop {
                let turn = self.turn(caller, kind, scope, &mut told).await?;
                checked.opened += turn.opened;
                checked.resolved += turn.resolved;
                if turn.opened.max(turn.resolved) < TURN as usize {
                    break;
                }
            }
        }
        if connector.is_some() {
            let mut tx = store.begin().await?;
            for kind in Type::ALL.iter().copied().filter(|kind| when(kind.check()) && setting(*kind, &set).1) {
                check::look(tx.conn(), kind, scope).await?;
            }
            tx.commit().await?;
        }
        Ok(checked)
    }

    async fn turn(&self, caller: &Caller, kind: Type, scope: Scope, told: &mut Told) -> Result<Checked> {
        let mut conn = self.store().read().await?;
        let is_idle = check::news(&mut conn, kind, scope, 1).await?.is_empty()
            && check::gone(&mut conn, kind, scope, 1).await?.is_empty();
        drop(conn);
        if is_idle {
            return Ok(Checked::default());
        }
        let mut tx = self.store().begin().await?;
        // Of several servers one compares at a time, so that nothing is written down twice.
        store::tenant::lock(&mut tx).await?;
        let gone = check::gone(tx.conn(), kind, scope, TURN).await?;
        let mut seen = check::news(tx.conn(), kind, scope, TURN).await?;
        let fetched = seen.len();
        seen.dedup_by(|one, other| one.fingerprint == other.fingerprint);
        let checked = Checked { opened: fetched, resolved: gone.len() };
        for mut finding in gone {
            told.resolved += 1;
            if told.resolved <= EVENTS {
                step(&mut tx, caller, &mut finding, Step::Absent, None)?;
            } else {
                (finding.state, finding.since, finding.until) = (State::Resolved, tx.now(), None);
            }
            store::finding::update(tx.conn(), &mut finding).await?;
        }
        let mut new = Vec::new();
        for one in seen {
            if let Some(id) = one.finding {
                again(&mut tx, caller, kind, id, one).await?;
                continue;
            }
            let finding = opened(&tx, kind, one)?;
            told.opened += 1;
            if told.opened <= EVENTS {
                let after = json!({"type": kind, "severity": finding.severity, "evidence": finding.evidence});
                let event = event(caller, &finding, "finding.opened").with_change(Value::Null, after);
                tx.audit(event.with_reason(kind.words()));
            }
            new.push(finding);
        }
        store::finding::insert(&mut tx, new).await?;
        if checked.opened.max(checked.resolved) < TURN as usize {
            told.rest(&mut tx, caller, kind);
        }
        tx.commit().await?;
        Ok(checked)
    }
}

/// How many of a type were opened and resolved.
#[derive(Default)]
struct Told {
    opened: usize,
    resolved: usize,
}

impl Told {
    /// What got no audit row of its own is counted in one.
    fn rest(&self, tx: &mut Tx, caller: &Caller, kind: Type) {
        for (action, count) in [("finding.opened", self.opened), ("finding.resolved", self.resolved)] {
            if count > EVENTS {
                let event = caller.event(action, Object::new("finding_type", kind));
                tx.audit(event.with_change(Value::Null, json!({"type": kind, "more": count - EVENTS})));
            }
        }
    }
}

/// T-F1.
fn opened(tx: &Tx, kind: Type, seen: Seen) -> Result<Finding> {
    let now = tx.now();
    let (severity, evidence) = (severity(kind, &seen), evidence(&seen));
    Ok(Finding {
        id: FindingId::new(now, tx.rng()),
        kind,
        severity,
        app_id: seen.app_id.map(|id| id.parse()).transpose().map_err(Error::internal)?,
        connector_id: seen.connector_id,
        fingerprint: seen.fingerprint,
        subject: Object::new(seen.subject_kind, seen.subject_id),
        evidence,
        state: State::Open,
        first_seen: now,
        last_seen: now,
        since: now,
        recurrences: 0,
        until: None,
        reason: None,
        decided_by: None,
        version: 1,
    })
}

/// T-F8.
async fn again(tx: &mut Tx, caller: &Caller, kind: Type, id: FindingId, seen: Seen) -> Result<()> {
    let Some(mut finding) = store::finding::find_for_update(tx, id).await? else { return Ok(()) };
    step(tx, caller, &mut finding, Step::SeenAgain, None)?;
    finding.recurrences += 1;
    finding.last_seen = tx.now();
    (finding.severity, finding.evidence) = (severity(kind, &seen), evidence(&seen));
    finding.subject.id = seen.subject_id;
    Ok(store::finding::update(tx.conn(), &mut finding).await?)
}

fn severity(kind: Type, seen: &Seen) -> domain::finding::Severity {
    kind.severity(seen.risk_level.is_some_and(Risk::wants_another_eye))
}

fn evidence(seen: &Seen) -> Value {
    let mut evidence = Map::new();
    for (name, value) in [
        ("accountId", &seen.account_id),
        ("login", &seen.login),
        ("entitlementId", &seen.entitlement_id),
        ("entitlement", &seen.entitlement_name),
        ("personId", &seen.person_id),
    ] {
        if let Some(value) = value {
            evidence.insert(name.to_owned(), value.clone().into());
        }
    }
    if let Some(since) = seen.since {
        evidence.insert("since".to_owned(), since.to_string().into());
    }
    if !seen.note.is_empty() {
        evidence.insert("note".to_owned(), seen.note.clone().into());
    }
    if seen.amount > 1 {
        evidence.insert("count".to_owned(), seen.amount.into());
    }
    Value::Object(evidence)
}
