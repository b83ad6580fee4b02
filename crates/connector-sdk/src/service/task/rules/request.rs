//! Rules of the requests that tasks become.

use proto::c1::connector::v2::{
    CreateAccountRequest, CreateResourceRequest, DeleteResourceRequest, GrantManagerServiceGrantRequest,
    GrantManagerServiceRevokeRequest, IssueCredentialRequest, ListEventsRequest, RotateCredentialRequest,
    TicketsServiceBulkCreateTicketsRequest, TicketsServiceCreateTicketRequest,
};

use super::{Broken, Rules, broken, each, length, length_or_empty, part, required};

impl Rules for GrantManagerServiceGrantRequest {
    const NAME: &'static str = "GrantManagerServiceGrantRequest";

    fn check(&self) -> Result<(), Broken> {
        required::<Self, _>("Entitlement", self.entitlement.as_ref())?;
        required::<Self, _>("Principal", self.principal.as_ref())
    }
}

impl Rules for GrantManagerServiceRevokeRequest {
    const NAME: &'static str = "GrantManagerServiceRevokeRequest";

    fn check(&self) -> Result<(), Broken> {
        required::<Self, _>("Grant", self.grant.as_ref())
    }
}

impl Rules for CreateAccountRequest {
    const NAME: &'static str = "CreateAccountRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("AccountInfo", self.account_info.as_ref())?;
        part::<Self, _>("CredentialOptions", self.credential_options.as_ref())?;
        each::<Self, _>("EncryptionConfigs", &self.encryption_configs)?;
        length_or_empty::<Self>("ResourceTypeId", &self.resource_type_id, 1024)
    }
}

impl Rules for CreateResourceRequest {
    const NAME: &'static str = "CreateResourceRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("Resource", self.resource.as_ref())
    }
}

impl Rules for DeleteResourceRequest {
    const NAME: &'static str = "DeleteResourceRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("ResourceId", self.resource_id.as_ref())?;
        part::<Self, _>("ParentResourceId", self.parent_resource_id.as_ref())
    }
}

impl Rules for RotateCredentialRequest {
    const NAME: &'static str = "RotateCredentialRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("ResourceId", self.resource_id.as_ref())?;
        part::<Self, _>("CredentialOptions", self.credential_options.as_ref())?;
        each::<Self, _>("EncryptionConfigs", &self.encryption_configs)
    }
}

impl Rules for IssueCredentialRequest {
    const NAME: &'static str = "IssueCredentialRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("IdentityId", self.identity_id.as_ref())?;
        part::<Self, _>("CredentialOptions", self.credential_options.as_ref())?;
        each::<Self, _>("EncryptionConfigs", &self.encryption_configs)?;
        length::<Self>("RequestId", &self.request_id, 128)?;
        if self.request_id.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || one == '-') {
            return Ok(());
        }
        Err(broken::<Self>("RequestId", r#"value does not match regex pattern "^[A-Za-z0-9_-]+$""#))
    }
}

impl Rules for TicketsServiceCreateTicketRequest {
    const NAME: &'static str = "TicketsServiceCreateTicketRequest";

    fn check(&self) -> Result<(), Broken> {
        part::<Self, _>("Request", self.request.as_ref())
    }
}

impl Rules for TicketsServiceBulkCreateTicketsRequest {
    const NAME: &'static str = "TicketsServiceBulkCreateTicketsRequest";

    fn check(&self) -> Result<(), Broken> {
        each::<Self, _>("TicketRequests", &self.ticket_requests)
    }
}

impl Rules for ListEventsRequest {
    const NAME: &'static str = "ListEventsRequest";

    fn check(&self) -> Result<(), Broken> {
        length_or_empty::<Self>("Cursor", &self.cursor, 4096)?;
        if self.page_size > 1000 {
            return Err(broken::<Self>("PageSize", "value must be less than or equal to 1000"));
        }
        length_or_empty::<Self>("EventFeedId", &self.event_feed_id, 1024)
    }
}
