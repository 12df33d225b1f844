//! Free ports for instances.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::{IpAddr, TcpListener};
use std::ops::Range;

use shipway_model::Name;
use shipway_model::plan::Instance;

/// Below the range from which Linux takes ports for outgoing connections (32768 up): a port stays free while its
/// instance is being started again.
const PORTS: Range<u16> = 20_000..32_000;

/// Numbers for the ports that a contract `wanted`: given ones as they are, and for each 0 a free one that is not
/// among `taken`.
pub(crate) fn choose(
    instance: &Instance,
    address: IpAddr,
    wanted: &BTreeMap<Name, u16>,
    taken: &BTreeSet<u16>,
) -> io::Result<BTreeMap<Name, u16>> {
    // Instances start their search in different places, so that those placed at once do not meet.
    let mut hasher = DefaultHasher::new();
    instance.hash(&mut hasher);
    let start = (hasher.finish() % PORTS.len() as u64) as usize;
    let mut free = PORTS.cycle().skip(start).take(PORTS.len()).filter(|port| {
        !taken.contains(port)
            && !wanted.values().any(|it| it == port)
            && TcpListener::bind((address, *port)).is_ok()
    });
    let mut number = |wanted: u16| match wanted {
        0 => free.next().ok_or_else(|| {
            io::Error::other(format!(
                "no port from {} to {} is free on {address}",
                PORTS.start,
                PORTS.end - 1
            ))
        }),
        given => Ok(given),
    };
    wanted.iter().map(|(name, wanted)| Ok((name.clone(), number(*wanted)?))).collect()
}

/// The port that the router uses: the one named `http`, or else the first.
pub(crate) fn main(ports: &BTreeMap<Name, u16>) -> Option<u16> {
    ports.get("http").or_else(|| ports.values().next()).copied()
}
