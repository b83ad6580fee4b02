//! The command line of `podium`.

use clap::{Parser, Subcommand};

use crate::config::{self, Config, Flags};

/// Open identity governance: who may do what, reviewed, granted for a limited time, and taken away.
#[derive(Debug, Parser)]
#[command(name = "podium", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at the settings
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check every setting and show where it came from; secrets are masked
    Check(Flags),
    /// Print the file of all settings with their defaults and meanings
    Defaults,
}

/// Does what the command line asks for.
///
/// # Errors
/// What went wrong, in words for whoever typed the command.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Config { command: ConfigCommand::Check(flags) } => {
            Config::load(&flags)?;
            print!("{}", config::report(&flags)?);
            Ok(())
        }
        Command::Config { command: ConfigCommand::Defaults } => {
            print!("{}", config::DEFAULTS);
            Ok(())
        }
    }
}
