//! The architecture, held against what is really there.

mod edges;
mod promises;
mod purity;
mod workspace;
