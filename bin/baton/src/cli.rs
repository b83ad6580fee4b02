//! The command line of `baton`: the same commands and flags as the explorer of the Baton ecosystem.

use std::io::Write;

use camino::Utf8PathBuf;
use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand};

/// Explores, compares and exports `.c1z` files.
#[derive(Debug, Parser)]
#[command(name = "baton", version = concat!("version ", env!("CARGO_PKG_VERSION")), disable_version_flag = true, about)]
pub struct Cli {
    /// The file to read.
    #[arg(short, long, global = true, default_value = "sync.c1z")]
    pub file: Utf8PathBuf,
    /// How to print: tables for people, or JSON.
    #[arg(short, long, global = true, default_value = "console", value_name = "console|json", value_parser = Format::parse)]
    pub output_format: Format,
    /// Print version
    #[arg(short = 'v', long, action = ArgAction::Version)]
    pub version: Option<bool>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Tables for people.
    Console,
    /// One JSON object.
    Json,
}

impl Format {
    /// Reads `json`; any other word means the console, as scripts for the upstream explorer expect.
    #[expect(clippy::unnecessary_wraps, reason = "the signature of a clap value parser")]
    fn parse(word: &str) -> Result<Self, String> {
        Ok(if word == "json" { Self::Json } else { Self::Console })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists the types of resources.
    ResourceTypes(SyncChoice),
    /// Lists resources: users, roles, groups and whatever else the connector found.
    Resources(Resources),
    /// Lists what can be granted.
    Entitlements(Entitlements),
    /// Lists who was granted what.
    Grants(Grants),
    /// Shows everything that one principal has access to.
    Access(Access),
    /// Lists the principals that hold at least one of the selected grants.
    Principals(Principals),
    /// Counts what the latest finished sync holds.
    Stats,
    /// Lists the syncs in the file.
    Syncs,
    /// Shows what changed between the two latest finished full syncs, as JSON.
    Diff,
    /// Writes what the file holds in another form.
    #[command(subcommand)]
    Export(Export),
}

/// Which sync of the file to read.
#[derive(Debug, Clone, Args)]
pub struct SyncChoice {
    /// The sync to read instead of the latest finished one.
    #[arg(long)]
    pub sync_id: Option<String>,
}

/// `resources`
#[derive(Debug, Args)]
pub struct Resources {
    /// Only resources of this type.
    #[arg(short = 't', long)]
    pub resource_type: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at its type; a comment here would replace the help text")]
    pub sync: SyncChoice,
}

/// `entitlements`
#[derive(Debug, Args)]
pub struct Entitlements {
    /// Only entitlements of resources of this type.
    #[arg(short = 't', long)]
    pub resource_type: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at its type; a comment here would replace the help text")]
    pub sync: SyncChoice,
}

/// `grants`
#[derive(Debug, Args)]
pub struct Grants {
    /// Only grants of entitlements of resources of this type.
    #[arg(short = 't', long)]
    pub resource_type: Option<String>,
    /// Only grants of entitlements of this resource (needs --resource-type).
    #[arg(short, long, conflicts_with = "entitlement")]
    pub resource: Option<String>,
    /// Only grants of this entitlement.
    #[arg(short, long)]
    pub entitlement: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at its type; a comment here would replace the help text")]
    pub sync: SyncChoice,
}

/// `access`
#[derive(Debug, Args)]
pub struct Access {
    /// The type of the principal.
    #[arg(short = 't', long)]
    pub resource_type: Option<String>,
    /// The id of the principal.
    #[arg(short, long)]
    pub resource: Option<String>,
}

/// `principals`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Principals {
    /// The type of the resource whose grants count (with --resource).
    #[arg(short = 't', long)]
    pub resource_type: Option<String>,
    /// The resource whose grants count (with --resource-type).
    #[arg(short, long, conflicts_with = "entitlement")]
    pub resource: Option<String>,
    /// The entitlement whose grants count.
    #[arg(short, long)]
    pub entitlement: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at its type; a comment here would replace the help text")]
    pub sync: SyncChoice,
    /// A comparison instead of a list.
    #[command(subcommand)]
    pub compare: Option<PrincipalsCommand>,
}

/// What can be done with principals besides listing them.
#[derive(Debug, Subcommand)]
pub enum PrincipalsCommand {
    /// Compares the holders of two entitlements, also across files.
    Compare(Compare),
}

/// `principals compare`
#[derive(Debug, Args)]
pub struct Compare {
    /// The entitlement of --file whose holders are expected.
    #[arg(short, long)]
    pub entitlement: String,
    /// The file that holds the entitlement to compare with.
    #[arg(long, default_value = "sync.c1z")]
    pub compare_file: Utf8PathBuf,
    /// The entitlement to compare with.
    #[arg(long)]
    pub compare_entitlement: String,
}

/// The forms of an export.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Identities, entitlements and grants as comma-separated values.
    Csv {
        /// The file to write; an existing one is replaced.
        #[arg(long, default_value = "./sync.csv")]
        out: Utf8PathBuf,
    },
    /// The same rows as a spreadsheet.
    Xlsx {
        /// The file to write; an existing one is replaced.
        #[arg(long, default_value = "./sync.xlsx")]
        out: Utf8PathBuf,
    },
    /// One sync as a file of its own.
    C1z {
        /// The file to write; it must not exist.
        #[arg(long, default_value = "./latest.c1z")]
        out: Utf8PathBuf,
        #[command(flatten)]
        #[expect(missing_docs, reason = "documented at its type; a comment here would replace the help text")]
        sync: SyncChoice,
    },
}

/// Prints why the command line was refused, or the help that it asks for, and returns the exit code.
///
/// Naming no command is asking for help.
pub(crate) fn refuse(refusal: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let text = match refusal.kind() {
        ErrorKind::MissingSubcommand => Cli::command().render_help().to_string(),
        _ => refusal.render().to_string(),
    };
    // There is nowhere left to tell that this fails.
    match refusal.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        | ErrorKind::MissingSubcommand => {
            let _ = out.write_all(text.as_bytes());
            0
        }
        _ => {
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            let _ = write!(err, "Error: {text}");
            2
        }
    }
}
