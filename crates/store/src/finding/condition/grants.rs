//! What is not as it should be with access.

use domain::finding::Type;

use super::{DAY, visible};
use crate::inventory::list::exclusive::FLOORS;

/// What is held.
const HELD: &str = "g.state IN ('active', 'expiring', 'ending', 'stuck')";

/// What is held, or was taken away as a connector says and no sync shows yet.
const STILL_THERE: &str = "(g.ended_at IS NULL OR (g.end_reason <> 'replaced' AND EXISTS (SELECT 1 FROM provision_job r \
     WHERE r.grant_id = g.id AND r.effect = 'revoke' AND r.state = 'reported')))";

/// What a job of Podium explains (R-O-1): of the same account and entitlement, begun or open since the sync before; or the
/// account itself was just made by a job. What is decided and done by hand counts while it is open.
const EXPLAINED: &str = "EXISTS (SELECT 1 FROM provision_job x WHERE x.subject = 'account:' || g.account_id \
     AND x.entitlement_id = g.entitlement_id AND x.effect IN ('grant', 'swap') AND (x.state IN ('leased', 'reported', \
     'waiting_person', 'manual') OR x.leased_at >= COALESCE((SELECT MAX(b.started_at) FROM sync_seq q \
     JOIN sync b ON b.id = q.sync_id WHERE q.connector_id = g.connector_id AND q.seq < g.first_seq), 0))) \
     OR EXISTS (SELECT 1 FROM account n JOIN provision_job x ON x.subject = 'person:' || n.owner_person_id \
     WHERE n.id = g.account_id AND n.first_seq = g.first_seq AND x.app_id = g.app_id AND x.effect = 'create_account' \
     AND x.state IN ('leased', 'reported', 'waiting_person', 'manual', 'confirmed') \
     AND (x.ended_at IS NULL OR x.ended_at >= g.starts_at))";

/// A revocation that a sync contradicted.
const CONTRADICTED: &str = "EXISTS (SELECT 1 FROM provision_job k WHERE k.subject = 'account:' || g.account_id \
     AND k.entitlement_id = g.entitlement_id AND k.effect = 'revoke' AND k.state = 'contradicted' \
     AND k.ended_at >= g.starts_at)";

/// What an account fell to when somebody took away what is above it: a removal, not a gift (R-O-6, R-X-2).
fn fallen() -> String {
    let floors = FLOORS.map(|name| format!("'{name}'")).join(", ");
    format!(
        "EXISTS (SELECT 1 FROM entitlement l JOIN entitlement u ON u.connector_id = l.connector_id \
         AND u.exclusion_set = l.exclusion_set JOIN grant_period w ON w.account_id = g.account_id \
         AND w.entitlement_id = u.id WHERE l.id = g.entitlement_id AND l.exclusion_set <> '' \
         AND l.external_id IN ({floors}) AND u.id <> l.id AND w.ended_at IS NOT NULL)"
    )
}

/// Access that a grant row tells of.
fn of_grant(kind: Type, pending: &str, rest: &str) -> String {
    format!(
        "SELECT '{kind}:' || g.account_id || ':' || g.entitlement_id AS fingerprint, g.app_id, g.connector_id, \
         'grant' AS subject_kind, g.id AS subject_id, g.account_id, g.entitlement_id, g.person_id, g.starts_at AS since, \
         '' AS note, 1 AS amount, {pending} AS pending FROM grant_period g {} AND g.account_id IS NOT NULL AND {rest}",
        visible("g")
    )
}

/// Access that nobody at Podium gave. Of what comes through groups, the membership of the group is what was given.
pub(super) fn granted_outside() -> String {
    let kind = Type::GrantedOutside;
    of_grant(
        kind,
        "CASE WHEN g.state IN ('active', 'stuck') AND NOT EXISTS (SELECT 1 FROM provision_job y \
         WHERE y.subject = 'account:' || g.account_id AND y.effect = 'swap' \
         AND y.state IN ('queued', 'blocked', 'leased', 'manual', 'reported')) THEN 0 ELSE 1 END",
        &format!(
            "g.origin = 'outside' AND g.gone_seq IS NULL AND g.sources = '[]' AND {STILL_THERE} \
                     AND NOT ({EXPLAINED}) AND NOT {CONTRADICTED} AND NOT {} AND NOT EXISTS (SELECT 1 FROM sync_gap y \
                     WHERE y.connector_id = g.connector_id AND y.seq = g.first_seq) AND NOT EXISTS (SELECT 1 \
             FROM app_reaction z WHERE z.app_id = g.app_id AND z.outside = 'record_only')",
            fallen()
        ),
    )
}

/// Access that was said to be taken away, and is there.
pub(super) fn revocation_did_not_hold() -> String {
    let kind = Type::RevocationDidNotHold;
    format!(
        "SELECT DISTINCT '{kind}:' || g.account_id || ':' || g.entitlement_id AS fingerprint, g.app_id, \
                 g.connector_id, 'grant' AS subject_kind, g.id AS subject_id, g.account_id, g.entitlement_id, g.person_id, \
                 g.starts_at AS since, '' AS note, 1 AS amount, 0 AS pending FROM provision_job k \
                 JOIN grant_period g ON g.account_id = k.account_id AND g.entitlement_id = k.entitlement_id {} \
                 AND k.effect = 'revoke' AND k.state = 'contradicted' AND k.ended_at >= g.starts_at \
                 AND g.origin IN ('outside', 'initial') AND g.gone_seq IS NULL AND {STILL_THERE}",
        visible("g")
    )
}

/// Access that cannot be taken away.
pub(super) fn removal_stuck() -> String {
    let kind = Type::RemovalStuck;
    of_grant(kind, "0", "g.state = 'stuck' AND (g.expires_at IS NULL OR g.expires_at > $3)")
}

/// Access whose time is over.
pub(super) fn expiry_stuck() -> String {
    let kind = Type::ExpiryStuck;
    let stuck = of_grant(kind, "0", "g.state = 'stuck' AND g.expires_at <= $3");
    let late = of_grant(
        kind,
        "0",
        &format!(
            "g.state IN ('active', 'expiring') AND g.expires_at IS NOT NULL AND g.ended_at IS NULL \
             AND g.expires_at <= $3 - {DAY}"
        ),
    );
    format!("{stuck} UNION ALL {late}")
}

/// Access that went right after it was approved. What was never proved is a grant that did not hold.
pub(super) fn removed_outside() -> String {
    let kind = Type::RemovedOutside;
    let held = HELD.replace("g.", "h.");
    of_grant(
        kind,
        "0",
        &format!(
            "g.end_reason = 'outside' AND g.request_id IS NOT NULL AND g.proved_sync_id IS NOT NULL \
                     AND g.ended_at > $3 - 30 * {DAY} AND g.ended_at - COALESCE((SELECT MAX(s.decided_at) \
                     FROM request_step s WHERE s.request_id = g.request_id), g.starts_at) < {DAY} AND NOT EXISTS (SELECT 1 \
                     FROM grant_period h WHERE h.account_id = g.account_id AND h.entitlement_id = g.entitlement_id \
                     AND h.id <> g.id AND {held})"
        ),
    )
}

/// Access that was said twice to be given, and that a person is to give now.
pub(super) fn grant_did_not_hold() -> String {
    let kind = Type::GrantDidNotHold;
    format!(
        "SELECT '{kind}:' || COALESCE(j.account_id, '') || ':' || COALESCE(j.entitlement_id, '') AS fingerprint, \
                 j.app_id, j.connector_id, 'job' AS subject_kind, j.id AS subject_id, j.account_id, j.entitlement_id, \
                 j.person_id, j.ended_at AS since, '' AS note, 1 AS amount, 0 AS pending FROM provision_job j \
                 JOIN provision_job b ON b.id = j.retry_of WHERE j.tenant_id = $1 AND ($2 = '' OR j.connector_id = $2) \
                 AND j.effect IN ('grant', 'swap') AND j.state = 'contradicted' AND b.state = 'contradicted' \
                 AND EXISTS (SELECT 1 FROM provision_job m WHERE m.retry_of = j.id AND m.subject = j.subject \
                 AND m.state IN ('manual', 'reported', 'queued', 'blocked', 'leased'))"
    )
}

/// What came while nobody looked.
pub(super) fn outside_after_gap() -> String {
    "SELECT 'outside_after_gap:' || y.sync_id AS fingerprint, y.app_id, y.connector_id, \
                 'sync' AS subject_kind, y.sync_id AS subject_id, NULL AS account_id, NULL AS entitlement_id, \
                 NULL AS person_id, s.started_at AS since, y.why AS note, (SELECT COUNT(*) FROM grant_period g \
                 WHERE g.connector_id = y.connector_id AND g.first_seq = y.seq AND g.origin IN ('outside', 'initial')) \
                 AS amount, 0 AS pending FROM sync_gap y JOIN sync s ON s.id = y.sync_id WHERE y.tenant_id = $1 \
                 AND ($2 = '' OR y.connector_id = $2) AND EXISTS (SELECT 1 FROM grant_period g \
                 WHERE g.connector_id = y.connector_id AND g.first_seq = y.seq AND g.origin IN ('outside', 'initial') \
                 AND g.ended_at IS NULL)"
        .to_owned()
}

/// Changes of Podium that were undone twice within three syncs, where another writer is named (R-O-5). What an account falls
/// to is left out: its ups and downs are those of what is above it.
pub(super) fn tug_of_war() -> String {
    let floors = FLOORS.map(|name| format!("'{name}'")).join(", ");
    let ours = |seq: &str, join: &str, rest: &str| {
        format!(
            "SELECT b.account_id, b.entitlement_id, b.connector_id, b.app_id, w.other_writer, {seq} AS seq \
             FROM app_reaction w JOIN inventory i ON i.app_id = w.app_id \
             JOIN grant_period b ON b.connector_id = i.connector_id AND b.settled_at IS NOT NULL {join} \
             WHERE w.tenant_id = $1 AND w.other_writer IS NOT NULL AND ($2 = '' OR b.connector_id = $2) AND {rest} \
             AND {seq} > i.applied_seq - 3 AND {seq} <= i.applied_seq"
        )
    };
    let given = ours("b.gone_seq", "", "b.end_reason = 'outside' AND b.origin NOT IN ('outside', 'initial')");
    let taken = ours(
        "g.first_seq",
        "JOIN grant_period g ON g.account_id = b.account_id AND g.entitlement_id = b.entitlement_id AND g.id <> b.id",
        "g.origin = 'outside' AND b.starts_at < g.starts_at AND b.ended_at <= g.starts_at \
         AND b.end_reason NOT IN ('outside', 'account_gone', 'replaced', 'never')",
    );
    format!(
        "SELECT 'tug_of_war:' || x.account_id || ':' || x.entitlement_id AS fingerprint, x.app_id, x.connector_id, \
         'account' AS subject_kind, x.account_id AS subject_id, x.account_id, x.entitlement_id, NULL AS person_id, \
         $3 AS since, 'Podium and ' || x.other_writer || ' undo each other' AS note, COUNT(DISTINCT x.seq) AS amount, \
         0 AS pending FROM ({given} UNION {taken}) x JOIN entitlement t ON t.id = x.entitlement_id \
         WHERE t.external_id NOT IN ({floors}) GROUP BY x.account_id, x.entitlement_id, x.app_id, x.connector_id, \
         x.other_writer HAVING COUNT(DISTINCT x.seq) >= 2"
    )
}
