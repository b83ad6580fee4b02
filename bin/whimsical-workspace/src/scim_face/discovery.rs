//! The three discovery endpoints.

use http::StatusCode;
use scim::Error;
use scim::page::ListResponse;
use scim::service_provider_config::{
    AuthenticationScheme, Bulk, Feature, Filtering, Pagination, PaginationMethod, ServiceProviderConfig,
};
use serde_json::Value;

use super::Asked;
use super::answer::Answer;
use super::route::url_pairs;
use super::schema::USER_TYPE;
use crate::model::switches::{MAX_PAGE, Switches};

/// For how long a cursor is good, in seconds.
pub(super) const CURSOR_TIMEOUT_S: u64 = 3_600;

/// How many users a page has when nobody says.
pub(super) const DEFAULT_PAGE: u16 = 100;

pub(super) fn config(asked: &Asked<'_>) -> Result<Answer, Error> {
    refuse_filter(asked)?;
    let switches: Switches = asked.app.read(|workspace| workspace.switches().clone());
    let max_page = switches.list_cap.min(MAX_PAGE);
    let offered = |is_on| Feature { supported: is_on };
    let config = ServiceProviderConfig {
        documentation_uri: Some("https://help.whimsical.com/security/scim".to_owned()),
        patch: offered(true),
        bulk: Bulk { supported: false, max_operations: 0, max_payload_size_bytes: 0 },
        filter: Filtering { supported: true, max_results: max_page.into() },
        change_password: offered(false),
        sort: offered(true),
        etag: offered(switches.etag.is_on()),
        pagination: Some(Pagination {
            cursor: switches.cursor.is_on(),
            index: true,
            default_pagination_method: PaginationMethod::Index,
            default_page_size: DEFAULT_PAGE.min(max_page).into(),
            max_page_size: max_page.into(),
            cursor_timeout_s: switches.cursor.is_on().then_some(CURSOR_TIMEOUT_S),
        }),
        authentication_schemes: vec![AuthenticationScheme::bearer("Token revealed in the workspace settings")],
    };
    Ok(Answer::json(StatusCode::OK, &config.to_json(&asked.base)))
}

pub(super) fn resource_types(asked: &Asked<'_>, name: Option<&str>) -> Result<Answer, Error> {
    refuse_filter(asked)?;
    let user = USER_TYPE.to_json(&asked.base);
    match name {
        None => Ok(list(vec![user])),
        Some(name) if name == USER_TYPE.name => Ok(Answer::json(StatusCode::OK, &user)),
        Some(_) => Err(Error::not_found("There is no such resource type.")),
    }
}

pub(super) fn schemas(asked: &Asked<'_>, urn: Option<&str>) -> Result<Answer, Error> {
    refuse_filter(asked)?;
    let mut schemas = USER_TYPE.schemas();
    match urn {
        None => Ok(list(schemas.map(|schema| schema.to_json(&asked.base)).collect())),
        Some(urn) => schemas
            .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
            .map(|schema| Answer::json(StatusCode::OK, &schema.to_json(&asked.base)))
            .ok_or_else(|| Error::not_found("There is no such schema.")),
    }
}

fn list(resources: Vec<Value>) -> Answer {
    Answer::json(StatusCode::OK, &ListResponse::all(resources).into_json())
}

/// Filters on discovery are refused (RFC 7644 §4).
fn refuse_filter(asked: &Asked<'_>) -> Result<(), Error> {
    let has_filter = url_pairs(asked.parts.uri.query().unwrap_or_default()).iter().any(|(name, _)| name == "filter");
    if has_filter {
        return Err(Error::new(StatusCode::FORBIDDEN, "Discovery can't be filtered."));
    }
    Ok(())
}
