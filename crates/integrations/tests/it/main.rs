//! The crate's promises at its boundary, over real sockets.

mod drivers;
mod evidence;
mod router;
mod tables;
