//! The crate from outside, against vectors that other implementations publish.

mod hostile;
mod proof_documents;
mod reference_tree;
