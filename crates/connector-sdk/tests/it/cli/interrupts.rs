//! Signals end a run in order.

use std::io::{BufRead, BufReader, Read};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::program::Program;

fn check(signal: Signal) {
    let fake = Program::fake();
    let mut child = fake.start(&["--fake-fault=hang"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"hanging\"") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended by itself");
    }
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "{signal}: {rest}");
    assert!(rest.contains(signal.as_str()), "{rest}");
    let last = rest.lines().last().unwrap();
    assert_eq!(last, "runner: error processing task: rpc error: code = Canceled desc = context canceled");

    // What was done is saved as an unfinished sync, and nothing else is left.
    assert_eq!(fake.names(), ["sync.c1z"]);
    let syncs = crate::file::syncs(&fake.path("sync.c1z"));
    assert!(syncs.len() == 1 && syncs[0].ended_at.is_none(), "{syncs:?}");
    let again = fake.run(&[]);
    assert_eq!(again.status, 0, "{}", again.stderr);
    assert_eq!(again.logged("resumed previous sync").len(), 1);
}

#[test]
fn sigint_saves_and_ends_with_status_1() {
    check(Signal::SIGINT);
}

#[test]
fn sigterm_saves_and_ends_with_status_1() {
    check(Signal::SIGTERM);
}
