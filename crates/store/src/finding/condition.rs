//! The conditions of findings: for each type one query of what is not as it should be.
//!
//! Each gives the columns of [`super::check::Seen`]. `$1` is the tenant, `$2` a connector or empty, `$3` the present; a
//! `pending` of 1 says that a change of Podium is on its way, which must not reopen what was remedied.

mod accounts;
mod grants;
mod objects;

use domain::finding::Type;

/// A day, in microseconds.
const DAY: &str = "86400000000";

/// The visible part of the inventory of one connector, or of all.
fn visible(of: &str) -> String {
    format!(
        "JOIN inventory i ON i.connector_id = {of}.connector_id WHERE {of}.tenant_id = $1 \
         AND {of}.first_seq <= i.applied_seq AND ($2 = '' OR {of}.connector_id = $2)"
    )
}

/// The query of a type.
pub(super) fn of(kind: Type) -> String {
    match kind {
        Type::GrantedOutside => grants::granted_outside(),
        Type::RevocationDidNotHold => grants::revocation_did_not_hold(),
        Type::RemovalStuck => grants::removal_stuck(),
        Type::ExpiryStuck => grants::expiry_stuck(),
        Type::RemovedOutside => grants::removed_outside(),
        Type::GrantDidNotHold => grants::grant_did_not_hold(),
        Type::OutsideAfterGap => grants::outside_after_gap(),
        Type::LeaverHasAccount => objects::leaver_has_account(),
        Type::AccountReplaced => objects::account_replaced(),
        Type::OwnerLeft => objects::owner_left(),
        Type::TugOfWar => grants::tug_of_war(),
        Type::UnownedServiceAccount => accounts::unowned_service_account(),
        Type::UnmatchedAccount => accounts::unmatched_account(),
        Type::ExternalAccount => accounts::external_account(),
        Type::NotSignedIn => accounts::not_signed_in(),
        Type::PendingSeat => accounts::pending_seat(),
        Type::OldCredential => objects::old_credential(),
        Type::AppWithoutOwner => objects::app_without_owner(),
        Type::ConnectorSilent => objects::connector_silent(),
        Type::SyncHoldsOff => objects::sync_holds_off(),
    }
}
