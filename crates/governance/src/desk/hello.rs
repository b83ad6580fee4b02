//! Hello: a connector says what and where it is.
//!
//! Source: baton-service-mode §6, §16 items 9–11; governance §2.1 (T-C4).

use bytes::Bytes;
use domain::audit::Object;
use domain::sync::Trigger;
use domain::task::{self, Outcome, TaskId};
use jiff::Timestamp;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use proto::c1::connectorapi::baton::v1::BatonServiceHelloRequest;
use serde_json::{Value, json};
use store::connector::{self, Level};
use store::host;
use store::task::Ending;

use super::{Connector, Desk, from_connector};
use crate::{Caller, Error, Result};

/// The kind of connector that takes the name of what says Hello first.
const TAKES_NAME: &str = "baton";
/// The field of a Hello that holds the metadata.
const METADATA: u32 = 5;
/// The longest name and version that are kept, in characters.
const TEXT: usize = 256;

impl Desk {
    /// Takes a Hello; `message` is what `bytes` say, and `task` the task that asked for it.
    ///
    /// The bytes are kept as they came: they may hold what this version does not know. The first Hello of a connector
    /// wishes for its first sync, and gives a `baton` connector its name.
    ///
    /// # Errors
    /// `NotFound` when the connector was deleted; or when the database refuses.
    pub async fn hello(
        &self,
        caller: &Caller,
        task: Option<&TaskId>,
        message: &BatonServiceHelloRequest,
        bytes: Bytes,
    ) -> Result<()> {
        let from = from_connector(caller)?;
        self.heard(from);
        let mut tx = self.governance.store().begin().await?;
        let known = connector::find_for_update(&mut tx, from.id).await?;
        let known = known.ok_or_else(|| Error::not_found("connector", from.id))?;
        let said = said(from, &known, message, &bytes);
        host::hello(&mut tx, from.id, &said).await?;
        let is_first = known.first_contact_at.is_none();
        if is_first || self.was_silent(&known, tx.now()) {
            let after = json!({"hostId": said.host_id, "version": said.version, "os": said.os});
            let object = Object::new("connector", from.id);
            tx.audit(
                caller.event("connector.contacted", object).with_app(known.app_id).with_change(Value::Null, after),
            );
            let words = format!("`{}` says Hello from {} ({})", said.host_id, said.os, said.version);
            connector::write_line(&mut tx, from.id, None, Level::Info, &words).await?;
        }
        if known.display_name != said.display_name {
            let object = Object::new("connector", from.id);
            let change = (json!({"displayName": known.display_name}), json!({"displayName": said.display_name}));
            tx.audit(caller.event("connector.named", object).with_app(known.app_id).with_change(change.0, change.1));
        }
        if known.writes_refused.is_some() {
            let words = "the connector has started again; whether it may write is seen at the next change";
            connector::write_line(&mut tx, from.id, None, Level::Info, words).await?;
        }
        if let Some(task) = task {
            // Item 10: the Hello is the answer to the task that asked for it.
            let asked = store::task::get_for_update(&mut tx, task).await?;
            if asked.is_some_and(|asked| asked.connector_id == from.id && asked.kind == task::Kind::Hello) {
                let (state, outcome) = (task::State::Done, Outcome::Success);
                let ending = Ending { state, outcome, code: None, message: None, response: None, annotations: None };
                store::task::end(&mut tx, task, ending).await?;
            }
        }
        if known.applied_sync_id.is_none() && known.paused_at.is_none() {
            crate::wish::sync(&mut tx, caller, from.id, Trigger::First).await?;
        }
        tx.commit().await?;
        self.governance.task_queued().notify_waiters();
        Ok(())
    }

    /// Whether the connector had vanished before it called now.
    fn was_silent(&self, known: &connector::Connector, now: Timestamp) -> bool {
        let limit = domain::connector::silent_after(self.governance.settings().poll_interval);
        known.last_contact_at.is_some_and(|last| now.duration_since(last) > limit)
    }
}

fn said(
    from: Connector<'_>,
    known: &connector::Connector,
    message: &BatonServiceHelloRequest,
    bytes: &Bytes,
) -> host::Hello {
    let (build, os) = (message.build_info.clone().unwrap_or_default(), message.os_info.clone().unwrap_or_default());
    let name = message.connector_metadata.as_ref().map_or("", |metadata| metadata.display_name.trim());
    let takes_name = known.catalog_id == TAKES_NAME && known.first_contact_at.is_none() && !name.is_empty();
    host::Hello {
        host_id: from.host.to_owned(),
        version: shown(&[&build.package_version]),
        os: shown(&[&os.platform, &os.platform_version, &os.kernel_arch]),
        message: bytes.to_vec(),
        metadata: metadata(bytes),
        display_name: if takes_name { shown(&[name]) } else { known.display_name.clone() },
    }
}

/// Texts of a connector as one line for people.
fn shown(texts: &[&str]) -> String {
    let words: Vec<&str> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
    words.join(" ").chars().filter(|character| !character.is_control()).take(TEXT).collect()
}

/// The bytes of the metadata within a Hello. Should the field be there several times, one behind the other is what all
/// of them say together; this is how the format merges messages.
fn metadata(mut hello: &[u8]) -> Vec<u8> {
    let mut found = Vec::new();
    while let Ok((field, kind)) = decode_key(&mut hello) {
        if (field, kind) != (METADATA, WireType::LengthDelimited) {
            if skip_field(kind, field, &mut hello, DecodeContext::default()).is_err() {
                break;
            }
            continue;
        }
        let length = decode_varint(&mut hello).ok().and_then(|length| usize::try_from(length).ok());
        let Some((value, rest)) = length.and_then(|length| hello.split_at_checked(length)) else { break };
        found.extend_from_slice(value);
        hello = rest;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::Message as _;
    use proto::c1::connector::v2::ConnectorMetadata;

    #[test]
    fn item_9_the_metadata_is_kept_as_it_came() {
        let metadata_of = |name: &str| ConnectorMetadata { display_name: name.to_owned(), ..Default::default() };
        let hello = BatonServiceHelloRequest {
            host_id: "pod-1".to_owned(),
            connector_metadata: Some(metadata_of("Demo")),
            ..Default::default()
        };
        let mut bytes = hello.encode_to_vec();
        assert_eq!(metadata(&bytes), metadata_of("Demo").encode_to_vec());
        // A field that this version does not know, within the metadata and beside it.
        let unknown = [0xba, 0x3e, 1, 7];
        bytes.extend([0x2a, 4]);
        bytes.extend(unknown);
        bytes.extend(unknown);
        let expected = [metadata_of("Demo").encode_to_vec().as_slice(), &unknown].concat();
        assert_eq!(metadata(&bytes), expected);
        assert_eq!(metadata(&[0x2a, 200]), Vec::<u8>::new());
    }

    #[test]
    fn texts_of_connectors_become_one_line() {
        assert_eq!(shown(&["debian", " 12\n", "x86_64"]), "debian 12 x86_64");
        assert_eq!(shown(&[&"x".repeat(1000)]).len(), TEXT);
    }
}
