//! The commands, one module each.

mod access;
mod diff;
mod entitlements;
mod grants;
mod principals;
mod resource_types;
mod resources;
mod stats;
mod syncs;

use std::io::Write;

use c1z::ResourceRef;
use ids::Clock;

use crate::cli::{Cli, Command, Format, PrincipalsCommand};
use crate::error::UsageError;
use crate::export;
use crate::output::Style;
use crate::source::Source;

/// Where and how a command prints.
pub(crate) struct Printer<'a> {
    /// Standard output, buffered.
    pub(crate) out: &'a mut dyn Write,
    /// Tables or JSON.
    pub(crate) format: Format,
    /// How tables are painted.
    pub(crate) style: Style,
}

/// Runs the command.
pub(crate) fn run(cli: &Cli, printer: &mut Printer<'_>, clock: &dyn Clock) -> anyhow::Result<()> {
    if let Command::Principals(arguments) = &cli.command
        && let Some(PrincipalsCommand::Compare(compare)) = &arguments.compare
    {
        return principals::compare::run(&cli.file, compare, printer, clock);
    }
    let source = Source::open(&cli.file)?;
    match &cli.command {
        Command::ResourceTypes(sync) => {
            resource_types::run(&source.view(sync.sync_id.as_deref(), clock)?, printer)
        }
        Command::Resources(arguments) => {
            let view = source.view(arguments.sync.sync_id.as_deref(), clock)?;
            resources::run(&view, arguments.resource_type.as_deref(), printer)
        }
        Command::Entitlements(arguments) => {
            let view = source.view(arguments.sync.sync_id.as_deref(), clock)?;
            entitlements::run(&view, arguments.resource_type.as_deref(), printer)
        }
        Command::Grants(arguments) => {
            let view = source.view(arguments.sync.sync_id.as_deref(), clock)?;
            grants::run(&view, arguments, printer)
        }
        Command::Access(arguments) => {
            let principal = resource(arguments.resource_type.as_deref(), arguments.resource.as_deref())?;
            access::run(&source.view(None, clock)?, principal, printer)
        }
        Command::Principals(arguments) => {
            let view = source.view(arguments.sync.sync_id.as_deref(), clock)?;
            principals::run(&view, arguments, printer)
        }
        Command::Stats => stats::run(&source, printer),
        Command::Syncs => syncs::run(&source, printer),
        Command::Diff => diff::run(&source, printer),
        Command::Export(arguments) => export::run(&source, arguments, clock),
    }
}

/// Returns the resource that `--resource-type` and `--resource` name together.
fn resource<'a>(resource_type: Option<&'a str>, resource: Option<&'a str>) -> Result<ResourceRef<'a>, UsageError> {
    match (resource_type.filter(|id| !id.is_empty()), resource.filter(|id| !id.is_empty())) {
        (Some(resource_type), Some(resource)) => Ok(ResourceRef { resource_type, resource }),
        _ => Err(UsageError::ResourceIncomplete),
    }
}
