//! People sign in: at a real OpenID provider, and with a password; and out again.

use camino::Utf8Path;
use serde_json::{Value, json};
use testkit::Podium;
use testkit::oidc::{Browser, CLIENT_ID, CLIENT_SECRET, Page, Provider};

use crate::self_hosted::QUICK;

struct Place {
    podium: Podium,
    provider: Provider,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &QUICK).unwrap();
        let provider = Provider::start(&format!("{}/sign-in/callback", podium.url())).unwrap();
        Self { podium, provider, _folder: folder }
    }

    fn add_provider(&self, creates_people: bool) -> String {
        let provider = json!({
            "name": "Acme", "issuer": self.provider.issuer(), "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET,
            "createsPeople": creates_people,
        });
        let added = self.podium.done("POST", "/api/v1/settings/identity-providers", Some(&provider)).unwrap();
        assert_eq!(added["redirectUri"], format!("{}/sign-in/callback", self.podium.url()));
        assert!(!added.to_string().contains(CLIENT_SECRET));
        added["id"].as_str().unwrap().to_owned()
    }

    /// Signs in at the provider as somebody, from the first page to where it ends.
    fn sign_in(&self, browser: &Browser, name: &str) -> Page {
        let page = browser.get(&format!("{}/sign-in", self.podium.url())).unwrap();
        let link = page.html.split_once("href=\"/sign-in/at/").unwrap().1;
        let id = link.split_once('"').unwrap().0;
        let page = browser.get(&format!("{}/sign-in/at/{id}?return_to=/health/live", self.podium.url())).unwrap();
        assert!(page.url.starts_with(self.provider.issuer()), "{page:?}");
        let page = browser.send(&page, &[("login", name), ("password", "any")]).unwrap();
        // The provider asks whether Podium may know who it is.
        if page.html.contains("consent") { browser.send(&page, &[]).unwrap() } else { page }
    }

    fn me(&self, browser: &Browser) -> (u16, Value) {
        let page = browser.get(&format!("{}/api/v1/me", self.podium.url())).unwrap();
        (page.status, serde_json::from_str(&page.html).unwrap())
    }

    fn audit(&self, action: &str) -> Vec<Value> {
        let path = format!("/api/v1/audit?action={action}");
        self.podium.done("GET", &path, None).unwrap()["list"].as_array().unwrap().clone()
    }
}

#[test]
fn whoever_signs_in_at_a_provider_is_known_by_their_address_and_then_by_their_subject() {
    let place = Place::new();
    place.add_provider(false);
    let bob = json!({"primaryEmail": "bob@example.com", "displayName": "Bob"});
    let bob = place.podium.done("POST", "/api/v1/people", Some(&bob)).unwrap();

    let browser = Browser::new().unwrap();
    let page = place.sign_in(&browser, "bob");
    assert_eq!((page.status, &*page.url), (200, &*format!("{}/health/live", place.podium.url())), "{page:?}");
    let (_, me) = place.me(&browser);
    assert_eq!((&me["person"]["displayName"], &me["roles"]), (&json!("Bob"), &json!(["user"])), "{me}");
    assert_eq!(place.audit("person.identity_linked").len(), 1);

    // From now on the subject counts, whatever becomes of the address.
    let path = format!("/api/v1/people/{}", bob["id"].as_str().unwrap());
    place.podium.done("PATCH", &path, Some(&json!({"primaryEmail": "robert@example.com"}))).unwrap();
    let second = Browser::new().unwrap();
    place.sign_in(&second, "bob");
    assert_eq!(place.me(&second).1["person"]["primaryEmail"], "robert@example.com");

    // Out in one browser, then everywhere.
    let front = browser.get(place.podium.url()).unwrap();
    assert!(front.html.contains("signed in as <b>Bob</b>"), "{}", front.html);
    browser.send(&front, &[]).unwrap();
    assert_eq!(place.me(&browser).0, 401);
    assert_eq!(place.me(&second).0, 200);
    place.podium.done("DELETE", &format!("{path}/sessions"), None).unwrap();
    assert_eq!(place.me(&second).0, 401);
    assert_eq!((place.audit("session.started").len(), place.audit("session.ended").len()), (3, 2));
}

#[test]
fn whoever_may_not_sign_in_is_not_told_why_and_the_audit_log_is() {
    let place = Place::new();
    let id = place.add_provider(false);
    let refused = |name: &str, why: &str| {
        let browser = Browser::new().unwrap();
        let page = place.sign_in(&browser, name);
        assert_eq!(page.status, 401, "{page:?}");
        assert!(page.html.contains("you cannot sign in here: ask an administrator"), "{}", page.html);
        assert_eq!(place.me(&browser).0, 401);
        let row = place.audit("sign_in.refused").remove(0);
        assert!(row["reason"].as_str().unwrap().contains(why), "{row}");
    };
    refused("stranger", "nobody has the address `stranger@example.com`");
    refused("unverified", "does not say that `unverified@example.com` is verified");
    let path = format!("/api/v1/settings/identity-providers/{id}");
    place.podium.done("PATCH", &path, Some(&json!({"createsPeople": true}))).unwrap();
    let browser = Browser::new().unwrap();
    assert_eq!(place.sign_in(&browser, "stranger").status, 200);
    let (_, me) = place.me(&browser);
    assert_eq!(me["person"]["displayName"], "stranger of the provider", "{me}");

    // Whoever is suspended is out at once, and does not come in again.
    let person = format!("/api/v1/people/{}", me["person"]["id"].as_str().unwrap());
    place.podium.done("POST", &format!("{person}/suspend"), Some(&json!({"reason": "away"}))).unwrap();
    assert_eq!(place.me(&browser).0, 401);
    refused("stranger", "is `suspended`");

    // An answer that this browser did not ask for.
    let stray = Browser::new().unwrap();
    let callback = format!("{}/sign-in/callback?code=x&state=y", place.podium.url());
    let page = stray.get(&callback).unwrap();
    assert!(page.status == 401 && page.html.contains("belongs to no sign-in"), "{page:?}");
}

#[test]
fn an_administrator_signs_in_with_a_password_and_another_site_can_do_nothing_with_it() {
    let place = Place::new();
    let url = place.podium.url().to_owned();
    let weak = place.podium.call("PUT", "/api/v1/me/password", Some(&json!({"password": "short"}))).unwrap();
    assert_eq!((weak.status, &weak.body["field"]), (400, &json!("password")), "{}", weak.body);
    let password = "a sentence is a good one";
    place.podium.done("PUT", "/api/v1/me/password", Some(&json!({"password": password}))).unwrap();

    let browser = Browser::new().unwrap();
    let page = browser.get(&format!("{url}/sign-in")).unwrap();
    let wrong = browser.send(&page, &[("email", "ada@example.com"), ("password", "another sentence")]).unwrap();
    assert!(wrong.status == 401 && wrong.html.contains("the address or the password is wrong"), "{wrong:?}");
    let nobody = browser.send(&page, &[("email", "eve@example.com"), ("password", password)]).unwrap();
    assert!(nobody.status == 401 && nobody.html.contains("the address or the password is wrong"), "{nobody:?}");
    let front = browser.send(&wrong, &[("email", "Ada@example.com"), ("password", password)]).unwrap();
    assert!(front.status == 200 && front.html.contains("signed in as <b>Ada</b>"), "{front:?}");
    assert!(browser.cookies().unwrap().contains("#HttpOnly_127.0.0.1"), "{}", browser.cookies().unwrap());

    // A page of another site may have the browser ask, and change nothing.
    let app = ["--header", "content-type: application/json", "--data", r#"{"name": "Made in a browser"}"#];
    let apps = format!("{url}/api/v1/apps");
    for foreign in ["sec-fetch-site: cross-site", "sec-fetch-site: same-site", "origin: https://evil.example"] {
        let answer = browser.go(&[&app[..], &["--header", foreign, &apps]].concat()).unwrap();
        assert_eq!(answer.status, 403, "{foreign}: {answer:?}");
    }
    let own = ["--header", "sec-fetch-site: same-origin", &apps];
    assert_eq!(browser.go(&[&app[..], &own].concat()).unwrap().status, 201);
    let row = place.audit("app.created").remove(0);
    assert!(row["sessionId"].is_string(), "{row}");

    // Another password ends the other sessions.
    let change = json!({"current": "not this one", "password": "quite another sentence"});
    assert_eq!(place.podium.call("PUT", "/api/v1/me/password", Some(&change)).unwrap().status, 400);
    let change = json!({"current": password, "password": "quite another sentence"});
    place.podium.done("PUT", "/api/v1/me/password", Some(&change)).unwrap();
    assert_eq!(place.me(&browser).0, 401);
    let audit = place.podium.done("GET", "/api/v1/audit?page_size=200", None).unwrap().to_string();
    assert!(!audit.contains("sentence") && audit.contains("password.set"));
}
