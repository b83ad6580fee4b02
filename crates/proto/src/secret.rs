//! Keeps secrets out of `Debug`, and so out of logs and errors.
//!
//! The build script leaves out the derived `Debug` of the messages below.

use std::fmt::{Debug, Formatter, Result};

use prost::Name;

use crate::c1::connector::v2::PlaintextData;
use crate::c1::connector::v2::local_credential_options::PlaintextPassword;
use crate::c1::connectorapi::baton::v1::{GetConnectorConfigResponse, GetConnectorOauthTokenResponse, SignedHeader};
use crate::c1::utls::v1::Credential;

macro_rules! keep_secret {
    ($($message:ty),+ $(,)?) => {
        $(impl Debug for $message {
            /// Prints the name of the message and none of its fields.
            fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
                formatter.debug_struct(<Self as Name>::NAME).finish_non_exhaustive()
            }
        })+
    };
}

keep_secret!(
    Credential,
    GetConnectorConfigResponse,
    GetConnectorOauthTokenResponse,
    PlaintextData,
    PlaintextPassword,
    SignedHeader,
);
