//! The architecture, held against what is really there.

mod edges;
mod purity;
mod workspace;
