//! One port: TLS, HTTP/2 and HTTP/1.1, errors in trailers, an orderly end.

use std::time::Duration;

use anyhow::Context as _;
use api_grpc::server::Limits;
use axum::body::Body;
use http::{Request, StatusCode, header};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::c1::connectorapi::baton::v1::StartDebuggingRequest;
use testkit::database::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;

use crate::messages::hello_from;
use crate::world::{Setup, World};

type Checked = anyhow::Result<()>;

async fn world() -> anyhow::Result<(World, Database)> {
    let database = Database::sqlite()?;
    Ok((World::new(&database).await?, database))
}

#[tokio::test]
async fn item_5_calls_without_a_good_token_are_unauthenticated_in_trailers() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    for authorization in ["", "Bearer", "Bearer nonsense", "Basic YTpi", "MAC x"] {
        let request = Request::post(format!("{}c1.connectorapi.baton.v1.BatonService/GetTask", client.origin()))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::AUTHORIZATION, authorization)
            .body(Body::from(vec![0; 5]))?;
        let response = client.dial.clone().send(request).await?;
        assert_eq!(response.status(), StatusCode::OK, "{authorization}");
        assert_eq!(response.headers()["grpc-status"], "16", "{authorization}");
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let mut request = client.request(hello_from("pod-1"));
        request.metadata_mut().insert("authorization", format!("{scheme} {}", client.token).parse()?);
        client.baton().hello(request).await?;
    }
    Ok(())
}

#[tokio::test]
async fn item_4_one_token_serves_many_calls_until_its_end() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    let (status, body, headers) = client.ask_token(client.form(world.now()), None).await?;
    assert_eq!((status, body["token_type"].as_str(), body["expires_in"].as_i64()), (200, Some("bearer"), Some(900)));
    assert!(headers.contains_key("dpop-nonce"));
    for _ in 0..30 {
        client.poll("pod-1").await?;
    }
    world.pass(899);
    client.poll("pod-1").await?;
    world.pass(2);
    assert_eq!(client.poll("pod-1").await.unwrap_err().code(), Code::Unauthenticated);
    Ok(())
}

#[tokio::test]
async fn item_8_unknown_services_and_methods_are_unimplemented_in_trailers() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    for path in [
        "c1.connectorapi.baton.v1.BatonService/Nonsense",
        "c1.connectorapi.baton.v1.BatonSessionService/Get",
        "c1.connectorapi.baton.v1.BatonSourceCacheService/Lookup",
        "c1.connectorapi.baton.v1.ConnectorConfigService/GetConnectorConfig",
        "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "api/v1/ping",
    ] {
        let request = Request::post(format!("{}{path}", client.origin()))
            .header(header::CONTENT_TYPE, "application/grpc+proto")
            .header(header::AUTHORIZATION, format!("Bearer {}", client.token))
            .body(Body::empty())?;
        let response = client.dial.clone().send(request).await?;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["grpc-status"], "12", "{path}");
    }
    let status = client.baton().start_debugging(client.request(StartDebuggingRequest {})).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    Ok(())
}

#[tokio::test]
async fn item_1_the_same_port_answers_http_1_and_plain_connections_on_loopback() -> Checked {
    let (world, _database) = world().await?;
    let plain = TcpStream::connect(world.dial.address).await?;
    let mut http1_only = world.dial.clone();
    let mut config = (*http1_only.config).clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    http1_only.config = config.into();
    let tls = http1_only.connect().await?;
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    for answer in [get(TokioIo::new(plain)).await?, get(TokioIo::new(tls)).await?] {
        assert_eq!(answer, "pong");
    }
    Ok(())
}

async fn get(io: impl hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static) -> anyhow::Result<String> {
    let (mut sender, connection) = http1::handshake(io).await?;
    tokio::spawn(connection);
    let request = Request::get("/api/v1/ping").header(header::HOST, "localhost").body(Body::empty())?;
    let body = sender.send_request(request).await?.into_body();
    Ok(String::from_utf8(axum::body::to_bytes(Body::new(body), 100).await?.to_vec())?)
}

#[tokio::test]
async fn item_7_sessions_resume() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    let again = async {
        let mut stream = client.dial.connect().await?;
        // The ticket comes behind the handshake.
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
        stream.read_exact(&mut [0; 9]).await?;
        anyhow::Ok(stream.get_ref().1.handshake_kind())
    };
    let kind = again.await?;
    // The first call left its ticket in the client's store.
    assert_eq!(kind, Some(rustls::HandshakeKind::Resumed));
    Ok(())
}

#[tokio::test]
async fn item_7_idle_and_half_open_connections_are_closed() -> Checked {
    let database = Database::sqlite()?;
    let short = Duration::from_millis(150);
    let limits = Limits { handshake: short, first_request: short, idle: short, ..Limits::default() };
    let world = Setup { limits, ..Setup::new()? }.start(&database).await?;
    // One that says nothing, one that begins TLS and stops, and one that says nothing after the handshake.
    let silent = TcpStream::connect(world.dial.address).await?;
    let mut half = TcpStream::connect(world.dial.address).await?;
    half.write_all(&[22, 3, 1]).await?;
    for mut stream in [silent, half] {
        stream.read_to_end(&mut Vec::new()).await.ok();
    }
    let mut idle = world.dial.connect().await?;
    idle.read_to_end(&mut Vec::new()).await.ok();
    // One that had a request.
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(world.dial.connect().await?)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get("https://localhost/api/v1/ping").body(Body::empty())?;
    assert_eq!(sender.send_request(request).await?.status(), StatusCode::OK);
    connection.await?.ok();
    Ok(())
}

#[tokio::test]
async fn the_end_of_the_server_waits_for_requests_and_closes_connections() -> Checked {
    let (mut world, _database) = world().await?;
    let (connector, client) = world.signed_in().await?;
    client.hello("pod-1").await?;
    let task = client.take("pod-1").await?;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let uploading = {
        let client = client.clone();
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        tokio::spawn(async move { client.baton().upload_asset(client.request(stream)).await.map(drop) })
    };
    let mut messages = crate::messages::whole_upload(&task, &crate::messages::sync_file(600_000)).into_iter();
    sender.send(messages.next().context("metadata")?).await?;
    sender.send(messages.next().context("data")?).await?;
    crate::uploads::until(|| Ok(world.files()? > 0)).await?;
    world.cancel.cancel();
    crate::uploads::until(|| Ok(std::net::TcpStream::connect(world.dial.address).is_err())).await?;
    for message in messages {
        sender.send(message).await?;
    }
    drop(sender);
    uploading.await??;
    assert_eq!(world.sync(connector, &task).await?.state, domain::sync::State::Uploaded);
    (&mut world.server).await?;
    Ok(())
}

#[tokio::test]
async fn a_proof_of_possession_binds_the_token() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    let url = format!("{}auth/v1/token", client.origin());
    let (_, _, headers) = client.ask_token(client.form(world.now()), None).await?;
    let nonce = headers["dpop-nonce"].to_str()?.to_owned();
    let prove = |url: &str, token: Option<&str>| {
        let request = dpop::proof::Request { method: "POST", url, nonce: Some(&nonce), access_token: token };
        dpop::proof::create(&client.key, request, world.now(), &ids::SystemRng).unwrap()
    };
    let (status, body, _) = client.ask_token(client.form(world.now()), Some(&prove(&url, None))).await?;
    assert_eq!((status, body["token_type"].as_str()), (200, Some("DPoP")), "{body}");
    let token = body["access_token"].as_str().context("a token")?;
    let call = format!("{}c1.connectorapi.baton.v1.BatonService/Hello", client.origin());
    let with = |scheme: &str, proof: Option<String>| {
        let mut request = tonic::Request::new(hello_from("pod-1"));
        request.metadata_mut().insert("authorization", format!("{scheme} {token}").parse().unwrap());
        if let Some(proof) = proof {
            request.metadata_mut().insert("dpop", proof.parse().unwrap());
        }
        request
    };
    let proof = prove(&call, Some(token));
    client.baton().hello(with("DPoP", Some(proof.clone()))).await?;
    for stolen in [with("DPoP", Some(proof)), with("DPoP", None), with("Bearer", None)] {
        assert_eq!(client.baton().hello(stolen).await.unwrap_err().code(), Code::Unauthenticated);
    }
    Ok(())
}

#[tokio::test]
async fn a_form_that_is_too_long_is_a_bad_request() -> Checked {
    let (world, _database) = world().await?;
    let (_, client) = world.signed_in().await?;
    let (status, body, _) = client.ask_token("x".repeat(1 << 20), None).await?;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_request")));
    Ok(())
}
