//! Signing in at an OpenID provider.

use auth::oidc::{Callback, Error as Refused, Identity, Pending, Registration};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::{Event, Object, Via};
use ids::{IdentityProviderId, PersonId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use store::identity_provider::{self as table, IdentityProvider};
use store::person::Person;
use store::seal::Place;

use super::{NewSession, SYSTEM, Visitor};
use crate::change::email;
use crate::context::Governance;
use crate::error::{Code, Error, Result};

/// Where the provider sends the browser back to.
const CALLBACK: &str = "/sign-in/callback";
/// How long somebody may take at the provider.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);
/// Where what is remembered in the browser stands.
const COOKIE: Place<'static> = Place { table: "sign_in", row: "browser", column: "cookie" };
/// The longest address to go back to, in bytes.
const LONGEST_PATH: usize = 1024;
/// The longest name that is taken over, in letters.
const LONGEST_NAME: usize = 200;

/// Where to send the browser.
#[derive(Debug)]
pub struct Redirect {
    /// The provider's page.
    pub url: String,
    /// What the browser keeps until it comes back; nobody but Podium can read it.
    pub cookie: String,
}

/// What the browser keeps while somebody is at the provider.
#[derive(Serialize, Deserialize)]
struct Kept {
    provider: IdentityProviderId,
    pending: Pending,
    return_to: String,
    until: Timestamp,
}

impl Governance {
    /// The providers that people can sign in at: id and name.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sign_in_providers(&self) -> Result<Vec<(IdentityProviderId, String)>> {
        let mut conn = self.store().read().await?;
        let all = table::all(&mut conn, self.store().tenant()).await?;
        Ok(all.into_iter().map(|provider| (provider.id, provider.name)).collect())
    }

    /// Begins a sign-in at this provider. Afterwards the browser goes to `return_to`, if that is a path of ours.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable` when the provider does not answer as it must.
    pub async fn begin_sign_in(&self, id: IdentityProviderId, return_to: &str) -> Result<Redirect> {
        let (_, registration) = self.registration(id).await?;
        let rng = self.store().rng();
        let (url, pending) = self.oidc().begin(&registration, rng).await.map_err(|error| told(&error))?;
        let until = self.store().now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        let kept = Kept { provider: id, pending, return_to: own_path(return_to).to_owned(), until };
        let plain = serde_json::to_vec(&kept).map_err(Error::internal)?;
        let sealed = self.sealer().seal(COOKIE, &plain, rng).map_err(Error::internal)?;
        Ok(Redirect { url: url.into(), cookie: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Ends a sign-in with what the browser brings back; answers where to send it.
    ///
    /// # Errors
    /// `Unauthenticated` for who may not sign in, or whose sign-in this is not; `Unavailable` when the provider does
    /// not answer as it must.
    pub async fn finish_sign_in(
        &self,
        cookie: Option<&str>,
        callback: &Callback,
        visitor: Visitor<'_>,
    ) -> Result<(NewSession, String)> {
        let kept = cookie.and_then(|cookie| self.kept(cookie)).ok_or_else(|| told(&Refused::Stray))?;
        let (provider, registration) = self.registration(kept.provider).await?;
        let finished = self.oidc().finish(&registration, &kept.pending, callback, self.store().now()).await;
        let identity = match finished {
            Ok(identity) => identity,
            Err(error @ (Refused::Token(_) | Refused::Refused(_))) => {
                let why = error.to_string();
                self.refuse_sign_in(object(provider.id), visitor, &why).await;
                return Err(told(&error));
            }
            Err(error) => return Err(told(&error)),
        };
        let mut tx = self.store().begin().await?;
        let person = match whom(&mut tx, &provider, &identity, visitor).await? {
            Ok(person) => person,
            Err(why) => {
                drop(tx);
                let about = format!("{why} (subject `{}`)", shown(&identity.subject));
                return Err(self.refuse_sign_in(object(provider.id), visitor, &about).await);
            }
        };
        let session = self.begin_session(&mut tx, person, &provider.name, visitor).await?;
        tx.commit().await?;
        Ok((session, kept.return_to))
    }

    async fn registration(&self, id: IdentityProviderId) -> Result<(IdentityProvider, Registration)> {
        let found = table::find(&mut *self.store().read().await?, self.store().tenant(), id).await?;
        let provider = found.ok_or_else(|| Error::not_found("sign-in provider", id))?;
        let row = id.to_string();
        let open = |sealed: &Vec<u8>| self.sealer().open_text(table::secret_place(&row), sealed);
        let client_secret = provider.sealed_secret.as_ref().map(open).transpose().map_err(Error::internal)?;
        let registration = Registration {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            client_secret,
            redirect_uri: self.redirect_uri(),
            scopes: provider.settings.scopes.clone(),
        };
        Ok((provider, registration))
    }

    /// The address that Podium must be registered with at providers.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK}", self.settings().base_url)
    }

    /// What the browser kept, if it is ours and not over.
    fn kept(&self, cookie: &str) -> Option<Kept> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let plain = self.sealer().open(COOKIE, &sealed).ok()?;
        let kept: Kept = serde_json::from_slice(&plain).ok()?;
        (kept.until > self.store().now()).then_some(kept)
    }
}

/// Whom the provider means: who signed in so before, else who has the address, else a new person if that is allowed.
/// Answers in words for the audit log why nobody is let in.
async fn whom(
    tx: &mut Tx,
    provider: &IdentityProvider,
    identity: &Identity,
    visitor: Visitor<'_>,
) -> Result<std::result::Result<Person, String>> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let event = |action: &str, person: PersonId| {
        Event::new(&SYSTEM, Via::Web, action, Object::new("person", person))
            .with_ip(visitor.ip.map(|ip| ip.to_string()))
    };
    let known = match table::person_of(tx.conn(), provider.id, &identity.subject).await? {
        Some(id) => store::person::find(tx.conn(), tenant, id).await?,
        None => None,
    };
    if let Some(person) = known {
        return Ok(allowed(person));
    }
    let Some(address) = identity.email.as_deref().and_then(|address| email("email", address).ok()) else {
        return Ok(Err("the provider gave no address of mail".to_owned()));
    };
    if provider.settings.requires_verified_email && !identity.email_verified {
        return Ok(Err(format!("the provider does not say that `{address}` is verified")));
    }
    let found = store::person::by_email(tx.conn(), tenant, &address).await?;
    let mut person = match found {
        Some(person) => person,
        None if provider.settings.creates_people => {
            let name = identity.name.as_deref().unwrap_or(&address);
            let person = newcomer(tx, address.clone(), name).await?;
            let after = json!({
                "primaryEmail": person.primary_email,
                "displayName": person.display_name,
                "status": person.status,
                "source": person.source,
            });
            tx.audit(event("person.created", person.id).with_change(Value::Null, after));
            person
        }
        None => return Ok(Err(format!("nobody has the address `{address}`, and first sign-ins make no people here"))),
    };
    if person.status == "invited" {
        "active".clone_into(&mut person.status);
        store::person::update(tx.conn(), &mut person, now).await?;
        let change = (json!({"status": "invited"}), json!({"status": "active"}));
        tx.audit(event("person.edited", person.id).with_change(change.0, change.1).with_reason("first sign-in"));
    }
    let person = match allowed(person) {
        Ok(person) => person,
        Err(why) => return Ok(Err(why)),
    };
    table::link(tx.conn(), provider.id, &identity.subject, person.id, now).await?;
    let after = json!({"provider": provider.name, "subject": identity.subject});
    tx.audit(event("person.identity_linked", person.id).with_change(Value::Null, after));
    Ok(Ok(person))
}

fn allowed(person: Person) -> std::result::Result<Person, String> {
    if person.status == "active" {
        return Ok(person);
    }
    Err(format!("the person `{}` is `{}`", person.id, person.status))
}

async fn newcomer(tx: &mut Tx, primary_email: String, name: &str) -> Result<Person> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(LONGEST_NAME).collect();
    let name = if name.trim().is_empty() { primary_email.clone() } else { name.trim().to_owned() };
    let id = PersonId::new(now, tx.rng());
    let person = Person { source: "sign_in".to_owned(), ..Person::new(id, primary_email, name, now) };
    store::person::insert(tx.conn(), tenant, &person).await?;
    Ok(person)
}

/// A path of ours, and never another server's: `/` for everything else.
fn own_path(path: &str) -> &str {
    let is_ours = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.contains(char::is_control)
        && path.len() <= LONGEST_PATH;
    if is_ours { path } else { "/" }
}

fn object(id: IdentityProviderId) -> Object {
    Object::new("identity_provider", id)
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(64).collect()
}

fn told(error: &Refused) -> Error {
    match error {
        Refused::Provider { .. } => Error::new(Code::Unavailable, error.to_string()),
        Refused::Stray => Error::new(Code::Unauthenticated, error.to_string()).with_hint("begin again"),
        Refused::Refused(_) | Refused::Token(_) => {
            Error::new(Code::Unauthenticated, error.to_string()).with_hint("begin again, or ask an administrator")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_server() {
        for ours in ["/", "/apps?state=managed", "/a//b"] {
            assert_eq!(own_path(ours), ours);
        }
        let long = format!("/{}", "a".repeat(LONGEST_PATH));
        for other in ["", "apps", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", &long] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
