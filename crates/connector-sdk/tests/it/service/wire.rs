//! What a server sees on the wire (client items 1, 5, 6).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use connector_sdk::service::{Credentials, Link, Options, Program, Proxies, RootCertStore};
use http::Version;
use proto::c1::connectorapi::baton::v1::task::{HelloTask, TaskType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::lab::Lab;
use super::server::{Seen, id_of, task};
use crate::fake::{Fake, workspace};

#[tokio::test]
async fn the_first_token_request_is_that_of_upstream() {
    let mut lab = Lab::new().await;
    lab.start(Fake::new(workspace(3)).connector());
    lab.server.until("a poll", |seen| (seen.polls > 1).then_some(())).await;
    let id = lab.options.credentials.client_id.as_str().to_owned();
    let port = lab.server.address.port();
    lab.server.seen(|seen| {
        assert_eq!(seen.tokens.len(), 1);
        let request = &seen.tokens[0];
        assert_eq!(request.version, Version::HTTP_2);
        assert_eq!(request.authority, format!("localhost:{port}"));
        let mut names: Vec<&str> = request.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept-encoding", "content-length", "content-type", "user-agent"]);
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers["user-agent"], "baton-c1-credential-provider baton-sdk/v0.25.0");
        assert_eq!(request.headers["accept-encoding"], "gzip");
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.form.as_bytes()).into_owned().collect();
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["client_assertion", "client_assertion_type", "client_id", "grant_type"]);
        assert_eq!(pairs[1].1, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        assert_eq!((pairs[2].1.as_str(), pairs[3].1.as_str()), (id.as_str(), "client_credentials"));
        let key = lab.options.credentials.key.public();
        let now = jiff::Timestamp::now();
        dpop::assertion::verify(&pairs[0].1, key, &id, &["localhost"], now).unwrap();
    });
    lab.stop().await;
}

#[tokio::test]
async fn calls_carry_the_headers_of_upstream() {
    let mut lab = Lab::new().await;
    lab.start(Fake::new(workspace(3)).connector());
    lab.server.until("a poll", |seen| (seen.polls > 0).then_some(())).await;
    lab.server.seen(|seen| {
        let paths: Vec<&str> = seen.calls.iter().take(2).map(|(path, _)| path.as_str()).collect();
        let service = "/c1.connectorapi.baton.v1.BatonService";
        assert_eq!(paths, [format!("{service}/Hello"), format!("{service}/GetTask")]);
        for (path, headers) in &seen.calls {
            let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
            names.sort_unstable();
            let expect = ["authorization", "content-type", "grpc-accept-encoding", "te", "user-agent"];
            assert_eq!(names, expect, "{path}");
            assert_eq!(headers["user-agent"], "calm-otter-12345 baton-sdk/v0.25.0 grpc-go/1.83.0");
            assert_eq!(headers["authorization"], "Bearer token-1");
            assert_eq!(headers["content-type"], "application/grpc");
            assert_eq!(headers["te"], "trailers");
            assert_eq!(headers["grpc-accept-encoding"], "gzip");
        }
        assert_eq!(seen.connections, 1);
    });
    lab.stop().await;
}

#[tokio::test]
async fn hello_says_who_and_where_we_are() {
    let mut lab = Lab::new().await;
    lab.server.script(|script| script.tasks.push_back(task("again", TaskType::Hello(HelloTask::default()))));
    lab.start(Fake::new(workspace(3)).connector());
    let said = |seen: &Seen| (seen.hellos.len() == 2).then(|| seen.hellos.clone());
    let hellos = lab.server.until("a second hello", said).await;
    assert_eq!((hellos[0].task_id.as_str(), hellos[1].task_id.clone()), ("", id_of("again")));
    for hello in hellos {
        assert_eq!(hello.host_id, "host-1");
        let build = hello.build_info.unwrap();
        assert_eq!((build.package.as_str(), build.package_version.as_str()), ("baton-whimsical", "v1.2.3"));
        assert!(!build.lang_version.is_empty());
        assert!(hello.os_info.is_some() && hello.annotations.is_empty());
        let metadata = hello.connector_metadata.unwrap();
        assert_eq!(metadata.display_name, "Fake");
        assert!(metadata.capabilities.is_some());
    }
    // The second hello is all the answer that its task gets.
    lab.stop().await;
    assert_eq!(lab.server.seen(|seen| seen.finished.len()), 0);
}

#[tokio::test]
async fn another_host_and_a_proxy_change_the_way_but_not_the_audience() {
    let mut lab = Lab::new().await;
    lab.options.api_host = Some("podium.test".to_owned());
    let tunnel = Tunnel::start(lab.server.address).await;
    let address = format!("http://me:pa%20ss@{}", tunnel.address);
    let proxies = Proxies::from_environment(|name| (name == "HTTPS_PROXY").then(|| address.clone()));
    let mut roots = RootCertStore::empty();
    roots.add(lab.server.certificate().clone()).unwrap();
    let link = Link::https(&lab.options.server().unwrap(), &proxies, roots, &lab.runtime).unwrap();
    lab.start_over(Fake::new(workspace(1)).connector(), link);
    lab.server.until("a poll", |seen| (seen.polls > 0).then_some(())).await;
    let head = tunnel.heads.lock().unwrap()[0].clone();
    assert!(head.starts_with("CONNECT podium.test:443 HTTP/1.1\r\nHost: podium.test:443\r\n"), "{head}");
    assert!(head.contains("\r\nProxy-Authorization: Basic bWU6cGEgc3M=\r\n"), "{head}");
    lab.server.seen(|seen| {
        // As Go writes them: the token's URL has no port, the target of gRPC has.
        assert_eq!(seen.tokens[0].authority, "podium.test");
        let form: std::collections::HashMap<String, String> =
            url::form_urlencoded::parse(seen.tokens[0].form.as_bytes()).into_owned().collect();
        let (key, id) = (lab.options.credentials.key.public(), lab.options.credentials.client_id.as_str());
        let assertion = &form["client_assertion"];
        dpop::assertion::verify(assertion, key, id, &["localhost"], jiff::Timestamp::now()).unwrap();
    });
    lab.stop().await;
}

/// A proxy that leads everybody to one place.
struct Tunnel {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    running: tokio::task::JoinHandle<()>,
}

impl Tunnel {
    async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        let running = tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap().into());
                }
                noted.lock().unwrap().push(head);
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
            }
        });
        Self { address, heads, running }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.running.abort();
    }
}

#[test]
fn hosts_are_named_as_upstream_names_them() {
    let long = "h".repeat(300);
    for (variable, expect) in [(Some("one"), "one"), (Some(""), "baton-sdk"), (Some(long.as_str()), &long[..256])] {
        assert_eq!(Options::host_id(variable), expect);
    }
    assert!(!Options::host_id(None).is_empty());
}

#[test]
fn servers_are_found_in_client_ids() {
    let check = |host: &str, override_with: Option<&str>, expect: Option<(&str, u16)>| {
        let (id, secret) = super::lab::credentials(host);
        let program = Program { name: String::new(), version: String::new() };
        let mut options = Options::new(Credentials::parse(&id, &secret).unwrap(), program);
        options.api_host = override_with.map(str::to_owned);
        let server = options.server();
        assert_eq!(
            server.as_ref().ok().map(|server| (server.host(), server.port())),
            expect,
            "{host} {override_with:?}"
        );
    };
    check("podium.example", None, Some(("podium.example", 443)));
    check("podium.example:8443", None, Some(("podium.example", 8443)));
    check("[::1]:8443", None, Some(("::1", 8443)));
    check("podium.example", Some("other:1"), Some(("other", 1)));
    check("podium.example", Some(""), None);
    check("", None, None);
    check("podium.example:x", None, None);
    check("podium.example:", None, None);
    check("a@b", None, None);
}
