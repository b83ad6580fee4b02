//! What an identity provider's metadata XML tells: entity id, sign-on URL, certificate.

use serde::Deserialize;

use crate::model::control::IdentityProvider;

/// What an administrator sends to enable SAML: the metadata, or its three parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sent {
    /// The metadata XML.
    pub metadata: Option<String>,
    /// The entity id of the identity provider.
    pub entity_id: String,
    /// The sign-on URL.
    pub sso_url: String,
    /// The certificate.
    pub certificate: String,
}

/// Returns the identity provider that was sent; what is missing stays empty, and the model refuses it.
///
/// Of the metadata only `entityID`, the first `SingleSignOnService` and the first `X509Certificate` are looked for: the
/// local workspace shows them and verifies no signatures with them.
#[must_use]
pub fn identity_provider(sent: Sent) -> IdentityProvider {
    match sent.metadata.filter(|xml| !xml.trim().is_empty()) {
        Some(xml) => IdentityProvider {
            entity_id: attribute(&xml, "EntityDescriptor", "entityID").unwrap_or_default(),
            sso_url: attribute(&xml, "SingleSignOnService", "Location").unwrap_or_default(),
            certificate: text(&xml, "X509Certificate").unwrap_or_default(),
        },
        None => IdentityProvider { entity_id: sent.entity_id, sso_url: sent.sso_url, certificate: sent.certificate },
    }
}

/// Returns the opening tag of the first element with this local name, and what follows it.
fn element<'x>(xml: &'x str, local_name: &str) -> Option<(&'x str, &'x str)> {
    xml.split('<').skip(1).find_map(|piece| {
        let (tag, after) = piece.split_once('>')?;
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next()?;
        let local = name.rsplit(':').next()?;
        (local == local_name).then_some((tag, after))
    })
}

fn attribute(xml: &str, local_name: &str, attribute: &str) -> Option<String> {
    let (tag, _) = element(xml, local_name)?;
    let (_, after) = tag.split_once(&format!("{attribute}="))?;
    let quote = after.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let value = after.get(1..)?.split(quote).next()?;
    Some(value.replace("&amp;", "&"))
}

fn text(xml: &str, local_name: &str) -> Option<String> {
    element(xml, local_name).map(|(_, text)| text.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_tells_the_three_parts() {
        let xml = r#"<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
            entityID="https://idp.example.com/a"><md:IDPSSODescriptor><md:KeyDescriptor><ds:X509Certificate>
            MIIC
            AAAA</ds:X509Certificate></md:KeyDescriptor>
            <md:SingleSignOnService Binding="urn:x" Location='https://idp.example.com/sso?a=1&amp;b=2'/></md:IDPSSODescriptor>"#;
        let provider = identity_provider(Sent { metadata: Some(xml.to_owned()), ..Sent::default() });
        assert_eq!(provider.entity_id, "https://idp.example.com/a");
        assert_eq!(provider.sso_url, "https://idp.example.com/sso?a=1&b=2");
        assert_eq!(provider.certificate, "MIICAAAA");
        let nothing = identity_provider(Sent { metadata: Some("<a>".to_owned()), ..Sent::default() });
        assert_eq!(nothing.entity_id, "");
    }
}
