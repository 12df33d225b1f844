//! The connections that a host has open, as the kernel tells them in `/proc/net/tcp` and `/proc/net/tcp6`.

use std::collections::BTreeSet;
use std::fs;

/// The state ESTABLISHED, as the kernel writes it (include/net/tcp_states.h).
const ESTABLISHED: &str = "01";

/// How many connections others have open to these local ports. Nothing when the kernel does not say.
pub(crate) fn open_to(ports: &BTreeSet<u16>) -> Option<usize> {
    let ipv4 = fs::read_to_string("/proc/net/tcp").ok()?;
    let ipv6 = fs::read_to_string("/proc/net/tcp6").unwrap_or_default();
    Some(count(&ipv4, ports) + count(&ipv6, ports))
}

fn count(table: &str, ports: &BTreeSet<u16>) -> usize {
    let is_open = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let local_port = fields.next().and_then(|it| u16::from_str_radix(it.rsplit_once(':')?.1, 16).ok());
        fields.nth(1) == Some(ESTABLISHED) && local_port.is_some_and(|it| ports.contains(&it))
    };
    table.lines().skip(1).filter(is_open).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn only_what_is_established_to_the_port_counts() {
        let table = "  sl  local_address rem_address   st tx_queue\n\
             0: 0100007F:4E20 00000000:0000 0A 0\n\
             1: 0100007F:4E20 0100007F:D431 01 0\n\
             2: 0100007F:D431 0100007F:4E20 01 0\n\
             3: 0100007F:4E20 0100007F:D432 06 0\n\
             nonsense\n";
        assert_eq!(count(table, &BTreeSet::from([20_000])), 1);
        assert_eq!(count(table, &BTreeSet::from([1])), 0);
    }

    #[test]
    fn a_real_connection_is_seen_until_it_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let ports = BTreeSet::from([address.port()]);
        let client = TcpStream::connect(address).expect("connected");
        let (server, _) = listener.accept().expect("accepted");
        assert_eq!(open_to(&ports), Some(1));
        drop((server, client));
        assert_eq!(open_to(&ports), Some(0));
    }
}
