//! `baton principals`

pub(super) mod compare;

use c1z::{Columns, Grants, ResourceRef, View};

use super::Printer;
use super::resources::{Entry, TITLES};
use crate::cli::{self, Format};
use crate::output::{console, json::Json};
use crate::references::References;

/// Lists the principals of the grants that the options choose, each once, in the order of their first grants.
pub(super) fn run(view: &View<'_>, arguments: &cli::Principals, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let filter = filter(arguments)?;
    let mut references = References::new(view);
    let mut each = |visit: &mut dyn FnMut(Entry<'_>) -> anyhow::Result<()>| {
        each_principal(view, filter, |id| {
            let principal = references.resource(id)?;
            visit(Entry::new(&principal.wire, &mut references)?)
        })
    };
    match printer.format {
        Format::Json => {
            let mut json = Json::new(printer.out);
            json.list("resources", |json| each(&mut |entry| entry.add_to_json(json)))?;
            json.end()
        }
        Format::Console => {
            console::write_table(printer.out, printer.style, TITLES, |row| each(&mut |entry| entry.add_to_table(row)))
        }
    }
}

/// The grants whose principals are meant.
#[derive(Debug, Clone, Copy)]
enum Held<'a> {
    Anything,
    OnResource(ResourceRef<'a>),
    Entitlement(&'a str),
}

fn filter(arguments: &cli::Principals) -> anyhow::Result<Held<'_>> {
    let cli::Principals { resource_type, resource, entitlement, .. } = arguments;
    Ok(match (resource_type.as_deref(), resource.as_deref(), entitlement.as_deref()) {
        (None, None, None) => Held::Anything,
        (None, None, Some(entitlement)) => Held::Entitlement(entitlement),
        (resource_type, resource, _) => Held::OnResource(super::resource(resource_type, resource)?),
    })
}

impl<'a> Held<'a> {
    fn grants(self) -> Grants<'a> {
        match self {
            Self::Anything => Grants::All,
            Self::OnResource(resource) => Grants::OfResource(resource),
            Self::Entitlement(id) => Grants::OfEntitlement(id),
        }
    }

    fn is_met_by(self, columns: &Columns<'_>) -> bool {
        match self {
            Self::Anything => true,
            Self::OnResource(resource) => {
                columns.resource_type_id == resource.resource_type && columns.resource_id == resource.resource
            }
            Self::Entitlement(id) => columns.entitlement_id == id,
        }
    }
}

/// Calls `visit` with each principal at the first of its grants that meets `held`.
///
/// Whether a grant is the first is asked of the database, so that memory does not grow with the number of principals.
fn each_principal(
    view: &View<'_>,
    held: Held<'_>,
    mut visit: impl FnMut(ResourceRef<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    view.each(held.grants(), |row| {
        let columns = row.columns()?;
        let principal = ResourceRef { resource_type: columns.other_type_id, resource: columns.other_id };
        if first_grant(view, held, principal)? == Some(row.id()?) { visit(principal) } else { Ok(()) }
    })
}

/// Returns the row of the first grant of `principal` that meets `held`.
fn first_grant(view: &View<'_>, held: Held<'_>, principal: ResourceRef<'_>) -> anyhow::Result<Option<i64>> {
    let ended = view.each(Grants::OfPrincipal(principal), |row| {
        if held.is_met_by(&row.columns()?) { Err(End::Found(row.id()?)) } else { Ok(()) }
    });
    match ended {
        Ok(()) => Ok(None),
        Err(End::Found(row)) => Ok(Some(row)),
        Err(End::Failed(error)) => Err(error.into()),
    }
}

/// Why a listing ended early.
enum End {
    Found(i64),
    Failed(c1z::Error),
}

impl From<c1z::Error> for End {
    fn from(error: c1z::Error) -> Self {
        Self::Failed(error)
    }
}
