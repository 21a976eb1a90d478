//! Which IP addresses a webhook may reach.
//!
//! Nothing here resolves or dials; it judges one address at a time, and every address is judged,
//! whether it stood in the URL or came from DNS. Sources: the IANA special-purpose registries for
//! IPv4 and IPv6, and what clouds document about their metadata services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What may be done with an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// On the public internet: https.
    Public,
    /// In a network that the operator opened: https and plain http.
    Opened,
    Forbidden,
}

/// The public internet, and the networks that the operator opened beside it.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    opened: Vec<IpNet>,
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(head: [u16; 3], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(head[0], head[1], head[2], 0, 0, 0, 0, 0), prefix)
}

const FORBIDDEN_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 0, 8),       // "this network"; 0.0.0.0 reaches the machine itself
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // shared by carriers (CGNAT)
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local, and the metadata of most clouds
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 0, 24),    // documentation
    v4(192, 88, 99, 0, 24),  // 6to4 relays, given up
    v4(192, 168, 0, 0, 16),  // private
    v4(198, 18, 0, 0, 15),   // benchmarks
    v4(198, 51, 100, 0, 24), // documentation
    v4(203, 0, 113, 0, 24),  // documentation
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // reserved, and broadcast
    METADATA_V4[1],
];

/// IPv6 is judged the other way round: only this is handed out to anybody …
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// … and these parts of it are not.
const FORBIDDEN_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0, 0], 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    v6([0x2001, 0xdb8, 0], 32), // documentation
    v6([0x2002, 0, 0], 16),     // 6to4: an IPv4 address inside, behind somebody's relay
    v6([0x3fff, 0, 0], 20),     // documentation
];

/// NAT64 under its well-known prefix is how a network without IPv4 reaches all of it.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0], 96);

/// Services that tell whoever asks from this machine who the machine is. Only a network of exactly
/// one address opens one of them: whoever opens a range for receivers does not think of these.
const METADATA_V4: [Ipv4Net; 4] = [
    v4(169, 254, 169, 254, 32),
    v4(168, 63, 129, 16, 32), // public by its range, the platform of Azure by its use
    v4(169, 254, 170, 2, 32),
    v4(100, 100, 100, 200, 32),
];
const METADATA_V6: [Ipv6Net; 2] = [
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
    Ipv6Net::new_assert(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
];

impl Addresses {
    #[must_use]
    pub fn new(opened: Vec<IpNet>) -> Self {
        Self { opened }
    }

    /// Whether the operator opened anything at all.
    #[must_use]
    pub fn opens_any(&self) -> bool {
        !self.opened.is_empty()
    }

    #[must_use]
    pub fn reach(&self, address: IpAddr) -> Reach {
        // `::ffff:10.0.0.1` is dialled as 10.0.0.1 and so is judged as it.
        let address = address.to_canonical();
        if self.is_opened(address) {
            return Reach::Opened;
        }
        let public = match address {
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) if NAT64.contains(&address) => is_public_v4(last_four(address)),
            IpAddr::V6(address) => {
                GLOBAL_V6.contains(&address)
                    && !FORBIDDEN_V6.iter().any(|net| net.contains(&address))
            }
        };
        if public { Reach::Public } else { Reach::Forbidden }
    }

    fn is_opened(&self, address: IpAddr) -> bool {
        let metadata = match address {
            IpAddr::V4(address) => METADATA_V4.iter().any(|net| net.contains(&address)),
            IpAddr::V6(address) => METADATA_V6.iter().any(|net| net.contains(&address)),
        };
        self.opened.iter().any(|net| {
            net.contains(&address) && (!metadata || net.prefix_len() == net.max_prefix_len())
        })
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !FORBIDDEN_V4.iter().any(|net| net.contains(&address))
}

fn last_four(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(opened: &[&str], rows: &[(&str, Reach)]) {
        let addresses =
            Addresses::new(opened.iter().map(|net| net.parse().unwrap()).collect::<Vec<_>>());
        for (address, reach) in rows {
            assert_eq!(addresses.reach(address.parse().unwrap()), *reach, "{address}");
        }
    }

    #[test]
    fn only_the_public_internet_is_reached() {
        use Reach::{Forbidden, Public};
        check(
            &[],
            &[
                ("1.1.1.1", Public),
                ("9.255.255.255", Public),
                ("11.0.0.0", Public),
                ("100.63.255.255", Public),
                ("100.64.0.0", Forbidden),
                ("100.127.255.255", Forbidden),
                ("100.128.0.0", Public),
                ("126.255.255.255", Public),
                ("127.0.0.1", Forbidden),
                ("127.255.255.255", Forbidden),
                ("172.15.255.255", Public),
                ("172.16.0.0", Forbidden),
                ("172.31.255.255", Forbidden),
                ("172.32.0.0", Public),
                ("0.0.0.0", Forbidden),
                ("0.1.2.3", Forbidden),
                ("168.63.129.16", Forbidden),
                ("168.63.129.17", Public),
                ("192.0.0.192", Forbidden),
                ("192.0.1.1", Public),
                ("198.17.255.255", Public),
                ("198.20.0.0", Public),
                ("223.255.255.255", Public),
                ("224.0.0.1", Forbidden),
                ("255.255.255.255", Forbidden),
                ("2606:4700::1111", Public),
                ("2001:4860:4860::8888", Public),
                ("::", Forbidden),
                ("::1", Forbidden),
                ("::10.0.0.1", Forbidden),
                ("::8.8.8.8", Forbidden),
                ("::ffff:10.0.0.1", Forbidden),
                ("::ffff:8.8.8.8", Public),
                ("::ffff:0:8.8.8.8", Forbidden),
                ("64:ff9b::8.8.8.8", Public),
                ("64:ff9b::10.0.0.1", Forbidden),
                ("64:ff9b::169.254.169.254", Forbidden),
                ("64:ff9b::1:8.8.8.8", Forbidden),
                ("64:ff9b:1::8.8.8.8", Forbidden),
                ("100::1", Forbidden),
                ("2001::1", Forbidden),
                ("2001:db8::1", Forbidden),
                ("2002:808:808::1", Forbidden),
                ("2002:7f00:1::1", Forbidden),
                ("3fff::1", Forbidden),
                ("4000::1", Forbidden),
                ("fc00::1", Forbidden),
                ("fd00:ec2::254", Forbidden),
                ("fe80::1", Forbidden),
                ("fec0::1", Forbidden),
                ("ff02::1", Forbidden),
            ],
        );
    }

    #[test]
    fn an_opened_network_opens_itself_and_no_metadata() {
        use Reach::{Forbidden, Opened, Public};
        check(
            &["10.1.0.0/16", "127.0.0.1/32", "fd00::/8", "169.254.0.0/16"],
            &[
                ("10.1.2.3", Opened),
                ("::ffff:10.1.2.3", Opened),
                ("64:ff9b::10.1.2.3", Forbidden),
                ("10.2.0.1", Forbidden),
                ("127.0.0.1", Opened),
                ("127.0.0.2", Forbidden),
                ("fd12::1", Opened),
                ("fd00:ec2::254", Forbidden),
                ("169.254.1.1", Opened),
                ("169.254.169.254", Forbidden),
                ("8.8.8.8", Public),
            ],
        );
        check(&["169.254.169.254/32"], &[("169.254.169.254", Opened)]);
        check(&["0.0.0.0/0"], &[("8.8.8.8", Opened), ("169.254.170.2", Forbidden)]);
    }
}
