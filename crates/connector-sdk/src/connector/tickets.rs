//! Tickets in the ticketing system of the company, for access that people grant by hand.

use async_trait::async_trait;
use proto::c1::connector::v2::{
    Ticket, TicketSchema, TicketsServiceBulkCreateTicketsRequest, TicketsServiceBulkCreateTicketsResponse,
    TicketsServiceBulkGetTicketsRequest, TicketsServiceBulkGetTicketsResponse,
};

use super::PageToken;
use crate::annotations::Annotations;
use crate::error::Result;

/// Whether tickets are handled at all (`--ticketing`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticketing {
    /// Ticket tasks are carried out.
    Enabled,
    /// Ticket tasks are refused.
    Disabled,
}

/// Opens tickets and reads them back.
#[async_trait]
pub trait TicketManager: Send + Sync {
    /// One page of the kinds of ticket that there are. Transient errors are retried.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn list_ticket_schemas(&self, page: &PageToken) -> Result<TicketSchemaPage>;

    /// Opens a ticket of this kind. Never retried.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn create_ticket(&self, ticket: &Ticket, schema: Option<&TicketSchema>) -> Result<TicketAnswer>;

    /// The ticket with this id; no ticket is an error to the caller.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn get_ticket(&self, id: &str) -> Result<TicketAnswer>;

    /// Opens several tickets; the answer has one entry for each, in order, with its own error.
    ///
    /// # Errors
    /// Only what concerns all of them.
    async fn bulk_create_tickets(
        &self,
        request: &TicketsServiceBulkCreateTicketsRequest,
    ) -> Result<TicketsServiceBulkCreateTicketsResponse>;

    /// Reads several tickets; the answer has one entry for each, in order, with its own error.
    ///
    /// # Errors
    /// Only what concerns all of them.
    async fn bulk_get_tickets(
        &self,
        request: &TicketsServiceBulkGetTicketsRequest,
    ) -> Result<TicketsServiceBulkGetTicketsResponse>;
}

/// One page of ticket schemas.
#[derive(Debug, Default)]
pub struct TicketSchemaPage {
    /// The schemas.
    pub schemas: Vec<TicketSchema>,
    /// Where to go on; `None` after the last page.
    pub next: Option<PageToken>,
}

/// A ticket as the ticketing system has it now.
#[derive(Debug, Default)]
pub struct TicketAnswer {
    /// The ticket, if there is one.
    pub ticket: Option<Ticket>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}
