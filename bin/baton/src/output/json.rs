//! One JSON object, written while the file is read.
//!
//! Lists without members are left out, as the canonical JSON of a protobuf message has it. There is no newline at the
//! end.

use std::io::Write;

use proto::json::Type;

/// How much text is collected before it is written.
const CHUNK_BYTES: usize = 64 * 1024;

/// A JSON object in the making.
pub(crate) struct Json<'a> {
    out: &'a mut dyn Write,
    buffer: Vec<u8>,
    /// The last byte that was written, which tells whether a comma is due.
    last: u8,
    /// A list that is opened when its first member comes.
    awaited: Option<&'static str>,
}

impl<'a> Json<'a> {
    /// Opens the object.
    pub(crate) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, buffer: b"{".to_vec(), last: b'{', awaited: None }
    }

    /// Closes the object.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        self.push(b"}");
        self.flush()
    }

    /// Opens an object that is a member of the one that is open.
    pub(crate) fn open(&mut self, name: &str) {
        self.name(name);
        self.push(b"{");
    }

    /// Closes it.
    pub(crate) fn close(&mut self) {
        self.push(b"}");
    }

    /// Writes the list `name`: `members` adds to it with [`Json::member`].
    pub(crate) fn list(
        &mut self,
        name: &'static str,
        members: impl FnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.begin_list(name);
        members(self)?;
        self.end_list();
        Ok(())
    }

    /// Begins the list `name`, which is opened when its first member comes.
    pub(crate) fn begin_list(&mut self, name: &'static str) {
        self.awaited = Some(name);
    }

    /// Ends the list that was begun last.
    pub(crate) fn end_list(&mut self) {
        if self.awaited.take().is_none() {
            self.push(b"]");
        }
    }

    /// Adds an object to the open list: `fields` are its members.
    pub(crate) fn member(&mut self, fields: impl FnOnce(&mut Self) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.begin_member();
        self.push(b"{");
        fields(self)?;
        self.push(b"}");
        self.flush_if_full()
    }

    /// Adds a member that is JSON already to the open list.
    pub(crate) fn member_json(&mut self, json: &[u8]) -> anyhow::Result<()> {
        self.begin_member();
        self.push(json);
        self.flush_if_full()
    }

    /// Adds an encoded message to the open list.
    pub(crate) fn member_message(&mut self, message: Type, wire: &[u8]) -> anyhow::Result<()> {
        self.begin_member();
        self.transcode(message, wire)?;
        self.flush_if_full()
    }

    /// Adds a field that is JSON already.
    pub(crate) fn field(&mut self, name: &str, json: &[u8]) {
        self.name(name);
        self.push(json);
    }

    /// Adds a field that is an encoded message.
    pub(crate) fn message(&mut self, name: &str, message: Type, wire: &[u8]) -> anyhow::Result<()> {
        self.name(name);
        self.transcode(message, wire)
    }

    fn begin_member(&mut self) {
        if let Some(name) = self.awaited.take() {
            self.name(name);
            self.push(b"[");
        }
        self.comma();
    }

    fn transcode(&mut self, message: Type, wire: &[u8]) -> anyhow::Result<()> {
        proto::json::write(&mut self.buffer, message, wire)?;
        self.last = b'}';
        Ok(())
    }

    fn name(&mut self, name: &str) {
        self.comma();
        self.push(b"\"");
        self.push(name.as_bytes());
        self.push(b"\":");
    }

    fn comma(&mut self) {
        if !matches!(self.last, b'{' | b'[') {
            self.push(b",");
        }
    }

    fn push(&mut self, text: &[u8]) {
        self.buffer.extend_from_slice(text);
        self.last = text.last().copied().unwrap_or(self.last);
    }

    fn flush_if_full(&mut self) -> anyhow::Result<()> {
        if self.buffer.len() < CHUNK_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_between_members_and_empty_lists_are_left_out() {
        let mut out = Vec::new();
        let mut json = Json::new(&mut out);
        json.list("none", |_| Ok(())).unwrap();
        json.list("some", |json| {
            json.member(|json| {
                json.field("a", b"{}");
                json.field("b", b"[1]");
                Ok(())
            })?;
            json.member(|_| Ok(()))
        })
        .unwrap();
        json.open("nested");
        json.list("none", |_| Ok(())).unwrap();
        json.close();
        json.end().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"some":[{"a":{},"b":[1]},{}],"nested":{}}"#);
    }
}
