//! The crate's promises at its boundary, over real sockets.

mod bills;
mod drivers;
mod evidence;
mod findings;
#[cfg(feature = "openpgp")]
mod openpgp;
mod router;
mod tables;
