//! What a provider offers (RFC 7643 §5, RFC 9865 §4).

use serde::Serialize;
use serde_json::{Value, json};

use crate::schema::rfc7643::SERVICE_PROVIDER_CONFIG;

/// The answer of `/ServiceProviderConfig`, without what every resource has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceProviderConfig {
    /// Where people read about the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
    /// PATCH.
    pub patch: Feature,
    /// Several requests in one.
    pub bulk: Bulk,
    /// Filters.
    pub filter: Filtering,
    /// Changing a password.
    pub change_password: Feature,
    /// Sorting.
    pub sort: Feature,
    /// Versions of resources.
    pub etag: Feature,
    /// How lists are paged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
    /// How clients prove who they are.
    pub authentication_schemes: Vec<AuthenticationScheme>,
}

/// Whether something is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// It is.
    pub supported: bool,
}

/// Several requests in one, and its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bulk {
    /// It is offered.
    pub supported: bool,
    /// The most requests in one.
    pub max_operations: u64,
    /// The longest body, in bytes.
    #[serde(rename = "maxPayloadSize")]
    pub max_payload_size_bytes: u64,
}

/// Filters, and their bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filtering {
    /// They are offered.
    pub supported: bool,
    /// The most resources in an answer.
    pub max_results: u64,
}

/// How lists are paged (RFC 9865 §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    /// By cursor.
    pub cursor: bool,
    /// By index.
    pub index: bool,
    /// The method if the client names none.
    pub default_pagination_method: PaginationMethod,
    /// Resources in a page if the client names no number.
    pub default_page_size: u64,
    /// The most resources in a page.
    pub max_page_size: u64,
    /// How long a cursor can be used, in seconds.
    #[serde(rename = "cursorTimeout", skip_serializing_if = "Option::is_none")]
    pub cursor_timeout_s: Option<u64>,
}

/// A way of paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PaginationMethod {
    /// `cursor` and `nextCursor`.
    Cursor,
    /// `startIndex` and `totalResults`.
    Index,
}

/// How clients prove who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationScheme {
    /// The keyword of the RFC, such as `oauthbearertoken`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name for people.
    pub name: String,
    /// A sentence for people.
    pub description: String,
    /// Where it is defined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_uri: Option<String>,
    /// Whether it is the one to prefer.
    pub primary: bool,
}

impl AuthenticationScheme {
    /// Returns the scheme of bearer tokens (RFC 6750), preferred.
    #[must_use]
    pub fn bearer(description: &str) -> Self {
        Self {
            kind: "oauthbearertoken".to_owned(),
            name: "OAuth Bearer Token".to_owned(),
            description: description.to_owned(),
            spec_uri: Some("https://www.rfc-editor.org/rfc/rfc6750".to_owned()),
            primary: true,
        }
    }
}

impl ServiceProviderConfig {
    /// Returns the resource; `base` is the URL of the mount, without a slash at its end.
    #[must_use]
    pub fn to_json(&self, base: &str) -> Value {
        let mut resource = json!({"schemas": [SERVICE_PROVIDER_CONFIG]});
        if let (Some(resource), Value::Object(members)) = (resource.as_object_mut(), json!(self)) {
            resource.extend(members);
            resource.insert(
                "meta".to_owned(),
                json!({
                    "resourceType": "ServiceProviderConfig",
                    "location": format!("{base}/ServiceProviderConfig"),
                }),
            );
        }
        resource
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_rfcs() {
        let on = Feature { supported: true };
        let off = Feature { supported: false };
        let config = ServiceProviderConfig {
            documentation_uri: Some("https://example.com/docs".to_owned()),
            patch: on,
            bulk: Bulk { supported: false, max_operations: 0, max_payload_size_bytes: 0 },
            filter: Filtering { supported: true, max_results: 200 },
            change_password: off,
            sort: on,
            etag: on,
            pagination: Some(Pagination {
                cursor: true,
                index: true,
                default_pagination_method: PaginationMethod::Index,
                default_page_size: 100,
                max_page_size: 200,
                cursor_timeout_s: Some(3600),
            }),
            authentication_schemes: vec![AuthenticationScheme::bearer("A token")],
        };
        assert_eq!(
            config.to_json("https://x/scim-v2"),
            json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "documentationUri": "https://example.com/docs",
                "patch": {"supported": true},
                "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": true, "maxResults": 200},
                "changePassword": {"supported": false},
                "sort": {"supported": true},
                "etag": {"supported": true},
                "pagination": {"cursor": true, "index": true, "defaultPaginationMethod": "index",
                               "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 3600},
                "authenticationSchemes": [{
                    "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "A token",
                    "specUri": "https://www.rfc-editor.org/rfc/rfc6750", "primary": true,
                }],
                "meta": {"resourceType": "ServiceProviderConfig", "location": "https://x/scim-v2/ServiceProviderConfig"},
            })
        );
    }
}
