//! One user: create, read, replace, patch, delete.

use http::{HeaderName, StatusCode, header};
use scim::Error;
use scim::document::Document;
use scim::patch;
use scim::projection::Projection;

use super::Asked;
use super::answer::{Answer, refused, unsaved};
use super::input::{PatchRules, new_user, patched, replacement, strictness};
use super::list::projection;
use super::precondition::{check_write, is_known};
use super::resource::{Style, etag};
use super::schema::USER_TYPE;
use crate::model::provisioning::{Edit, Provisioned};
use crate::model::switches::{PatchStatus, PostExisting};
use crate::model::{Act, Actor, Refusal, ScimUser, Switches, UserId, Workspace};

pub(super) async fn create(asked: &Asked<'_>) -> Result<Answer, Error> {
    let projection = projection(asked)?;
    let switches = switches(asked);
    let document = Document::read(&asked.body, &USER_TYPE, strictness(&switches))?;
    let new = new_user(&document)?;
    let done = change(asked, |workspace, act| {
        let provisioned = workspace.provision(new, act).map_err(refused)?;
        let user = workspace.directory().get(provisioned.id()).cloned();
        Ok((provisioned, user.ok_or_else(|| refused(Refusal::NotFound))?))
    });
    let (provisioned, user) = done.await?;
    let status = match (provisioned, switches.post_existing) {
        (Provisioned::Linked(_), PostExisting::Link200) => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    Ok(shown(asked, &switches, status, &user, &projection, &header::LOCATION))
}

pub(super) fn read(asked: &Asked<'_>, id: &str) -> Result<Answer, Error> {
    let projection = projection(asked)?;
    let id = user_id(id)?;
    asked.app.read(|workspace| {
        let switches = workspace.switches();
        let user = workspace.visible(id).ok_or_else(no_such_user)?;
        if switches.etag.is_on() && is_known(&asked.parts.headers, user) {
            return Ok(Answer::empty(StatusCode::NOT_MODIFIED).with_text(header::ETAG, &etag(user)));
        }
        Ok(shown(asked, switches, StatusCode::OK, user, &projection, &header::CONTENT_LOCATION))
    })
}

pub(super) async fn replace(asked: &Asked<'_>, id: &str) -> Result<Answer, Error> {
    let projection = projection(asked)?;
    let switches = switches(asked);
    let id = user_id(id)?;
    let user = change(asked, |workspace, act| {
        let user = workspace.visible(id).ok_or_else(no_such_user)?;
        precondition(asked, workspace, user)?;
        let document = Document::read(&asked.body, &USER_TYPE, strictness(&switches))?;
        update(workspace, id, replacement(&document)?, act)
    });
    Ok(shown(asked, &switches, StatusCode::OK, &user.await?, &projection, &header::CONTENT_LOCATION))
}

pub(super) async fn patch(asked: &Asked<'_>, id: &str) -> Result<Answer, Error> {
    let projection = projection(asked)?;
    let switches = switches(asked);
    let id = user_id(id)?;
    let user = change(asked, |workspace, act| {
        let user = workspace.visible(id).ok_or_else(no_such_user)?;
        precondition(asked, workspace, user)?;
        let rules = PatchRules {
            strictness: strictness(&switches),
            takes_name: !user.has_joined(),
            refuses_names: switches.refuses_names(),
        };
        let before = Style::inner(&asked.base).value(user);
        let outcome = patch::apply(&asked.body, &before, &USER_TYPE, &rules, strictness(&switches))?;
        update(workspace, id, patched(&before, &outcome)?, act)
    });
    let user = user.await?;
    if switches.patch_status == PatchStatus::NoContent && matches!(projection, Projection::Default) {
        return Ok(Answer::empty(StatusCode::NO_CONTENT).with_text(header::ETAG, &etag(&user)));
    }
    Ok(shown(asked, &switches, StatusCode::OK, &user, &projection, &header::CONTENT_LOCATION))
}

pub(super) async fn delete(asked: &Asked<'_>, id: &str) -> Result<Answer, Error> {
    let id = user_id(id)?;
    let deleted = change(asked, |workspace, act| {
        let user = workspace.visible(id).ok_or_else(no_such_user)?;
        precondition(asked, workspace, user)?;
        workspace.delete(id, act).map_err(refused)
    });
    deleted.await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn update(workspace: &mut Workspace, id: UserId, edit: Edit, act: &Act<'_>) -> Result<ScimUser, Error> {
    workspace.update(id, edit, act).map_err(refused)?;
    // Read without regard to visibility: a removal that hides the user still answers with it.
    workspace.directory().get(id).cloned().ok_or_else(no_such_user)
}

fn precondition(asked: &Asked<'_>, workspace: &Workspace, user: &ScimUser) -> Result<(), Error> {
    if workspace.switches().etag.is_on() { check_write(&asked.parts.headers, user) } else { Ok(()) }
}

/// Changes the workspace in one step, checks included.
async fn change<T>(
    asked: &Asked<'_>,
    change: impl FnOnce(&mut Workspace, &Act<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    asked.app.write(Actor::Scim, change).await.map_err(unsaved)?
}

fn shown(
    asked: &Asked<'_>,
    switches: &Switches,
    status: StatusCode,
    user: &ScimUser,
    projection: &Projection,
    location: &HeaderName,
) -> Answer {
    let style = Style::wire(&asked.base, switches);
    let body = projection.apply(&style.value(user), &USER_TYPE);
    let answer = Answer::json(status, &body).with_text(location.clone(), &style.location(user));
    if switches.etag.is_on() { answer.with_text(header::ETAG, &etag(user)) } else { answer }
}

fn switches(asked: &Asked<'_>) -> Switches {
    asked.app.read(|workspace| workspace.switches().clone())
}

fn user_id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| no_such_user())
}

fn no_such_user() -> Error {
    Error::not_found("There is no such user.")
}
