//! Who may do what to Podium itself: the action matrix.
//!
//! Start at [`may`], through which every check goes. What is not listed is refused.
//!
//! Source: governance §1.20, R-ROLE-5.

use crate::actor::{Actor, Part, Role};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See connectors, their syncs and logs.
    SeeConnectors,
    /// Add a connector, with the app that it needs.
    AddConnector,
    /// Edit a connector's settings, schedule and rules; have it sync; stop a sync.
    EditConnector,
    /// Pause, resume or delete a connector.
    EndConnector,
    /// Rotate or revoke the credentials of a connector.
    RotateCredentials,
    /// Ask a connector by hand to change the app.
    RunTask,
    /// Confirm or reject a held sync.
    DecideHold,
    /// Create an app without a connector, or make an unmanaged one managed.
    CreateApp,
    /// Edit an app and its owners.
    EditApp,
    /// See accounts, entitlements and grants.
    SeeInventory,
    /// See people and their roles.
    SeePeople,
    /// Create and edit people and their roles.
    EditPeople,
    /// See the audit log.
    SeeAudit,
    /// Take the audit log away, as a file or a stream.
    ExportAudit,
    /// Have the audit chain verified.
    VerifyAudit,
    /// See the settings of the tenant.
    SeeSettings,
    /// Change the settings of the tenant.
    EditSettings,
    /// Make and end tokens of machines for others.
    EditApiClients,
    /// See policies.
    SeePolicies,
    /// Make and edit policies.
    EditPolicies,
    /// Ask for access for anybody.
    RequestForOthers,
    /// Skip, hand on, restart or call off what others decide.
    OverseeRequests,
    /// See findings.
    SeeFindings,
    /// Accept, put off, remedy and reopen findings.
    DecideFinding,
    /// Suppress findings for good.
    SuppressFinding,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 25] = [
        Self::SeeConnectors,
        Self::AddConnector,
        Self::EditConnector,
        Self::EndConnector,
        Self::RotateCredentials,
        Self::RunTask,
        Self::DecideHold,
        Self::CreateApp,
        Self::EditApp,
        Self::SeeInventory,
        Self::SeePeople,
        Self::EditPeople,
        Self::SeeAudit,
        Self::ExportAudit,
        Self::VerifyAudit,
        Self::SeeSettings,
        Self::EditSettings,
        Self::EditApiClients,
        Self::SeePolicies,
        Self::EditPolicies,
        Self::RequestForOthers,
        Self::OverseeRequests,
        Self::SeeFindings,
        Self::DecideFinding,
        Self::SuppressFinding,
    ];

    /// What is wanted, as the second half of "you may not …".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::SeeConnectors => "see connectors",
            Self::AddConnector => "add a connector",
            Self::EditConnector => "edit this connector",
            Self::EndConnector => "pause or delete this connector",
            Self::RotateCredentials => "rotate the credentials of this connector",
            Self::RunTask => "run tasks on this connector",
            Self::DecideHold => "decide about this sync",
            Self::CreateApp => "create or manage apps",
            Self::EditApp => "edit this app",
            Self::SeeInventory => "see accounts, entitlements and grants",
            Self::SeePeople => "see people",
            Self::EditPeople => "edit people and roles",
            Self::SeeAudit => "see the audit log",
            Self::ExportAudit => "export the audit log",
            Self::VerifyAudit => "verify the audit log",
            Self::SeeSettings => "see the settings",
            Self::EditSettings => "change the settings",
            Self::EditApiClients => "make or end API clients of others",
            Self::SeePolicies => "see policies",
            Self::EditPolicies => "edit policies",
            Self::RequestForOthers => "ask for access for others",
            Self::OverseeRequests => "take over what others decide",
            Self::SeeFindings => "see findings",
            Self::DecideFinding => "decide about this finding",
            Self::SuppressFinding => "suppress findings",
        }
    }
}

/// How the actor stands to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The actor owns the connector, or the app that it belongs to.
    Owner,
    /// Neither.
    None,
}

/// Whether the actor may do this to an object to which it stands so.
///
/// Podium itself may do everything that it does by itself; a connector may do none of this.
#[must_use]
pub fn may(actor: &Actor, action: Action, relation: Relation) -> bool {
    match actor {
        Actor::System(Part::Timer | Part::Ingest | Part::System) => true,
        Actor::Connector { .. } => false,
        Actor::Person { roles, .. } | Actor::Machine { roles, .. } => {
            roles.iter().any(|role| role_may(*role, action)) || (relation == Relation::Owner && owner_may(action))
        }
    }
}

const fn role_may(role: Role, action: Action) -> bool {
    use Action as A;
    match role {
        Role::SuperAdministrator => true,
        Role::ConnectorAdministrator => matches!(
            action,
            A::SeeConnectors
                | A::AddConnector
                | A::EditConnector
                | A::EndConnector
                | A::RotateCredentials
                | A::RunTask
                | A::DecideHold
                | A::SeeInventory
                | A::SeeAudit
        ),
        Role::Auditor => matches!(
            action,
            A::SeeConnectors
                | A::SeeInventory
                | A::SeePeople
                | A::SeeAudit
                | A::ExportAudit
                | A::VerifyAudit
                | A::SeeSettings
                | A::SeePolicies
                | A::SeeFindings
        ),
        Role::Helpdesk => matches!(action, A::SeePeople | A::RequestForOthers),
        Role::CampaignAdministrator => matches!(action, A::SeePolicies),
        Role::User => false,
    }
}

/// What owning an app or a connector allows (App Owner, *own*).
const fn owner_may(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::SeeConnectors
            | A::EditConnector
            | A::RotateCredentials
            | A::DecideHold
            | A::EditApp
            | A::SeeInventory
            | A::SeeAudit
            | A::SeePolicies
            | A::SeeFindings
            | A::DecideFinding
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ids::{ConnectorId, CredentialId, PersonId, SeededRng};

    use super::*;

    fn person(role: Role) -> Actor {
        let id = PersonId::new(jiff::Timestamp::UNIX_EPOCH, &SeededRng::new(1));
        Actor::Person { id, roles: BTreeSet::from([role]), token: None }
    }

    /// The matrix of §1.20: Super, Connector Administrator, Campaign Administrator, Auditor, Helpdesk, User, then the
    /// owner who is only a User.
    #[test]
    fn r_role_5_the_matrix() {
        let roles = [
            Role::SuperAdministrator,
            Role::ConnectorAdministrator,
            Role::CampaignAdministrator,
            Role::Auditor,
            Role::Helpdesk,
            Role::User,
        ];
        for (action, row) in [
            (Action::SeeConnectors, "yy-y--y"),
            (Action::AddConnector, "yy-----"),
            (Action::EditConnector, "yy----y"),
            (Action::EndConnector, "yy-----"),
            (Action::RotateCredentials, "yy----y"),
            (Action::RunTask, "yy-----"),
            (Action::DecideHold, "yy----y"),
            (Action::CreateApp, "y------"),
            (Action::EditApp, "y-----y"),
            (Action::SeeInventory, "yy-y--y"),
            (Action::SeePeople, "y--yy--"),
            (Action::EditPeople, "y------"),
            (Action::SeeAudit, "yy-y--y"),
            (Action::ExportAudit, "y--y---"),
            (Action::VerifyAudit, "y--y---"),
            (Action::SeeSettings, "y--y---"),
            (Action::EditSettings, "y------"),
            (Action::EditApiClients, "y------"),
            (Action::SeePolicies, "y-yy--y"),
            (Action::EditPolicies, "y------"),
            (Action::RequestForOthers, "y---y--"),
            (Action::OverseeRequests, "y------"),
            (Action::SeeFindings, "y--y--y"),
            (Action::DecideFinding, "y-----y"),
            (Action::SuppressFinding, "y------"),
        ] {
            let mut found: String =
                roles.iter().map(|role| if may(&person(*role), action, Relation::None) { 'y' } else { '-' }).collect();
            found.push(if may(&person(Role::User), action, Relation::Owner) { 'y' } else { '-' });
            assert_eq!(found, row, "{action:?}");
        }
    }

    #[test]
    fn a_connector_may_nothing_of_this() {
        let rng = SeededRng::new(1);
        let now = jiff::Timestamp::UNIX_EPOCH;
        let (id, credential) = (ConnectorId::new(now, &rng), CredentialId::new(now, &rng));
        let connector = Actor::Connector { id, credential, host: "h".to_owned() };
        for action in Action::ALL {
            assert!(!may(&connector, action, Relation::Owner), "{action:?}");
        }
    }
}
