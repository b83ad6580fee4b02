//! Finds the objects that an operation names in the last sync of a file.
//!
//! Start at [`LastSync::open`]. Reading blocks: call it where blocking is allowed. The file is only read.
//!
//! Source: connector-cli §5.3.

use c1z::{Limits, Reader, Record, Selection, SyncId, View, resource_key};
use camino::Utf8Path;
use proto::c1::connector::v2::{BatonId, Entitlement, Grant, Resource, ResourceId};

use crate::annotations::contains;
use crate::error::{Code, Error, Result};

/// The latest sync of a file, for looking things up.
#[derive(Debug)]
pub struct LastSync {
    reader: Reader,
    sync: SyncId,
}

/// What a grant needs.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantParts {
    /// Who gets it.
    pub principal: Resource,
    /// What is given, with its whole resource.
    pub entitlement: Entitlement,
}

impl LastSync {
    /// Opens the file: its latest finished full sync, else its latest finished one.
    ///
    /// # Errors
    /// `FailedPrecondition`, `no current sync`, when there is no file or no finished sync in it; else what is wrong with
    /// the file.
    pub fn open(file: &Utf8Path, limits: &Limits, temp_dir: Option<&Utf8Path>) -> Result<Self> {
        let no_sync = || {
            Error::new(
                Code::FailedPrecondition,
                format!("no current sync in `{file}`; hint: run a full sync into that file first"),
            )
        };
        let reader = match Reader::open_in(file, limits, temp_dir) {
            Ok(reader) => reader,
            Err(c1z::Error::Missing { .. }) => return Err(no_sync()),
            Err(error) => return Err(error.into()),
        };
        let runs = reader.syncs()?;
        let selection = Selection::new(&runs);
        let run = selection
            .latest_finished(Some(&c1z::SyncType::Full))
            .or_else(|| selection.latest_finished(None))
            .ok_or_else(no_sync)?;
        let sync = run.id.clone();
        Ok(Self { reader, sync })
    }

    /// The principal and the entitlement of a grant to be made.
    ///
    /// # Errors
    /// `NotFound` with the id when one of them is not in the sync; `InvalidArgument` when the principal belongs to
    /// another file.
    pub fn grant_parts(&self, entitlement_id: &str, principal: &ResourceId) -> Result<GrantParts> {
        let entitlement = self.entitlement(entitlement_id)?;
        let principal = self.resource(principal)?;
        Ok(GrantParts { principal, entitlement })
    }

    /// The grant with this id, with its whole entitlement and principal.
    ///
    /// # Errors
    /// `NotFound` with the id when it, its entitlement or its principal is not in the sync.
    pub fn grant(&self, id: &str) -> Result<Grant> {
        let mut grant: Grant = self.get(id, "grant")?;
        let entitlement = grant.entitlement.as_ref().map_or("", |entitlement| &entitlement.id);
        let principal = grant.principal.as_ref().and_then(|principal| principal.id.clone());
        grant.entitlement = Some(self.entitlement(entitlement)?);
        grant.principal = Some(self.resource(&principal.unwrap_or_default())?);
        Ok(grant)
    }

    fn entitlement(&self, id: &str) -> Result<Entitlement> {
        let mut entitlement: Entitlement = self.get(id, "entitlement")?;
        let resource = entitlement.resource.as_ref().and_then(|resource| resource.id.clone());
        entitlement.resource = Some(self.resource(&resource.unwrap_or_default())?);
        Ok(entitlement)
    }

    fn resource(&self, id: &ResourceId) -> Result<Resource> {
        let resource: Resource = self.get(&resource_key(&id.resource_type, &id.resource), "resource")?;
        if contains::<BatonId>(&resource.annotations) {
            return Err(Error::invalid_argument(format!(
                "resource '{}:{}' belongs to another connector, which has to provision it",
                id.resource_type, id.resource
            )));
        }
        Ok(resource)
    }

    fn get<R: Record>(&self, id: &str, noun: &str) -> Result<R> {
        self.view().get(id)?.ok_or_else(|| {
            Error::not_found(format!("{noun} '{id}' not found in the last sync: sql: no rows in result set"))
        })
    }

    fn view(&self) -> View<'_> {
        self.reader.view(&self.sync)
    }
}
