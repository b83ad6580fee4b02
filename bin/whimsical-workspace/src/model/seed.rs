//! A workspace full of people, the same each time.

use ids::{Rng as _, SeededRng};
use jiff::{SignedDuration, Timestamp};

use crate::model::account::Account;
use crate::model::change::Change;
use crate::model::id::{AccountId, UserId};
use crate::model::settings::Saml;
use crate::model::switches::Switches;
use crate::model::token::{Scim, Token};
use crate::model::user::{DisplayName, JoinedVia, Name, Role, ScimUser, Standing};
use crate::model::workspace::Workspace;

/// The most users that a workspace starts with.
pub const MAX_USERS: u32 = 2_000_000;

/// Seconds since the epoch of 2023-01-02T08:00:00Z: the first user is made.
const FIRST_S: i64 = 1_672_646_400;
/// Seconds since the epoch of 2026-10-30T17:00:00Z: the last user is made.
const LAST_S: i64 = 1_793_379_600;
/// Seconds since the epoch of 2026-01-01T00:00:00Z: a billing year begins.
const PERIOD_S: i64 = 1_767_225_600;

const GIVEN: [&str; 40] = [
    "Ada",
    "Alan",
    "Amal",
    "Anita",
    "Barbara",
    "Bela",
    "Carol",
    "Chen",
    "Dana",
    "Donald",
    "Edith",
    "Edsger",
    "Emmy",
    "Farid",
    "Frances",
    "Grace",
    "Hana",
    "Hedy",
    "Ines",
    "Ivan",
    "Jean",
    "Joan",
    "Katherine",
    "Kofi",
    "Leslie",
    "Lin",
    "Margaret",
    "Mary",
    "Nadia",
    "Niklaus",
    "Olga",
    "Oskar",
    "Radia",
    "Rosa",
    "Sofia",
    "Tony",
    "Uma",
    "Vint",
    "Wen",
    "Yusuf",
];
const FAMILY: [&str; 40] = [
    "Abara", "Allen", "Amin", "Backus", "Bartik", "Borg", "Cerf", "Clarke", "Diaz", "Easley", "Engel", "Fischer",
    "Goldberg", "Haas", "Hamilton", "Hopper", "Ito", "Jensen", "Johnson", "Kaur", "Keller", "Knuth", "Lamarr", "Lange",
    "Liskov", "Meyer", "Mori", "Noether", "Okafor", "Perlman", "Quist", "Ritchie", "Sato", "Shaw", "Turing", "Ueda",
    "Vaughan", "Wirth", "Yilmaz", "Zuse",
];

/// Returns a workspace of `users` SCIM users (at least the administrator), with SAML and SCIM on and this token.
///
/// Of every hundred, about 10 are pending, 3 removed, 32 editors and the rest viewers; some of the members came by hand
/// and are not managed. Everything but the token and the key of cursors depends on `users` alone.
#[must_use]
pub fn workspace(users: u32, token: Token, cursor_key: [u8; 32], switches: Switches) -> Workspace {
    let mut workspace = Workspace::empty(at(PERIOD_S), switches);
    let saml = Saml {
        idp_entity_id: "https://idp.example.com/metadata".to_owned(),
        sso_url: "https://idp.example.com/sso".to_owned(),
        certificate: "(example)".to_owned(),
        login_slug: Saml::slug(&workspace.settings().name),
    };
    workspace.apply(Change::Saml(Some(saml)));
    workspace.apply(Change::Scim(Scim { enabled: true, token: Some(token), former: None }));
    workspace.apply(Change::CursorKey(cursor_key));
    let rng = SeededRng::new(0x5CA1_AB1E);
    let count = users.clamp(1, MAX_USERS);
    for number in 0..count {
        add(&mut workspace, number, count, &rng);
    }
    workspace
}

fn add(workspace: &mut Workspace, number: u32, count: u32, rng: &SeededRng) {
    let id = UserId::draw(rng);
    let created = at(FIRST_S + (LAST_S - FIRST_S) * i64::from(number) / i64::from(count));
    let draw = rng.next_u64();
    let kind = draw % 100;
    let role = Role::from_editor(number == 0 || (draw >> 8) % 100 < 37);
    let (user_name, name) = person(number);
    let is_admin = number == 0 || (draw >> 16).is_multiple_of(400);
    let is_by_hand = number == 0 || (draw >> 32).is_multiple_of(8);
    let (standing, via) = match kind {
        0..10 if number > 0 => (Standing::Pending { role, account: None }, None),
        10..13 if number > 0 => {
            let account = Some(workspace.accounts().next_id());
            (Standing::Removed { role, account, was_member: true }, None)
        }
        _ => {
            let via = if is_by_hand { JoinedVia::Invite } else { JoinedVia::Scim };
            let joined = created.checked_add(SignedDuration::from_hours(26)).unwrap_or(created);
            let account = workspace.accounts().next_id();
            (Standing::Member { account, role, is_admin, via, joined }, Some(via))
        }
    };
    let managed = via != Some(JoinedVia::Invite);
    let user = ScimUser {
        id,
        external_id: managed.then(|| format!("00u{number:07}").into()),
        user_name: user_name.clone(),
        name: name.clone(),
        display_name: DisplayName::Computed,
        managed,
        version: 1,
        created,
        modified: created,
        standing,
    };
    if let Some(id) = user.account() {
        let id: AccountId = id;
        workspace.apply(Change::Account(Account { id, primary: user_name, secondary: Vec::new(), name }));
    }
    workspace.apply(Change::User(user));
}

/// Returns address and name of a person: all pairs of names once, then the same with a number.
fn person(number: u32) -> (Box<str>, Name) {
    let pairs = GIVEN.len() * FAMILY.len();
    let round = number as usize / pairs;
    let index = number as usize % pairs;
    // 40 given and 40 family names, walked diagonally, so that neighbours share neither.
    let given = GIVEN.get(index % GIVEN.len()).copied().unwrap_or_default();
    let family = FAMILY.get((index + index / GIVEN.len() + 14) % FAMILY.len()).copied().unwrap_or_default();
    let suffix = if round == 0 { String::new() } else { format!("{}", round + 1) };
    let address = format!("{given}.{family}{suffix}@example.com").to_lowercase();
    (address.into(), Name::new(Some(given), Some(family)))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or_default()
}
