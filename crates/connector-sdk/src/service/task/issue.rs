//! Whether a request for a credential fits what the connector offers, and the result fits the request.
//!
//! Texts are those of every Baton connector.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proto::c1::connector::v2::credential_issue_options::Options;
use proto::c1::connector::v2::key_generation_profile::Parameters;
use proto::c1::connector::v2::{
    CapabilityDetailCredentialOption as Offered, CredentialDetailsCredentialIssue, CredentialIssueOptionDescriptor,
    CredentialResourceMode, KeyGenerationProfile, SecretTrait,
};

use crate::annotations::pick;
use crate::connector::{CredentialRequest, IssuedCredential};

/// The offer of the connector that the request is about.
///
/// # Errors
/// What does not fit.
pub(super) fn offer<'a>(
    request: &CredentialRequest,
    support: &'a CredentialDetailsCredentialIssue,
    now: Timestamp,
) -> Result<&'a CredentialIssueOptionDescriptor, String> {
    let options = request.options.options.as_ref().ok_or("unsupported credential option")?;
    let kind = match options {
        Options::ApiKey(_) => Offered::ApiKey,
        Options::Keypair(_) => Offered::Keypair,
        Options::Token(_) => Offered::Token,
        Options::ClientSecret(_) => Offered::ClientSecret,
    };
    let offer = support.options.iter().find(|one| one.option() == kind);
    let offer =
        offer.ok_or_else(|| format!("credential option {} is not advertised by connector", kind.as_str_name()))?;
    if offer.resource_mode() == CredentialResourceMode::Unspecified {
        return Err("credential resource mode must be advertised".to_owned());
    }
    match options {
        Options::Keypair(pair) => {
            let profile = pair.profile.as_ref().ok_or("key generation profile is required")?;
            check_profile(profile)?;
            if !offer.key_profiles.contains(profile) {
                return Err("requested key generation profile is not advertised by connector".to_owned());
            }
        }
        Options::ApiKey(key) => check_values("scope", &key.scopes, &offer.scopes, offer.custom_scopes_allowed)?,
        Options::Token(token) => {
            check_values("scope", &token.scopes, &offer.scopes, offer.custom_scopes_allowed)?;
            check_values("audience", &token.audiences, &offer.audiences, offer.custom_audiences_allowed)?;
        }
        Options::ClientSecret(_) => {}
    }
    if let Some(end) = &request.expires_at {
        check_expiry(end, offer, now)?;
    }
    Ok(offer)
}

fn check_profile(profile: &KeyGenerationProfile) -> Result<(), String> {
    let fits = |curves: &[&str]| match &profile.parameters {
        Some(Parameters::Crv(curve)) => curves.contains(&curve.as_str()),
        _ => false,
    };
    match (profile.kty.as_str(), &profile.parameters) {
        ("RSA", Some(Parameters::RsaModulusBits(bits))) => {
            let is_good = (2048..=16384).contains(bits) && bits % 256 == 0;
            is_good.then_some(()).ok_or("RSA modulus bits must be 2048..16384 in 256-bit increments")
        }
        ("RSA", _) => Err("RSA profile requires rsa_modulus_bits and no curve"),
        ("EC", _) => fits(&["P-256", "P-384", "P-521"])
            .then_some(())
            .ok_or("EC profile requires a recognized P-256, P-384, or P-521 curve"),
        ("OKP", _) => {
            fits(&["Ed25519", "Ed448", "X25519", "X448"]).then_some(()).ok_or("OKP profile requires a recognized curve")
        }
        (kind, _) => return Err(format!("unsupported JWK key type {kind:?}")),
    }
    .map_err(str::to_owned)
}

fn check_values(noun: &str, wanted: &[String], offered: &[String], custom_allowed: bool) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for value in wanted {
        if value.trim().is_empty() {
            return Err(format!("{noun} must not be empty"));
        }
        if !seen.insert(value) {
            return Err(format!("duplicate {noun} {value:?}"));
        }
        if !custom_allowed && !offered.contains(value) {
            return Err(format!("{noun} {value:?} is not advertised by connector"));
        }
    }
    Ok(())
}

fn check_expiry(end: &proto::Timestamp, offer: &CredentialIssueOptionDescriptor, now: Timestamp) -> Result<(), String> {
    let end = Timestamp::new(end.seconds, end.nanos).map_err(|_| "expires_at must be valid")?;
    let left = std::time::Duration::try_from(end.duration_since(now)).unwrap_or_default();
    if left.is_zero() {
        return Err("expires_at must be in the future".to_owned());
    }
    let limits = offer.expiry.as_ref().ok_or("connector does not support caller-selected expiry")?;
    let duration = |limit: &proto::Duration| std::time::Duration::try_from(*limit).unwrap_or_default();
    if limits.min.as_ref().is_some_and(|min| left < duration(min)) {
        return Err("requested expiry is below connector minimum".to_owned());
    }
    if limits.max.as_ref().is_some_and(|max| left > duration(max)) {
        return Err("requested expiry exceeds connector maximum".to_owned());
    }
    Ok(())
}

/// Whether what the connector made is what it was asked for.
///
/// # Errors
/// What does not fit; nothing of the secret.
pub(super) fn check_result(
    request: &CredentialRequest,
    issued: &IssuedCredential,
    offer: &CredentialIssueOptionDescriptor,
) -> Result<(), &'static str> {
    let id = issued.secret.id.as_ref().ok_or("secret resource and id are required")?;
    if id.resource.trim().is_empty() || id.resource_type.trim().is_empty() {
        return Err("secret resource id is incomplete");
    }
    let secret = pick::<SecretTrait>(&issued.secret.annotations).map_err(|_| "read secret trait")?;
    let secret = secret.ok_or("secret resource must carry SecretTrait")?;
    if secret.identity_id.as_ref() != Some(&request.identity) {
        return Err("secret trait identity_id does not match authenticating principal");
    }
    if let Some(wanted) = &request.expires_at {
        let end = secret.expires_at.ok_or("secret trait expires_at is required when expiry was requested")?;
        if (end.seconds, end.nanos) > (wanted.seconds, wanted.nanos) {
            return Err("secret trait expires_at exceeds requested expiry");
        }
    }
    if issued.mode != offer.resource_mode() {
        return Err("credential resource mode does not match advertised capability");
    }
    if id.resource_type != offer.secret_resource_type_id {
        return Err("secret resource type does not match advertised capability");
    }
    if issued.plaintexts.is_empty() {
        return Err("at least one plaintext value is required");
    }
    let mut names = BTreeSet::new();
    for one in &issued.plaintexts {
        if one.name.trim().is_empty() || one.bytes.is_empty() {
            return Err("every plaintext value must have a name and non-empty bytes");
        }
        if !names.insert(&one.name) {
            return Err("two plaintext values have the same name");
        }
    }
    Ok(())
}
