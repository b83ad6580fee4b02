//! How to run a self-hosted connector: texts that are ready to copy, with a place for each secret.
//!
//! Source: the product page of the connector (names and keys); governance §5.

use domain::access::Action;
use domain::connector::Hosting;
use domain::vocabulary;
use ids::ConnectorId;

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};

vocabulary! {
    /// The form of a text.
    pub enum Format: "a form of deployment" {
        /// A Secret and a Deployment.
        Kubernetes => "kubernetes",
        /// A `docker run` line.
        Docker => "docker",
        /// A systemd unit.
        Systemd => "systemd",
        /// A file of environment variables.
        Env => "env",
    }
}

/// The image that the texts name.
const IMAGE: &str = "baton-whimsical:latest";

impl Governance {
    /// How to run this connector elsewhere. Secrets are placeholders: they are shown once, when they are made.
    ///
    /// # Errors
    /// `FailedPrecondition` for a hosted connector; `NotFound`.
    pub async fn deployment(&self, caller: &Caller, id: ConnectorId, format: Format) -> Result<String> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let connector = access::connector(&mut conn, tenant, caller, id, Action::SeeConnectors).await?;
        if connector.hosting == Hosting::Hosted {
            return Err(Error::new(Code::FailedPrecondition, "this connector is hosted: nothing is to be deployed"));
        }
        let credentials = store::credential::of_connector(&mut conn, tenant, id).await?;
        let active = credentials.iter().rev().find(|credential| credential.state.name() == "active");
        let client_id = active.map_or("<client id: press Rotate>", |credential| credential.client_id.as_str());
        let name = match connector.catalog_id.as_str() {
            "baton" => "baton-connector".to_owned(),
            other => format!("baton-{other}"),
        };
        let token = (connector.catalog_id == "whimsical").then_some("BATON_WHIMSICAL_TOKEN");
        Ok(text(format, &name, client_id, token, connector.provisioning_enabled))
    }
}

fn text(format: Format, name: &str, client_id: &str, token: Option<&str>, provisioning: bool) -> String {
    let mut variables = vec![("BATON_CLIENT_ID", client_id), ("BATON_CLIENT_SECRET", "<client secret: shown once>")];
    if let Some(token) = token {
        variables.push((token, "<SCIM token of the workspace>"));
    }
    if provisioning {
        variables.push(("BATON_PROVISIONING", "true"));
    }
    match format {
        Format::Env => lines(&variables, |key, value| format!("{key}={value}")),
        Format::Docker => {
            let options: Vec<String> =
                variables.iter().map(|(key, value)| format!("  --env {key}='{value}' \\\n")).collect();
            format!(
                "docker run --detach --restart unless-stopped --name {name} --read-only --tmpfs /tmp \\\n\
                 {}  --env BATON_HOST_ID={name} \\\n  {IMAGE}\n",
                options.concat()
            )
        }
        Format::Systemd => UNIT.replace("baton-whimsical", name),
        Format::Kubernetes => {
            let data = lines(&variables, |key, value| format!("  {key}: \"{value}\""));
            let secret = format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}-secrets\ntype: Opaque\nstringData:\n{data}"
            );
            format!("{secret}---\n{}", DEPLOYMENT.replace("baton-whimsical", name))
        }
    }
}

/// One line for each variable.
fn lines(variables: &[(&str, &str)], line: impl Fn(&str, &str) -> String) -> String {
    let mut text = String::new();
    for (key, value) in variables {
        text.push_str(&line(key, value));
        text.push('\n');
    }
    text
}

// What an administrator finds in the repository is what the server shows.
const DEPLOYMENT: &str = include_str!("../../../../deploy/kubernetes/deployment.yaml");
const UNIT: &str = include_str!("../../../../deploy/systemd/baton-whimsical.service");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_names_the_variables_and_quotes_what_is_no_text() {
        let id = "one-two-12345@podium.example.com/connector/1";
        for format in Format::ALL {
            let text = text(*format, "baton-whimsical", id, Some("BATON_WHIMSICAL_TOKEN"), true);
            assert!(text.contains("baton-whimsical") || *format == Format::Env, "{text}");
            if *format != Format::Systemd {
                for key in ["BATON_CLIENT_ID", "BATON_CLIENT_SECRET", "BATON_WHIMSICAL_TOKEN", "BATON_PROVISIONING"] {
                    assert!(text.contains(key), "{key} in {text}");
                }
            }
        }
        let kubernetes = text(Format::Kubernetes, "baton-whimsical", id, None, true);
        assert!(kubernetes.contains("  BATON_PROVISIONING: \"true\"\n"), "{kubernetes}");
        assert!(kubernetes.contains("name: baton-whimsical-secrets"), "{kubernetes}");
        let other = text(Format::Kubernetes, "baton-connector", id, None, true);
        assert!(!other.contains("baton-whimsical"), "{other}");
    }
}
