//! Where uploaded files are kept.

use anyhow::Context as _;
use store::file::{Place, S3};

use crate::config::{Config, secret};

/// The place that the settings name.
pub(crate) fn files(config: &Config) -> anyhow::Result<Place> {
    let storage = &config.storage;
    if storage.url.is_empty() {
        return Ok(Place::Folder(config.data_dir.join("files")));
    }
    let url: url::Url = storage.url.parse().context("read storage.url")?;
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let key = secret(&storage.secret_access_key, &storage.secret_access_key_file)?;
    Ok(Place::S3(S3 {
        bucket: url.host_str().context("storage.url names a bucket: s3://BUCKET/PREFIX")?.to_owned(),
        prefix: url.path().trim_matches('/').to_owned(),
        region: storage.region.clone(),
        endpoint: given(&storage.endpoint),
        access_key_id: given(&storage.access_key_id),
        secret_access_key: given(&storage.access_key_id).map(|_| key),
        allow_http: storage.endpoint.starts_with("http://"),
    }))
}
