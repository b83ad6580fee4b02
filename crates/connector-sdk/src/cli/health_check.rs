//! `health-check`: asks a connector in service mode how it is. Made for probes of containers; needs no settings.
//!
//! Source: connector-cli §3.3.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::command::{ENDPOINT, TIMEOUT};
use super::config::Config;
use super::default_fields::{HEALTH_CHECK_ADDRESS, HEALTH_CHECK_PORT};
use super::failure::Failure;
use crate::error::Code;

/// The status line of an answer is within so many bytes.
const MAX_HEAD: usize = 1024;

/// One question.
#[derive(Debug)]
pub(super) struct Probe {
    endpoint: String,
    address: String,
    port: u16,
    timeout: Duration,
}

impl Probe {
    /// The question that the settings describe.
    ///
    /// # Errors
    /// When the endpoint, the port or the time-out is none.
    pub(super) fn new(config: &Config) -> Result<Self, Failure> {
        let endpoint = config.text(&ENDPOINT);
        if !["health", "ready", "live"].contains(&endpoint.as_str()) {
            return Err(Failure::usage(format!("invalid endpoint: {endpoint} (valid: health, ready, live)")));
        }
        let port = config.int(&HEALTH_CHECK_PORT);
        let port = u16::try_from(port)
            .map_err(|_| Failure::usage(format!("invalid health-check-port: {port} (valid: 1 to 65535)")))?;
        let seconds = u64::try_from(config.int(&TIMEOUT)).ok().filter(|seconds| (1..=3600).contains(seconds));
        let seconds = seconds.ok_or_else(|| Failure::usage("invalid timeout (valid: 1 to 3600 seconds)"))?;
        let address = config.text(&HEALTH_CHECK_ADDRESS);
        Ok(Self { endpoint, address, port, timeout: Duration::from_secs(seconds) })
    }

    /// Asks.
    ///
    /// # Errors
    /// When nobody answers (exit status 14), or the answer is not 200 (2).
    pub(super) fn check(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + self.timeout;
        let stream = self
            .connect(deadline)
            .map_err(|error| Failure::new(Code::Unavailable, format!("health check failed: {error}")))?;
        match self.ask(stream, deadline) {
            Ok(200) => Ok(()),
            Ok(status) => Err(Failure::usage(format!("health check returned status {status}"))),
            Err(error) => Err(Failure::usage(format!("health check failed: {error}"))),
        }
    }

    fn connect(&self, deadline: Instant) -> std::io::Result<TcpStream> {
        let host = self.address.trim_start_matches('[').trim_end_matches(']');
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the address means no host");
        for address in (host, self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(deadline)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn ask(&self, mut stream: TcpStream, deadline: Instant) -> std::io::Result<u16> {
        stream.set_write_timeout(Some(left(deadline)?))?;
        let request = format!(
            "GET /{} HTTP/1.1\r\nHost: {}:{}\r\nConnection: close\r\n\r\n",
            self.endpoint, self.address, self.port
        );
        stream.write_all(request.as_bytes())?;
        let mut head = Vec::with_capacity(MAX_HEAD);
        let mut chunk = [0; 256];
        while head.len() < MAX_HEAD && !head.contains(&b'\n') {
            stream.set_read_timeout(Some(left(deadline)?))?;
            let read = stream.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            head.extend(chunk.iter().take(read));
        }
        status(&head).ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "the answer is not HTTP"))
    }
}

/// The status of an HTTP answer.
fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\n').next()?).ok()?;
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}

/// The time that is left; an error when there is none.
fn left(deadline: Instant) -> std::io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time"));
    }
    Ok(left)
}
