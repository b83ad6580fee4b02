//! The audit log, or what of it is wanted, in one go: a page in memory at a time.
//!
//! Source: governance §1.20 (audit log: export), §5.

use domain::access::{Action, Relation};
use domain::audit::Object;
use serde_json::{Value, json};
use store::Paging;
use store::audit::{Filter, Order, Scope};

use super::Shape;
use crate::context::{Caller, Governance};
use crate::error::Result;
use crate::{Written, access};

/// How many rows are in memory at a time.
const ROWS: u32 = 500;

/// An export under way: [`Export::next`] gives piece after piece.
#[derive(Debug)]
pub struct Export {
    governance: Governance,
    filter: Filter,
    shape: Shape,
    /// After which row it goes on; `None` when there is nothing more.
    after: Option<String>,
    begun: bool,
}

impl Governance {
    /// Begins to export the rows that match, the oldest first. That it was exported is a row itself, and the last one that
    /// the export can hold.
    ///
    /// # Errors
    /// `PermissionDenied` for all but Super Administrators and Auditors; `InvalidArgument` for times in the wrong order.
    pub async fn export_audit(&self, caller: &Caller, mut filter: Filter, shape: Shape) -> Result<Written<Export>> {
        access::require(caller, Action::ExportAudit, Relation::None)?;
        super::check(&filter)?;
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let event = caller.event("audit.exported", Object::new("audit", tenant));
        tx.audit(event.with_change(Value::Null, json!({"format": shape.name(), "filter": words(&filter)})));
        let seq = tx.commit().await?;
        filter.last = seq;
        let export = Export { governance: self.clone(), filter, shape, after: None, begun: false };
        Ok(Written::new(export, seq))
    }
}

impl Export {
    /// The shape that it has.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The next piece of the text; `None` after the last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if self.begun && self.after.is_none() {
            return Ok(None);
        }
        let paging = Paging { after: self.after.as_deref(), limit: ROWS };
        let store = self.governance.store();
        let mut conn = store.read().await?;
        let page =
            store::audit::list(&mut conn, store.tenant(), Scope::All, &self.filter, Order::Oldest, paging).await?;
        drop(conn);
        let mut text = if self.begun { String::new() } else { self.shape.head() };
        text.push_str(&self.shape.lines(&page.rows)?);
        (self.begun, self.after) = (true, page.next);
        Ok(Some(text))
    }
}

/// What was wanted, for the audit row: the fields that were given.
fn words(filter: &Filter) -> Value {
    let mut words = json!({
        "action": filter.action,
        "actor": filter.actor,
        "objectKind": filter.object_kind,
        "object": filter.object_id,
        "app": filter.app,
        "via": filter.via,
        "correlationId": filter.correlation_id,
        "from": filter.from,
        "to": filter.to,
    });
    if let Value::Object(fields) = &mut words {
        fields.retain(|_, field| !field.is_null());
    }
    words
}
