//! What becomes of the requests of somebody who leaves (R-L-2).

use domain::request::Step;
use ids::PersonId;
use store::Tx;

use super::oversee::cancel;
use crate::context::Caller;
use crate::error::Result;

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
