//! Who the client is when a proxy stands in front of the server.
//!
//! Source: RFC 7239; `X-Forwarded-For` as proxies write it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{self, Next};
use http::HeaderMap;

use crate::config::{Proxy, ProxyHeader};

/// Lets requests that come through a trusted proxy carry the address of the client whom the proxy names.
pub(super) fn believed(router: Router, proxy: &Proxy) -> Router {
    if proxy.trusted.is_empty() {
        return router;
    }
    let proxy = Arc::new(proxy.clone());
    router.layer(middleware::from_fn(move |mut request: Request, next: Next| {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
        if let Some(peer) = peer {
            let client = client(peer.ip(), request.headers(), &proxy);
            if client != peer.ip() {
                request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 0)));
            }
        }
        next.run(request)
    }))
}

/// The last address on the way that is no trusted proxy; what came before it can be made up.
fn client(peer: IpAddr, headers: &HeaderMap, proxy: &Proxy) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        proxy.trusted.iter().any(|network| network.contains(&address))
    };
    let mut known = peer;
    let name = match proxy.header {
        ProxyHeader::XForwardedFor => "x-forwarded-for",
        ProxyHeader::Forwarded => "forwarded",
    };
    let lines = headers.get_all(name).iter().rev();
    let steps = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for step in steps {
        if !is_trusted(known) {
            break;
        }
        let named = match proxy.header {
            ProxyHeader::XForwardedFor => address(step),
            ProxyHeader::Forwarded => forwarded(step),
        };
        // Behind what cannot be read nobody is known.
        let Some(named) = named else { break };
        known = named.to_canonical();
    }
    known
}

/// The address in `for` of one step of `Forwarded`.
fn forwarded(step: &str) -> Option<IpAddr> {
    step.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| address(value.trim().trim_matches('"')))?
    })
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.parse().ok();
    let bracketed = || text.strip_prefix('[')?.split_once(']')?.0.parse().ok();
    bare.or_else(|| text.parse().ok().map(|with_port: SocketAddr| with_port.ip())).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: ProxyHeader, peer: &str, lines: &[&str], expect: &str) {
        let proxy = Proxy { trusted: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()], header };
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = if header == ProxyHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
            headers.append(name, line.parse().unwrap());
        }
        let other = if header == ProxyHeader::Forwarded { "x-forwarded-for" } else { "forwarded" };
        headers.append(other, "for=203.0.113.9, 203.0.113.9".parse().unwrap());
        assert_eq!(client(peer.parse().unwrap(), &headers, &proxy).to_string(), expect, "{peer} {lines:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_what_they_saw_themselves() {
        use ProxyHeader::{Forwarded, XForwardedFor};
        check(XForwardedFor, "192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        check(XForwardedFor, "10.0.0.1", &[], "10.0.0.1");
        check(XForwardedFor, "10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check(XForwardedFor, "::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check(XForwardedFor, "10.0.0.1", &["1.2.3.4, 198.51.100.7"], "198.51.100.7");
        check(XForwardedFor, "10.0.0.1", &["1.2.3.4, 198.51.100.7, 10.9.9.9"], "198.51.100.7");
        check(XForwardedFor, "10.0.0.1", &["1.2.3.4", "198.51.100.7:4711", "10.9.9.9"], "198.51.100.7");
        check(XForwardedFor, "10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1");
        check(Forwarded, "10.0.0.1", &["for=192.0.2.43, for=198.51.100.7;proto=https;by=10.0.0.1"], "198.51.100.7");
        check(Forwarded, "2001:db8::1", &["proto=https; For=\"[2001:dba:cafe::17]:4711\""], "2001:dba:cafe::17");
        check(Forwarded, "10.0.0.1", &["for=_hidden"], "10.0.0.1");
        check(Forwarded, "10.0.0.1", &["by=10.0.0.1"], "10.0.0.1");
    }
}
