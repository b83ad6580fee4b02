//! `baton syncs`

use c1z::SyncRun;
use camino::Utf8Path;
use proto::Message;
use proto::baton::v1::SyncOutput;
use proto::json::Type;

use super::Printer;
use crate::cli::Format;
use crate::instant;
use crate::output::{console, json::Json};
use crate::source;

/// Lists the syncs of the file, finished or not.
pub(super) fn run(file: &Utf8Path, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let runs = source::syncs(file)?;
    match printer.format {
        Format::Json => {
            let message = Type::of::<SyncOutput>()?;
            let mut json = Json::new(printer.out);
            json.list("syncs", |json| {
                runs.iter().try_for_each(|run| json.member_message(message, &output(run).encode_to_vec()))
            })?;
            json.end()
        }
        Format::Console => console::write_table(
            printer.out,
            printer.style,
            ["ID", "Started At", "Ended At", "Type", "Parent ID", "Token"],
            |row| {
                runs.iter().try_for_each(|run| {
                    row([
                        run.id.as_str(),
                        &instant::to_seconds(run.started_at),
                        &run.ended_at.map(instant::to_seconds).unwrap_or_default(),
                        run.kind.as_str(),
                        run.parent.as_ref().map_or("", |id| id.as_str()),
                        &run.token,
                    ])
                })
            },
        ),
    }
}

fn output(run: &SyncRun) -> SyncOutput {
    SyncOutput {
        id: run.id.to_string(),
        started_at: Some(instant::to_proto(run.started_at)),
        ended_at: run.ended_at.map(instant::to_proto),
        sync_token: run.token.clone(),
        sync_type: run.kind.to_string(),
        parent_sync_id: run.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}
