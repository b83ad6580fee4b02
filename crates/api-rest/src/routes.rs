//! Every route, one module per kind of object.

mod api_clients;
mod apps;
mod audit;
mod breakers;
mod bundles;
mod catalogue;
mod classifications;
mod connectors;
mod findings;
mod forms;
mod holds;
mod identity_providers;
mod inventory;
mod jobs;
mod me;
mod notices;
mod outside_changes;
mod people;
mod policies;
mod request_settings;
mod requests;
mod sessions;
mod settings;
mod syncs;
mod system;

use utoipa_axum::router::OpenApiRouter;

use crate::Api;

/// The routes for callers with a token.
pub(crate) fn signed() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(connectors::routes())
        .merge(me::routes())
        .merge(notices::routes())
        .merge(apps::routes())
        .merge(people::routes())
        .merge(policies::routes())
        .merge(audit::routes())
        .merge(api_clients::routes())
        .merge(settings::routes())
        .merge(identity_providers::routes())
        .merge(sessions::routes())
        .merge(syncs::routes())
        .merge(holds::routes())
        .merge(inventory::routes())
        .merge(catalogue::routes())
        .merge(bundles::routes())
        .merge(forms::routes())
        .merge(findings::routes())
        .merge(outside_changes::routes())
        .merge(jobs::routes())
        .merge(breakers::routes())
        .merge(request_settings::routes())
        .merge(classifications::routes())
        .merge(requests::routes())
}

/// The routes for everybody.
pub(crate) fn open() -> OpenApiRouter<Api> {
    OpenApiRouter::new().merge(system::routes())
}

/// The routes for callers with a token whose bodies are files.
pub(crate) fn files() -> OpenApiRouter<Api> {
    syncs::files()
}
