use proto::c1::connector::v2::{
    AccountInfo, AssetRef, CredentialIssueOptions, CredentialOptions, IssueCredentialRequest, KeyGenerationProfile,
    Resource, ResourceId, ResourceType, Status, account_info, credential_issue_options, credential_options,
    key_generation_profile,
};

use super::*;

/// The innermost cause of the first broken rule; empty when all are kept.
fn innermost<M: Rules>(message: &M) -> String {
    let text = message.check().err().map(|Broken(text)| text).unwrap_or_default();
    text.rsplit("caused by: ").next().unwrap_or_default().to_owned()
}

fn id(resource: &str) -> ResourceId {
    ResourceId { resource_type: "user".to_owned(), resource: resource.to_owned(), ..ResourceId::default() }
}

#[test]
fn lengths_count_bytes_and_include_both_ends() {
    for (length, good) in [(0, false), (1, true), (1024, true), (1025, false)] {
        assert_eq!(id(&"x".repeat(length)).check().is_ok(), good, "{length}");
    }
    assert!(id(&"é".repeat(513)).check().is_err());
    let text = "invalid ResourceId.Resource: value length must be between 1 and 1024 bytes, inclusive";
    assert_eq!(id("").check(), Err(Broken(text.to_owned())));
}

#[test]
fn a_resource_may_be_empty_but_its_parts_must_be_good() {
    let long = "x".repeat(5000);
    let status = |details: &str| Some(Status { status: 99, details: details.to_owned() });
    for (resource, expect) in [
        (Resource::default(), ""),
        (Resource { id: Some(id("1")), status: status("fine"), ..Resource::default() }, ""),
        (Resource { id: Some(id("")), ..Resource::default() }, "invalid ResourceId.Resource"),
        (
            Resource { parent_resource_id: Some(ResourceId::default()), ..Resource::default() },
            "invalid ResourceId.ResourceType",
        ),
        (Resource { description: long.clone(), ..Resource::default() }, "invalid Resource.Description"),
        (Resource { icon: Some(AssetRef::default()), ..Resource::default() }, "invalid AssetRef.Id"),
        (Resource { status: status(&long), ..Resource::default() }, "invalid Status.Details"),
    ] {
        assert_eq!(innermost(&resource).split(": ").next(), Some(expect));
    }
}

#[test]
fn a_type_has_each_trait_once_and_may_have_unknown_ones() {
    let of = |traits: &[i32]| ResourceType { id: "t".to_owned(), traits: traits.to_vec(), ..ResourceType::default() };
    assert_eq!(innermost(&of(&[1, 4, 1000])), "");
    assert_eq!(innermost(&of(&[1, 4, 1])), "invalid ResourceType.Traits[2]: repeated value must contain unique items");
}

#[test]
fn addresses_are_addresses() {
    for (address, why) in [
        ("a@example.com", ""),
        ("Ann <ann@example.com>", ""),
        ("a", "mail: missing '@' or angle-addr"),
        ("a b@example.com", "mail: it is no address"),
        ("a@exa_mple.com", "hostname parts can only contain alphanumeric characters or hyphens"),
        ("a@-example.com", "hostname parts can only contain alphanumeric characters or hyphens"),
        (&format!("{}@example.com", "a".repeat(65)), "email address local phrase cannot exceed 64 characters"),
        (&format!("a@{}.com", "a".repeat(300)), "email addresses cannot exceed 254 characters"),
    ] {
        let email = account_info::Email { address: address.to_owned(), is_primary: false };
        let account = AccountInfo { emails: vec![email], ..AccountInfo::default() };
        assert_eq!(innermost(&account), why, "{address}");
    }
}

#[test]
fn passwords_have_8_to_64_characters() {
    for (length, good) in [(7, false), (8, true), (64, true), (65, false), (-1, false)] {
        let random = credential_options::RandomPassword { length, ..Default::default() };
        let options = Some(credential_options::Options::RandomPassword(random));
        let options = CredentialOptions { options, ..CredentialOptions::default() };
        assert_eq!(options.check().is_ok(), good, "{length}");
    }
    let empty = credential_options::Options::EncryptedPassword(credential_options::EncryptedPassword::default());
    let options = CredentialOptions { options: Some(empty), ..CredentialOptions::default() };
    let text = "invalid CredentialOptions_EncryptedPassword.EncryptedPasswords: value must contain at least 1 item(s)";
    assert_eq!(innermost(&options), text);
}

#[test]
fn requests_for_credentials_have_a_plain_id_and_a_short_curve() {
    let request = |request_id: &str, kty: &str, curve: &str| {
        let parameters = Some(key_generation_profile::Parameters::Crv(curve.to_owned()));
        let profile = Some(KeyGenerationProfile { kty: kty.to_owned(), parameters });
        let options = Some(credential_issue_options::Options::Keypair(credential_issue_options::Keypair { profile }));
        IssueCredentialRequest {
            request_id: request_id.to_owned(),
            credential_options: Some(CredentialIssueOptions { options }),
            ..IssueCredentialRequest::default()
        }
    };
    for (request, expect) in [
        (request("a_B-9", "EC", "P-256"), ""),
        (
            request("", "EC", ""),
            "invalid IssueCredentialRequest.RequestId: value length must be between 1 and 128 bytes, inclusive",
        ),
        (
            request("a b", "EC", ""),
            r#"invalid IssueCredentialRequest.RequestId: value does not match regex pattern "^[A-Za-z0-9_-]+$""#,
        ),
        (
            request("a", "", ""),
            "invalid KeyGenerationProfile.Kty: value length must be between 1 and 32 bytes, inclusive",
        ),
        (
            request("a", "EC", &"x".repeat(65)),
            "invalid KeyGenerationProfile.Crv: value length must be at most 64 bytes",
        ),
    ] {
        assert_eq!(innermost(&request), expect);
    }
}
