//! Writes and reads a file of N users, each with one grant, and prints what that cost.
//!
//! `cargo run --release -p c1z --example bulk -- [USERS] [FOLDER] [ROUNDS]`: one line per step with seconds of wall and
//! of CPU, then the peak of memory and the size of the file. From the second round on the file holds earlier syncs.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::env;
use std::error::Error;
use std::time::Instant;

use c1z::{Grants, Limits, Options, Reader, ResourceTypes, Resources, Retention, Selection, Store, SyncType, Table};
use camino::Utf8PathBuf;
use nix::sys::resource::{UsageWho, getrusage};
use proto::c1::connector::v2::{
    Entitlement, Grant, Resource, ResourceId, ResourceType, UserTrait, resource_type, user_trait,
};
use proto::{Any, Message, Name, Struct, Value};

/// What a connector reads from one page of users.
const PAGE: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let users: usize = args.first().map_or(Ok(100_000), |users| users.parse())?;
    let folder = args.get(1).map_or_else(|| Utf8PathBuf::try_from(env::temp_dir()), |folder| Ok(folder.into()))?;
    let rounds: usize = args.get(2).map_or(Ok(1), |rounds| rounds.parse())?;
    let path = folder.join(format!("bulk-{}.c1z", std::process::id()));
    println!("{users} users, {} rows, {PAGE} users a batch, {rounds} rounds", 2 * users + 5);
    let step = Step::start();
    let made: usize = (0..users).map(|number| user(number).annotations.len() + grant(number).id.len()).sum();
    step.end(&format!("make the messages only, {made}"));
    for _ in 0..rounds {
        write(&path, users)?;
    }
    println!("memory {} MiB, file {} bytes", peak_mib()?, path.metadata()?.len());
    read(&path)?;
    println!("memory {} MiB", peak_mib()?);
    std::fs::remove_file(&path)?;
    Ok(())
}

fn write(path: &Utf8PathBuf, users: usize) -> Result<(), Box<dyn Error>> {
    let whole = Step::start();
    let step = Step::start();
    let mut store = Store::open(path, Options::default())?;
    store.start_sync(SyncType::Full, None)?;
    let types = [("user", resource_type::Trait::User), ("role", resource_type::Trait::Role)];
    store.put(&types.map(|(id, kind)| ResourceType {
        id: id.into(),
        display_name: id.into(),
        traits: vec![kind as i32],
        ..ResourceType::default()
    }))?;
    store.put(&["editor", "viewer"].map(role))?;
    store.put(&["editor", "viewer"].map(entitlement))?;
    step.end("open");

    let step = Step::start();
    let mut token = String::new();
    for page in (0..users).step_by(PAGE) {
        let ids = page..users.min(page + PAGE);
        store.put(&ids.clone().map(user).collect::<Vec<_>>())?;
        token = format!("{{\"page\":{page}}}");
        if page % (100 * PAGE) == 0 {
            store.checkpoint(&token)?;
        }
    }
    step.end("resources");

    let step = Step::start();
    for page in (0..users).step_by(PAGE) {
        store.put(&(page..users.min(page + PAGE)).map(grant).collect::<Vec<_>>())?;
        if page % (100 * PAGE) == 0 {
            store.checkpoint(&token)?;
        }
    }
    step.end("grants");

    let step = Step::start();
    store.cleanup(Retention::default())?;
    store.view(&Table::ALL)?;
    step.end("indexes");
    let step = Step::start();
    store.end_sync()?;
    step.end("stats");
    let step = Step::start();
    let saved = store.save()?;
    step.end("save");
    whole.end(&format!("written, {} bytes decoded", saved.decoded_bytes));
    Ok(())
}

fn read(path: &Utf8PathBuf) -> Result<(), Box<dyn Error>> {
    let step = Step::start();
    let reader = Reader::open(path, &Limits::default())?;
    let runs = reader.syncs()?;
    let run = Selection::new(&runs).latest_finished(None).ok_or("no finished sync")?;
    reader.stats(run)?;
    step.end("open and stats");
    let view = reader.view(&run.id);
    let step = Step::start();
    let mut bytes = 0;
    view.each(ResourceTypes::All, |_| Ok::<_, c1z::Error>(()))?;
    view.each(Resources::All, |row| {
        bytes += row.bytes()?.len();
        Ok::<_, c1z::Error>(())
    })?;
    view.each(Grants::All, |row| {
        bytes += row.bytes()?.len();
        Ok::<_, c1z::Error>(())
    })?;
    step.end(&format!("list {bytes} bytes"));
    let step = Step::start();
    let mut messages = 0;
    view.each(Resources::All, |row| row.decode().map(|_| messages += 1))?;
    view.each(Grants::All, |row| row.decode().map(|_| messages += 1))?;
    step.end(&format!("decode {messages} messages"));
    Ok(())
}

fn id(resource_type: &str, resource: impl Into<String>) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into(), ..ResourceId::default() }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

fn user(number: usize) -> Resource {
    let login = format!("user{number}@example.com");
    let text = |text: String| Value { kind: Some(prost_types::value::Kind::StringValue(text)) };
    let profile = Struct {
        fields: [
            ("first_name", format!("Given{number}")),
            ("last_name", format!("Family{number}")),
            ("login", login.clone()),
            ("user_id", format!("usr_{number:08}")),
        ]
        .map(|(key, value)| (key.to_owned(), text(value)))
        .into(),
    };
    let user = UserTrait {
        emails: vec![user_trait::Email { address: login.clone(), is_primary: true }],
        status: Some(user_trait::Status { status: 1, details: String::new() }),
        profile: Some(profile.clone()),
        account_type: 1,
        login: login.clone(),
        ..UserTrait::default()
    };
    Resource {
        id: Some(id("user", format!("usr_{number:08}"))),
        display_name: login,
        annotations: vec![any(&user)],
        profile: Some(profile),
        ..Resource::default()
    }
}

fn role(name: &str) -> Resource {
    Resource { id: Some(id("role", name)), display_name: name.into(), ..Resource::default() }
}

fn entitlement(role_name: &str) -> Entitlement {
    Entitlement {
        id: format!("role:{role_name}:assigned"),
        resource: Some(role(role_name)),
        slug: "assigned".into(),
        ..Entitlement::default()
    }
}

fn grant(number: usize) -> Grant {
    let role_name = if number.is_multiple_of(5) { "editor" } else { "viewer" };
    let user = format!("usr_{number:08}");
    Grant {
        id: format!("role:{role_name}:assigned:user:{user}"),
        entitlement: Some(Entitlement {
            id: format!("role:{role_name}:assigned"),
            resource: Some(role(role_name)),
            ..Entitlement::default()
        }),
        principal: Some(Resource { id: Some(id("user", user)), ..Resource::default() }),
        ..Grant::default()
    }
}

struct Step {
    wall: Instant,
    cpu: f64,
}

impl Step {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    fn end(&self, name: &str) {
        println!("{:7.3} s wall {:7.3} s CPU  {name}", self.wall.elapsed().as_secs_f64(), cpu_seconds() - self.cpu);
    }
}

fn cpu_seconds() -> f64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return f64::NAN };
    [usage.user_time(), usage.system_time()]
        .map(|time| std::time::Duration::new(time.tv_sec().unsigned_abs(), 0).as_secs_f64() + micros(time.tv_usec()))
        .iter()
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "less than a million")]
fn micros(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn peak_mib() -> nix::Result<i64> {
    Ok(getrusage(UsageWho::RUSAGE_SELF)?.max_rss() / 1024)
}
