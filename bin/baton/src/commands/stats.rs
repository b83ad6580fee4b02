//! `baton stats`

use std::collections::{BTreeMap, BTreeSet};

use c1z::{Format as Envelope, Selection, Stats, SyncRun};
use camino::Utf8Path;
use proto::c1::reader::v2 as reader;
use serde_json::Value;

use super::Printer;
use crate::cli::Format;
use crate::instant;
use crate::output::{Style, console};
use crate::source::{self, Source};

/// Counts what the latest finished sync holds.
pub(super) fn run(file: &Utf8Path, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let runs = source::syncs(file)?;
    let Some(run) = Selection::new(&runs).latest_finished(None) else {
        let label = match printer.style {
            Style::Colours => "\u{1b}[30;46m INFO \u{1b}[0m",
            Style::Plain => " INFO ",
        };
        writeln!(printer.out, "{label} No finished sync found in the c1z")?;
        return Ok(());
    };
    let stats = match &run.stats {
        Some(stats) => stats.clone(),
        None => Source::open(file)?.reader().stats(run)?,
    };
    match printer.format {
        Format::Json => {
            write!(printer.out, "{}", proto::json::to_string(&output(run, &stats))?)?;
            Ok(())
        }
        Format::Console => write_tables(run, &stats, printer),
    }
}

fn write_tables(run: &SyncRun, stats: &Stats, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let Printer { out, style, .. } = printer;
    let duration = run.ended_at.map(|ended_at| ended_at.duration_since(run.started_at));
    let facts = [
        ("Engine", Envelope::V1.engine().to_owned()),
        ("Sync ID", run.id.to_string()),
        ("Sync Type", run.kind.to_string()),
        ("Parent Sync ID", run.parent.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("Started At", instant::to_seconds(run.started_at)),
        ("Ended At", run.ended_at.map_or_else(|| "-".into(), instant::to_seconds)),
        ("Duration", duration.map_or_else(|| "-".into(), instant::to_go)),
        ("Sync Token", run.token.clone()),
    ];
    console::write_table(out, *style, ["Field", "Value"], |row| {
        facts.iter().try_for_each(|(field, value)| row([field, value]))
    })?;

    let totals = [
        ("Resource Types", stats.resource_types),
        ("Resources", stats.resources),
        ("Entitlements", stats.entitlements),
        ("Grants", stats.grants),
    ];
    writeln!(out)?;
    console::write_table(out, *style, ["Type", "Count"], |row| {
        totals.iter().try_for_each(|(kind, count)| row([kind, &count.to_string()]))
    })?;

    let by_type =
        [&stats.resources_by_resource_type, &stats.entitlements_by_resource_type, &stats.grants_by_resource_type];
    let types: BTreeSet<&String> = by_type.iter().flat_map(|counts| counts.keys()).collect();
    if types.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    console::write_table(out, *style, ["Resource Type", "Resources", "Entitlements", "Grants"], |row| {
        types.iter().try_for_each(|id| {
            let [resources, entitlements, grants] =
                by_type.map(|counts| counts.get(*id).copied().unwrap_or_default().to_string());
            row([id, &resources, &entitlements, &grants])
        })
    })
}

fn output(run: &SyncRun, stats: &Stats) -> reader::SyncRun {
    reader::SyncRun {
        id: run.id.to_string(),
        started_at: Some(instant::to_proto(run.started_at)),
        ended_at: run.ended_at.map(instant::to_proto),
        sync_token: run.token.clone(),
        sync_type: run.kind.to_string(),
        parent_sync_id: run.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
        stats: Some(reader::SyncStats {
            resource_types: count(stats.resource_types),
            resources: count(stats.resources),
            entitlements: count(stats.entitlements),
            grants: count(stats.grants),
            assets: count(stats.assets),
            resources_by_resource_type: counts(&stats.resources_by_resource_type),
            grants_by_resource_type: counts(&stats.grants_by_resource_type),
            entitlements_by_resource_type: counts(&stats.entitlements_by_resource_type),
            step_durations_ms: stats.step_durations_ms.iter().map(|(step, ms)| (step.clone(), whole(ms))).collect(),
            connector_call_stats: calls(&stats.connector_call_stats),
            session_store_stats: calls(&stats.session_store_stats),
        }),
    }
}

fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn counts<C: FromIterator<(String, i64)>>(by_type: &BTreeMap<String, u64>) -> C {
    by_type.iter().map(|(id, rows)| (id.clone(), count(*rows))).collect()
}

fn calls<C: FromIterator<(String, reader::CallStat)>>(by_name: &BTreeMap<String, Value>) -> C {
    let call = |value: &Value| {
        let field = |name: &str| value.get(name).map(whole).unwrap_or_default();
        reader::CallStat {
            count: field("count"),
            total_ms: field("total_ms"),
            max_ms: field("max_ms"),
            errors: field("errors"),
            timeouts: field("timeouts"),
        }
    };
    by_name.iter().map(|(name, value)| (name.clone(), call(value))).collect()
}

fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}
