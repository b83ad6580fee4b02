use std::sync::{Mutex, PoisonError};

use ids::ManualClock;

use super::*;

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What is written in this format, at the first second of 2026.
fn written(format: Format, work: impl FnOnce()) -> String {
    let clock = ManualClock::new("2026-01-02T15:04:05.25Z".parse().unwrap());
    let memory = Memory::default();
    let writer = memory.clone();
    let layer = fmt::layer().event_format(Lines::new(format, Arc::new(clock))).with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn json_lines_have_their_keys_in_order() {
    let text = written(Format::Json, || {
        let error = crate::error::Error::not_found("gone");
        tracing::info!(count = 3, wait = 1.5, error = %error, name = "a\"b", types = ?["x", "y"], "Synced {} types", 3);
    });
    let line = line!() - 2;
    assert_eq!(
        text,
        format!(
            "{{\"level\":\"info\",\"ts\":1767366245.25,\"caller\":\"logging/tests.rs:{line}\",\"msg\":\"Synced 3 types\",\
             \"count\":3,\"wait\":1.5,\"error\":\"rpc error: code = NotFound desc = gone\",\"name\":\"a\\\"b\",\"types\":[\"x\",\"y\"]}}\n"
        )
    );
}

#[test]
fn console_lines_are_tab_separated() {
    let text = written(Format::Console, || {
        tracing::warn!(count = 3, "line one\nline two \u{1b}[31m");
        tracing::error!("bare");
    });
    let line = line!() - 3;
    let next = line + 1;
    assert_eq!(
        text,
        format!(
            "2026-01-02T15:04:05.250Z\tWARN\tlogging/tests.rs:{line}\tline one\\nline two \\u{{1b}}[31m\t{{\"count\":3}}\n\
             2026-01-02T15:04:05.250Z\tERROR\tlogging/tests.rs:{next}\tbare\n"
        )
    );
}

#[test]
fn levels_are_read_leniently() {
    for (word, expect) in [
        ("debug", Level::DEBUG),
        (" DEBUG ", Level::DEBUG),
        ("info", Level::INFO),
        ("Warn", Level::WARN),
        ("warning", Level::WARN),
        ("error", Level::ERROR),
        ("dpanic", Level::ERROR),
        ("fatal", Level::ERROR),
        ("", Level::INFO),
        ("loud", Level::INFO),
    ] {
        assert_eq!(level(word), expect, "{word}");
    }
}
