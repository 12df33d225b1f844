//! The crate's promises at its boundary, over real sockets.

mod router;
mod tables;
