//! What a batch changes, as it is told to people.

use super::apply::Staged;
use super::difference::{Difference, ObjectKind};
use super::lookup::PlacedGrant;
use super::old::{self, Described};
use super::reading::{Changed, Tallies, Tally};
use crate::Connection;
use crate::error::Result;

/// The differences of a batch, and their tallies.
pub(super) struct News {
    first: bool,
    pub(super) differences: Vec<Difference>,
    pub(super) tallies: Tallies,
}

impl News {
    /// Of a first reading only the tallies are kept.
    pub(super) fn new(first: bool) -> Self {
        Self { first, differences: Vec::new(), tallies: Tallies::new() }
    }

    pub(super) fn appeared<R: Described>(&mut self, rows: &[R]) {
        for row in rows {
            self.tally(R::KIND, row.resource_type()).added += 1;
            if !self.first {
                self.differences.push(old::appeared(row));
            }
        }
    }

    pub(super) fn granted(&mut self, grants: &[PlacedGrant]) {
        self.tally(ObjectKind::Grant, "").added += grants.len() as u64;
        if !self.first {
            self.differences.extend(grants.iter().map(PlacedGrant::difference));
        }
    }

    pub(super) async fn changed<R: Described>(
        &mut self,
        conn: &mut Connection,
        rows: Vec<Changed<R>>,
    ) -> Result<Vec<Staged<R>>> {
        let ids: Vec<String> = rows.iter().map(|changed| changed.row.id()).collect();
        let before = old::read(conn, R::KIND, &ids).await?;
        for Changed { row, is_back } in &rows {
            let difference = match before.get(&row.id()) {
                None => return Err(old::missing(R::KIND)),
                Some(_) if *is_back => Some(old::appeared(row)),
                Some(was) => old::changed(row, was),
            };
            if difference.is_some() {
                let tally = self.tally(R::KIND, row.resource_type());
                if *is_back { tally.added += 1 } else { tally.changed += 1 }
            }
            self.differences.extend(difference);
        }
        Ok(rows.into_iter().map(|changed| Staged(changed.row)).collect())
    }

    pub(super) async fn gone(&mut self, conn: &mut Connection, kind: ObjectKind, ids: Vec<String>) -> Result<()> {
        let before = old::read(conn, kind, &ids).await?;
        for id in ids {
            let was = before.get(&id).ok_or_else(|| old::missing(kind))?;
            self.tally(kind, &was.resource_type).removed += 1;
            self.differences.push(was.gone(kind, id));
        }
        Ok(())
    }

    fn tally(&mut self, kind: ObjectKind, resource_type: &str) -> &mut Tally {
        self.tallies.entry((kind, resource_type.to_owned())).or_default()
    }
}
