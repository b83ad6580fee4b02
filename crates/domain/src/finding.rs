//! Findings: what is not as it should be, and what people decide about it.
//!
//! Start at [`State::after`]. A finding is made and resolved by comparing the condition of its [`Type`] with what is there;
//! the condition itself needs the database and stands in `store`.
//!
//! Source: governance §1.16, §2.10 (T-F).

use jiff::{SignedDuration, Timestamp};

use crate::vocabulary;

/// The longest time for which a finding can be accepted. Source: T-F2.
pub const LONGEST_ACCEPTANCE: SignedDuration = SignedDuration::from_hours(366 * 24);

vocabulary! {
    /// What is not as it should be.
    pub enum Type: "a type of finding" {
        /// Access was said to be taken away, and a sync shows it still (T-G15).
        RevocationDidNotHold => "revocation_did_not_hold",
        /// Access was said to be given twice, and no sync shows it (R-V-2).
        GrantDidNotHold => "grant_did_not_hold",
        /// Access whose time is over is still there.
        ExpiryStuck => "expiry_stuck",
        /// Access that was to be taken away could not be (T-G16).
        RemovalStuck => "removal_stuck",
        /// Somebody who owns something has left (R-L-2), or whoever answers for a service account (R-L-3).
        OwnerLeft => "owner_left",
        /// An app has no owner who is there (R-A-6).
        AppWithoutOwner => "app_without_owner",
        /// A connector was not heard of.
        ConnectorSilent => "connector_silent",
        /// Suspicious syncs are not held (R-H-1).
        SyncHoldsOff => "sync_holds_off",
        /// Access was given outside Podium (R-O-1).
        GrantedOutside => "granted_outside",
        /// Nobody looked for so long, or with so new a connector, that what changed meanwhile is told as one (R-O-2).
        OutsideAfterGap => "outside_after_gap",
        /// Access was taken away outside Podium within a day after it was approved (R-O-6).
        RemovedOutside => "removed_outside",
        /// Somebody who left has an account still (R-L-3).
        LeaverHasAccount => "leaver_has_account",
        /// An account was replaced by another one with the same address; what it held was not carried over (R-I-7).
        AccountReplaced => "account_replaced",
        /// Podium and another writer undo each other's changes (R-O-5).
        TugOfWar => "tug_of_war",
        /// A service account for which nobody answers (R-I-4).
        UnownedServiceAccount => "unowned_service_account",
        /// An account that can be used and belongs to nobody (R-I-5).
        UnmatchedAccount => "unmatched_account",
        /// An account whose address lies outside the trusted domains.
        ExternalAccount => "external_account",
        /// An account that holds more than the floor of a set, and was not signed in to for ninety days.
        NotSignedIn => "not_signed_in",
        /// An account that was made, and whose person did not sign in for the first time within thirty days.
        PendingSeat => "pending_seat",
        /// A credential of a connector that is older than a year.
        OldCredential => "old_credential",
    }
}

vocabulary! {
    /// How bad it is.
    pub enum Severity: "a severity" {
        /// It can wait.
        Low => "low",
        /// It should be looked at.
        Medium => "medium",
        /// It should be looked at today.
        High => "high",
        /// It should be looked at now.
        Critical => "critical",
    }
}

vocabulary! {
    /// What is done about a finding.
    pub enum State: "a state of a finding" {
        /// Somebody has to decide.
        Open => "open",
        /// It may be so for a while.
        Accepted => "accepted",
        /// Somebody decides later.
        Snoozed => "snoozed",
        /// It may be so for good.
        Suppressed => "suppressed",
        /// What ends it was begun.
        Remedied => "remedied",
        /// It is so no longer.
        Resolved => "resolved",
    }
}

vocabulary! {
    /// What ends a finding.
    pub enum Remedy: "a remedy" {
        /// What was given outside is taken away again, and what it took the place of is given back.
        Revert => "revert",
        /// Somebody else becomes the owner.
        SetOwner => "set_owner",
        /// What failed is tried again.
        Retry => "retry",
    }
}

vocabulary! {
    /// What follows in an app from access that is given outside Podium (R-O-3).
    pub enum Reaction: "a reaction" {
        /// It is written down, and nobody is told.
        RecordOnly => "record_only",
        /// The owners are told, and decide about a finding.
        TellOwner => "tell_owner",
        /// As before; and what is of high risk is taken away at once, as far as the breaker lets it.
        RevokeAtOnce => "revoke_at_once",
    }
}

/// What happens to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It may be so for a while (T-F2).
    Accept,
    /// Somebody decides later (T-F3).
    Snooze,
    /// It may be so for good (T-F4).
    Suppress,
    /// What ends it was begun (T-F5).
    Remedy,
    /// The time is over for which it was accepted or put off (T-F6).
    TimeOver,
    /// It is so no longer (T-F7).
    Absent,
    /// It is so again (T-F8).
    SeenAgain,
    /// Somebody wants to look at it again (T-F9).
    Reopen,
}

impl State {
    /// The state after a step; nothing when the step is not possible in this state.
    #[must_use]
    pub const fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Open, Step::Accept) => Some(Self::Accepted),
            (Self::Open, Step::Snooze) => Some(Self::Snoozed),
            (Self::Open, Step::Suppress) => Some(Self::Suppressed),
            (Self::Open, Step::Remedy) => Some(Self::Remedied),
            (Self::Open | Self::Accepted | Self::Snoozed | Self::Remedied, Step::Absent) => Some(Self::Resolved),
            (Self::Accepted | Self::Snoozed, Step::TimeOver)
            | (Self::Resolved | Self::Remedied, Step::SeenAgain)
            | (Self::Accepted | Self::Snoozed | Self::Suppressed | Self::Remedied | Self::Resolved, Step::Reopen) => {
                Some(Self::Open)
            }
            _ => None,
        }
    }
}

/// What a type of finding is compared with, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// With the inventory of one connector, after each sync of it that was applied.
    Sync,
    /// With everything, now and then.
    Timer,
    /// Both.
    Both,
}

impl Type {
    /// Whether findings of this type are made where nobody said otherwise.
    #[must_use]
    pub const fn is_on_by_default(self) -> bool {
        !matches!(
            self,
            Self::UnownedServiceAccount
                | Self::UnmatchedAccount
                | Self::ExternalAccount
                | Self::NotSignedIn
                | Self::PendingSeat
                | Self::OldCredential
        )
    }

    /// When it is checked.
    #[must_use]
    pub const fn check(self) -> Check {
        match self {
            Self::AppWithoutOwner
            | Self::OwnerLeft
            | Self::ConnectorSilent
            | Self::SyncHoldsOff
            | Self::OldCredential => Check::Timer,
            Self::RemovalStuck | Self::ExpiryStuck | Self::LeaverHasAccount => Check::Both,
            _ => Check::Sync,
        }
    }

    /// Whether it is about a connector, so that Connector Administrators decide about it (§1.20).
    #[must_use]
    pub const fn is_about_connector(self) -> bool {
        matches!(self, Self::ConnectorSilent | Self::SyncHoldsOff | Self::OldCredential)
    }

    /// How bad it is; `is_risky` tells whether it is about an entitlement of high risk.
    #[must_use]
    pub const fn severity(self, is_risky: bool) -> Severity {
        match self {
            Self::RevocationDidNotHold | Self::RemovalStuck | Self::ExpiryStuck if is_risky => Severity::Critical,
            Self::RevocationDidNotHold
            | Self::RemovalStuck
            | Self::ExpiryStuck
            | Self::LeaverHasAccount
            | Self::SyncHoldsOff
            | Self::TugOfWar => Severity::High,
            Self::GrantedOutside if is_risky => Severity::High,
            Self::RemovedOutside | Self::ExternalAccount | Self::NotSignedIn | Self::PendingSeat => Severity::Low,
            _ => Severity::Medium,
        }
    }

    /// Whether the owners of the app are told of a new one by a notice of its own. Of the others a notice tells already, or
    /// they can wait until somebody looks.
    #[must_use]
    pub const fn is_told(self) -> bool {
        matches!(
            self,
            Self::GrantDidNotHold
                | Self::AppWithoutOwner
                | Self::OutsideAfterGap
                | Self::LeaverHasAccount
                | Self::AccountReplaced
                | Self::TugOfWar
        )
    }

    /// What it is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::RevocationDidNotHold => "access was said to be taken away, and is still there",
            Self::GrantDidNotHold => "access was said twice to be given, and is not there",
            Self::ExpiryStuck => "the time of this access is over, and it is still there",
            Self::RemovalStuck => "this access could not be taken away",
            Self::OwnerLeft => "whoever owned this has left",
            Self::AppWithoutOwner => "the app has no owner who is there",
            Self::ConnectorSilent => "the connector was not heard of",
            Self::SyncHoldsOff => "suspicious syncs are not held",
            Self::GrantedOutside => "access was given outside Podium",
            Self::OutsideAfterGap => "access was given outside Podium while nobody looked",
            Self::RemovedOutside => "access was taken away outside Podium right after it was approved",
            Self::LeaverHasAccount => "somebody who left has an account still",
            Self::AccountReplaced => "an account was replaced by another one with the same address",
            Self::TugOfWar => "Podium and another writer undo each other's changes",
            Self::UnownedServiceAccount => "nobody answers for this service account",
            Self::UnmatchedAccount => "this account belongs to nobody",
            Self::ExternalAccount => "the address of this account lies outside the trusted domains",
            Self::NotSignedIn => "this account was not signed in to for ninety days",
            Self::PendingSeat => "the person of this account did not sign in within thirty days",
            Self::OldCredential => "this credential is older than a year",
        }
    }

    /// What ends findings of this type, if Podium can.
    #[must_use]
    pub const fn remedy(self) -> Option<Remedy> {
        match self {
            Self::GrantedOutside => Some(Remedy::Revert),
            Self::AppWithoutOwner | Self::OwnerLeft | Self::UnownedServiceAccount => Some(Remedy::SetOwner),
            Self::RemovalStuck | Self::ExpiryStuck => Some(Remedy::Retry),
            _ => None,
        }
    }
}

/// Whether a finding may be accepted until this instant (T-F2).
#[must_use]
pub fn may_accept_until(until: Timestamp, now: Timestamp) -> bool {
    until > now && until <= now.checked_add(LONGEST_ACCEPTANCE).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
