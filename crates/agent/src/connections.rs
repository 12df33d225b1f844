//! The connections that a host has open, as the kernel tells them in `/proc/net/tcp` and `/proc/net/tcp6`.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The state ESTABLISHED, as the kernel writes it (include/net/tcp_states.h).
const ESTABLISHED: &str = "01";

/// How many connections others have open to these ports of this address. Nothing when the kernel does not say.
///
/// Other instances of the host may listen on the same ports of other addresses; theirs do not count.
pub(crate) fn open_to(address: IpAddr, ports: &BTreeSet<u16>) -> Option<usize> {
    let ipv4 = fs::read_to_string("/proc/net/tcp").ok()?;
    let ipv6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Some(count(&ipv4, address, ports) + count(&ipv6, address, ports))
}

fn count(table: &str, address: IpAddr, ports: &BTreeSet<u16>) -> usize {
    let is_open = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next().and_then(endpoint);
        fields.nth(1) == Some(ESTABLISHED)
            && local.is_some_and(|(at, port)| {
                ports.contains(&port) && (address.is_unspecified() || at == address)
            })
    };
    table.lines().skip(1).filter(is_open).count()
}

/// An address and a port in hexadecimal digits. The kernel writes an address as words of 32 bits in the host's own order of
/// bytes, and a port as a number. An IPv4 address that is mapped into IPv6, as a socket for both has it, is told as IPv4.
fn endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let word = |digits: &str| u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes);
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(address)?)),
        32 => {
            let mut octets = [0; 16];
            for (idx, octets) in octets.chunks_exact_mut(4).enumerate() {
                octets.copy_from_slice(&word(address.get(idx * 8..idx * 8 + 8)?)?);
            }
            Ipv6Addr::from(octets).to_canonical()
        }
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{SocketAddr, TcpListener, TcpStream};

    /// The hexadecimal digits by which the kernel of this machine tells an address.
    fn digits(address: &str) -> String {
        let octets = match address.parse::<IpAddr>().expect("an address") {
            IpAddr::V4(it) => it.octets().to_vec(),
            IpAddr::V6(it) => it.octets().to_vec(),
        };
        let words = octets.chunks_exact(4).map(|it| u32::from_ne_bytes(it.try_into().expect("four bytes")));
        words.map(|it| format!("{it:08X}")).collect()
    }

    fn check(address: &str, port: u16, expect: usize) {
        let [here, other] = [digits("127.0.0.1"), digits("127.0.0.2")];
        let [mapped, six] = [digits("::ffff:127.0.0.1"), digits("::1")];
        let table = format!(
            "  sl  local_address rem_address   st tx_queue\n\
             0: {here}:4E20 00000000:0000 0A 0\n\
             1: {here}:4E20 {here}:D431 01 0\n\
             2: {here}:D431 {here}:4E20 01 0\n\
             3: {here}:4E20 {here}:D432 06 0\n\
             4: {other}:4E20 {other}:D433 01 0\n\
             5: {mapped}:4E20 {mapped}:D434 01 0\n\
             6: {six}:4E20 {six}:D435 01 0\n\
             7: 0100:4E20 {six}:D435 01 0\n\
             nonsense\n"
        );
        let address = address.parse().expect("an address");
        assert_eq!(count(&table, address, &BTreeSet::from([port])), expect, "{address}:{port}");
    }

    /// The kernel's table is read in pieces: a line may stand in two of them while others' connections come and go.
    fn becomes(address: IpAddr, port: u16, n: usize) {
        let ports = BTreeSet::from([port]);
        let seen = (0..100).map(|_| open_to(address, &ports)).find(|it| *it == Some(n));
        assert_eq!(seen, Some(Some(n)), "{address}:{port}");
    }

    #[test]
    fn only_what_is_established_to_the_port_of_the_address_counts() {
        check("127.0.0.1", 20_000, 2);
        check("127.0.0.2", 20_000, 1);
        check("::1", 20_000, 1);
        check("127.0.0.3", 20_000, 0);
        check("127.0.0.1", 1, 0);
        // Who listens on every address is reached by every one.
        check("0.0.0.0", 20_000, 4);
    }

    #[test]
    fn a_real_connection_is_seen_until_it_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let client = TcpStream::connect(address).expect("connected");
        let (server, _) = listener.accept().expect("accepted");
        becomes(address.ip(), address.port(), 1);
        drop((server, client));
        becomes(address.ip(), address.port(), 0);
    }

    /// Another agent of the host, on an address of its own, has given the same number to an instance of its own.
    #[test]
    fn connections_to_the_same_port_of_another_address_are_another_agents() {
        // A port may be taken on the second address by whoever asks first: then the pair is sought anew.
        let pair = |_| {
            let ours = TcpListener::bind("127.0.0.1:0").ok()?;
            let port = ours.local_addr().ok()?.port();
            Some((ours, TcpListener::bind(("127.0.0.2", port)).ok()?, port))
        };
        let (ours, theirs, port) = (0..100).find_map(pair).expect("a port that is free on both");
        let theirs_address = SocketAddr::new("127.0.0.2".parse().expect("an address"), port);
        let client = TcpStream::connect(theirs_address).expect("connected");
        let accepted = theirs.accept().expect("accepted");
        let ours_address = ours.local_addr().expect("an address").ip();
        becomes(ours_address, port, 0);
        becomes(theirs_address.ip(), port, 1);
        drop((accepted, client));
    }
}
