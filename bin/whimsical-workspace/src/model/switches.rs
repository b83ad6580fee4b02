//! The switches: one for each behaviour of the real service that nobody has published.
//!
//! The first value of each is the default. Each is a flag of `serve` and a member of `/lab/switches`.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_text:literal, $($(#[$value_doc:meta])* $value:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            #[serde(rename = $first_text)]
            #[value(name = $first_text)]
            $first,
            $(
                $(#[$value_doc])*
                #[serde(rename = $text)]
                #[value(name = $text)]
                $value,
            )*
        }
    };
}

switch! {
    /// What `/Groups` answers.
    Groups {
        /// 501 for everything.
        Unsupported = "unsupported",
        /// An empty list for GET, 501 for writes.
        EmptyList = "empty_list",
        /// 404, as if the path did not exist.
        NotFound = "not_found",
    }
}
switch! {
    /// Whether removed users stay readable.
    RemovedUsers {
        /// Listed with `active` false.
        Keep = "keep",
        /// 404 and not listed; a new POST makes a new id.
        Hide = "hide",
    }
}
switch! {
    /// What a POST of a member that came by hand answers.
    PostExisting {
        /// 201 with the existing id.
        Link201 = "link_201",
        /// 200 with the existing id.
        Link200 = "link_200",
        /// 409.
        Conflict409 = "conflict_409",
    }
}
switch! {
    /// What `active` true does to a removed user who had been a member.
    Reactivate {
        /// A member again at once.
        Member = "member",
        /// Pending until the next sign-in.
        Pending = "pending",
    }
}
switch! {
    /// What a new `userName` for an existing user does.
    UsernameChange {
        /// Renames.
        Rename = "rename",
        /// Is ignored.
        Ignore = "ignore",
        /// 400 `mutability`.
        Reject = "reject",
    }
}
switch! {
    /// What an upper-case letter in a `userName` does.
    EmailCase {
        /// 400 `invalidValue`.
        Reject = "reject",
        /// Stored in lower case.
        Fold = "fold",
    }
}
switch! {
    /// What a name for an existing user does.
    NamesAfterCreate {
        /// Is ignored.
        Ignore = "ignore",
        /// 400 `mutability`.
        Reject = "reject",
    }
}
switch! {
    /// The status while SCIM or SAML is off.
    DisabledStatus {
        /// 403.
        Forbidden = "403",
        /// 401.
        Unauthorized = "401",
        /// 404.
        NotFound = "404",
    }
}
switch! {
    /// The status of a PATCH.
    PatchStatus {
        /// 200 with the resource.
        Ok = "200",
        /// 204 without a body, unless a projection was asked for.
        NoContent = "204",
    }
}
switch! {
    /// What DELETE of a pending user answers.
    DeleteOfPending {
        /// 204.
        NoContent = "204",
        /// 404, and the user stays.
        NotFound = "404",
    }
}
switch! {
    /// Whose `editor` is shown.
    ReturnEditor {
        /// Everybody's.
        Always = "always",
        /// Nobody's.
        Never = "never",
        /// Only that of managed users.
        ManagedOnly = "managed_only",
    }
}
switch! {
    /// How booleans of users are written.
    BoolStyle {
        /// JSON booleans.
        Json = "json",
        /// The strings "True" and "False".
        String = "string",
    }
}
switch! {
    /// Whether something is offered.
    Offered {
        /// It is.
        On = "on",
        /// It isn't.
        Off = "off",
    }
}
switch! {
    /// Whether a removed person may come back by signing in.
    JitAfterRemoval {
        /// No.
        Refuse = "refuse",
        /// Yes.
        Allow = "allow",
    }
}
switch! {
    /// Which token SCIM has when it is switched on again.
    TokenOnReenable {
        /// A new one.
        New = "new",
        /// The one before.
        Same = "same",
    }
}

impl Offered {
    /// Whether it is offered.
    #[must_use]
    pub fn is_on(self) -> bool {
        self == Self::On
    }
}

/// All switches. Their defaults make the faithful workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Switches (for what the real service leaves unknown)")]
pub struct Switches {
    /// Refuse what the RFC refuses, instead of tolerating what identity providers send.
    #[arg(long)]
    pub strict: bool,
    /// What `/Groups` answers.
    #[arg(long, value_enum, default_value_t)]
    pub groups: Groups,
    /// Whether removed users stay readable.
    #[arg(long, value_enum, default_value_t)]
    pub removed: RemovedUsers,
    /// What a POST of a member that came by hand answers.
    #[arg(long, value_enum, default_value_t)]
    pub post_existing: PostExisting,
    /// What `active` true does to a removed user who had been a member.
    #[arg(long, value_enum, default_value_t)]
    pub reactivate: Reactivate,
    /// What a new `userName` for an existing user does.
    #[arg(long, value_enum, default_value_t)]
    pub username_change: UsernameChange,
    /// What an upper-case letter in a `userName` does.
    #[arg(long, value_enum, default_value_t)]
    pub email_case: EmailCase,
    /// What a name for an existing user does.
    #[arg(long, value_enum, default_value_t)]
    pub names_after_create: NamesAfterCreate,
    /// The status while SCIM or SAML is off.
    #[arg(long, value_enum, default_value_t)]
    pub disabled_status: DisabledStatus,
    /// The status of a PATCH.
    #[arg(long, value_enum, default_value_t)]
    pub patch_status: PatchStatus,
    /// What DELETE of a pending user answers.
    #[arg(long, value_enum, default_value_t)]
    pub delete_of_pending: DeleteOfPending,
    /// Whose `editor` is shown.
    #[arg(long, value_enum, default_value_t)]
    pub return_editor: ReturnEditor,
    /// How booleans of users are written.
    #[arg(long, value_enum, default_value_t)]
    pub bool_style: BoolStyle,
    /// The most users in one page (1 to 200).
    #[arg(long, default_value_t = MAX_PAGE, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub list_cap: u16,
    /// For how many seconds a rotated token still works.
    #[arg(long, default_value_t = 0)]
    pub rotate_grace_s: u32,
    /// Whether the three discovery endpoints exist.
    #[arg(long, value_enum, default_value_t)]
    pub discovery: Offered,
    /// Whether the discovery endpoints need the token.
    #[arg(long, value_enum, default_value_t)]
    pub discovery_auth: Offered,
    /// Whether there are `ETags` and preconditions.
    #[arg(long, value_enum, default_value_t)]
    pub etag: Offered,
    /// Whether cursor paging is offered.
    #[arg(long, value_enum, default_value_t)]
    pub cursor: Offered,
    /// Whether a removed person may come back by signing in.
    #[arg(long, value_enum, default_value_t)]
    pub jit_after_removal: JitAfterRemoval,
    /// Which token SCIM has when it is switched on again.
    #[arg(long, value_enum, default_value_t)]
    pub token_on_reenable: TokenOnReenable,
}

/// The most users in one page, unless `list_cap` is lower.
pub const MAX_PAGE: u16 = 200;

impl Default for Switches {
    fn default() -> Self {
        Self {
            strict: false,
            groups: Groups::default(),
            removed: RemovedUsers::default(),
            post_existing: PostExisting::default(),
            reactivate: Reactivate::default(),
            username_change: UsernameChange::default(),
            email_case: EmailCase::default(),
            names_after_create: NamesAfterCreate::default(),
            disabled_status: DisabledStatus::default(),
            patch_status: PatchStatus::default(),
            delete_of_pending: DeleteOfPending::default(),
            return_editor: ReturnEditor::default(),
            bool_style: BoolStyle::default(),
            list_cap: MAX_PAGE,
            rotate_grace_s: 0,
            discovery: Offered::default(),
            discovery_auth: Offered::default(),
            etag: Offered::default(),
            cursor: Offered::default(),
            jit_after_removal: JitAfterRemoval::default(),
            token_on_reenable: TokenOnReenable::default(),
        }
    }
}

impl Switches {
    /// Whether a name for an existing user is refused.
    #[must_use]
    pub fn refuses_names(&self) -> bool {
        self.strict || self.names_after_create == NamesAfterCreate::Reject
    }
}
