//! Where a client may connect to.
//!
//! A server that connects to addresses which its users choose must not become a door to its own network. Names are
//! checked after they are resolved, at each connection, so that a name cannot point elsewhere later.
//!
//! Source: RFC 6890 and the IANA registries of special-purpose addresses.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Egress {
    /// Anywhere, by the proxies that the environment names.
    #[default]
    Anywhere,
    /// Public addresses only, and never by a proxy.
    PublicOnly,
}

/// The special-purpose networks that are not reachable from everywhere.
const NOT_PUBLIC: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/9",
    "ff00::/8",
];

/// Whether everybody on the internet reaches the same machine at this address.
fn is_public(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(six) => embedded(six).unwrap_or(address),
        IpAddr::V4(_) => address,
    };
    !NOT_PUBLIC.iter().filter_map(|network| network.parse::<IpNet>().ok()).any(|network| network.contains(&address))
}

/// The IPv4 address that an IPv6 address stands for: mapped, NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<IpAddr> {
    let bits = u128::from(address);
    let four = |shift: u32| u32::try_from((bits >> shift) & 0xffff_ffff).ok().map(|bits| IpAddr::V4(bits.into()));
    if bits >> 32 == 0xffff || bits >> 96 == 0x0064_ff9b {
        return four(0);
    }
    if bits >> 112 == 0x2002 { four(80) } else { None }
}

/// What a client says when it may not connect.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a public address; hint: an administrator of the server can allow private networks")]
pub(super) struct NotAllowed(String);

impl Egress {
    /// Checks an address that needs no name service; names are checked when they are resolved.
    pub(super) fn check(self, url: &Url) -> Result<(), NotAllowed> {
        let literal = match url.host() {
            Some(url::Host::Ipv4(four)) => IpAddr::V4(four),
            Some(url::Host::Ipv6(six)) => IpAddr::V6(six),
            _ => return Ok(()),
        };
        match self {
            Self::PublicOnly if !is_public(literal) => Err(NotAllowed(literal.to_string())),
            _ => Ok(()),
        }
    }
}

/// Resolves names, and refuses those with an address that is not public.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One bad address spoils the name: whoever mixes them tries to get in by chance.
            if let Some(address) = found.iter().find(|address| !is_public(address.ip())) {
                let refused = NotAllowed(format!("{} ({})", name.as_str(), address.ip()));
                return Err(Box::new(refused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_well() {
        for network in NOT_PUBLIC {
            let parsed: IpNet = network.parse().unwrap();
            assert_eq!(parsed.trunc().to_string(), network);
        }
    }

    #[test]
    fn only_public_addresses_pass() {
        for public in ["1.1.1.1", "9.9.9.9", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        let inside = "127.0.0.1 10.1.2.3 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.255 \
             224.0.0.1 ::1 :: fe80::1 fec0::1 fd00::1 ff02::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ::127.0.0.1 \
             2001:db8::1 198.18.0.1";
        for private in inside.split_whitespace() {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }

    #[test]
    fn spellings_of_loopback_are_no_way_in() {
        for url in
            ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:7f00:1]/"]
        {
            let url = Url::parse(url).unwrap();
            assert!(Egress::PublicOnly.check(&url).is_err(), "{url}");
            assert!(Egress::Anywhere.check(&url).is_ok(), "{url}");
        }
        assert!(Egress::PublicOnly.check(&Url::parse("https://1.1.1.1/").unwrap()).is_ok());
    }

    #[tokio::test]
    async fn names_are_checked_after_they_are_resolved() {
        let refused = PublicOnly.resolve("localhost".parse().unwrap()).await;
        let text = refused.err().map(|error| error.to_string()).unwrap();
        assert!(text.contains("localhost") && text.contains("is not a public address"), "{text}");
    }
}
