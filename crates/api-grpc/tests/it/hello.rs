//! Hello: what it stores, and the little that it refuses.

use domain::task::{Kind, State};
use http::uri::PathAndQuery;
use proto::c1::connector::v2::ConnectorCapabilities;
use proto::{Any, Message as _};
use tonic::Code;

use crate::messages::hello_from;
use crate::world::World;

testkit::on_both_engines! {
    async fn items_9_and_11_only_three_rules_refuse_a_hello(database: Database) {
        let world = World::new(&database).await?;
        let (_, client) = world.signed_in().await?;
        let hello = |change: fn(&mut _)| {
            let mut hello = hello_from("pod-1");
            change(&mut hello);
            hello
        };
        for (field, wrong) in [
            ("host_id", hello(|hello| hello.host_id.clear())),
            ("host_id", hello(|hello| hello.host_id = "ü".repeat(257))),
            ("task_id", hello(|hello| "no".clone_into(&mut hello.task_id))),
            ("connector_metadata", hello(|hello| hello.connector_metadata = None)),
        ] {
            let status = client.baton().hello(client.request(wrong)).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(field), "{}", status.message());
            assert!(!status.details().is_empty());
        }
        for right in [
            hello(|hello| hello.host_id = "ü".repeat(256)),
            hello(|hello| hello.task_id = "a".repeat(27)),
            hello(|hello| hello.build_info = None),
            hello(|hello| hello.os_info = None),
            hello(|hello| "(devel)".clone_into(&mut hello.build_info.as_mut().unwrap().package_version)),
            hello(|hello| hello.connector_metadata.as_mut().unwrap().display_name.clear()),
            hello(|hello| {
                let capabilities = ConnectorCapabilities { connector_capabilities: vec![4711], ..Default::default() };
                hello.connector_metadata.as_mut().unwrap().capabilities = Some(capabilities);
            }),
            hello(|hello| {
                let unknown = Any { type_url: "type.googleapis.com/not.known".to_owned(), value: vec![1, 2, 3] };
                hello.annotations = vec![unknown; 40];
            }),
        ] {
            client.baton().hello(client.request(right)).await?;
        }
    }

    async fn item_9_what_a_hello_says_is_kept_as_it_came(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        // Fields that this version does not know, in the metadata and beside it.
        let unknown = [0xba, 0x3e, 1, 7];
        let mut bytes = hello_from("pod-1").encode_to_vec();
        bytes.extend([0x2a, 4]);
        bytes.extend(unknown);
        bytes.extend(unknown);
        let mut grpc = tonic::client::Grpc::with_origin(client.dial.clone(), client.origin());
        let path = PathAndQuery::from_static("/c1.connectorapi.baton.v1.BatonService/Hello");
        grpc.ready().await.map_err(|error| anyhow::anyhow!(error))?;
        grpc.unary(client.request(Bytes(bytes.clone())), path, BytesCodec).await?;
        let found = world.found(connector).await?;
        let metadata = hello_from("pod-1").connector_metadata.unwrap().encode_to_vec();
        assert_eq!(found.metadata.unwrap(), [metadata.as_slice(), &unknown].concat());
        let mut conn = world.store.read().await?;
        let kept: Vec<u8> = sqlx::Row::get(&sqlx::query("SELECT hello FROM connector_host").fetch_one(&mut *conn).await?, 0);
        assert_eq!(kept, bytes);
        let host = store::host::list(&mut conn, connector).await?.remove(0);
        assert_eq!((host.version.as_str(), host.os.as_str()), ("v1.2.3", "debian 12 x86_64"));
    }

    async fn item_10_a_hello_completes_the_task_that_asked_for_it(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        let id = world.wait(connector, Kind::Hello).await?.to_string();
        assert_eq!(client.take("pod-1").await?, id);
        let mut hello = hello_from("pod-1");
        hello.task_id.clone_from(&id);
        client.baton().hello(client.request(hello)).await?;
        assert_eq!(world.task(&id).await?.state, State::Done);
    }

    async fn t_c4_the_first_hello_names_the_connector_and_wishes_for_a_sync(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        client.hello("pod-1").await?;
        client.hello("pod-2").await?;
        let mut renamed = hello_from("pod-1");
        "Another".clone_into(&mut renamed.connector_metadata.as_mut().unwrap().display_name);
        client.baton().hello(client.request(renamed)).await?;
        assert_eq!(world.found(connector).await?.display_name, "Demo", "the first name stays");
        client.take("pod-1").await?;
        assert_eq!(client.poll("pod-1").await?.task, None, "one sync only");
        assert_eq!(world.actions().await?, ["credential.rotated", "connector.contacted", "connector.named"]);
        world.desk.flush_contacts().await?;
        // Polls are contact, too; only after silence a Hello is news.
        world.pass(14 * 60);
        client.hello("pod-1").await?;
        world.pass(16 * 60);
        let client = { let mut client = client; client.sign_in(world.now()).await?; client };
        client.hello("pod-1").await?;
        assert_eq!(world.actions().await?.iter().filter(|action| *action == "connector.contacted").count(), 2);
        let mut conn = world.store.read().await?;
        assert_eq!(store::host::list(&mut conn, connector).await?.len(), 2);
    }

    async fn hosts_that_come_and_go_do_not_pile_up(database: Database) {
        let world = World::new(&database).await?;
        let (connector, client) = world.signed_in().await?;
        for pod in 0..55 {
            world.pass(1);
            client.hello(&format!("pod-{pod}")).await?;
        }
        let hosts = store::host::list(&mut *world.store.read().await?, connector).await?;
        assert_eq!(hosts.len(), 50);
        assert_eq!(hosts[0].host_id, "pod-54");
    }
}

/// Bytes that are sent as they are.
struct Bytes(Vec<u8>);

#[derive(Default)]
struct BytesCodec;

impl tonic::codec::Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl tonic::codec::Encoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;
    fn encode(&mut self, item: Bytes, buffer: &mut tonic::codec::EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(buffer, &item.0);
        Ok(())
    }
}

impl tonic::codec::Decoder for BytesCodec {
    type Item = ();
    type Error = tonic::Status;
    fn decode(&mut self, _: &mut tonic::codec::DecodeBuf<'_>) -> Result<Option<()>, tonic::Status> {
        Ok(Some(()))
    }
}
