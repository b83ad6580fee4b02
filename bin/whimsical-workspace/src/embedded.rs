//! A workspace inside another program, for demonstrations and tests.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{AdminFrom, App, Forwarded, Lab, Options};
use crate::cli::{finish, open};
use crate::model::switches::Switches;
use crate::model::token::Token;
use crate::server;
use crate::store::{self, Journal};

/// Serves a workspace with this token on the listener until `cancel`, then saves it.
///
/// It is kept in the file `data`; a new one starts with this many users, an administrator first.
///
/// # Errors
/// When the file cannot be read or written, or the listener fails.
pub async fn serve(
    listener: TcpListener,
    token: &str,
    users: u32,
    data: &Path,
    cancel: CancellationToken,
) -> anyhow::Result<()> {
    let _lock = store::lock(data)?;
    let workspace = open(Some(data), users, Some(Token::new(token)), Switches::default())?;
    let journal = Journal::open(data)?;
    let options = Options {
        public_url: None,
        lab: Lab::Off,
        admin_from: AdminFrom::Loopback,
        forwarded: Forwarded::Ignored,
        rate_limit: None,
    };
    let app = Arc::new(App::new(workspace, Some(journal), options));
    server::serve(Arc::clone(&app), listener, cancel.cancelled_owned()).await.context("serve the workspace")?;
    finish(&app, Some(data))
}
