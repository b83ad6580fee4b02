//! `podium admin`: administration by whoever has the machine.

mod archive;
mod backup;
mod restore;

use anyhow::bail;
use camino::Utf8PathBuf;
use clap::Subcommand;
use ids::SystemRng;
use secrecy::ExposeSecret as _;
use store::audit::{Fault, verify};
use store::{Store, Surroundings};

use crate::config::{Config, Flags};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a link that makes an administrator; links that nobody used end
    FirstLink(Flags),
    /// Verify the audit log: every row, every hash, from the first to the last, and the signed anchor of each day
    Verify(Flags),
    /// Write everything that this install remembers into one new file; the server may run meanwhile
    Backup {
        /// The file to write; it must not be there
        file: Utf8PathBuf,
        /// Put the keys that open sealed secrets into it too, and the authority that connectors trust: whoever has the file
        /// then has everything
        #[arg(long)]
        with_keys: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Make an install anew out of a file that `backup` wrote; nothing may be there yet
    Restore {
        /// The file
        file: Utf8PathBuf,
        #[command(flatten)]
        flags: Flags,
    },
    /// Bring the database to the schema of this version
    Migrate(Flags),
}

/// Does it.
#[expect(clippy::print_stdout, reason = "what was asked for goes to stdout")]
pub(crate) async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::FirstLink(flags) => {
            let config = Config::load(&flags)?;
            let store = open(&config).await?;
            let link = auth::setup::issue(&store).await?;
            let base = match config.base_url.trim_end_matches('/') {
                "" => format!("http://{}", config.listen),
                base => base.to_owned(),
            };
            println!("{base}/setup/{}", link.token.expose_secret());
            Ok(())
        }
        Command::Verify(flags) => {
            let config = Config::load(&flags)?;
            let store = open(&config).await?;
            let mut conn = store.read().await?;
            let mut verified = verify(&mut conn, store.tenant()).await?;
            // Opening would make keys where there are none.
            let signed = config.key_file().exists();
            if signed {
                let sealer = store::seal::open_or_create(&config.key_file(), &SystemRng)?;
                for day in auth::anchor::forged(&mut conn, store.tenant(), &sealer).await? {
                    verified.fault(Fault::Signature { day });
                }
            }
            if verified.faults.is_empty() {
                println!("the audit log is whole: {} rows, head {}", verified.rows, verified.head);
                if !signed {
                    println!("the signatures of its anchors were not checked: there is no `{}`", config.key_file());
                }
                return Ok(());
            }
            let faults: Vec<String> = verified.faults.iter().map(words).collect();
            bail!("the audit log was tampered with:\n{}", faults.join("\n"))
        }
        Command::Backup { file, with_keys, flags } => {
            let keys = if with_keys { backup::Keys::Included } else { backup::Keys::LeftOut };
            println!("{}", backup::run(&Config::load(&flags)?, &file, keys).await?);
            Ok(())
        }
        Command::Restore { file, flags } => {
            println!("{}", restore::run(&Config::load(&flags)?, &file).await?);
            Ok(())
        }
        Command::Migrate(flags) => {
            let store = open(&Config::load(&flags)?).await?;
            println!("the {} database has the schema of this version", store.engine());
            Ok(())
        }
    }
}

async fn open(config: &Config) -> anyhow::Result<Store> {
    let location = config.database()?;
    if let store::Location::Sqlite(path) = &location {
        // Opening would make an empty one, which is never what an administrator wants to look at.
        anyhow::ensure!(path.exists(), "there is no database `{path}`; hint: give --data-dir of the server");
    }
    Ok(Store::open(&location, Surroundings::default()).await?)
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::Gap { expected, found } => format!("row {expected} is missing: row {found} follows"),
        Fault::Hash { seq } => format!("row {seq}, or the one before it, was changed"),
        Fault::Column { seq } => format!("the searchable columns of row {seq} say something else than the row"),
        Fault::Head { head, last } => format!("the log ends at row {last}, and its head is row {head}"),
        Fault::Anchor { day, seq } => {
            format!("at the end of {day} the last row was {seq}, and another; the log was cut or written anew since")
        }
        Fault::NoAnchor { day, seq } => format!("row {seq} says that {day} has an anchor, and it has none"),
        Fault::Signature { day } => format!("the anchor of {day} was not signed by this server"),
    }
}
