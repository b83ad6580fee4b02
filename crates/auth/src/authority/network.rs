//! From which addresses a credential may be used.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether one of the networks holds the address; each does when there is no network at all.
///
/// An IPv4 address that came in over IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
pub(super) fn allows(networks: &[String], from: Option<IpAddr>) -> bool {
    let holds = |from: IpAddr| {
        let from = from.to_canonical();
        networks.iter().filter_map(|network| network.parse::<IpNet>().ok()).any(|network| network.contains(&from))
    };
    networks.is_empty() || from.is_some_and(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_looked_up() {
        let networks = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        for (list, from, good) in [
            (networks(&[]), None, true),
            (networks(&[]), Some("192.0.2.1"), true),
            (networks(&["192.0.2.0/24"]), Some("192.0.2.1"), true),
            (networks(&["192.0.2.0/24"]), Some("::ffff:192.0.2.1"), true),
            (networks(&["192.0.2.0/24"]), Some("192.0.3.1"), false),
            (networks(&["192.0.2.0/24"]), None, false),
            (networks(&["192.0.2.0/24", "2001:db8::/32"]), Some("2001:db8::7"), true),
            (networks(&["not a network"]), Some("192.0.2.1"), false),
        ] {
            assert_eq!(allows(&list, from.map(|from| from.parse().unwrap())), good, "{list:?} {from:?}");
        }
    }
}
