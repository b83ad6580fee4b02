//! A message with the bytes that it came as, so that what this version does not know is kept.

use std::marker::PhantomData;

use bytes::{Buf as _, Bytes};
use proto::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// A message and its bytes.
#[derive(Debug)]
pub(crate) struct Raw<M> {
    pub(crate) message: M,
    pub(crate) bytes: Bytes,
}

/// Reads [`Raw`] requests, writes plain answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawCodec<M, A>(PhantomData<(M, A)>);

impl<M, A> Default for RawCodec<M, A> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<M: Message + Default + 'static, A: Message + Send + 'static> Codec for RawCodec<M, A> {
    type Encode = A;
    type Decode = Raw<M>;
    type Encoder = ProstEncoder<A>;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self {
        Self(PhantomData)
    }
}

impl<M: Message + Default + 'static, A> Decoder for RawCodec<M, A> {
    type Item = Raw<M>;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Raw<M>>, Status> {
        let bytes = source.copy_to_bytes(source.remaining());
        // What is no message at all is not the fault of a field: a connector that hears InvalidArgument here would end.
        let message =
            M::decode(bytes.clone()).map_err(|error| Status::internal(format!("read the message: {error}")))?;
        Ok(Some(Raw { message, bytes }))
    }
}
