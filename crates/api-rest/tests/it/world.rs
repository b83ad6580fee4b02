//! A server with people and machines, and calls of its routes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use api_rest::Api;
use async_trait::async_trait;
use auth::By;
use auth::machine::NewToken;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use camino::Utf8PathBuf;
use domain::actor::{Actor, Part, Role};
use domain::audit::Via;
use governance::connector::settings::{ConnectionTest, Values};
use governance::{Governance, Settings};
use ids::{ManualClock, PersonId, SeededRng, SyncId, SystemRng};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::Row as _;
use store::file::{Files, Place};
use store::person::Person;
use store::seal::{SealKey, Sealer};
use store::{Location, Store, Surroundings};
use testkit::database::Database;
use tower::ServiceExt as _;

const SYSTEM: Actor = Actor::System(Part::System);
/// The largest file of these tests.
pub(crate) const UPLOAD_LIMIT: u64 = 4 << 20;

/// A server process.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) governance: Governance,
    router: Router,
    folder: tempfile::TempDir,
}

/// A test that finds nothing wrong.
struct Reachable;

#[async_trait]
impl ConnectionTest for Reachable {
    async fn test(&self, _: &str, _: &Values) -> Result<(), String> {
        Ok(())
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Somebody {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// What a route answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The place of the audit row.
    pub(crate) fn seq(&self) -> Option<i64> {
        self.header("podium-audit-seq")?.parse().ok()
    }

    /// The JSON of a reply with this status; anything else ends the test with what was said.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }

    /// A problem with this status and code; returns its document.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let document = self.ok(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(document["code"], code, "{document}");
        assert!(document["requestId"].is_string(), "{document}");
        document
    }
}

impl World {
    /// A provider that nobody asks whether it is there.
    pub(crate) async fn identity_provider(&self) -> anyhow::Result<String> {
        let mut tx = self.store.begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let provider = store::identity_provider::IdentityProvider {
            id: ids::IdentityProviderId::new(now, tx.rng()),
            name: "Acme".to_owned(),
            issuer: "https://id.example".to_owned(),
            client_id: "podium".to_owned(),
            sealed_secret: None,
            settings: store::identity_provider::Settings::default(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        store::identity_provider::insert(tx.conn(), tenant, &provider).await?;
        tx.commit().await?;
        Ok(provider.id.to_string())
    }

    pub(crate) async fn new(database: &Database) -> anyhow::Result<Self> {
        let clock = ManualClock::new("2026-11-23T08:00:00Z".parse()?);
        let surroundings = Surroundings { clock: Arc::new(clock.clone()), rng: Arc::new(SystemRng) };
        let store = Store::open(&Location::parse(database.location())?, surroundings).await?;
        let sealer = Sealer::new(&[SealKey::generate(&SeededRng::new(1))])?;
        let folder = tempfile::tempdir()?;
        let place = Place::Folder(Utf8PathBuf::try_from(folder.path().join("files"))?);
        let files = Files::open(&place, Arc::new(SystemRng)).await?;
        let settings = Settings {
            base_url: "https://podium.example".to_owned(),
            connector_host: "podium.example".to_owned(),
            poll_interval: Duration::from_secs(15),
            heartbeat_interval: Duration::from_secs(30),
            task_lease: Duration::from_mins(15),
            upload_limit_bytes: UPLOAD_LIMIT,
            mail: None,
        };
        let governance = Governance::new(store.clone(), sealer, files, settings);
        let router = api_rest::router(Api::new(governance.clone(), Arc::new(Reachable)));
        Ok(Self { store, clock, governance, router, folder })
    }

    pub(crate) fn folder(&self) -> Utf8PathBuf {
        Utf8PathBuf::try_from(self.folder.path().to_owned()).unwrap()
    }

    /// A person with these roles and a token that gives all of them.
    pub(crate) async fn person(&self, name: &str, roles: &[Role]) -> anyhow::Result<Somebody> {
        let mut tx = self.store.begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let id = PersonId::new(now, tx.rng());
        let person = Person::new(id, format!("{name}@example.com"), name.to_owned(), now);
        store::person::insert(tx.conn(), tenant, &person).await?;
        for role in roles {
            store::person::add_role(tx.conn(), person.id, *role, "system", now).await?;
        }
        let roles = roles.iter().copied().chain([Role::User]).collect();
        let token = token(&mut tx, roles, Some(person.id)).await?;
        tx.commit().await?;
        Ok(Somebody { id: person.id.to_string(), token })
    }

    pub(crate) async fn administrator(&self) -> anyhow::Result<Somebody> {
        self.person("root", &[Role::SuperAdministrator]).await
    }

    /// A machine that acts for nobody.
    pub(crate) async fn machine(&self, roles: &[Role]) -> anyhow::Result<Somebody> {
        let mut tx = self.store.begin().await?;
        let token = token(&mut tx, roles.iter().copied().collect(), None).await?;
        tx.commit().await?;
        Ok(Somebody { id: String::new(), token })
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        // Ids sort by the millisecond in which they were made.
        self.clock.advance(SignedDuration::from_millis(1));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }

    /// Calls a route with some headers; `method` and path in one text: `GET /me`.
    pub(crate) async fn call(
        &self,
        who: Option<&Somebody>,
        route: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let (method, path) = route.split_once(' ').unwrap();
        let path = if path.starts_with("/api/") || path.starts_with("/health/") {
            path.to_owned()
        } else {
            format!("/api/v1{path}")
        };
        let mut request = Request::builder().method(method).uri(path);
        if let Some(who) = who {
            request = request.header("authorization", format!("Bearer {}", who.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, who: &Somebody, path: &str) -> Reply {
        self.call(Some(who), &format!("GET {path}"), &[], None).await
    }

    pub(crate) async fn post(&self, who: &Somebody, path: &str, body: Value) -> Reply {
        self.call(Some(who), &format!("POST {path}"), &[], Some(body)).await
    }

    pub(crate) async fn put(&self, who: &Somebody, path: &str, body: Value) -> Reply {
        self.call(Some(who), &format!("PUT {path}"), &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, who: &Somebody, path: &str, body: Value) -> Reply {
        self.call(Some(who), &format!("PATCH {path}"), &[], Some(body)).await
    }

    /// Every item of a list, page by page; pages are as long as they may be, and none is empty but the only one.
    pub(crate) async fn walk(&self, who: &Somebody, path: &str, size: usize) -> Vec<Value> {
        let (mut items, mut token) = (Vec::new(), String::new());
        let sign = if path.contains('?') { '&' } else { '?' };
        loop {
            let reply = self.get(who, &format!("{path}{sign}page_size={size}&page_token={token}")).await.ok(200);
            let list = reply["list"].as_array().unwrap().clone();
            reply["nextPageToken"].as_str().unwrap().clone_into(&mut token);
            assert!(list.len() == size || token.is_empty(), "a page before the last one is short: {reply}");
            assert!(!list.is_empty() || items.is_empty(), "a page after the first is empty");
            items.extend(list);
            if token.is_empty() {
                return items;
            }
        }
    }

    /// An app with a connector that the administrator owns; their ids.
    pub(crate) async fn connector(&self, admin: &Somebody) -> (String, String) {
        let made = self.post(admin, "/connectors", json!({"catalogId": "baton"})).await.ok(201);
        (made["appId"].as_str().unwrap().to_owned(), made["id"].as_str().unwrap().to_owned())
    }

    /// Brings a file to a connector, has it read, and returns the sync.
    pub(crate) async fn bring(&self, who: &Somebody, connector: &str, file: &[u8]) -> anyhow::Result<Value> {
        let brought = self.upload(who, connector, "", file).await.ok(202);
        let id: SyncId = brought["id"].as_str().unwrap().parse()?;
        ingest::run(&self.governance.ingest_context(), id).await?;
        Ok(self.get(who, &format!("/syncs/{id}")).await.ok(200))
    }

    pub(crate) async fn upload(&self, who: &Somebody, connector: &str, query: &str, file: &[u8]) -> Reply {
        let request = Request::post(format!("/api/v1/connectors/{connector}/files{query}"))
            .header("authorization", format!("Bearer {}", who.token))
            .body(Body::from(file.to_vec()))
            .unwrap();
        self.send(request).await
    }

    /// The actions of the audit log, in their order; its chain is whole.
    pub(crate) async fn audit(&self) -> anyhow::Result<Vec<String>> {
        let mut conn = self.store.read().await?;
        let verified = store::audit::verify(&mut conn, self.store.tenant()).await?;
        assert_eq!(verified.faults, []);
        let rows = sqlx::query("SELECT action FROM audit_event ORDER BY seq").fetch_all(&mut *conn).await?;
        Ok(rows.iter().map(|row| row.get("action")).collect())
    }

    /// How many rows each table has in which a refused request could leave one.
    pub(crate) async fn rows(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut conn = self.store.read().await?;
        let mut counts = Vec::new();
        for table in [
            "app",
            "app_owner",
            "connector",
            "connector_owner",
            "connector_secret",
            "connector_log",
            "credential",
            "person",
            "person_role",
            "api_token",
            "sync",
            "hold",
            "task",
            "request",
            "request_step",
            "provision_job",
            "grant_period",
            "job",
            "file",
            "audit_event",
        ] {
            let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) AS n FROM {table}"));
            counts.push((table, sqlx::query(sql).fetch_one(&mut *conn).await?.get("n")));
        }
        Ok(counts)
    }
}

async fn token(tx: &mut store::Tx, roles: BTreeSet<Role>, person_id: Option<PersonId>) -> anyhow::Result<String> {
    let new = NewToken { name: "test".to_owned(), roles, person_id, expires_at: None };
    let by = By { actor: &SYSTEM, via: Via::Cli, ip: None };
    let (_, text) = auth::machine::create(tx, &new, by).await?;
    Ok(text.expose_secret().to_owned())
}
