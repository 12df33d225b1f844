//! wip
pub mod canonical;
pub mod proof;
pub mod tree;
