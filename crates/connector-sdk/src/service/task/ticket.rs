//! Tickets: opening them, reading them, and which kinds there are.

use proto::c1::connector::v2::{
    Ticket, TicketSchema, TicketsServiceBulkCreateTicketsRequest, TicketsServiceBulkGetTicketsRequest,
    TicketsServiceCreateTicketRequest, TicketsServiceCreateTicketResponse, TicketsServiceGetTicketRequest,
    TicketsServiceGetTicketResponse, TicketsServiceListTicketSchemasResponse,
};
use proto::c1::connectorapi::baton::v1::task::{
    BulkCreateTicketsTask, BulkGetTicketsTask, CreateTicketTask, GetTicketTask,
};
use proto::{Any, Message};

use super::TaskContext;
use super::answer::{Answer, Fault, MAX_BYTES, guarded, read};
use super::rules::Rules;
use crate::connector::{PageToken, TicketManager, Ticketing};
use crate::error::{Code, Error, Result};
use crate::retry::RetryPolicy;

/// The most schemas of one answer.
const MAX_SCHEMAS: usize = 100;

impl TaskContext {
    fn tickets(&self) -> Result<&dyn TicketManager> {
        match self.ticketing {
            Ticketing::Enabled => {
                self.connector.ticket_manager().ok_or_else(|| Error::unimplemented("ticket manager not implemented"))
            }
            Ticketing::Disabled => Err(Error::unknown("ticketing is not enabled")),
        }
    }
}

/// Opens a ticket. The task's annotations come back, also with an error.
pub(super) async fn create(context: &TaskContext, task: &CreateTicketTask) -> Result<Answer, Fault> {
    let Some(wanted) = &task.ticket_request else {
        return Err(Fault::malformed("malformed create ticket task").annotated(&task.annotations));
    };
    read(async {
        let request = TicketsServiceCreateTicketRequest {
            request: Some(wanted.clone()),
            schema: task.ticket_schema.clone(),
            annotations: task.annotations.clone(),
        };
        request.check()?;
        let ticket = Ticket {
            display_name: wanted.display_name.clone(),
            description: wanted.description.clone(),
            status: wanted.status.clone(),
            labels: wanted.labels.clone(),
            custom_fields: wanted.custom_fields.clone(),
            requested_for: wanted.requested_for.clone(),
            ..Ticket::default()
        };
        let call = context.tickets()?.create_ticket(&ticket, task.ticket_schema.as_ref());
        let answer = context.call("error: creating ticket failed", call).await?;
        let mut annotations: Vec<Any> = answer.annotations.into();
        annotations.extend_from_slice(&task.annotations);
        let response = TicketsServiceCreateTicketResponse {
            ticket: answer.ticket,
            annotations: annotations.clone(),
            error: String::new(),
        };
        // The ticket is there now, so it is reported whatever its size.
        Ok(Answer::new(&response, annotations))
    })
    .await
    .map_err(|fault| fault.annotated(&task.annotations))
}

/// Reads a ticket. Of the connector's answer only the ticket is sent.
pub(super) async fn get(context: &TaskContext, task: &GetTicketTask) -> Result<Answer, Fault> {
    if task.ticket_id.is_empty() {
        return Err(Fault::malformed("malformed get ticket task"));
    }
    let found = guarded(async {
        let call = context.tickets()?.get_ticket(&task.ticket_id);
        context.call("error: getting ticket failed", call).await
    });
    let answer = match found.await {
        Ok(answer) if answer.ticket.is_none() => Err(Fault::malformed("connector returned empty ticket")),
        Ok(answer) => {
            let annotations = task.annotations.clone();
            let response = TicketsServiceGetTicketResponse {
                ticket: answer.ticket,
                annotations: annotations.clone(),
                error: String::new(),
            };
            Answer::of_read(&response, annotations).map_err(|error| Fault::retryable(&error))
        }
        Err(error) => Err(Fault::retryable(&error)),
    };
    answer.map_err(|fault| fault.annotated(&task.annotations))
}

/// Lists the kinds of ticket, at most 100 and as many as fit.
pub(super) async fn list_schemas(context: &TaskContext) -> Result<Answer, Fault> {
    read(async {
        let mut list = all_schemas(context).await?;
        if list.is_empty() {
            return Err(Error::unknown("connector returned no ticket schemas"));
        }
        list.truncate(MAX_SCHEMAS);
        let mut response = TicketsServiceListTicketSchemasResponse { list, ..Default::default() };
        while response.list.len() > 1 && response.encoded_len() > MAX_BYTES {
            response.list.pop();
        }
        Answer::of_read(&response, Vec::new())
    })
    .await
}

/// The schemas of all pages, or of as many as bring enough.
async fn all_schemas(context: &TaskContext) -> Result<Vec<TicketSchema>> {
    let tried = "error: listing ticket schemas failed";
    let manager = context.tickets()?;
    let mut list = Vec::new();
    let mut page = PageToken::start();
    loop {
        let retry = context.runtime.retry(RetryPolicy::TICKET_SCHEMAS);
        let answer = retry.call(|| manager.list_ticket_schemas(&page)).await.map_err(|error| error.context(tried))?;
        list.extend(answer.schemas);
        match answer.next.filter(|next| !next.is_start() && list.len() < MAX_SCHEMAS) {
            None => return Ok(list),
            Some(next) if next == page => {
                let text = "listing ticket schemas failed: next page token unchanged - likely a connector bug";
                return Err(Error::new(Code::Internal, text));
            }
            Some(next) => page = next,
        }
    }
}

/// Opens several tickets; each has its own result in the answer.
pub(super) async fn bulk_create(context: &TaskContext, task: &BulkCreateTicketsTask) -> Result<Answer, Fault> {
    if task.ticket_requests.is_empty() {
        return Err(Fault::malformed("malformed bulk create ticket task"));
    }
    let requests = task.ticket_requests.iter().map(|one| TicketsServiceCreateTicketRequest {
        request: one.ticket_request.clone(),
        schema: one.ticket_schema.clone(),
        annotations: one.annotations.clone(),
    });
    let request = TicketsServiceBulkCreateTicketsRequest { ticket_requests: requests.collect() };
    let response = guarded(async {
        request.check()?;
        let call = context.tickets()?.bulk_create_tickets(&request);
        context.call("error: creating tickets failed", call).await
    });
    let response = response.await.map_err(|error| Fault::retryable(&error))?;
    check_count(response.tickets.len(), task.ticket_requests.len())?;
    // The tickets are there now, so they are reported whatever their size.
    Ok(Answer::new(&response, Vec::new()))
}

/// Reads several tickets; each has its own result in the answer.
pub(super) async fn bulk_get(context: &TaskContext, task: &BulkGetTicketsTask) -> Result<Answer, Fault> {
    if task.ticket_requests.is_empty() {
        return Err(Fault::malformed("malformed bulk get tickets task"));
    }
    let requests = task
        .ticket_requests
        .iter()
        .map(|one| TicketsServiceGetTicketRequest { id: one.ticket_id.clone(), annotations: one.annotations.clone() });
    let request = TicketsServiceBulkGetTicketsRequest { ticket_requests: requests.collect() };
    let response = guarded(async {
        let call = context.tickets()?.bulk_get_tickets(&request);
        context.call("error: fetching tickets failed", call).await
    });
    let response = response.await.map_err(|error| Fault::retryable(&error))?;
    check_count(response.tickets.len(), task.ticket_requests.len())?;
    Answer::of_read(&response, Vec::new()).map_err(|error| Fault::retryable(&error))
}

fn check_count(found: usize, wanted: usize) -> Result<(), Fault> {
    if found == wanted { Ok(()) } else { Err(Fault::malformed("connector returned incorrect number of tickets")) }
}
