//! HTTP proxies: which one, and how to get through.
//!
//! Start at [`Proxies`]. Source: baton-service-mode §2 (environment), §4; the rules of Go for `HTTPS_PROXY` and `NO_PROXY`.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::chain;
use crate::error::{Error, Result};
use crate::service::options::Server;

/// The longest answer of a proxy, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// The proxy settings of the environment. `Debug` shows no password.
#[derive(Default, Clone)]
pub struct Proxies {
    https: Option<SecretString>,
    except: String,
}

impl Proxies {
    /// What `HTTPS_PROXY` and `NO_PROXY` say, in capitals or not; `lookup` gives the value of a variable.
    #[must_use]
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |names: [&str; 2]| names.into_iter().find_map(|name| lookup(name).filter(|text| !text.is_empty()));
        Self {
            https: get(["HTTPS_PROXY", "https_proxy"]).map(SecretString::from),
            except: get(["NO_PROXY", "no_proxy"]).unwrap_or_default(),
        }
    }

    /// The proxy for this server, if it is to be reached through one.
    ///
    /// # Errors
    /// When the setting can't be read.
    pub(super) fn of(&self, server: &Server) -> Result<Option<Proxy>> {
        let Some(setting) = &self.https else { return Ok(None) };
        if is_excepted(&self.except, server.host(), server.port()) {
            return Ok(None);
        }
        Proxy::parse(setting.expose_secret()).map(Some)
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("except", &self.except).finish_non_exhaustive()
    }
}

/// A proxy that opens tunnels (`CONNECT`).
#[derive(Clone)]
pub(super) struct Proxy {
    host: String,
    port: u16,
    authorization: Option<SecretString>,
}

impl Proxy {
    fn parse(text: &str) -> Result<Self> {
        // The text may hold a password: it is not repeated.
        let wrong = || {
            Error::unknown(
                "HTTPS_PROXY names no HTTP proxy; hint: its form is http://HOST:PORT or http://USER:PASSWORD@HOST:PORT",
            )
        };
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&full).map_err(|_| wrong())?;
        let host = url.host_str().filter(|_| url.scheme() == "http").ok_or_else(wrong)?;
        let decoded = |part: &str| percent_decoded(part).ok_or_else(wrong);
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let pair = format!("{}:{}", decoded(user)?, decoded(password.unwrap_or_default())?);
                Some(SecretString::from(format!("Basic {}", STANDARD.encode(pair))))
            }
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: url.port_or_known_default().unwrap_or(80), authorization })
    }

    /// A connection to `goal` (`HOST:PORT`) through the proxy. The error is a text for people.
    pub(super) async fn tunnel(&self, goal: &str) -> Result<TcpStream, String> {
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| chain(&error))?;
        let mut request = format!("CONNECT {goal} HTTP/1.1\r\nHost: {goal}\r\n");
        if let Some(authorization) = &self.authorization {
            request.extend(["Proxy-Authorization: ", authorization.expose_secret(), "\r\n"]);
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.map_err(|error| chain(&error))?;
        let mut answer = Vec::new();
        // Byte by byte: what follows the head belongs to TLS.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= MAX_ANSWER {
                return Err("the answer of the proxy is too long".to_owned());
            }
            answer.push(stream.read_u8().await.map_err(|error| format!("the proxy hung up: {}", chain(&error)))?);
        }
        let line = String::from_utf8_lossy(answer.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned();
        let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
        if status == "200" { Ok(stream) } else { Err(format!("the proxy answers `{line}`")) }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    // A form without `&` and `=` is one key; `+` would be a space there, but not here.
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(text.as_bytes()).next().map_or(Some(String::new()), |(key, _)| Some(key.into_owned()))
}

/// Whether this host is reached without a proxy: a loopback name always, else one that the list names.
fn is_excepted(list: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Ok(network), Some(address)) = (entry.parse::<IpNet>(), address) {
            return network.contains(&address);
        }
        if let (Ok(named), Some(address)) = (entry.parse::<IpAddr>(), address) {
            return named == address;
        }
        let (name, wanted) = match entry.rsplit_once(':') {
            Some((name, number)) if number.parse::<u16>().is_ok() => (name, number.parse::<u16>().ok()),
            _ => (entry.as_str(), None),
        };
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        let below = name.strip_prefix('*').unwrap_or(name);
        match below.strip_prefix('.') {
            Some(_) => host.ends_with(below),
            None => host == below || host.strip_suffix(below).is_some_and(|rest| rest.ends_with('.')),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_excepted_as_in_go() {
        for (list, host, good) in [
            ("", "podium.example", false),
            ("", "localhost", true),
            ("", "127.0.0.9", true),
            ("", "::1", true),
            ("*", "podium.example", true),
            ("podium.example", "podium.example", true),
            ("example", "podium.example", true),
            (".example", "podium.example", true),
            ("*.example", "podium.example", true),
            (".podium.example", "podium.example", false),
            ("dium.example", "podium.example", false),
            ("a.b, PODIUM.example:443", "podium.example", true),
            ("podium.example:8443", "podium.example", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.1.2.3", "10.1.2.3", true),
        ] {
            assert_eq!(is_excepted(list, host, 443), good, "{list} {host}");
        }
    }

    #[test]
    fn proxies_are_read_and_their_passwords_kept() {
        for (text, expect) in [
            ("http://proxy:3128", Some(("proxy:3128", None))),
            ("proxy:3128", Some(("proxy:3128", None))),
            ("http://proxy", Some(("proxy:80", None))),
            ("http://me:s%20%2B+@proxy:1", Some(("proxy:1", Some("me:s ++")))),
            ("https://proxy:1", None),
            ("socks5://proxy:1", None),
            ("http://", None),
        ] {
            let got = Proxy::parse(text).ok();
            let got = got.map(|proxy| {
                let sent = proxy.authorization.as_ref().map(|text| text.expose_secret().to_owned());
                (proxy.to_string(), sent)
            });
            let expect = expect.map(|(place, pair)| {
                (place.to_owned(), pair.map(|pair: &str| format!("Basic {}", STANDARD.encode(pair))))
            });
            assert_eq!(got, expect, "{text}");
        }
        let lookup = |name: &str| (name == "HTTPS_PROXY").then(|| "http://me:hidden@proxy".to_owned());
        let proxies = Proxies::from_environment(lookup);
        assert!(!format!("{proxies:?}").contains("me:hidden"), "{proxies:?}");
    }
}
