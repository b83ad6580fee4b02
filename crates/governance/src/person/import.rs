//! People out of a CSV file: all of it, or nothing.
//!
//! Source: governance R-I-6 (without a directory, people come from first sign-in and CSV).
#![expect(clippy::option_option, reason = "a column that is not there is no empty field")]

mod file;

use std::collections::BTreeMap;

use domain::access::{Action, Relation};
use ids::PersonId;
use serde_json::Value;
use store::Tx;
use store::person::Person;

use self::file::Row;
use super::relation::check_manager;
use super::{LONGEST_NAME, object};
use crate::change::{Changes, email, line};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// How many faults are named at most.
const MOST_NAMED: usize = 20;

/// Whether an import changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Real,
    /// It says what it would change.
    DryRun,
}

/// What an import changed, or would change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// How many people were made.
    pub created: usize,
    /// How many were changed.
    pub changed: usize,
    /// How many were already as the file says.
    pub unchanged: usize,
}

/// A person of the file.
struct Entry {
    line: u64,
    person: Person,
    changes: Changes,
    is_new: bool,
    /// The folded address of the manager, where the file says who that is.
    manager: Option<Option<String>>,
}

/// What is wrong with the file, by lines.
#[derive(Default)]
struct Faults(Vec<(u64, String)>);

impl Faults {
    fn add(&mut self, line: u64, error: &(impl ToString + ?Sized)) {
        self.0.push((line, error.to_string()));
    }

    /// Fails when there is any.
    fn check(mut self) -> Result<Self> {
        if self.0.is_empty() {
            return Ok(self);
        }
        self.0.sort();
        let more = self.0.len().saturating_sub(MOST_NAMED);
        let mut words: Vec<String> =
            self.0.iter().take(MOST_NAMED).map(|(line, error)| format!("line {line}: {error}")).collect();
        if more > 0 {
            words.push(format!("and {more} more"));
        }
        Err(Error::invalid("body", words.join("; "))
            .with_hint("nothing was imported: correct the file and send it again"))
    }
}

impl Governance {
    /// Makes and changes people as a CSV file says; who is not in it stays as they are. People are known by their primary
    /// addresses. A column that is not there changes nothing, an empty field takes away. The same file again changes
    /// nothing. The columns: `primaryEmail`, `displayName`, and as wished `emails` (with blanks between them), `username`,
    /// `givenName`, `familyName`, `employeeId`, `department`, `title`, `employmentType`, `managerEmail`.
    ///
    /// # Errors
    /// `InvalidArgument` naming the lines, when anything is wrong: then nothing is imported; `PermissionDenied`.
    pub async fn import_people(&self, caller: &Caller, text: &str, mode: Mode) -> Result<Written<Imported>> {
        access::require(caller, Action::EditPeople, Relation::None)?;
        let mut faults = Faults::default();
        let rows = file::rows(text, &mut faults);
        faults = faults.check()?;
        let mut tx = self.store().begin().await?;
        store::tenant::lock(&mut tx).await?;
        let mut entries = entries(&mut tx, rows, &mut faults).await?;
        faults = faults.check()?;
        write(&mut tx, &mut entries, &mut faults).await?;
        faults.check()?;
        let mut imported = Imported::default();
        for Entry { person, changes, is_new, .. } in entries {
            let (action, count) = match (is_new, changes.is_empty()) {
                (true, _) => ("person.created", &mut imported.created),
                (false, false) => ("person.edited", &mut imported.changed),
                (false, true) => {
                    imported.unchanged += 1;
                    continue;
                }
            };
            *count += 1;
            let (before, after) = changes.into_values();
            let before = if is_new { Value::Null } else { before };
            tx.audit(caller.event(action, object(person.id)).with_change(before, after));
        }
        if mode == Mode::DryRun || imported.created + imported.changed == 0 {
            return Ok(Written::new(imported, None));
        }
        let seq = tx.commit().await?;
        Ok(Written::new(imported, seq))
    }
}

/// The people of the file as they are to be, but for their managers.
async fn entries(tx: &mut Tx, rows: Vec<Row>, faults: &mut Faults) -> Result<Vec<Entry>> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let (address, name) =
            match (email("primaryEmail", &row.primary_email), line("displayName", &row.display_name, LONGEST_NAME)) {
                (Ok(address), Ok(name)) => (address, name),
                (Err(error), _) | (_, Err(error)) => {
                    faults.add(row.line, &error);
                    continue;
                }
            };
        if let Some(before) = lines.insert(address.clone(), row.line) {
            faults.add(row.line, &format!("`{address}` stands in line {before} already"));
            continue;
        }
        let mut changes = Changes::default();
        let known = store::person::by_email(tx.conn(), tenant, &address).await?;
        let is_new = known.is_none();
        let mut person = known.unwrap_or_else(|| Person::new(PersonId::new(now, tx.rng()), address, name.clone(), now));
        if is_new {
            "import".clone_into(&mut person.source);
            changes.made("primaryEmail", person.primary_email.clone());
            changes.made("displayName", person.display_name.clone());
            changes.made("status", person.status.clone());
            changes.made("source", person.source.clone());
        } else {
            changes.set("displayName", &mut person.display_name, name)?;
        }
        match row.details.apply(tx, &mut person, &mut changes).await {
            Ok(()) => entries.push(Entry { line: row.line, person, changes, is_new, manager: row.manager }),
            Err(error) if error.retry().is_some() => return Err(error),
            Err(error) => faults.add(row.line, &error),
        }
    }
    Ok(entries)
}

/// Writes the people, and then who manages whom: a manager may stand below in the file.
async fn write(tx: &mut Tx, entries: &mut [Entry], faults: &mut Faults) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    for Entry { person, .. } in entries.iter().filter(|entry| entry.is_new) {
        store::person::insert(tx.conn(), tenant, person).await?;
    }
    for entry in entries.iter_mut() {
        let mut has_manager = false;
        if let Some(address) = &entry.manager {
            let mut manager = None;
            if let Some(address) = address {
                let found = store::person::by_email(tx.conn(), tenant, address).await?;
                if found.is_none() {
                    faults.add(entry.line, &format!("there is no person `{address}` who could be the manager"));
                    continue;
                }
                manager = found.map(|person| person.id);
            }
            has_manager = entry.changes.set("managerId", &mut entry.person.manager_id, manager)?;
        }
        if has_manager || (!entry.is_new && !entry.changes.is_empty()) {
            store::person::update(tx.conn(), &mut entry.person, now).await?;
        }
    }
    for Entry { line, person, manager, .. } in entries.iter() {
        if manager.is_some()
            && let Err(error) = check_manager(tx, person.id, person.manager_id).await
        {
            faults.add(*line, &error);
        }
    }
    Ok(())
}
