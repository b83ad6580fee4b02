//! Forms: what whoever asks for an entitlement has to answer.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::form::Field;
use ids::{AppId, EntitlementId, FormId};
use serde::{Deserialize, Serialize};
use store::form;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::http::{
    At, Body, ExpectedVersion, Page, PageParams, PageQuery, Problem, Result, Signed, Versioned, audited,
};

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(of_entitlement, set_of_entitlement))
}

/// What whoever asks has to answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Form {
    /// Its id.
    id: String,
    /// What people call it; no two forms share it.
    name: String,
    /// What is asked, in this order: `{"key", "label", "help", "required", "answer": {"type": …}}` with an answer of the
    /// type `text`, `choice`, `number`, `date` or `checkbox`.
    #[schema(value_type = Vec<Object>, max_items = 32)]
    fields: Vec<Field>,
    /// When it was made.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl From<form::Form> for Form {
    fn from(form: form::Form) -> Self {
        Self {
            id: form.id.to_string(),
            name: form.name,
            fields: form.fields,
            created_at: form.created_at.to_string(),
            updated_at: form.updated_at.to_string(),
        }
    }
}

fn versioned(form: form::Form) -> Versioned<Form> {
    Versioned { version: form.version, object: form.into() }
}

/// The forms
#[utoipa::path(get, path = "/api/v1/forms", tag = "forms", params(PageParams),
    responses((status = OK, body = Page<Form>), (status = FORBIDDEN, body = Problem)))]
async fn list(State(api): State<Api>, Signed(caller): Signed, page: PageQuery) -> Result<Json<Page<Form>>> {
    Ok(Json(Page::of(api.governance().forms(&caller, page.paging()).await?)))
}

/// A form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewFormBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What is asked, in this order.
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 32)]
    fields: Vec<Field>,
}

/// Make a form
#[utoipa::path(post, path = "/api/v1/forms", tag = "forms", request_body = NewFormBody,
    responses((status = CREATED, body = Form), (status = BAD_REQUEST, body = Problem), (status = FORBIDDEN, body = Problem),
    (status = CONFLICT, description = "The name is taken", body = Problem)))]
async fn create(State(api): State<Api>, Signed(caller): Signed, Body(body): Body<NewFormBody>) -> Result<Response> {
    let written = api.governance().create_form(&caller, &body.name, body.fields).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/forms/{}", written.value.id));
    let mut response = audited(written.map(|form| (StatusCode::CREATED, versioned(form)).into_response()));
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// One form
#[utoipa::path(get, path = "/api/v1/forms/{form}", tag = "forms", params(("form" = String, Path)),
    responses((status = OK, body = Form), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn get(State(api): State<Api>, Signed(caller): Signed, At(id): At<FormId>) -> Result<Versioned<Form>> {
    Ok(versioned(api.governance().form(&caller, id).await?))
}

/// What to change of a form; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FormEditBody {
    /// What people call it.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// What is asked, in this order.
    #[schema(value_type = Option<Vec<Object>>, min_items = 1, max_items = 32)]
    fields: Option<Vec<Field>>,
}

/// Change a form; what was answered before stays as it was
#[utoipa::path(patch, path = "/api/v1/forms/{form}", tag = "forms", params(("form" = String, Path)),
    request_body = FormEditBody, responses((status = OK, body = Form), (status = BAD_REQUEST, body = Problem),
    (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = PRECONDITION_FAILED, body = Problem)))]
async fn edit(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FormId>,
    ExpectedVersion(version): ExpectedVersion,
    Body(body): Body<FormEditBody>,
) -> Result<Response> {
    Ok(audited(api.governance().edit_form(&caller, id, version, body.name, body.fields).await?.map(versioned)))
}

/// Delete a form
#[utoipa::path(delete, path = "/api/v1/forms/{form}", tag = "forms", params(("form" = String, Path)),
    responses((status = NO_CONTENT), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem),
    (status = CONFLICT, description = "An entitlement wants it answered", body = Problem)))]
async fn delete(
    State(api): State<Api>,
    Signed(caller): Signed,
    At(id): At<FormId>,
    ExpectedVersion(version): ExpectedVersion,
) -> Result<Response> {
    Ok(audited(api.governance().delete_form(&caller, id, version).await?.map(|()| StatusCode::NO_CONTENT)))
}

/// Which form whoever asks for an entitlement has to answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Asked {
    /// The form; absent when nothing is asked.
    form: Option<Form>,
}

/// The form that whoever asks for an entitlement has to answer
#[utoipa::path(get, path = "/api/v1/apps/{app}/entitlements/{entitlement}/form", tag = "forms",
    params(("app" = String, Path), ("entitlement" = String, Path)),
    responses((status = OK, body = Asked), (status = NOT_FOUND, body = Problem)))]
async fn of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
) -> Result<Json<Asked>> {
    let form = api.governance().entitlement_form(&caller, app, id).await?;
    Ok(Json(Asked { form: form.map(Form::from) }))
}

/// Which form it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskBody {
    /// The form; nothing is asked when absent.
    #[schema(value_type = Option<String>)]
    form_id: Option<FormId>,
}

/// Say which form whoever asks for an entitlement has to answer
#[utoipa::path(put, path = "/api/v1/apps/{app}/entitlements/{entitlement}/form", tag = "forms",
    params(("app" = String, Path), ("entitlement" = String, Path)), request_body = AskBody,
    responses((status = OK, body = Asked), (status = BAD_REQUEST, body = Problem), (status = NOT_FOUND, body = Problem)))]
async fn set_of_entitlement(
    State(api): State<Api>,
    Signed(caller): Signed,
    At((app, id)): At<(AppId, EntitlementId)>,
    Body(body): Body<AskBody>,
) -> Result<Response> {
    let written = api.governance().set_entitlement_form(&caller, app, id, body.form_id).await?;
    Ok(audited(written.map(|form| Json(Asked { form: form.map(Form::from) }))))
}
