//! Accounts that somebody may want to look at. These are looked for only where somebody switched them on.

use domain::finding::Type;

use super::{DAY, visible};
use crate::inventory::list::exclusive::FLOORS;

/// An account that is there, of which this is so.
fn of_account(kind: Type, since: &str, rest: &str) -> String {
    format!(
        "SELECT '{kind}:' || a.id AS fingerprint, a.app_id, a.connector_id, 'account' AS subject_kind, \
         a.id AS subject_id, a.id AS account_id, NULL AS entitlement_id, a.owner_person_id AS person_id, \
         {since} AS since, '' AS note, 1 AS amount, 0 AS pending FROM account a {} AND a.gone_at IS NULL AND {rest}",
        visible("a")
    )
}

/// Service accounts for which nobody answers.
pub(super) fn unowned_service_account() -> String {
    of_account(Type::UnownedServiceAccount, "$3", "a.type <> 'user' AND a.owner_person_id IS NULL")
}

/// Accounts that can be used and belong to nobody.
pub(super) fn unmatched_account() -> String {
    of_account(
        Type::UnmatchedAccount,
        "$3",
        "a.type = 'user' AND a.status = 'enabled' AND a.owner_person_id IS NULL AND a.owner_source = 'none'",
    )
}

/// Accounts with an address outside the trusted domains.
pub(super) fn external_account() -> String {
    of_account(Type::ExternalAccount, "$3", "a.is_external = 1")
}

/// Accounts that were not used for ninety days and hold something that is more than the floor of its set. Whoever is not
/// said to have signed in ever is left out: many apps do not tell.
pub(super) fn not_signed_in() -> String {
    let floors = FLOORS.map(|name| format!("'{name}'")).join(", ");
    of_account(
        Type::NotSignedIn,
        "a.last_login",
        &format!(
            "a.status = 'enabled' AND a.last_login < $3 - 90 * {DAY} AND EXISTS (SELECT 1 FROM grant_period g \
             JOIN entitlement e ON e.id = g.entitlement_id WHERE g.account_id = a.id AND g.ended_at IS NULL \
             AND g.state IN ('active', 'expiring', 'ending', 'stuck') \
             AND NOT (e.exclusion_set <> '' AND e.external_id IN ({floors})))"
        ),
    )
}

/// Accounts that wait for their person for thirty days.
pub(super) fn pending_seat() -> String {
    let since = "(SELECT MIN(s.started_at) FROM sync_seq q JOIN sync s ON s.id = q.sync_id \
                 WHERE q.connector_id = a.connector_id AND q.seq = a.first_seq)";
    of_account(Type::PendingSeat, since, &format!("a.status = 'pending' AND {since} < $3 - 30 * {DAY}"))
}
