//! The OpenAPI document, generated from the routes.

use utoipa::OpenApi;
use utoipa::openapi::PathItem;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{RefOr, Required};

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Podium",
        description = "Open identity governance: connectors, apps, accounts, entitlements, syncs and audit.\n\n\
            Lists come in pages (`page_size`, `page_token`), with `Accept: text/csv` as CSV. Objects carry an `ETag`; send it back in `If-Match` to \
            change what you have read and nothing newer. Send an `Idempotency-Key` with a POST to repeat it safely \
            for a day. Errors are problem documents (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    security(("token" = [])),
)]
struct Skeleton;

/// The OpenAPI document of every route.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, signed) = routes::signed().split_for_parts();
    let (_, files) = routes::files().split_for_parts();
    let (_, open) = routes::open().split_for_parts();
    let mut document = Skeleton::openapi();
    document.merge(signed);
    document.merge(files);
    document.merge(open);
    suffixed(&mut document);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            describe_ids(path, operation);
        }
    }
    document.components.get_or_insert_default().add_security_scheme("token", token);
    document
}

/// Puts actions on an object at their true addresses: the router knows no suffixes of ids, so that their routes are POSTs
/// of the object.
fn suffixed(document: &mut utoipa::openapi::OpenApi) {
    const POLICY: &str = "/api/v1/policies/{policy}";
    let post = document.paths.paths.get_mut(POLICY).and_then(|item| item.post.take());
    let mut item = PathItem::default();
    item.post = post;
    document.paths.paths.insert(format!("{POLICY}:test"), item);
}

/// Adds the ids in the path that the route itself does not describe.
fn describe_ids(path: &str, operation: &mut Operation) {
    let ids = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let described = operation.parameters.get_or_insert_default();
    for id in ids {
        let is_it = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.name == id);
        if !described.iter().any(is_it) {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let id = ParameterBuilder::new().name(id).parameter_in(ParameterIn::Path).required(Required::True);
            described.push(id.schema(Some(text)).build().into());
        }
    }
}
