//! Mail over SMTP.
//!
//! Source: governance §3.11: a text part, one link and no decision button; replies do nothing.

use std::fmt;
use std::time::{Duration, SystemTime};

use ids::NoticeId;
use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

/// How long the server may take to answer each command.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long sending a mail may take in all.
const DEADLINE: Duration = Duration::from_mins(1);

/// Sends mail through one server, from one address. Clones share everything.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from.to_string()).finish_non_exhaustive()
    }
}

/// Mail that cannot be set up so.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The address of the server is none.
    #[error(
        "the mail server is given as smtps://USER:PASSWORD@HOST, or as smtp://HOST with ?tls=required unless it is local"
    )]
    Url,
    /// The address of the sender is none.
    #[error("`{0}` is not the address of a sender, such as `Podium <podium@example.com>`")]
    From(String),
}

/// What was not sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The server says that it will never take it.
    Refused(String),
    /// The server does not take it now.
    Later(String),
    /// The server cannot be reached, or does not answer.
    Unreachable(String),
}

/// A mail.
#[derive(Debug)]
pub(super) struct Mail {
    /// Told to the receiver's server, so that the same mail sent again is known to be the same.
    pub(super) id: NoticeId,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) at: Timestamp,
}

impl Mailer {
    /// Sends through the server at this URL: `smtps://USER:PASSWORD@HOST`, or `smtp://HOST?tls=required`.
    ///
    /// # Errors
    /// When the URL or the sender's address is none. The URL, which may hold a password, is not told.
    pub fn new(url: &SecretString, from: &str) -> Result<Self, MailerError> {
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let transport = builder.map_err(|_| MailerError::Url)?.timeout(Some(TIMEOUT)).build();
        let from = from.parse().map_err(|_| MailerError::From(from.to_owned()))?;
        Ok(Self { transport, from })
    }

    /// Sends a mail.
    pub(super) async fn send(&self, mail: Mail) -> Result<(), Unsent> {
        let message = self.message(mail).map_err(Unsent::Refused)?;
        match tokio::time::timeout(DEADLINE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(Unsent::Refused(words(&error))),
            Ok(Err(error)) if error.is_transient() => Err(Unsent::Later(words(&error))),
            Ok(Err(error)) => Err(Unsent::Unreachable(words(&error))),
            Err(_) => Err(Unsent::Unreachable(format!("no answer within {} s", DEADLINE.as_secs()))),
        }
    }

    fn message(&self, mail: Mail) -> Result<Message, String> {
        let address = mail.address.parse().map_err(|error| format!("`{}`: {error}", mail.address))?;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(mail.at.as_second().unsigned_abs());
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(mail.name), address))
            .subject(mail.subject)
            .date(at)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        let mut message = message.body(mail.text).map_err(|error| error.to_string())?;
        // RFC 3834: nobody's out-of-office answers it.
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }
}

/// What an error and its causes say.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words.chars().take(500).collect()
}
