//! Loopback addresses that nobody else uses.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A new address for each call. With an address of its own everything can listen on fixed ports.
pub(crate) fn next() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // 127.0.x.y is left to others; by the process id, tests in other processes are kept apart.
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, u8::try_from(1 + count % 254).expect("it fits"), high, low)
}
