//! A service that answers as a test says, for what a workspace never does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::lab::Subject;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) path: String,
    /// The head in lower case.
    pub(crate) head: String,
    /// Null when there is none.
    pub(crate) body: Value,
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let (mut first, mut head, mut length) = (String::new(), String::new(), 0);
        reader.read_line(&mut first).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            head.push_str(&line);
            head.push('\n');
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let mut words = first.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Self { method, path, head, body: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// The `startIndex` of a listing; 1 when there is none.
    pub(crate) fn start_index(&self) -> u64 {
        let query = self.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        query.split('&').find_map(|pair| pair.strip_prefix("startIndex=")?.parse().ok()).unwrap_or(1)
    }
}

/// An answer as bytes; none hangs up.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
    is_hang_up: bool,
    /// Whether the end of the connection alone tells the end of the body.
    is_unsized: bool,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, head: String::new(), body: Vec::new(), is_hang_up: false, is_unsized: false }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/scim+json", &body.to_string())
    }

    pub(crate) fn text(status: u16, media_type: &str, body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::empty(status).header("Content-Type", media_type) }
    }

    /// A body of unknown length.
    pub(crate) fn unsized_text(body: &str) -> Self {
        Self { is_unsized: true, ..Self::text(200, "application/scim+json", body) }
    }

    /// The connection closes after the request was read.
    pub(crate) fn hang_up() -> Self {
        Self { is_hang_up: true, ..Self::empty(0) }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { head: format!("{}{name}: {value}\r\n", self.head), ..self }
    }

    fn write(&self, mut stream: &TcpStream) {
        if self.is_hang_up {
            return;
        }
        let length = if self.is_unsized || self.head.contains("Content-Length") || self.status == 204 {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", self.body.len())
        };
        let head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n{length}{}\r\n", self.status, self.head);
        // The client may have hung up: that is its right.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&self.body));
    }
}

/// A running service.
pub(crate) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a service that answers with what `script` makes of a request and the number of requests before it.
    pub(crate) fn start(script: impl Fn(&Request, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (log, stop) = (Arc::clone(&requests), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                let Some(request) = Request::read(&stream) else {
                    continue;
                };
                let number = log.lock().unwrap().len();
                let reply = script(&request, number);
                log.lock().unwrap().push(request);
                reply.write(&stream);
            }
        });
        Self { address, requests, is_over, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/scim-v2", self.address)
    }

    /// A new connector for the service.
    pub(crate) fn subject(&self) -> Subject {
        Subject::at(&self.url())
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The methods of the requests so far.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.method).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // One last connection wakes the thread.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
