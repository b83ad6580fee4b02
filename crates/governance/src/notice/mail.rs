//! Mail over SMTP.
//!
//! Source: governance §3.11: a text part, one link and no decision button; replies do nothing.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use ids::NoticeId;
use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport as _, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

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
    /// A password would travel in clear.
    #[error("the password of the mail server would travel in clear; hint: add ?tls=required, or use smtps://")]
    Clear,
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
    /// When the URL or the sender's address is none, or a password would leave this machine in clear. The URL, which may
    /// hold a password, is not told.
    pub fn new(url: &SecretString, from: &str) -> Result<Self, MailerError> {
        let parsed: Url = url.expose_secret().parse().map_err(|_| MailerError::Url)?;
        if parsed.scheme() == "smtp" && parsed.password().is_some() && !is_local(&parsed) && !requires_tls(&parsed) {
            return Err(MailerError::Clear);
        }
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

fn requires_tls(url: &Url) -> bool {
    url.query_pairs().any(|(name, value)| name == "tls" && value == "required")
}

fn is_local(url: &Url) -> bool {
    // Of a scheme that it does not know, the crate reads addresses as names.
    url.host_str().is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// What an error and its causes say; some say what their cause says.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        cause = error.source();
    }
    words.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_leaves_this_machine_in_clear() {
        for (url, is_taken) in [
            ("smtps://podium:secret@mail.example.com", true),
            ("smtp://podium:secret@mail.example.com?tls=required", true),
            ("smtp://podium:secret@mail.example.com?tls=opportunistic", false),
            ("smtp://podium:secret@mail.example.com", false),
            ("smtp://podium:secret@127.0.0.1:1025", true),
            ("smtp://podium:secret@[::1]:1025", true),
            ("smtp://localhost", true),
            ("smtp://mail.example.com", true),
            ("http://mail.example.com", false),
            ("mail.example.com", false),
        ] {
            let made = Mailer::new(&SecretString::from(url), "Podium <podium@example.com>");
            assert_eq!(made.is_ok(), is_taken, "{url}");
            assert!(made.err().is_none_or(|error| !error.to_string().contains("secret@")), "{url}");
        }
        assert!(Mailer::new(&SecretString::from("smtp://localhost"), "nobody").is_err());
    }
}
