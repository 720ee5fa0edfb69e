//! Addresses that are nobody's in the world outside.

use core::net::{IpAddr, Ipv4Addr};

/// Whether an address is one that machines and their networks have for themselves, or of none at all: what the
/// registries of special-purpose addresses (RFC 6890 and its updates) do not call global.
pub fn is_inner(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_inner_v4(address),
        IpAddr::V6(address) => match address.segments() {
            // Translated addresses (RFC 6052) and those of 6to4 (RFC 3056) carry one of version 4.
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                is_inner_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            // Protocols have them (RFC 2928, Teredo's among them: RFC 4380), and documents (RFC 3849, RFC 9637).
            [0x2001, ..0x200, ..] | [0x2001, 0xdb8, ..] | [0x3fff, ..0x1000, ..] => true,
            // Only 2000::/3 is given out (RFC 4291).
            [first, ..] => first & 0xe000 != 0x2000,
        },
    }
}

fn is_inner_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127 | 224.., ..] | [169, 254, ..] | [192, 168, ..] | [192, 0, 0, _] => true,
        // Of documents (RFC 5737), and of relays that are no more (RFC 7526).
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // By no registry: Azure's machines find the machine's own secrets there.
        [168, 63, 129, 16] => true,
        [100, second, ..] => second & 0xc0 == 64,
        [172, second, ..] => second & 0xf0 == 16,
        [198, second, ..] => second & 0xfe == 18,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_machines_and_their_networks_are_told_from_those_of_the_world() {
        for inner in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "168.63.129.16",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
        ] {
            assert!(is_inner(inner.parse().unwrap()), "{inner}");
        }
        for outer in [
            "93.184.216.34",
            "172.32.0.1",
            "100.128.0.1",
            "168.63.129.17",
            "192.0.1.1",
            "2001:200::1",
            "2606:2800:220:1::1",
            "64:ff9b::5db8:d822",
            "3fff:1000::1",
        ] {
            assert!(!is_inner(outer.parse().unwrap()), "{outer}");
        }
    }
}
