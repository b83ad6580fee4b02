//! The command line of `podium`.

use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::config::{self, Config, Flags};
use crate::demo;
use crate::logging;
use crate::serve::{Server, cancel_on_signal};

/// Open identity governance: who may do what, reviewed, granted for a limited time, and taken away.
#[derive(Debug, Parser)]
#[command(name = "podium", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Flags),
    /// Run a workspace, a server and a hosted connector in one process, and sync once
    Demo(demo::Args),
    /// Administration on the machine itself
    Admin {
        #[command(subcommand)]
        command: admin::Command,
    },
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
#[expect(clippy::print_stdout, reason = "what was asked for goes to stdout")]
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Serve(flags) => {
            let config = Config::load(&flags)?;
            logging::start(&config.log);
            let cancel = CancellationToken::new();
            cancel_on_signal(&cancel)?;
            let server = Server::start(&config, cancel).await?;
            server.announce();
            server.ended().await;
            Ok(())
        }
        Command::Demo(args) => demo::run(args).await,
        Command::Admin { command } => admin::run(command).await,
        Command::Config { command: ConfigCommand::Check(flags) } => {
            print!("{}", config::report(&flags)?);
            Ok(())
        }
        Command::Config { command: ConfigCommand::Defaults } => {
            print!("{}", config::DEFAULTS);
            Ok(())
        }
    }
}
