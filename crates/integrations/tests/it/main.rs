//! The crate's promises at its boundary, over real sockets.

mod bills;
mod drivers;
mod evidence;
mod findings;
mod router;
mod tables;
