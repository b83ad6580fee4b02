//! Which endpoint a method and a path mean.

use http::{HeaderValue, Method, StatusCode, header};
use scim::{Error, ScimType};

use super::answer::Answer;
use crate::model::Switches;
use crate::model::switches::Groups;

/// Where the SCIM tree is mounted.
const MOUNTS: [&str; 2] = ["/scim-v2", "/public-api/scim-v2"];

/// An endpoint under a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The path of the mount.
    pub(super) mount: &'static str,
    /// The endpoint.
    pub(super) endpoint: Endpoint,
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    ServiceProviderConfig,
    ResourceTypes(Option<String>),
    Schemas(Option<String>),
    List,
    Search,
    Create,
    Read(String),
    Replace(String),
    Patch(String),
    Delete(String),
    EmptyGroups,
    NotImplemented(&'static str),
}

impl Endpoint {
    /// Whether the endpoint asks for the token (switch `discovery_auth`).
    pub(super) fn needs_token(&self, switches: &Switches) -> bool {
        !self.is_discovery() || switches.discovery_auth.is_on()
    }

    fn is_discovery(&self) -> bool {
        matches!(self, Self::ServiceProviderConfig | Self::ResourceTypes(_) | Self::Schemas(_))
    }
}

const NO_GROUPS: &str = "Group provisioning is not supported.";

/// Returns the endpoint.
///
/// # Errors
/// 404 for a path that does not exist, 405 for a method that is not offered there, 400 for an unknown version.
pub(super) fn find(method: &Method, path: &str, switches: &Switches) -> Result<Route, Box<Answer>> {
    let not_found = || Box::new(Answer::from(Error::not_found("There is no such endpoint.")));
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let (mount, rest) =
        MOUNTS.into_iter().find_map(|mount| strip(&segments, mount).map(|rest| (mount, rest))).ok_or_else(not_found)?;
    let rest = match rest.split_first() {
        Some((&"v2", rest)) => rest,
        Some((version, _)) if is_version(version) => {
            let error = Error::of(ScimType::InvalidVers, "Only version v2 of SCIM is offered.");
            return Err(Box::new(error.into()));
        }
        _ => rest,
    };
    let endpoint = match rest {
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas", ..] if !switches.discovery.is_on() => {
            return Err(not_found());
        }
        ["ServiceProviderConfig"] => only_get(method, Endpoint::ServiceProviderConfig)?,
        ["ResourceTypes"] => only_get(method, Endpoint::ResourceTypes(None))?,
        ["ResourceTypes", name] => only_get(method, Endpoint::ResourceTypes(Some((*name).to_owned())))?,
        ["Schemas"] => only_get(method, Endpoint::Schemas(None))?,
        ["Schemas", urn] => only_get(method, Endpoint::Schemas(Some(decoded(urn))))?,
        [] | [".search" | "Users"] | ["Users", ".search"] => collection(method, rest)?,
        ["Users", id] => one(method, id)?,
        ["Groups", ..] => match switches.groups {
            Groups::NotFound => return Err(not_found()),
            Groups::EmptyList if *method == Method::GET && rest.len() == 1 => Endpoint::EmptyGroups,
            Groups::EmptyList | Groups::Unsupported => Endpoint::NotImplemented(NO_GROUPS),
        },
        ["Bulk"] if *method == Method::POST => Endpoint::NotImplemented("Bulk operations are not supported."),
        ["Bulk"] => return Err(Box::new(method_not_allowed("POST"))),
        ["Me", ..] => Endpoint::NotImplemented("The alias /Me is not supported."),
        _ => return Err(not_found()),
    };
    Ok(Route { mount, endpoint })
}

fn strip<'s>(segments: &'s [&'s str], mount: &'static str) -> Option<&'s [&'s str]> {
    let mount: Vec<&str> = mount.split('/').skip(1).collect();
    segments.strip_prefix(mount.as_slice())
}

fn is_version(segment: &str) -> bool {
    segment
        .strip_prefix('v')
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn only_get(method: &Method, endpoint: Endpoint) -> Result<Endpoint, Box<Answer>> {
    if *method == Method::GET { Ok(endpoint) } else { Err(Box::new(method_not_allowed("GET"))) }
}

fn collection(method: &Method, rest: &[&str]) -> Result<Endpoint, Box<Answer>> {
    match (method, rest) {
        (&Method::POST, [.., ".search"]) => Ok(Endpoint::Search),
        (_, [.., ".search"]) => Err(Box::new(method_not_allowed("POST"))),
        (&Method::GET, _) => Ok(Endpoint::List),
        (&Method::POST, ["Users"]) => Ok(Endpoint::Create),
        (_, ["Users"]) => Err(Box::new(method_not_allowed("GET, POST"))),
        _ => Err(Box::new(method_not_allowed("GET"))),
    }
}

fn one(method: &Method, id: &str) -> Result<Endpoint, Box<Answer>> {
    let id = decoded(id);
    match *method {
        Method::GET => Ok(Endpoint::Read(id)),
        Method::PUT => Ok(Endpoint::Replace(id)),
        Method::PATCH => Ok(Endpoint::Patch(id)),
        Method::DELETE => Ok(Endpoint::Delete(id)),
        _ => Err(Box::new(method_not_allowed("GET, PUT, PATCH, DELETE"))),
    }
}

fn method_not_allowed(allow: &'static str) -> Answer {
    let error = Error::new(StatusCode::METHOD_NOT_ALLOWED, "This method is not offered here.");
    Answer::from(error).with(header::ALLOW, HeaderValue::from_static(allow))
}

/// Returns a path segment with its percent-escapes decoded; malformed ones stay as they are.
fn decoded(segment: &str) -> String {
    let query = format!("x={}", segment.replace('+', "%2B"));
    url_pairs(&query).into_iter().next().map(|(_, value)| value).unwrap_or_default()
}

/// Returns the pairs of a query string, form-decoded: `+` is a space, `%2B` a plus.
pub(super) fn url_pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, path: &str, expected: &Result<Endpoint, u16>) {
        let found = find(method, path, &Switches::default());
        let found = found.map(|route| route.endpoint).map_err(|answer| answer.status().as_u16());
        assert_eq!(found, *expected, "{method} {path}");
    }

    #[test]
    fn paths_are_forgiving_in_slashes_and_exact_in_names() {
        for path in ["/scim-v2/Users", "/scim-v2//Users/", "//scim-v2/v2/Users", "/public-api/scim-v2//Users"] {
            check(&Method::GET, path, &Ok(Endpoint::List));
        }
        check(&Method::GET, "/scim-v2", &Ok(Endpoint::List));
        check(&Method::GET, "/scim-v2/", &Ok(Endpoint::List));
        check(&Method::GET, "/scim-v2/users", &Err(404));
        check(&Method::GET, "/scim-v2/v1/Users", &Err(400));
        check(&Method::GET, "/scim-v3/Users", &Err(404));
        check(&Method::GET, "/scim-v2/Users/a/b", &Err(404));
        check(&Method::GET, "/scim-v2/Users/a%2Fb+c", &Ok(Endpoint::Read("a/b+c".to_owned())));
        check(&Method::GET, "/", &Err(404));
    }

    #[test]
    fn methods_are_those_of_the_table() {
        check(&Method::DELETE, "/scim-v2/Users", &Err(405));
        check(&Method::POST, "/scim-v2/Users/.search", &Ok(Endpoint::Search));
        check(&Method::POST, "/scim-v2/.search", &Ok(Endpoint::Search));
        check(&Method::GET, "/scim-v2/.search", &Err(405));
        check(&Method::POST, "/scim-v2/Schemas", &Err(405));
        check(&Method::POST, "/scim-v2/Users/1", &Err(405));
        check(&Method::POST, "/scim-v2/Groups", &Ok(Endpoint::NotImplemented(NO_GROUPS)));
        check(&Method::GET, "/scim-v2/Me", &Ok(Endpoint::NotImplemented("The alias /Me is not supported.")));
    }
}
