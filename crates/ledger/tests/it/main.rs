//! The crate from outside, against vectors that other implementations publish.

mod reference_tree;
