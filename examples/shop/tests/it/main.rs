//! The three binaries as they run: real processes, real sockets.

mod life;
mod process;
mod shopping;
