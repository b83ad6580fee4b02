//! The inbox: what the caller was told.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::notice::Template;
use governance::notice::Notice;
use ids::NoticeId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{At, Page, PageParams, PageQuery, Params, Problem, Result, Signed, audited};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(counts)).routes(routes!(read)).routes(routes!(read_all))
}

/// What the caller can do about a notice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NoticeAction {
    /// `extend`, `return` or `let_end`.
    name: &'static str,
    /// The method.
    method: &'static str,
    /// The address. `extend` wants the grant as `grantId` and a `duration`.
    href: String,
}

/// Something that the caller was told.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InboxNotice {
    /// The id.
    id: String,
    /// What kind of notice it is: `step.opened`, `request.denied`, `grant.ends_soon`, …
    #[schema(value_type = String)]
    template: Template,
    /// What it says, on one line.
    title: String,
    /// What else there is to say: the end, the reason.
    details: Vec<String>,
    /// The kind of the object that it is about.
    object_kind: String,
    /// Its id.
    object_id: String,
    /// Where to look or to act: a path of this server.
    path: String,
    /// What the caller can do about it, if they may; absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<NoticeAction>,
    /// When it happened.
    created_at: String,
    /// When the caller had read it; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<String>,
}

impl From<Notice> for InboxNotice {
    fn from(notice: Notice) -> Self {
        let words = notice.payload.words(notice.template);
        Self {
            id: notice.id.to_string(),
            template: notice.template,
            title: words.title,
            details: words.details,
            path: words.path,
            actions: actions(&notice),
            object_kind: notice.payload.object.kind,
            object_id: notice.payload.object.id,
            created_at: notice.created_at.to_string(),
            read_at: notice.read_at.map(|at| at.to_string()),
        }
    }
}

/// Of a grant that ends soon (R-D-3, R-D-10).
fn actions(notice: &Notice) -> Vec<NoticeAction> {
    if notice.template != Template::GrantEndsSoon {
        return Vec::new();
    }
    let grant = format!("/api/v1/grants/{}", notice.payload.object.id);
    let action = |name, href| NoticeAction { name, method: "POST", href };
    vec![
        action("extend", "/api/v1/requests".to_owned()),
        action("return", format!("{grant}/return")),
        action("let_end", format!("{grant}/let-end")),
    ]
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InboxCounts {
    /// What the caller has not read.
    unread: i64,
    /// Mails to the caller that were not sent and will not be: mail is not set up, is switched off, or was refused.
    unsent_mails: i64,
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those that the caller has not read.
    #[serde(default)]
    unread: bool,
}

/// How much was read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReadNotices {
    /// How many were unread before.
    read: u64,
}

/// What the caller was told, the newest first
#[utoipa::path(get, path = "/api/v1/me/notices", tag = "me", params(PageParams, Which),
    responses((status = OK, body = Page<InboxNotice>), (status = FORBIDDEN, body = Problem)))]
async fn list(
    State(api): State<Api>,
    Signed(caller): Signed,
    Params(which): Params<Which>,
    page: PageQuery,
) -> Result<Json<Page<InboxNotice>>> {
    Ok(Json(Page::of(api.governance().notices(&caller, which.unread, page.paging()).await?)))
}

/// How much the caller has not read
#[utoipa::path(get, path = "/api/v1/me/notices/counts", tag = "me",
    responses((status = OK, body = InboxCounts), (status = FORBIDDEN, body = Problem)))]
async fn counts(State(api): State<Api>, Signed(caller): Signed) -> Result<Json<InboxCounts>> {
    let counts = api.governance().notice_counts(&caller).await?;
    Ok(Json(InboxCounts { unread: counts.unread, unsent_mails: counts.unsent }))
}

/// Note that the caller has read a notice
#[utoipa::path(post, path = "/api/v1/me/notices/{notice}/read", tag = "me", params(("notice" = String, Path)),
    responses((status = OK, body = InboxNotice), (status = NOT_FOUND, body = Problem)))]
async fn read(State(api): State<Api>, Signed(caller): Signed, At(notice): At<NoticeId>) -> Result<Response> {
    let written = api.governance().read_notice(&caller, notice).await?;
    Ok(audited(written.map(|notice| Json(InboxNotice::from(notice)))))
}

/// Note that the caller has read everything
#[utoipa::path(post, path = "/api/v1/me/notices/read", tag = "me",
    responses((status = OK, body = ReadNotices), (status = FORBIDDEN, body = Problem)))]
async fn read_all(State(api): State<Api>, Signed(caller): Signed) -> Result<Response> {
    let written = api.governance().read_all_notices(&caller).await?;
    Ok(audited(written.map(|read| Json(ReadNotices { read }))))
}
