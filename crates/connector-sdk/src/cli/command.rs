//! The sub-commands, and which of them the arguments name.

use super::field::Field;
use super::lexer;

/// `--endpoint` of `health-check`.
pub(super) const ENDPOINT: Field =
    Field::text("endpoint", "What to ask for: health, ready or live").default_text("health").flag_only();
/// `--timeout` of `health-check`.
pub(super) const TIMEOUT: Field = Field::int("timeout", 5, "How many seconds to wait for the answer").flag_only();
/// `--no-descriptions` of `completion`.
const NO_DESCRIPTIONS: Field = Field::bool("no-descriptions", "Complete without descriptions").flag_only();

/// What the program is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Sync, or one of the operations.
    Root,
    /// Print what the connector can do.
    Capabilities,
    /// Print a completion script.
    Completion,
    /// Print the schema of the settings.
    Config,
    /// Ask a running connector how it is.
    HealthCheck,
    /// Print help.
    Help,
}

impl Command {
    /// Every sub-command, in alphabetical order.
    pub(super) const ALL: [Self; 5] =
        [Self::Capabilities, Self::Completion, Self::Config, Self::HealthCheck, Self::Help];

    /// The word for it; empty for the root.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Capabilities => "capabilities",
            Self::Completion => "completion",
            Self::Config => "config",
            Self::HealthCheck => "health-check",
            Self::Help => "help",
        }
    }

    /// One line for help.
    pub(super) const fn summary(self) -> &'static str {
        match self {
            Self::Root => "",
            Self::Capabilities => "Print what the connector can do, as JSON",
            Self::Completion => "Print the completion script for a shell",
            Self::Config => "Print the settings of the connector, as JSON",
            Self::HealthCheck => "Check the health of a connector that runs in service mode",
            Self::Help => "Help about any command",
        }
    }

    /// What follows its name in the usage line.
    pub(super) const fn arguments(self) -> &'static str {
        match self {
            Self::Completion => " [bash|zsh|fish]",
            Self::Help => " [command]",
            _ => "",
        }
    }

    /// The flags that only it has.
    pub(super) const fn local_fields(self) -> &'static [Field] {
        match self {
            Self::HealthCheck => &[ENDPOINT, TIMEOUT],
            Self::Completion => &[NO_DESCRIPTIONS],
            _ => &[],
        }
    }

    /// The sub-command that the arguments name, if any: the first argument that is neither flag nor value of a flag.
    /// It may stand before, between or behind flags, not behind `--`.
    pub(super) fn named_by(args: &[String], fields: &[Field]) -> Option<(Self, usize)> {
        let at = lexer::first_word(args, fields)?;
        let word = args.get(at)?;
        Self::ALL.into_iter().find(|command| command.name() == word).map(|command| (command, at))
    }
}
