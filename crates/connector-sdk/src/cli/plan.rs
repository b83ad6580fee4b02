//! From arguments to a decision what to do, without doing any of it.
//!
//! Start at [`make`]. The order of the checks is part of the contract: flag syntax, help and version, stray arguments,
//! required settings, settings that need each other, settings that exclude each other, rules of the connector's own
//! settings, mode, rules of the default settings.
//!
//! Source: connector-cli §2.6.

use std::path::PathBuf;

use super::command::Command;
use super::completion;
use super::config::Config;
use super::config_file::{self, ConfigFile};
use super::default_fields::{DEFAULTS, RELATIONS};
use super::failure::Failure;
use super::field::Field;
use super::health_check::Probe;
use super::help;
use super::lexer::{self, HELP, Parsed, VERSION};
use super::relation;
use super::schema;
use super::settings::Settings;
use super::spec::ConnectorSpec;

/// What the program finds around itself.
pub(super) struct Surroundings {
    /// The arguments, without the name of the program.
    pub(super) args: Vec<String>,
    /// The environment.
    pub(super) environment: fn(&str) -> Option<String>,
    /// The working directory.
    pub(super) folder: PathBuf,
}

impl Surroundings {
    /// Those of this process.
    pub(super) fn of_process() -> Result<Self, Failure> {
        let text = |arg: std::ffi::OsString| {
            arg.into_string().map_err(|arg| Failure::usage(format!("argument {} is not UTF-8", arg.display())))
        };
        Ok(Self {
            args: std::env::args_os().skip(1).map(text).collect::<Result<_, _>>()?,
            environment: |name| std::env::var(name).ok(),
            folder: PathBuf::from("."),
        })
    }
}

/// What to do.
pub(super) enum Plan {
    /// Print this on stdout.
    Print(String),
    /// Print the complaint on stderr, the text on stdout.
    Explain {
        /// What was not understood.
        complaint: String,
        /// What may help.
        text: String,
    },
    /// Print what the connector can do.
    Capabilities,
    /// Ask a running connector how it is.
    HealthCheck(Probe),
    /// Sync, or one of the operations.
    Run(Box<Settings>),
}

/// Decides what to do. Warnings are about settings that were read differently from what they look like.
///
/// # Errors
/// The first check that fails.
pub(super) fn make(
    spec: &ConnectorSpec,
    surroundings: &Surroundings,
    warnings: &mut Vec<String>,
) -> Result<Plan, Failure> {
    let file = config_file::find(&surroundings.folder, surroundings.environment).map_err(Failure::usage)?;
    let all = settings_of(spec);
    let mut args = surroundings.args.clone();
    let command = match Command::named_by(&args, &with_flags(&all, Command::Root)) {
        Some((command, at)) => {
            args.remove(at);
            command
        }
        None => Command::Root,
    };
    let parsed = lexer::parse(&args, &with_flags(&all, command)).map_err(Failure::usage)?;
    if parsed.is_on(&HELP) {
        return Ok(Plan::Print(help::text(spec, command)));
    }
    if parsed.is_on(&VERSION) {
        return Ok(Plan::Print(format!("{} version {}\n", spec.name, spec.version)));
    }
    let mut merge = |fields: &[Field]| {
        let file = file.as_deref().map_or_else(ConfigFile::default, |path| ConfigFile::read(path, warnings));
        Config::merge(fields, &parsed, surroundings.environment, &file, warnings)
    };
    match command {
        Command::Capabilities => Ok(Plan::Capabilities),
        Command::Config => Ok(Plan::Print(schema::json(spec)?)),
        Command::Completion => completion_plan(spec, &parsed),
        Command::Help => Ok(help_plan(spec, &parsed)),
        Command::HealthCheck => {
            let fields = with_flags(&all, Command::HealthCheck);
            Ok(Plan::HealthCheck(Probe::new(&merge(&fields))?))
        }
        Command::Root => {
            if let Some(word) = parsed.words.first() {
                return Err(unknown_command(word, spec.name));
            }
            let config = merge(&all);
            config.check_required(&all).map_err(Failure::usage)?;
            relation::check(RELATIONS, &config).map_err(Failure::usage)?;
            config.check_rules(spec.fields).map_err(Failure::usage)?;
            Ok(Plan::Run(Box::new(Settings::new(config, surroundings.environment, warnings)?)))
        }
    }
}

/// The settings of the program: those of the connector and those that every connector has.
pub(super) fn settings_of(spec: &ConnectorSpec) -> Vec<Field> {
    DEFAULTS.iter().chain(spec.fields).copied().collect()
}

/// The flags that a command takes: all settings, its own, and help.
fn with_flags(settings: &[Field], command: Command) -> Vec<Field> {
    let version = (command == Command::Root).then_some(VERSION);
    let local = command.local_fields().iter().copied();
    settings.iter().copied().chain(local).chain(version).chain([HELP]).collect()
}

fn unknown_command(word: &str, parent: &str) -> Failure {
    Failure::usage(format!("unknown command {} for {}", super::literal::quote(word), super::literal::quote(parent)))
}

fn completion_plan(spec: &ConnectorSpec, parsed: &Parsed) -> Result<Plan, Failure> {
    let Some(shell) = parsed.words.first() else {
        return Ok(Plan::Print(help::text(spec, Command::Completion)));
    };
    completion::script(spec, shell)
        .map(Plan::Print)
        .ok_or_else(|| unknown_command(shell, &format!("{} completion", spec.name)))
}

fn help_plan(spec: &ConnectorSpec, parsed: &Parsed) -> Plan {
    let Some(topic) = parsed.words.first() else {
        return Plan::Print(help::text(spec, Command::Root));
    };
    match Command::ALL.into_iter().find(|command| command.name() == topic) {
        Some(command) => Plan::Print(help::text(spec, command)),
        None => {
            Plan::Explain { complaint: format!("Unknown help topic `{topic}`"), text: help::text(spec, Command::Root) }
        }
    }
}
