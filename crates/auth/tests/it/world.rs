//! A server with a connector, and the client that the connector is.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context as _;
use auth::authority::{Answer, Call, CallError, Request};
use auth::credential::{Issued, Rotation};
use auth::{Authority, By, ConnectorCaller};
use domain::actor::{Actor, Part};
use domain::audit::Via;
use dpop::{ClientId, SigningKey, assertion, client_secret, proof};
use ids::{AppId, Clock as _, ConnectorId, ManualClock, SeededRng, SystemRng};
use jiff::SignedDuration;
use serde_json::Value;
use sqlx::Row as _;
use store::seal::{SealKey, Sealer};
use store::{Location, Store, Surroundings};
use testkit::database::Database;

pub(crate) const HOST: &str = "podium.example:8443";
pub(crate) const TOKEN_URL: &str = "https://podium.example:8443/auth/v1/token";
pub(crate) const PATH: &str = "/c1.connectorapi.baton.v1.BatonService/GetTask";

/// One server process.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: ManualClock,
    pub(crate) sealer: Sealer,
    pub(crate) authority: Authority,
}

const ADMIN: Actor = Actor::System(Part::System);

pub(crate) fn by() -> By<'static> {
    By { actor: &ADMIN, via: Via::Rest, ip: Some("192.0.2.9") }
}

impl World {
    pub(crate) async fn new(database: &Database) -> anyhow::Result<Self> {
        Self::at(database, ManualClock::new("2026-11-23T08:00:00Z".parse()?)).await
    }

    /// Another server process on the same database, or the same one after a restart.
    pub(crate) async fn another(&self, database: &Database) -> anyhow::Result<Self> {
        Self::at(database, self.clock.clone()).await
    }

    async fn at(database: &Database, clock: ManualClock) -> anyhow::Result<Self> {
        let surroundings = Surroundings { clock: Arc::new(clock.clone()), rng: Arc::new(SystemRng) };
        let store = Store::open(&Location::parse(database.location())?, surroundings).await?;
        let sealer = Sealer::new(&[SealKey::generate(&SeededRng::new(1))])?;
        let authority = Authority::open(store.clone(), &sealer).await?;
        Ok(Self { store, clock, sealer, authority })
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A connector of a new app.
    pub(crate) async fn connector(&self) -> anyhow::Result<ConnectorId> {
        let mut tx = self.store.begin().await?;
        let (tenant, now) = (tx.tenant().to_string(), tx.now());
        let (app, connector) = (AppId::new(now, &SystemRng), ConnectorId::new(now, &SystemRng));
        sqlx::query(
            "INSERT INTO app (id, tenant_id, name, description, state, settings, created_at, updated_at, version) \
             VALUES ($1, $2, $1, '', 'managed', '{}', 0, 0, 1)",
        )
        .bind(app.to_string())
        .bind(&tenant)
        .execute(&mut *tx.conn())
        .await?;
        sqlx::query(
            "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
             provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, \
             failures_in_a_row, known_status, created_at, updated_at, version) \
             VALUES ($1, $2, $3, 'baton', 'self_hosted', 'x', '{}', 1, 1, 0, '{}', '{}', '{}', 1, 0, '', 0, 0, 1)",
        )
        .bind(connector.to_string())
        .bind(&tenant)
        .bind(app.to_string())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(connector)
    }

    /// Changes the connector's row.
    pub(crate) async fn set(&self, connector: ConnectorId, column: &str, value: i64) -> anyhow::Result<()> {
        let mut tx = self.store.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE connector SET {column} = $1 WHERE id = $2")))
            .bind(value)
            .bind(connector.to_string())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn rotate(&self, connector: ConnectorId, rotation: &Rotation) -> anyhow::Result<Issued> {
        let mut tx = self.store.begin().await?;
        let issued = auth::credential::rotate(&mut tx, connector, HOST, rotation, by()).await?;
        tx.commit().await?;
        Ok(issued)
    }

    pub(crate) async fn revoke(&self, client: &Client) -> anyhow::Result<()> {
        let mut tx = self.store.begin().await?;
        auth::credential::revoke(&mut tx, client.credential, Some("lost"), by()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The client of a new connector.
    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        let connector = self.connector().await?;
        Client::of(&self.rotate(connector, &Rotation::default()).await?)
    }

    pub(crate) async fn ask(&self, form: &str, proofs: &[&str]) -> Answer {
        let request = Request { form: form.as_bytes(), proofs, url: TOKEN_URL, from: Some(address()) };
        self.authority.token(request).await
    }

    /// A bearer token of this client.
    pub(crate) async fn bearer(&self, client: &Client) -> anyhow::Result<String> {
        token_in(&self.ask(&client.form(self), &[]).await)
    }

    /// A token of this client that is bound to its key.
    pub(crate) async fn bound(&self, client: &Client) -> anyhow::Result<String> {
        let proof = client.proof(self, TOKEN_URL, Some(&self.authority.nonce()), None);
        token_in(&self.ask(&client.form(self), &[&proof]).await)
    }

    pub(crate) async fn call(&self, authorization: &str, proofs: &[&str]) -> Result<ConnectorCaller, CallError> {
        let call =
            Call { authorization: Some(authorization), proofs, authority: HOST, path: PATH, from: Some(address()) };
        self.authority.authenticate(call).await
    }

    /// Actions and objects of the audit log, in their order, and the whole of it verified.
    pub(crate) async fn audit(&self) -> anyhow::Result<Vec<String>> {
        let mut conn = self.store.read().await?;
        let verified = store::audit::verify(&mut conn, self.store.tenant()).await?;
        assert_eq!(verified.faults, []);
        let rows = sqlx::query("SELECT action FROM audit_event ORDER BY seq").fetch_all(&mut *conn).await?;
        Ok(rows.iter().map(|row| row.get("action")).collect())
    }

    /// Everything that the database holds in the columns where something secret could stand.
    pub(crate) async fn everything(&self) -> anyhow::Result<String> {
        let mut conn = self.store.read().await?;
        let mut all = String::new();
        for (table, columns) in [
            ("credential", "client_id || public_jwk || label || allowed_cidrs"),
            ("api_token", "name || token_hash || last_four || roles"),
            ("setup_link", "token_hash"),
            ("signing_key", "id || public_jwk"),
            ("audit_event", "event"),
        ] {
            let query = format!("SELECT {columns} AS text FROM {table}");
            let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&mut *conn).await?;
            all.extend(rows.iter().map(|row| row.get::<String, _>("text")));
        }
        let sealed = sqlx::query("SELECT sealed_private FROM signing_key").fetch_all(&mut *conn).await?;
        let sealed = sealed.iter().map(|row| row.get::<Vec<u8>, _>("sealed_private"));
        all.extend(sealed.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        Ok(all)
    }
}

pub(crate) fn address() -> IpAddr {
    IpAddr::from([192, 0, 2, 1])
}

/// A connector's side.
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) key: SigningKey,
    pub(crate) connector: ConnectorId,
    pub(crate) credential: ids::CredentialId,
}

impl Client {
    pub(crate) fn of(issued: &Issued) -> anyhow::Result<Self> {
        let (connector, credential) = (issued.credential.connector_id, issued.credential.id);
        Ok(Self {
            id: issued.client_id.clone(),
            key: client_secret::parse(&issued.client_secret)?,
            connector,
            credential,
        })
    }

    pub(crate) fn assertion(&self, world: &World) -> String {
        assertion::create(&self.key, &self.id, world.clock.now(), &SystemRng).unwrap()
    }

    /// The form of the spec, with a new assertion.
    pub(crate) fn form(&self, world: &World) -> String {
        form(&self.assertion(world), self.id.as_str())
    }

    pub(crate) fn proof(&self, world: &World, url: &str, nonce: Option<&str>, token: Option<&str>) -> String {
        let request = proof::Request { method: "POST", url, nonce, access_token: token };
        proof::create(&self.key, request, world.clock.now(), &SystemRng).unwrap()
    }

    /// A proof for the call of this test, with a nonce.
    pub(crate) fn call_proof(&self, world: &World, token: &str) -> String {
        self.proof(world, &format!("https://{HOST}{PATH}"), Some(&world.authority.nonce()), Some(token))
    }
}

pub(crate) fn form(assertion: &str, client_id: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_assertion", assertion)
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_id", client_id)
        .append_pair("grant_type", "client_credentials")
        .finish()
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

pub(crate) fn token_in(answer: &Answer) -> anyhow::Result<String> {
    let body = json(answer);
    let token = body["access_token"].as_str().with_context(|| format!("no token: {:?}", answer.refusal))?;
    Ok(token.to_owned())
}
