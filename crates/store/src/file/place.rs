//! Where files are: a local folder, or an S3-compatible bucket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::{Error, Result};

/// How often a request to a bucket is repeated; whoever uploads repeats the whole by itself.
const RETRIES: usize = 4;
/// After which time no request to a bucket is repeated any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where files are.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder of this machine.
    Folder(Utf8PathBuf),
    /// A bucket.
    S3(S3),
}

/// How to reach an S3-compatible bucket.
#[derive(Clone)]
pub struct S3 {
    /// The bucket.
    pub bucket: String,
    /// What every name begins with; may be empty.
    pub prefix: String,
    /// The region; AWS needs it, others take anything.
    pub region: String,
    /// The address of a storage that is not AWS.
    pub endpoint: Option<String>,
    /// The key id; with none, the machine's own role is asked.
    pub access_key_id: Option<String>,
    /// The secret that belongs to the key id.
    pub secret_access_key: Option<SecretString>,
    /// Whether the endpoint may be plain HTTP.
    pub allow_http: bool,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("bucket", &self.bucket).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Place {
    pub(super) async fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Folder(folder) => {
                let made = tokio::fs::create_dir_all(folder).await;
                made.map_err(|error| Error::Open(format!("make the folder `{folder}`: {error}")))?;
                let local = LocalFileSystem::new_with_prefix(folder);
                let local = local.map_err(|_| Error::Open(format!("`{folder}` is not a folder")))?;
                // Whoever was told that a file is stored may rely on it, also after a power cut.
                Ok(Arc::new(local.with_fsync(true)))
            }
            Self::S3(settings) => settings.open(),
        }
    }
}

impl S3 {
    fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_allow_http(self.allow_http)
            .with_retry(RetryConfig { max_retries: RETRIES, retry_timeout: PATIENCE, ..RetryConfig::default() });
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let (Some(id), Some(secret)) = (&self.access_key_id, &self.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
        }
        let bucket = builder.build().map_err(|_| Error::Open("the bucket's settings make no sense".to_owned()))?;
        if self.prefix.is_empty() {
            return Ok(Arc::new(bucket));
        }
        Ok(Arc::new(PrefixStore::new(bucket, self.prefix.as_str())))
    }
}
