//! The audit log: read in pages, exported, verified.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use domain::audit::Via;
use futures_util::stream;
use governance::Caller;
use governance::audit::{Anchors, Export, Shape};
use ids::AppId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::audit::anchor::Anchor;
use store::audit::{Fault, Filter, Order, Stored};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{Page, PageParams, PageQuery, Params, Problem, Result, Signed, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(head)).routes(routes!(anchors)).routes(routes!(verify))
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditEvent {
    /// Its place in the log, from 1, without gaps.
    seq: i64,
    /// When.
    at: String,
    /// Who: `person:ID`, `machine:ID`, `connector:ID@HOST`, `timer`, `ingest` or `system`.
    actor: String,
    /// The way in: `web`, `rest`, `grpc`, `cli`, `timer` or `ingest`.
    #[schema(value_type = String)]
    via: Via,
    /// What was done: `object.verb`.
    action: String,
    /// To what.
    object: ObjectName,
    /// The app that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    /// The changed fields as they were.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    before: Value,
    /// The changed fields as they are; secrets are `•`.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[schema(value_type = Object)]
    after: Value,
    /// Why, in the words of whoever did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The address that the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// The session that the call was made in.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// Binds what belongs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    /// SHA-256 over the hash of the row before and this row's canonical JSON.
    hash: String,
}

/// What an action was done to.
#[derive(Debug, Serialize, ToSchema)]
struct ObjectName {
    /// The kind: `app`, `connector`, `person`.
    kind: String,
    /// Its id.
    id: String,
}

impl From<Stored> for AuditEvent {
    fn from(stored: Stored) -> Self {
        let event = stored.row.event;
        Self {
            seq: stored.row.seq,
            at: stored.row.at.to_string(),
            actor: event.actor,
            via: event.via,
            action: event.action,
            object: ObjectName { kind: event.object.kind, id: event.object.id },
            app_id: event.app_id.map(|id| id.to_string()),
            before: event.before,
            after: event.after,
            reason: event.reason,
            ip: event.ip,
            session_id: event.session_id.map(|id| id.to_string()),
            correlation_id: event.correlation_id,
            hash: stored.hash,
        }
    }
}

/// Which rows are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Only this action; `connector.` wants every action on connectors.
    action: Option<String>,
    /// Only what this actor did, written as `actor` is.
    actor: Option<String>,
    /// Only what was done to objects of this kind.
    object_kind: Option<String>,
    /// Only what was done to the object with this id.
    object: Option<String>,
    /// Only what concerns this app.
    #[param(value_type = Option<String>)]
    app: Option<AppId>,
    /// At this instant or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Only what came in this way: `web`, `rest`, `grpc`, `cli`, `timer` or `ingest`.
    #[param(value_type = Option<String>)]
    via: Option<Via>,
    /// Only what belongs together by this id.
    correlation_id: Option<String>,
    /// Everything at once in this shape: `ndjson`, `ocsf` (events of the Open Cybersecurity Schema Framework, a line each) or
    /// `csv`.
    format: Option<Format>,
}

/// The shape of an export.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// A line per row, with its hashes.
    Ndjson,
    /// A line per row, as an event of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// Comma-separated values.
    Csv,
}

impl From<Format> for Shape {
    fn from(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::Ndjson,
            Format::Ocsf => Self::Ocsf,
            Format::Csv => Self::Csv,
        }
    }
}

impl From<ListParams> for Filter {
    fn from(params: ListParams) -> Self {
        Self {
            action: params.action,
            actor: params.actor,
            object_kind: params.object_kind,
            object_id: params.object,
            app: params.app,
            via: params.via,
            correlation_id: params.correlation_id,
            from: params.from,
            to: params.to,
            last: None,
        }
    }
}

/// The audit log, as far as the caller may see it: the newest first
///
/// With `format`, or with `Accept: application/x-ndjson`, everything that matches comes at once, the oldest first; that is
/// for Super Administrators and Auditors, and a row of the log itself. `ndjson` is a line per row with `event` exactly as it
/// was hashed, `prevHash` and `hash`, so that `hash` is the SHA-256 of `prevHash` followed by the text of `event`.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(ListParams, PageParams), responses(
    (status = OK, content((Page<AuditEvent> = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
    (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    page: PageQuery,
    Params(params): Params<ListParams>,
    headers: HeaderMap,
) -> Result<Response> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kinds = accepts.split(',').filter_map(|kind| kind.split(';').next()).map(str::trim);
    let shape = match params.format {
        Some(format) => Some(Shape::from(format)),
        None => kinds.filter(|kind| *kind == Shape::Ndjson.media_type()).map(|_| Shape::Ndjson).next(),
    };
    let filter = Filter::from(params);
    if let Some(shape) = shape {
        return exported(&api, &caller, filter, shape).await;
    }
    let found = api.governance().audit(&caller, &filter, Order::Newest, page.paging()).await?;
    Ok(Json(Page::<AuditEvent>::of(found)).into_response())
}

/// Everything that matches, a page in memory at a time. A fault on the way ends the stream.
async fn exported(api: &Api, caller: &Caller, filter: Filter, shape: Shape) -> Result<Response> {
    let written = api.governance().export_audit(caller, filter, shape).await?;
    Ok(audited(written.map(|export| {
        let pieces = stream::try_unfold(export, |mut export: Export| async {
            Ok::<_, governance::Error>(export.next().await?.map(|text| (Bytes::from(text), export)))
        });
        ([(header::CONTENT_TYPE, shape.media_type())], Body::from_stream(pieces)).into_response()
    })))
}

/// The head of the chain.
#[derive(Debug, Serialize, ToSchema)]
struct Head {
    /// The place of the last row; 0 when there is none.
    seq: i64,
    /// Its hash.
    hash: String,
}

/// The last row's place and hash: keep them elsewhere to notice later that the log was cut or rewritten
#[utoipa::path(get, path = "/api/v1/audit/head", tag = "audit", responses((status = OK, body = Head)))]
async fn head(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Head>> {
    let head = api.governance().audit_head(&caller).await?;
    Ok(Json(Head { seq: head.seq, hash: head.hash }))
}

/// What the log was at the end of a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuditAnchor {
    /// The day, in UTC.
    day: String,
    /// The place of the last row by the end of that day.
    seq: i64,
    /// Its hash.
    hash: String,
    /// A JWS over tenant, day, place and hash.
    signature: String,
    /// The public key that verifies it, a JWK; its thumbprint is the `kid` of the signature.
    public_key: String,
    /// When it was made.
    created_at: String,
}

/// What the log was at the end of each day (UTC), signed by this server, the newest first
///
/// Keep them elsewhere: they show later whether the log was cut or written anew, even by somebody who has the server.
#[utoipa::path(get, path = "/api/v1/audit/anchors", tag = "audit", params(PageParams),
    responses((status = OK, body = Page<AuditAnchor>)))]
async fn anchors(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<AuditAnchor>>> {
    let Anchors { page, keys } = api.governance().audit_anchors(&caller, page.paging()).await?;
    let view = |anchor: Anchor| AuditAnchor {
        day: anchor.day.to_string(),
        seq: anchor.seq,
        hash: anchor.hash,
        public_key: keys.get(&anchor.key_id).cloned().unwrap_or_default(),
        signature: anchor.signature,
        created_at: anchor.created_at.to_string(),
    };
    Ok(Json(Page::of(store::Page { rows: page.rows.into_iter().map(view).collect(), next: page.next })))
}

/// What the verification found.
#[derive(Debug, Serialize, ToSchema)]
struct Verified {
    /// Whether the log is as it was written.
    intact: bool,
    /// How many rows it has.
    rows: i64,
    /// The hash of the last one.
    head: String,
    /// The first faults; at most a hundred.
    faults: Vec<FaultFound>,
}

/// A fault of the log.
#[derive(Debug, Serialize, ToSchema)]
struct FaultFound {
    /// Its kind: `gap`, `hash`, `column`, `head`, `anchor`, `no_anchor` or `signature`.
    kind: &'static str,
    /// The place where it shows; 0 for a signature.
    seq: i64,
    /// What is wrong.
    detail: String,
}

impl From<Fault> for FaultFound {
    fn from(fault: Fault) -> Self {
        let (kind, seq, detail) = match fault {
            Fault::Gap { expected, found } => {
                ("gap", expected, format!("row {expected} should be here, and row {found} is"))
            }
            Fault::Hash { seq } => ("hash", seq, "this row was changed, or the one before it".to_owned()),
            Fault::Column { seq } => ("column", seq, "a column for searching says something else".to_owned()),
            Fault::Head { head, last } => {
                ("head", last, format!("the last row should be {head} with another hash or place"))
            }
            Fault::Anchor { day, seq } => {
                ("anchor", seq, format!("the log before the end of {day} is another than it was then"))
            }
            Fault::NoAnchor { day, seq } => ("no_anchor", seq, format!("the anchor of {day} was taken away")),
            Fault::Signature { day } => ("signature", 0, format!("the anchor of {day} was not signed by this server")),
        };
        Self { kind, seq, detail }
    }
}

/// Read the whole log and tell where it was tampered with
#[utoipa::path(post, path = "/api/v1/audit/verify", tag = "audit", responses((status = OK, body = Verified)))]
async fn verify(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<Verified>> {
    let found = api.governance().verify_audit(&caller).await?;
    Ok(Json(Verified {
        intact: found.faults.is_empty(),
        rows: found.rows,
        head: found.head,
        faults: found.faults.into_iter().map(FaultFound::from).collect(),
    }))
}
