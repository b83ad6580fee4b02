//! What the settings page shows.

use askama::Template;
use http::HeaderMap;
use jiff::Timestamp;

use crate::app::App;
use crate::model::billing::LineKind;
use crate::model::journal::Entry;
use crate::model::user::{ScimUser, Standing};
use crate::model::{Workspace, email};
use crate::server::base_url;
use crate::workspace_face::{SamlView, ScimView, SeatsView};

/// How many members are on one page.
const PAGE: usize = 50;
/// How many pending users and log entries are shown.
const SHOWN: usize = 25;

/// A sentence about what was done, or why not.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) class: &'static str,
    pub(super) text: String,
}

impl Notice {
    /// Returns the sentence for what a form did; none for words that no form uses.
    pub(super) fn done(word: &str) -> Option<Self> {
        let text = match word {
            "saml-on" => "SAML SSO is on. SCIM can be enabled now.",
            "saml-off" => "SAML SSO is off, and SCIM with it.",
            "scim-on" => "SCIM provisioning is on. Reveal the token and give it to the identity provider.",
            "scim-off" => "SCIM provisioning is off.",
            "default-role" => "The default role is saved.",
            "signed-in" => "Signed in: the person is a member.",
            "role" => "The role is changed. The next push of an identity provider may overwrite it.",
            "removed" => "The member is removed; what they shared stays.",
            _ => return None,
        };
        Some(Self { class: "good", text: text.to_owned() })
    }

    /// Returns the sentence for a failure.
    pub(super) fn failed(text: String) -> Self {
        Self { class: "bad", text }
    }
}

/// A row of the member list.
#[derive(Debug)]
pub(super) struct UserRow {
    id: String,
    name: String,
    email: String,
    is_editor: bool,
    is_admin: bool,
    is_member: bool,
    state: &'static str,
    joined: String,
}

/// A row of the pending list.
#[derive(Debug)]
pub(super) struct PendingRow {
    email: String,
    is_editor: bool,
    since: String,
    mail: String,
}

/// A row of the audit log.
#[derive(Debug)]
pub(super) struct LogRow {
    at: String,
    actor: String,
    action: String,
    email: Option<String>,
    note: String,
}

/// The settings page.
#[derive(Debug, Template)]
#[template(path = "settings.html")]
pub(super) struct SettingsPage {
    form_token: String,
    notice: Option<Notice>,
    token: Option<String>,
    name: String,
    plan: String,
    is_default_editor: bool,
    saml: SamlView,
    scim: ScimView,
    seats: SeatsView,
    price: String,
    cost: String,
    seat_now: String,
    pro_rata: String,
    period_start: String,
    period_end: String,
    users: Vec<UserRow>,
    page: usize,
    has_next: bool,
    query: String,
    pending: Vec<PendingRow>,
    log: Vec<LogRow>,
}

impl SettingsPage {
    /// Returns the page; `token` only where it was asked for.
    pub(super) fn new(
        app: &App,
        headers: &HeaderMap,
        page: usize,
        query: &str,
        notice: Option<Notice>,
        token: Option<String>,
    ) -> Self {
        let base = base_url(app, headers);
        let now = app.now();
        app.read(|workspace| {
            let settings = workspace.settings();
            let seats = SeatsView::of(workspace, now);
            let mut users = found(workspace, query, (page - 1).saturating_mul(PAGE));
            let has_next = users.len() > PAGE;
            users.truncate(PAGE);
            Self {
                form_token: app.form_token().to_owned(),
                notice,
                token,
                name: settings.name.clone(),
                plan: format!("{:?}", settings.plan),
                is_default_editor: settings.default_role.is_editor(),
                saml: SamlView::of(workspace.saml(), &base),
                scim: ScimView::of(workspace, &base),
                price: money(settings.price_cents.into()),
                cost: money(i64::try_from(seats.cost_per_period_cents).unwrap_or(i64::MAX)),
                seat_now: money(seats.seat_now_cents.into()),
                pro_rata: money(pro_rata(workspace, &seats)),
                period_start: day(seats.period_start),
                period_end: day(seats.period_end),
                seats,
                users,
                page,
                has_next,
                query: query.to_owned(),
                pending: pending(workspace),
                log: workspace.audit().rev().take(SHOWN).map(|entry| log_row(workspace, entry)).collect(),
            }
        })
    }
}

/// Returns one user more than fits on a page, to know whether there is another page.
fn found(workspace: &Workspace, query: &str, offset: usize) -> Vec<UserRow> {
    let wanted = email::fold(query);
    workspace
        .directory()
        .iter()
        .filter(|user| !matches!(user.standing, Standing::Pending { .. }))
        .filter(|user| {
            wanted.is_empty() || user.user_name.contains(&wanted) || user.shown_name().to_lowercase().contains(&wanted)
        })
        .skip(offset)
        .take(PAGE + 1)
        .map(user_row)
        .collect()
}

fn user_row(user: &ScimUser) -> UserRow {
    let joined = match &user.standing {
        Standing::Member { joined, .. } => day(*joined),
        _ => String::new(),
    };
    UserRow {
        id: user.id.to_string(),
        name: user.shown_name().into_owned(),
        email: user.user_name.to_string(),
        is_editor: user.role().is_editor(),
        is_admin: user.is_admin(),
        is_member: user.is_member(),
        state: match (&user.standing, user.managed) {
            (Standing::Removed { .. }, _) => "removed",
            (_, true) => "managed by SCIM",
            (_, false) => "not managed",
        },
        joined,
    }
}

fn pending(workspace: &Workspace) -> Vec<PendingRow> {
    // The newest are the ones a person waits for.
    let newest = workspace.directory().from_index(0).rev().flatten();
    newest
        .filter(|user| matches!(user.standing, Standing::Pending { .. }))
        .take(SHOWN)
        .map(|user| PendingRow {
            email: user.user_name.to_string(),
            is_editor: user.role().is_editor(),
            since: moment(user.created),
            mail: match workspace.outbox().to_user(user.id) {
                Some(mail) if !mail.is_void => format!("queued {}", moment(mail.at)),
                Some(_) => "void".to_owned(),
                None => "sent before".to_owned(),
            },
        })
        .collect()
}

fn log_row(workspace: &Workspace, entry: &Entry) -> LogRow {
    let user = entry.user.and_then(|id| workspace.directory().get(id));
    LogRow {
        at: moment(entry.at),
        actor: format!("{:?}", entry.actor),
        action: entry.action.to_string(),
        email: user.map(|user| user.user_name.to_string()),
        note: entry.note.as_deref().unwrap_or_default().to_owned(),
    }
}

fn pro_rata(workspace: &Workspace, seats: &SeatsView) -> i64 {
    workspace
        .ledger()
        .filter(|line| line.at >= seats.period_start && line.at < seats.period_end)
        .map(|line| match line.kind {
            LineKind::Charge => i64::from(line.cents),
            LineKind::Credit => -i64::from(line.cents),
        })
        .sum()
}

fn money(cents: i64) -> String {
    let sign = if cents < 0 { "−" } else { "" };
    let cents = cents.unsigned_abs();
    let digits = (cents / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}${grouped}.{:02}", cents % 100)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn money_is_readable() {
        for (cents, expected) in
            [(0, "$0.00"), (1_276, "$12.76"), (-99_999, "−$999.99"), (106_800_005, "$1,068,000.05")]
        {
            assert_eq!(money(cents), expected);
        }
    }
}
