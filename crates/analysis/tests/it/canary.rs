//! The judge over lines of several metrics and instances.

mod counts;
mod decisions;
mod hostile;
mod lines;
mod noisy;
mod properties;
mod watch;
