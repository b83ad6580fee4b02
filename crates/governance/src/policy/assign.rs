//! The people of a step, found when it opens.
//!
//! Source: governance §2.5 (T-A1, T-A2, T-A8), R-P-2, R-P-3, R-P-4, R-P-6.

use std::collections::BTreeSet;

use domain::actor::Role;
use domain::expression::{Expression, Wanted};
use domain::policy::{MOST_ASSIGNEES, Step, Who};
use ids::PersonId;
use store::person::Group;
use store::request::Assignee;
use store::{Connection, Tx};

use super::Subject;
use super::facts::{Case, facts};
use crate::error::Result;

/// Who decides a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The people; nobody when nobody could be found.
    pub(crate) people: Vec<Assignee>,
    /// Each hop to somebody else.
    pub(crate) hops: Vec<Hop>,
}

/// That somebody could not be asked, and others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    /// In words.
    pub(crate) words: String,
    /// Whether the Super Administrators are asked because nobody else can be.
    pub(crate) is_last_resort: bool,
}

/// Finds who decides this step now: those it names, else its fallback, else the owners of the app, else the Super
/// Administrators. Nobody decides about themselves unless the step says so.
pub(crate) async fn assignees(tx: &mut Tx, step: &Step, case: &Case, earlier: &[PersonId]) -> Result<Assignment> {
    let subject = &case.subject;
    let mut assignment = Assignment::default();
    let chain = [Some(&step.who), step.fallback.as_ref(), Some(&Who::AppOwner), Some(&Who::SuperAdministrators)];
    let mut before: Option<&Who> = None;
    let mut failed: Option<String> = None;
    for who in chain.into_iter().flatten() {
        if before == Some(who) {
            continue;
        }
        if let Some(before) = before {
            let why = failed.take().map(|why| format!(" ({why})")).unwrap_or_default();
            let words = format!("{} could not be asked{why}, so {} are", words(before), words(who));
            assignment.hops.push(Hop { words, is_last_resort: *who == Who::SuperAdministrators });
        }
        before = Some(who);
        let mut found = match who {
            Who::Expression { expression } => match named(tx, expression, case).await? {
                Ok(found) => found,
                Err(why) => {
                    failed = Some(why);
                    continue;
                }
            },
            who => find(tx, who, subject).await?,
        };
        let may_self = step.allow_self || *who == Who::Subject;
        found.retain(|person| {
            (may_self || *person != subject.person) && !(step.distinct_from_earlier && earlier.contains(person))
        });
        if found.is_empty() || found.len() > MOST_ASSIGNEES {
            continue;
        }
        assignment.people = with_delegates(tx, step, subject, found).await?;
        break;
    }
    Ok(assignment)
}

/// The active people whom a step names.
async fn find(tx: &mut Tx, who: &Who, subject: &Subject) -> Result<Vec<PersonId>> {
    let tenant = tx.tenant();
    let conn = tx.conn();
    let group = match who {
        Who::Subject => return active(conn, tenant, &[subject.person]).await,
        Who::Manager { level } => {
            let mut person = Some(subject.person);
            for _ in 0..*level {
                let Some(of) = person else { break };
                person = store::person::manager(conn, of).await?;
            }
            let found: Vec<PersonId> = person.into_iter().collect();
            return active(conn, tenant, &found).await;
        }
        Who::AppOwner => Group::AppOwners(subject.app),
        Who::EntitlementOwner => match subject.entitlement {
            Some(entitlement) => Group::EntitlementOwners(entitlement),
            None => return Ok(Vec::new()),
        },
        Who::People { people } => return active(conn, tenant, people).await,
        Who::Holders { entitlement_id } => Group::Holders(*entitlement_id),
        Who::SuperAdministrators => Group::Role(Role::SuperAdministrator),
        // Found by `named`.
        Who::Expression { .. } => return Ok(Vec::new()),
    };
    Ok(store::person::active(conn, tenant, group).await?)
}

/// The active people whom an expression names; or why it names nobody.
async fn named(tx: &mut Tx, source: &str, case: &Case) -> Result<Result<Vec<PersonId>, String>> {
    let facts = facts(tx, case).await?;
    let texts = Expression::new(source, Wanted::People).and_then(|expression| expression.people(&facts));
    let texts = match texts {
        Ok(texts) if texts.len() > MOST_ASSIGNEES => return Ok(Err(format!("more than {MOST_ASSIGNEES} people"))),
        Ok(texts) => texts,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let tenant = tx.tenant();
    let mut people = BTreeSet::new();
    for text in texts {
        let folded = text.trim().to_lowercase();
        let found = match folded.parse() {
            Ok(id) => Some(id),
            Err(_) => store::person::by_email(tx.conn(), tenant, &folded).await?.map(|person| person.id),
        };
        people.extend(found);
    }
    let people: Vec<PersonId> = people.into_iter().collect();
    Ok(Ok(active(tx.conn(), tenant, &people).await?))
}

async fn active(conn: &mut Connection, tenant: ids::TenantId, people: &[PersonId]) -> Result<Vec<PersonId>> {
    Ok(store::person::active(conn, tenant, Group::Named(people)).await?)
}

/// Whoever is away is stood in for, if the step permits it; a delegate's own delegate is not followed, and nobody gets a
/// task about themselves.
async fn with_delegates(tx: &mut Tx, step: &Step, subject: &Subject, people: Vec<PersonId>) -> Result<Vec<Assignee>> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let mut assignees: Vec<Assignee> = Vec::with_capacity(people.len());
    for person in people {
        let delegation = store::delegation::of(tx.conn(), person).await?;
        let to = delegation.filter(|delegation| step.allow_delegate && delegation.runs(now)).map(|found| found.to);
        let to = match to {
            Some(to) if to != subject.person && !active(tx.conn(), tenant, &[to]).await?.is_empty() => Some(to),
            _ => None,
        };
        let assignee =
            Assignee { person_id: to.unwrap_or(person), on_behalf_of: to.map(|_| person), hops: 0, is_open: true };
        match assignees.iter_mut().find(|known| known.person_id == assignee.person_id) {
            // Whoever is asked in their own right does not stand in for somebody.
            Some(known) => known.on_behalf_of = known.on_behalf_of.and(assignee.on_behalf_of),
            None => assignees.push(assignee),
        }
    }
    Ok(assignees)
}

fn words(who: &Who) -> &'static str {
    match who {
        Who::Subject => "the person themselves",
        Who::Manager { .. } => "the manager",
        Who::AppOwner => "the owners of the app",
        Who::EntitlementOwner => "the owners of the entitlement",
        Who::People { .. } => "the people named",
        Who::Holders { .. } => "the members of the group",
        Who::SuperAdministrators => "the Super Administrators",
        Who::Expression { .. } => "the people whom the expression names",
    }
}
