//! The kinds of connectors that this server can run itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use baton_whimsical::{Settings, Whimsical};
use connector_sdk::connector::Connector;
use governance::connector::settings::{ConnectionTest, Values};
use scim::client::Egress;
use secrecy::{ExposeSecret as _, SecretString};

/// How long an app may take to answer the test of its settings.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes connectors out of their settings.
#[derive(Debug, Clone, Copy)]
pub struct Kinds {
    egress: Egress,
}

impl Kinds {
    /// Connectors that may connect to public addresses only, or anywhere.
    #[must_use]
    pub const fn new(egress: Egress) -> Self {
        Self { egress }
    }

    /// A connector of this kind.
    ///
    /// # Errors
    /// What is wrong with the settings, in words for whoever typed them.
    pub fn make(&self, catalog_id: &str, values: &Values) -> Result<Arc<dyn Connector>, String> {
        match catalog_id {
            "whimsical" => {
                let base_url = values.get("baseUrl").map(SecretString::expose_secret).unwrap_or_default();
                let token = values.get("token").cloned().ok_or("the token is missing")?;
                let mut settings = Settings::new(base_url, token).map_err(|error| error.to_string())?;
                settings.client.egress = self.egress;
                Ok(Arc::new(Whimsical::new(settings).map_err(|error| explained(&error))?))
            }
            other => Err(format!("this server cannot host connectors of the kind `{other}`")),
        }
    }
}

#[async_trait]
impl ConnectionTest for Kinds {
    async fn test(&self, catalog_id: &str, values: &Values) -> Result<(), String> {
        let connector = self.make(catalog_id, values)?;
        match tokio::time::timeout(TEST_TIMEOUT, connector.validate()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(explained(&error)),
            Err(_) => Err(format!("it did not answer within {} seconds", TEST_TIMEOUT.as_secs())),
        }
    }
}

/// An error with its causes, on one line.
fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}
