//! What is not as it should be with accounts, apps and connectors.

use domain::finding::Type;

use super::{DAY, visible};

/// Accounts of whoever left, a day later or when nothing is done about them.
pub(super) fn leaver_has_account() -> String {
    let kind = Type::LeaverHasAccount;
    format!(
        "SELECT '{kind}:' || a.id AS fingerprint, a.app_id, a.connector_id, 'account' AS subject_kind, \
                 a.id AS subject_id, a.id AS account_id, NULL AS entitlement_id, p.id AS person_id, p.left_at AS since, \
                 '' AS note, 1 AS amount, 0 AS pending FROM person p JOIN account a ON a.owner_person_id = p.id {} \
                 AND p.status = 'left' AND a.gone_at IS NULL AND a.type = 'user' AND a.status <> 'disabled' \
                 AND (i.by_hand = 1 OR i.applied_started_at > p.left_at) AND (p.left_at <= $3 - {DAY} OR NOT EXISTS \
                 (SELECT 1 FROM provision_job j WHERE j.subject = 'account:' || a.id AND j.cause = 'leaver' \
                 AND j.state IN ('queued', 'blocked', 'leased', 'manual', 'waiting_person', 'reported'))) AND NOT EXISTS \
                 (SELECT 1 FROM offboarding_account o WHERE o.account_id = a.id AND o.started_at = p.left_at \
                 AND o.rule = 'revoke_all')",
        visible("a")
    )
}

/// Accounts with the address of one that went with what it held.
pub(super) fn account_replaced() -> String {
    let kind = Type::AccountReplaced;
    format!(
        "SELECT '{kind}:' || a.id AS fingerprint, a.app_id, a.connector_id, 'account' AS subject_kind, \
                 a.id AS subject_id, a.id AS account_id, NULL AS entitlement_id, a.owner_person_id AS person_id, \
                 MAX(o.gone_at) AS since, MAX(o.id) AS note, 1 AS amount, 0 AS pending FROM account o \
                 JOIN account a ON a.connector_id = o.connector_id AND a.emails = o.emails AND a.id <> o.id {} \
                 AND o.gone_at > $3 - 90 * {DAY} AND a.gone_at IS NULL AND a.emails <> '[]' AND a.first_seq >= o.gone_seq \
                 AND EXISTS (SELECT 1 FROM grant_period g WHERE g.account_id = o.id AND g.end_reason = 'account_gone') \
                 GROUP BY a.id, a.app_id, a.connector_id, a.owner_person_id",
        visible("a")
    )
}

/// Apps that nobody owns who is there.
pub(super) fn app_without_owner() -> String {
    let kind = Type::AppWithoutOwner;
    of_object(
        kind,
        "app",
        "a.id",
        "a.id",
        "a.created_at",
        "''",
        "app a WHERE a.tenant_id = $1 AND a.state = 'managed' AND a.deleted_at IS NULL AND NOT EXISTS (SELECT 1 \
                 FROM app_owner o JOIN person p ON p.id = o.owner_id WHERE o.app_id = a.id AND o.owner_kind = 'person' \
                 AND p.status = 'active' AND p.deleted_at IS NULL)",
    )
}

/// Connectors that were not heard of.
pub(super) fn connector_silent() -> String {
    let kind = Type::ConnectorSilent;
    of_object(
        kind,
        "connector",
        "c.id",
        "c.app_id",
        "c.last_contact_at",
        "c.display_name",
        "connector c WHERE c.tenant_id = $1 AND c.known_status = 'silent' AND c.deleted_at IS NULL \
                 AND c.paused_at IS NULL",
    )
}

/// Where suspicious syncs are applied.
pub(super) fn sync_holds_off() -> String {
    let kind = Type::SyncHoldsOff;
    let switch = of_object(
        kind,
        "switch",
        "s.name",
        "NULL",
        "s.changed_at",
        "s.reason",
        "switch s WHERE s.tenant_id = $1 AND s.name = 'sync_holds' AND s.is_on = 0",
    );
    let rules = of_object(
        kind,
        "connector",
        "c.id",
        "c.app_id",
        "c.updated_at",
        "c.display_name",
        "connector c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL \
         AND REPLACE(c.hold_rules, ' ', '') LIKE '%\"enabled\":false%'",
    );
    format!("{switch} UNION ALL {rules}")
}

/// Credentials of connectors that are older than a year.
pub(super) fn old_credential() -> String {
    let kind = Type::OldCredential;
    of_object(
        kind,
        "credential",
        "k.id",
        "c.app_id",
        "k.created_at",
        "c.display_name",
        &format!(
            "credential k JOIN connector c ON c.id = k.connector_id WHERE k.tenant_id = $1 AND c.deleted_at IS NULL \
             AND k.state IN ('active', 'retiring') AND k.created_at < $3 - 365 * {DAY}"
        ),
    )
}

/// An object that the timer looks at.
fn of_object(kind: Type, object: &str, id: &str, app: &str, since: &str, note: &str, from: &str) -> String {
    format!(
        "SELECT '{kind}:{object}:' || {id} AS fingerprint, {app} AS app_id, NULL AS connector_id, \
         '{object}' AS subject_kind, {id} AS subject_id, NULL AS account_id, NULL AS entitlement_id, NULL AS person_id, \
         {since} AS since, {note} AS note, 1 AS amount, 0 AS pending FROM {from}"
    )
}

/// Whoever owned something, and has left; each with the thing.
pub(super) fn owner_left() -> String {
    let of = |object: &str, id: &str, app: &str, from: &str| {
        format!(
            "SELECT 'owner_left:{object}:' || {id} || ':' || p.id AS fingerprint, {app} AS app_id, NULL AS connector_id, \
             '{object}' AS subject_kind, {id} AS subject_id, NULL AS account_id, NULL AS entitlement_id, \
             p.id AS person_id, p.left_at AS since, '' AS note, 1 AS amount, 0 AS pending FROM person p JOIN {from} \
             AND p.tenant_id = $1 AND p.status = 'left'"
        )
    };
    [
        of(
            "app",
            "a.id",
            "a.id",
            "app_owner o ON o.owner_id = p.id AND o.owner_kind = 'person' JOIN app a ON a.id = o.app_id \
             WHERE a.deleted_at IS NULL",
        ),
        of(
            "connector",
            "c.id",
            "c.app_id",
            "connector_owner o ON o.person_id = p.id JOIN connector c ON c.id = o.connector_id WHERE c.deleted_at IS NULL",
        ),
        of(
            "entitlement",
            "e.id",
            "e.app_id",
            "entitlement_owner o ON o.person_id = p.id JOIN entitlement e ON e.id = o.entitlement_id \
             WHERE e.gone_at IS NULL",
        ),
        of(
            "account",
            "a.id",
            "a.app_id",
            "account a ON a.owner_person_id = p.id WHERE a.gone_at IS NULL AND a.type <> 'user'",
        ),
    ]
    .join(" UNION ALL ")
}
