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

use c1z::{ResourceRef, View};

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
pub(crate) fn run(cli: &Cli, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    let file = &cli.file;
    let read = |sync: Option<&str>, show: &mut dyn FnMut(&View<'_>) -> anyhow::Result<()>| {
        show(&Source::open(file)?.view(sync)?)
    };
    match &cli.command {
        Command::ResourceTypes(sync) => read(sync.sync_id.as_deref(), &mut |view| resource_types::run(view, printer)),
        Command::Resources(arguments) => read(arguments.sync.sync_id.as_deref(), &mut |view| {
            resources::run(view, arguments.resource_type.as_deref(), printer)
        }),
        Command::Entitlements(arguments) => read(arguments.sync.sync_id.as_deref(), &mut |view| {
            entitlements::run(view, arguments.resource_type.as_deref(), printer)
        }),
        Command::Grants(arguments) => {
            read(arguments.sync.sync_id.as_deref(), &mut |view| grants::run(view, arguments, printer))
        }
        Command::Access(arguments) => {
            let principal = resource(arguments.resource_type.as_deref(), arguments.resource.as_deref())?;
            read(None, &mut |view| access::run(view, principal, printer))
        }
        Command::Principals(arguments) => match &arguments.compare {
            Some(PrincipalsCommand::Compare(compare)) => principals::compare::run(file, compare, printer),
            None => read(arguments.sync.sync_id.as_deref(), &mut |view| principals::run(view, arguments, printer)),
        },
        Command::Stats => stats::run(file, printer),
        Command::Syncs => syncs::run(file, printer),
        Command::Diff => diff::run(&Source::open(file)?, printer),
        Command::Export(arguments) => export::run(&Source::open(file)?, arguments),
    }
}

/// Returns the resource that `--resource-type` and `--resource` name together.
fn resource<'a>(resource_type: Option<&'a str>, resource: Option<&'a str>) -> Result<ResourceRef<'a>, UsageError> {
    match (resource_type.filter(|id| !id.is_empty()), resource.filter(|id| !id.is_empty())) {
        (Some(resource_type), Some(resource)) => Ok(ResourceRef { resource_type, resource }),
        _ => Err(UsageError::ResourceIncomplete),
    }
}
