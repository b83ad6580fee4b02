//! What becomes of the requests and the tasks of somebody who goes away or leaves (R-L-1, R-L-2).

use domain::policy::Step as Definition;
use domain::request::Step;
use domain::step::Step as T;
use ids::PersonId;
use store::Tx;
use store::person::Group;
use store::request::{Assignee, Request};

use super::oversee::cancel;
use super::{decide, flow};
use crate::context::Caller;
use crate::error::Result;
use crate::policy::{Case, assignees};

/// Cancels the open requests by this person or for them. Returns how many.
pub(crate) async fn cancel_of(tx: &mut Tx, caller: &Caller, person: PersonId) -> Result<usize> {
    let mut cancelled = 0;
    for id in store::request::open_of_person(tx.conn(), person).await? {
        let Some(mut request) = store::request::find_for_update(tx, id).await? else { continue };
        if request.state.after(Step::Cancelled).is_ok() {
            cancel(tx, caller, &mut request, "left").await?;
            cancelled += 1;
        }
    }
    Ok(cancelled)
}

/// Hands on what waits for a decision of this person, who can be asked no more: to their delegate, else to their manager,
/// else to whom the step falls back. Returns how much.
pub(crate) async fn hand_on(tx: &mut Tx, caller: &Caller, person: PersonId, why: &str) -> Result<usize> {
    let mut handed = 0;
    for id in store::request::waiting_for(tx.conn(), person).await? {
        let Some(mut request) = store::request::find_for_update(tx, id).await? else { continue };
        let Some(mut step) = store::request::open_step(tx.conn(), id).await? else { continue };
        let asked = store::request::assignees(tx.conn(), &step).await?;
        let Some(mine) = asked.iter().find(|one| one.person_id == person && one.is_open) else { continue };
        store::request::assign(tx.conn(), &step, &Assignee { is_open: false, ..mine.clone() }).await?;
        flow::take(tx, caller, &request, &mut step, T::Reassigned, Some(why))?;
        let definition = flow::definition(&step)?;
        let found = if let Some(stand_in) = stand_in(tx, &request, &definition, person).await? {
            vec![stand_in]
        } else {
            let earlier = flow::deciders(tx, &request).await?;
            let fallback = assignees(tx, &definition, &Case::of(&request), &earlier).await?;
            for hop in &fallback.hops {
                flow::fell_back(tx, caller, &request, &mut step, hop)?;
            }
            fallback.people
        };
        for one in found {
            // Whoever is asked in their own right stays so.
            if !asked.iter().any(|known| known.is_open && known.person_id == one.person_id) {
                store::request::assign(tx.conn(), &step, &one).await?;
            }
        }
        store::request::update_step(tx.conn(), &step).await?;
        decide::touch(tx, &mut request).await?;
        handed += 1;
    }
    Ok(handed)
}

/// The delegate of a person, else their manager, if the step lets them decide about it.
async fn stand_in(tx: &mut Tx, request: &Request, definition: &Definition, of: PersonId) -> Result<Option<Assignee>> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let delegation = store::delegation::of(tx.conn(), of).await?;
    let delegate = delegation.filter(|one| definition.allow_delegate && one.runs(now)).map(|one| one.to);
    let manager = store::person::manager(tx.conn(), of).await?;
    let earlier = flow::deciders(tx, request).await?;
    for (to, on_behalf_of) in [(delegate, Some(of)), (manager, None)] {
        let Some(to) = to else { continue };
        let is_theirs = to == request.for_person_id && !definition.allow_self;
        let is_second = definition.distinct_from_earlier && earlier.contains(&to);
        let is_here = !store::person::active(tx.conn(), tenant, Group::Named(&[to])).await?.is_empty();
        if is_here && !is_theirs && !is_second {
            return Ok(Some(Assignee { person_id: to, on_behalf_of, hops: 0, is_open: true }));
        }
    }
    Ok(None)
}
