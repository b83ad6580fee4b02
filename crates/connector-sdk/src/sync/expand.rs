//! Grant expansion: whoever is in a group that holds something holds it too.
//!
//! Start at [`expand`]. It runs where the database lives, reads the grants of one source at a time in pages, and writes
//! the new and changed ones behind each page, so that memory grows with the number of expandable grants only.
//! Doing it again changes nothing, which is what a resumed sync does.
//!
//! Source: sync.md §5.

mod graph;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use c1z::{Grants, ResourceRef, Store, Table};
use proto::Message;
use proto::c1::connector::v2::grant_sources::GrantSource;
use proto::c1::connector::v2::{
    Entitlement, Grant, GrantExpandable, GrantImmutable, GrantSources, Resource, ResourceId,
};
use tokio_util::sync::CancellationToken;

use self::graph::{Edge, Graph};
use super::options::Cycles;
use crate::annotations::pack;
use crate::error::{Code, Error, Result};
use crate::grant::grant_id;

/// How often progress is told.
const TELL: Duration = Duration::from_secs(10);
/// Grants per page of reading and writing.
const PAGE: u32 = 1_000;

/// Adds to the current sync every grant that follows from an expandable one.
///
/// # Errors
/// When an expandable grant names an entitlement of another resource than its principal, when groups contain each
/// other and `cycles` refuses that, when the longest chain is longer than `max_depth`, or on cancellation.
pub(crate) fn expand(db: &mut Store, cycles: Cycles, max_depth: usize, cancel: &CancellationToken) -> Result<()> {
    let graph = load(db)?;
    tracing::info!(edges = graph.edges(), "Finished loading entitlement graph");
    let plan = graph.plan();
    for cycle in &plan.cycles {
        if cycles == Cycles::Refuse {
            return Err(Error::unknown(format!("cycle detected in entitlement graph: {}", cycle.join(", "))));
        }
        tracing::warn!(cycle = ?cycle, "cycle detected in entitlement graph");
    }
    if plan.depth > max_depth {
        return Err(Error::unknown(format!(
            "max depth exceeded: groups are nested {} deep, {max_depth} are allowed; \
             hint: raise BATON_GRAPH_EXPAND_MAX_DEPTH",
            plan.depth
        )));
    }
    let mut told = Instant::now();
    for (done, step) in plan.steps.iter().enumerate() {
        if told.elapsed() >= TELL {
            told = Instant::now();
            tracing::info!(actions_remaining = plan.steps.len() - done, "Expanding grants");
        }
        for destination in &step.destinations {
            let Some(entitlement) = db.view(&[Table::Entitlements])?.get::<Entitlement>(destination)? else {
                continue;
            };
            for (source, edge) in &step.sources {
                Follow { source, edge, destination: &entitlement }.run(db, cancel)?;
            }
        }
    }
    Ok(())
}

/// Reads the edges from the stored grants.
fn load(db: &mut Store) -> Result<Graph> {
    let mut graph = Graph::default();
    let mut dropped = 0_u64;
    let view = db.view(&[Table::Entitlements, Table::Grants])?;
    view.each(Grants::NeedingExpansion, |row| {
        let columns = row.columns()?;
        let Some(expansion) = columns.expansion else { return Ok(()) };
        let expandable = GrantExpandable::decode(expansion)
            .map_err(|error| Error::unknown("decode the expansion of a stored grant").with_source(error))?;
        if !view.contains::<Entitlement>(columns.entitlement_id)? {
            dropped += 1;
            return Ok(());
        }
        let edge = Edge {
            shallow: expandable.shallow,
            resource_types: expandable.resource_type_ids.into_iter().collect::<BTreeSet<_>>(),
        };
        for source in expandable.entitlement_ids.iter().filter(|id| !id.trim().is_empty()) {
            let principal = (columns.other_type_id, columns.other_id);
            let offered = view.with(source, |row: c1z::Row<'_, Entitlement>| {
                let columns = row.columns()?;
                Ok((columns.resource_type_id, columns.resource_id) == principal)
            })?;
            match offered {
                None => dropped += 1,
                Some(true) => graph.add(source, columns.entitlement_id, edge.clone()),
                Some(false) => {
                    return Err(Error::unknown("source entitlement resource id did not match grant principal id"));
                }
            }
        }
        Ok(())
    })?;
    if dropped > 0 {
        tracing::warn!(edges = dropped, "expandable grants name entitlements that do not exist; they are not followed");
    }
    Ok(graph)
}

/// One source and one destination.
struct Follow<'a> {
    source: &'a str,
    edge: &'a Edge,
    destination: &'a Entitlement,
}

impl Follow<'_> {
    fn run(&self, db: &mut Store, cancel: &CancellationToken) -> Result<()> {
        let mut after = 0;
        loop {
            if cancel.is_cancelled() {
                return Err(Error::new(Code::Canceled, "context canceled"));
            }
            let page = db.view(&[Table::Grants])?.page(Grants::OfEntitlement(self.source), after, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.row;
            let mut holders: Vec<(Resource, bool)> = Vec::new();
            let mut known: HashMap<ResourceId, usize> = HashMap::new();
            for stored in page {
                let direct = is_direct(&stored.message, self.source);
                let Some(principal) = stored.message.principal else { continue };
                let Some(id) = principal.id.clone() else { continue };
                if !self.lets_through(&id, direct) {
                    continue;
                }
                let at = *known.entry(id).or_insert_with(|| {
                    holders.push((principal, false));
                    holders.len() - 1
                });
                if let Some((_, any)) = holders.get_mut(at) {
                    *any |= direct;
                }
            }
            let mut changed = Vec::new();
            for (principal, direct) in holders {
                self.give(db, principal, direct, &mut changed)?;
            }
            db.put_expanded(&changed)?;
        }
    }

    fn lets_through(&self, principal: &ResourceId, direct: bool) -> bool {
        let types = &self.edge.resource_types;
        (direct || !self.edge.shallow) && (types.is_empty() || types.contains(&principal.resource_type))
    }

    /// Adds to `changed` the grants of the destination to this principal, as they are from now on.
    fn give(&self, db: &mut Store, principal: Resource, direct: bool, changed: &mut Vec<Grant>) -> Result<()> {
        let Some(id) = &principal.id else { return Ok(()) };
        let held = Grants::OfEntitlementAndPrincipal(&self.destination.id, ResourceRef::from(id));
        let existing = db.view(&[Table::Grants])?.page(held, 0, PAGE)?;
        if existing.is_empty() {
            changed.push(Grant {
                id: grant_id(&self.destination.id, id),
                entitlement: Some(self.destination.clone()),
                sources: Some(GrantSources {
                    sources: [(self.source.to_owned(), GrantSource { is_direct: direct })].into(),
                }),
                annotations: vec![pack(&GrantImmutable::default())],
                principal: Some(principal),
            });
            return Ok(());
        }
        for stored in existing {
            let mut grant = stored.message;
            let sources = &mut grant.sources.get_or_insert_default().sources;
            let before = sources.get(self.source).map(|source| source.is_direct);
            if before == Some(true) || before == Some(direct) {
                continue;
            }
            if sources.is_empty() {
                sources.insert(self.destination.id.clone(), GrantSource { is_direct: true });
            }
            sources.insert(self.source.to_owned(), GrantSource { is_direct: direct });
            changed.push(grant);
        }
        Ok(())
    }
}

/// Whether the principal holds the entitlement itself, not only through another one.
fn is_direct(grant: &Grant, entitlement_id: &str) -> bool {
    grant
        .sources
        .as_ref()
        .is_none_or(|sources| sources.sources.is_empty() || sources.sources.contains_key(entitlement_id))
}
