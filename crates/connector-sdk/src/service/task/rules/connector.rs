//! Rules of the objects that requests are made of.

use proto::c1::connector::v2::{
    AccountInfo, AssetRef, CredentialIssueOptions, CredentialOptions, EncryptionConfig, Entitlement, Grant,
    KeyGenerationProfile, Resource, ResourceId, ResourceType, Status, TicketRequest, account_info,
    credential_issue_options, credential_options, encryption_config, key_generation_profile,
};

use super::{Broken, Rules, broken, each, length, length_or_empty, part, required};
use crate::provision::is_address;

impl Rules for ResourceId {
    const NAME: &'static str = "ResourceId";

    fn check(&self) -> Result<(), Broken> {
        length::<Self>("ResourceType", &self.resource_type, 1024)?;
        length::<Self>("Resource", &self.resource, 1024)
    }
}

impl Rules for Resource {
    const NAME: &'static str = "Resource";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("Id", self.id.as_ref())?;
        part::<Self, _>("ParentResourceId", self.parent_resource_id.as_ref())?;
        length_or_empty::<Self>("DisplayName", &self.display_name, 1024)?;
        length_or_empty::<Self>("Description", &self.description, 2048)?;
        part::<Self, _>("Icon", self.icon.as_ref())?;
        part::<Self, _>("Status", self.status.as_ref())
    }
}

impl Rules for AssetRef {
    const NAME: &'static str = "AssetRef";

    fn check(&self) -> Result<(), Broken> {
        length::<Self>("Id", &self.id, 1024)
    }
}

impl Rules for Status {
    const NAME: &'static str = "Status";

    fn check(&self) -> Result<(), Broken> {
        length_or_empty::<Self>("Details", &self.details, 1024)
    }
}

impl Rules for ResourceType {
    const NAME: &'static str = "ResourceType";

    fn check(&self) -> Result<(), Broken> {
        length::<Self>("Id", &self.id, 1024)?;
        length_or_empty::<Self>("DisplayName", &self.display_name, 1024)?;
        for (index, one) in self.traits.iter().enumerate() {
            if self.traits.iter().take(index).any(|before| before == one) {
                return Err(broken::<Self>(&format!("Traits[{index}]"), "repeated value must contain unique items"));
            }
        }
        length_or_empty::<Self>("Description", &self.description, 4096)
    }
}

impl Rules for Entitlement {
    const NAME: &'static str = "Entitlement";

    fn check(&self) -> Result<(), Broken> {
        required::<Self, _>("Resource", self.resource.as_ref())?;
        length::<Self>("Id", &self.id, 1024)?;
        length_or_empty::<Self>("DisplayName", &self.display_name, 1024)?;
        length_or_empty::<Self>("Description", &self.description, 2048)?;
        each::<Self, _>("GrantableTo", &self.grantable_to)
    }
}

impl Rules for Grant {
    const NAME: &'static str = "Grant";

    fn check(&self) -> Result<(), Broken> {
        required::<Self, _>("Entitlement", self.entitlement.as_ref())?;
        required::<Self, _>("Principal", self.principal.as_ref())?;
        length::<Self>("Id", &self.id, 1024)
    }
}

impl Rules for AccountInfo {
    const NAME: &'static str = "AccountInfo";

    fn check(&self) -> Result<(), Broken> {
        each::<Self, _>("Emails", &self.emails)
    }
}

impl Rules for account_info::Email {
    const NAME: &'static str = "AccountInfo_Email";

    fn check(&self) -> Result<(), Broken> {
        let why = match self.address.rsplit_once('@') {
            None => "mail: missing '@' or angle-addr",
            Some(_) if !is_address(&self.address) => "mail: it is no address",
            Some(_) if self.address.len() > 254 => "email addresses cannot exceed 254 characters",
            Some((local, _)) if local.len() > 64 => "email address local phrase cannot exceed 64 characters",
            Some((_, host)) if !is_host(host) => "hostname parts can only contain alphanumeric characters or hyphens",
            Some(_) => return Ok(()),
        };
        Err(broken::<Self>("Address", &format!("value must be a valid email address | caused by: {why}")))
    }
}

/// Whether the text, perhaps with the `>` of `Name <address>`, is a host name.
fn is_host(text: &str) -> bool {
    let host = text.trim().trim_end_matches('>');
    host.len() <= 253
        && host.strip_suffix('.').unwrap_or(host).split('.').all(|part| {
            (1..=63).contains(&part.len())
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.chars().all(|one| one.is_ascii_alphanumeric() || one == '-')
        })
}

impl Rules for CredentialOptions {
    const NAME: &'static str = "CredentialOptions";

    fn check(&self) -> Result<(), Broken> {
        use credential_options::Options;
        match &self.options {
            Some(Options::RandomPassword(random)) => part::<Self, _>("RandomPassword", Some(random)),
            Some(Options::EncryptedPassword(sealed)) => part::<Self, _>("EncryptedPassword", Some(sealed)),
            Some(Options::NoPassword(_) | Options::Sso(_)) | None => Ok(()),
        }
    }
}

impl Rules for credential_options::RandomPassword {
    const NAME: &'static str = "CredentialOptions_RandomPassword";

    fn check(&self) -> Result<(), Broken> {
        let is_good = (8..=64).contains(&self.length);
        if is_good { Ok(()) } else { Err(broken::<Self>("Length", "value must be inside range [8, 64]")) }
    }
}

impl Rules for credential_options::EncryptedPassword {
    const NAME: &'static str = "CredentialOptions_EncryptedPassword";

    fn check(&self) -> Result<(), Broken> {
        if self.encrypted_passwords.is_empty() {
            return Err(broken::<Self>("EncryptedPasswords", "value must contain at least 1 item(s)"));
        }
        Ok(())
    }
}

impl Rules for CredentialIssueOptions {
    const NAME: &'static str = "CredentialIssueOptions";

    fn check(&self) -> Result<(), Broken> {
        match &self.options {
            Some(credential_issue_options::Options::Keypair(pair)) => part::<Self, _>("Keypair", Some(pair)),
            _ => Ok(()),
        }
    }
}

impl Rules for credential_issue_options::Keypair {
    const NAME: &'static str = "CredentialIssueOptions_Keypair";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("Profile", self.profile.as_ref())
    }
}

impl Rules for KeyGenerationProfile {
    const NAME: &'static str = "KeyGenerationProfile";

    fn check(&self) -> Result<(), Broken> {
        length::<Self>("Kty", &self.kty, 32)?;
        match &self.parameters {
            Some(key_generation_profile::Parameters::Crv(curve)) if curve.len() > 64 => {
                Err(broken::<Self>("Crv", "value length must be at most 64 bytes"))
            }
            _ => Ok(()),
        }
    }
}

impl Rules for EncryptionConfig {
    const NAME: &'static str = "EncryptionConfig";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("Principal", self.principal.as_ref())?;
        match &self.config {
            Some(encryption_config::Config::AgeRecipientConfig(config)) => {
                part::<Self, _>("AgeRecipientConfig", Some(config))
            }
            _ => Ok(()),
        }
    }
}

impl Rules for encryption_config::AgeRecipientConfig {
    const NAME: &'static str = "EncryptionConfig_AgeRecipientConfig";

    fn check(&self) -> Result<(), Broken> {
        length::<Self>("Recipient", &self.recipient, 4096)
    }
}

impl Rules for TicketRequest {
    const NAME: &'static str = "TicketRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("RequestedFor", self.requested_for.as_ref())
    }
}
