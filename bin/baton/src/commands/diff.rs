//! `baton diff`

use anyhow::bail;
use c1z::{Change, Record, Selection, SyncId, SyncType};
use proto::Name;
use proto::c1::connector::v2::{Entitlement, Grant, Resource};
use proto::json::Type;

use super::Printer;
use crate::output::json::Json;
use crate::source::Source;

/// Shows what changed between the two latest finished full syncs; always JSON, whatever the format.
pub(super) fn run(source: &Source, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let runs = source.reader().syncs()?;
    let selection = Selection::new(&runs);
    let Some((old, new)) = selection.latest_two_full() else {
        if selection.latest_finished(Some(&SyncType::Full)).is_none() {
            bail!(
                "no syncs found - cannot diff\nhint: a finished full sync is needed, `baton syncs` lists what there is"
            );
        }
        bail!("cannot diff single sync run\nhint: sync once more into the same file");
    };
    let mut json = Json::new(printer.out);
    write::<Resource>(&mut json, "resources", source, &old.id, &new.id)?;
    write::<Entitlement>(&mut json, "entitlements", source, &old.id, &new.id)?;
    write::<Grant>(&mut json, "grants", source, &old.id, &new.id)?;
    json.end()
}

fn write<R: Record + Name>(
    json: &mut Json<'_>,
    name: &str,
    source: &Source,
    old: &SyncId,
    new: &SyncId,
) -> anyhow::Result<()> {
    let message = Type::of::<R>()?;
    json.open(name);
    let mut current = None;
    source.reader().diff::<R, anyhow::Error>(old, new, |change, row| {
        if current != Some(change) {
            if current.is_some() {
                json.end_list();
            }
            json.begin_list(match change {
                Change::Created => "created",
                Change::Modified => "modified",
                Change::Deleted => "deleted",
            });
            current = Some(change);
        }
        json.member_message(message, &row.bytes()?)
    })?;
    if current.is_some() {
        json.end_list();
    }
    json.close();
    Ok(())
}
