//! Ids of entities, and the clock and randomness that code is given instead of taking them.
//!
//! Code that needs the time or random bytes asks for a [`Clock`] or an [`Rng`] and never calls the
//! operating system itself, so that a test, a demo or a replay decides both. Start at [`Clock`].
//! The entities of the server have one id type each ([`AppId`], [`ConnectorId`], …).
//!
//! This crate deliberately holds no ids of outside formats: each format keeps its own beside the code that
//! reads and writes it (the KSUIDs of a sync file live in `c1z`).

mod clock;
mod entity;
mod random;

pub use clock::{Clock, ManualClock, SystemClock};
pub use entity::{
    AccountId, ApiTokenId, AppId, BundleId, ConnectorId, CredentialId, EntitlementId, FindingId, FormId, GrantId,
    HoldId, IdentityProviderId, JobId, NoticeId, ParseIdError, PersonId, PolicyId, ProvisionJobId, RequestId,
    ResourceId, SessionId, SyncId, TenantId,
};
pub use random::{Rng, SeededRng, SystemRng};
