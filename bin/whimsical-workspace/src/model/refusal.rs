//! Why the workspace refuses something.

/// Why the workspace refuses a change; nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such user, invite or member.
    #[error("There is no such resource.")]
    NotFound,
    /// The e-mail address belongs to another user.
    #[error("A user with this e-mail address already exists.")]
    Taken,
    /// A user name must be an e-mail address.
    #[error("userName must be an e-mail address of at most 254 characters.")]
    NotAnEmail,
    /// A user name must be in lower case.
    #[error("userName must be in lower case; in Okta set the user name format to String.toLowerCase(user.email).")]
    UpperCase,
    /// The user name is fixed (switch `username_change`).
    #[error("userName cannot be changed.")]
    UserNameFixed,
    /// The name is fixed after creation (strict mode or switch `names_after_create`).
    #[error("Names are fixed after creation; users change them in Whimsical.")]
    NameFixed,
    /// A workspace keeps at least one administrator.
    #[error("The last administrator cannot be removed; make another member an administrator first.")]
    LastAdmin,
    /// Sign-in needs SAML.
    #[error("SAML is disabled for this workspace; enable it first.")]
    SamlOff,
    /// SCIM is off.
    #[error("SCIM provisioning is disabled for this workspace.")]
    ScimOff,
    /// SAML needs the identity provider's metadata.
    #[error("SAML needs metadata XML, or entity id, certificate and sign-on URL of the identity provider.")]
    NoMetadata,
    /// The plan has no SAML and SCIM.
    #[error("SAML and SCIM need the Enterprise plan; change the plan first.")]
    PlanTooLow,
    /// The person was removed by the identity provider.
    #[error(
        "This person was removed from the workspace; an identity provider or an administrator must add them again."
    )]
    Deprovisioned,
    /// Unknown people may not join by signing in.
    #[error("This person is not provisioned, and sign-in does not add people to this workspace.")]
    NoJit,
    /// The target of offboarding must be in a private team.
    #[error("Files of removed users can only go to a folder of a private team; name a team with visibility `private`.")]
    TeamNotPrivate,
    /// The person is in the workspace already.
    #[error("This person is a member or pending already.")]
    AlreadyHere,
    /// The value is empty or too long.
    #[error("A value is empty or longer than 1,024 characters.")]
    BadValue,
}
