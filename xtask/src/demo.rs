//! The first run: a local workspace, its connector and the explorer, all as real programs over HTTP.
//!
//! Start at [`run`]; [`crate::members`] reads what a sync found.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::Value;
use testkit::{TOKEN, Workspace, binary};

use crate::members::{Member, Members};
use crate::tools;

/// How the demonstration runs.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many members the workspace has.
    #[arg(long, default_value_t = 300)]
    users: u32,
    /// Leave the workspace running at the end, until Ctrl-C, to look at its pages.
    #[arg(long)]
    keep: bool,
}

/// Members shown in the table; the rest is counted.
const SHOWN: usize = 12;

/// Runs the demonstration; its files stay in `target/demo`.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    tools::run("cargo", &["build", "--quiet", "--workspace", "--bins"])?;
    let folder = tools::root()?.join("target/demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("empty `{folder}`"))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("make `{folder}`"))?;
    let workspace = Workspace::start(args.users, &[])?;
    let demo = Demo { file: folder.join("sync.c1z"), workspace };

    step(1, &format!("A local Whimsical workspace with {} members runs at {}", args.users, demo.workspace.url()));
    step(2, "baton-whimsical syncs it over SCIM 2.0");
    demo.connector(&[])?;
    let before = demo.members()?;
    demo.show(&before)?;

    step(3, "Changes, each one call of the connector");
    demo.change(&before)?;

    step(4, "A second sync, and what it found different");
    demo.connector(&[])?;
    show_difference(&before, &demo.members()?);

    println!("\nLook into the file with\n  target/debug/baton -f target/demo/sync.c1z grants");
    if args.keep {
        println!("The workspace stays at {} until you press Ctrl-C.", demo.workspace.url());
        std::thread::park();
    }
    Ok(())
}

struct Demo {
    file: Utf8PathBuf,
    workspace: Workspace,
}

impl Demo {
    /// Runs the connector as an administrator would; shows its command line, and its log only when it fails.
    fn connector(&self, args: &[&str]) -> anyhow::Result<()> {
        println!("  $ baton-whimsical {}", [args, &["--file", "sync.c1z"]].concat().join(" "));
        let output = Command::new(binary("baton-whimsical")?)
            .args(args)
            .args(["--file", self.file.as_str(), "--base-url", &self.workspace.scim_url()])
            .env("BATON_WHIMSICAL_TOKEN", TOKEN)
            .stdin(Stdio::null())
            .output()
            .context("start baton-whimsical")?;
        if !output.status.success() {
            bail!("baton-whimsical failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn members(&self) -> anyhow::Result<Members> {
        Members::read(&baton(&self.file, "resources")?, &baton(&self.file, "grants")?)
    }

    fn show(&self, members: &Members) -> anyhow::Result<()> {
        let seats = Seats::read(&self.workspace)?;
        let pending: Vec<&str> = seats.pending.iter().map(String::as_str).collect();
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header(["Name", "E-mail", "Role", "State"]);
        for member in members.iter().take(SHOWN) {
            table.add_row([&member.name, &member.email, member.role(), state(member, &pending)]);
        }
        println!("{table}");
        let rest = members.iter().count().saturating_sub(SHOWN);
        println!("  … and {rest} more\n");

        let mut totals = Table::new();
        totals.load_style(UTF8_FULL_CONDENSED).set_header(["", "Members", "of them pending"]);
        for (role, shown) in [("editor", "editors"), ("viewer", "viewers"), ("none", "removed, without a role")] {
            let of_role = || members.iter().filter(|member| member.role() == role);
            let waiting = of_role().filter(|member| pending.contains(&member.email.as_str())).count();
            totals.add_row([shown.to_owned(), of_role().count().to_string(), waiting.to_string()]);
        }
        for column in totals.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        println!("{totals}");
        println!("  {seats}\n");
        Ok(())
    }

    fn change(&self, members: &Members) -> anyhow::Result<()> {
        let find = |role: &str| {
            members
                .iter()
                .filter(|member| member.is_enabled && member.role() == role)
                .nth(1)
                .with_context(|| format!("the workspace has no second {role}"))
        };
        let (viewer, editor) = (find("viewer")?, find("editor")?);
        let leaver = members.iter().filter(|member| member.is_enabled).last().context("nobody is left to delete")?;
        let grant = format!("role:editor:assigned:user:{}", editor.id);
        self.connector(&[
            "--grant-entitlement",
            "role:editor:assigned",
            "--grant-principal-type",
            "user",
            "--grant-principal",
            &viewer.id,
        ])?;
        self.connector(&["--revoke-grant", &grant])?;
        self.connector(&[
            "--create-account-login",
            "grace@example.com",
            "--create-account-email",
            "grace@example.com",
        ])?;
        self.connector(&["--delete-resource-type", "user", "--delete-resource", &leaver.id])
    }
}

/// What the settings page of the workspace shows and SCIM does not tell.
struct Seats {
    /// E-mail addresses of those who never signed in.
    pending: Vec<String>,
    editors: u64,
    cost_cents: u64,
}

impl Seats {
    fn read(workspace: &Workspace) -> anyhow::Result<Self> {
        let answer: Value = serde_json::from_str(&workspace.call("GET", "/api/workspace/pending?limit=1000")?)?;
        let pending = answer.get("pending").and_then(Value::as_array).context("read the pending members")?;
        let email = |user: &Value| user.get("email").and_then(Value::as_str).map(str::to_owned);
        let answer: Value = serde_json::from_str(&workspace.call("GET", "/api/workspace")?)?;
        let number = |pointer: &str| answer.pointer(pointer).and_then(Value::as_u64).context("read the seats");
        Ok(Self {
            pending: pending.iter().filter_map(email).collect(),
            editors: number("/seats/editors")?,
            cost_cents: number("/seats/cost_per_period_cents")?,
        })
    }
}

impl std::fmt::Display for Seats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, cents) = (thousands(self.cost_cents / 100), self.cost_cents % 100);
        write!(
            f,
            "Seats: {} paid editors, ${whole}.{cents:02} a billing period; {} pending members cost nothing yet",
            self.editors,
            self.pending.len()
        )
    }
}

/// Returns a number with a comma between each three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn step(number: u8, text: &str) {
    println!("\n{number}. {text}");
}

fn state(member: &Member, pending: &[&str]) -> &'static str {
    match (member.is_enabled, pending.contains(&member.email.as_str())) {
        (false, _) => "removed",
        (true, true) => "pending",
        (true, false) => "active",
    }
}

fn show_difference(before: &Members, after: &Members) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["", "E-mail", "Before", "After"]);
    for (id, old, new) in before.changes(after) {
        let (sign, member) = match (old, new) {
            (None, Some(new)) => ("+", new),
            (Some(old), None) => ("-", old),
            (_, Some(new)) => ("~", new),
            (None, None) => continue,
        };
        let role = |member: Option<&Member>| member.map_or("-", Member::role).to_owned();
        let name = if member.email.is_empty() { id } else { &member.email };
        table.add_row([sign.to_owned(), name.to_owned(), role(old), role(new)]);
    }
    println!("{table}");
}

/// Returns what `baton COMMAND` prints as JSON.
fn baton(file: &Utf8Path, command: &str) -> anyhow::Result<Value> {
    let output = Command::new(binary("baton")?).args(["-f", file.as_str(), "-o", "json", command]).output()?;
    if !output.status.success() {
        bail!("baton {command} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("read what `baton {command}` printed"))
}
