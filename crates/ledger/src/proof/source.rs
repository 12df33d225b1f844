//! Where the hashes of a proof come from.

use shipway_model::Digest;

use super::{ProofError, split};
use crate::tree::node_hash;

/// A tree's hashes, as a store can serve them.
pub trait Hashes {
    /// The hash of leaf `index`.
    fn leaf(&self, index: u64) -> Option<Digest>;

    /// The hash over the leaves `index << level .. (index + 1) << level`, all of which exist; `level` is 1 or more.
    ///
    /// `None` means "not kept": it is then computed from the level below. With all nodes at hand a proof costs
    /// about `log2(size)` lookups, and with none of them it reads every leaf.
    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        let _ = (level, index);
        None
    }
}

/// All leaf hashes in order, for trees small enough to hold.
impl Hashes for Vec<Digest> {
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.get(usize::try_from(index).ok()?).copied()
    }
}

/// MTH of the RFC over the leaves `begin..end`, at least one, where `begin` is as the RFC's recursion splits.
pub(super) fn range_hash(source: &dyn Hashes, begin: u64, end: u64) -> Result<Digest, ProofError> {
    let size = end - begin;
    if size.is_power_of_two() {
        let level = size.ilog2();
        return subtree_hash(source, level, begin >> level);
    }
    let split = begin + split(size);
    Ok(node_hash(&range_hash(source, begin, split)?, &range_hash(source, split, end)?))
}

fn subtree_hash(source: &dyn Hashes, level: u32, index: u64) -> Result<Digest, ProofError> {
    if level == 0 {
        return source.leaf(index).ok_or(ProofError::MissingHash { level, index });
    }
    if let Some(hash) = source.node(level, index) {
        return Ok(hash);
    }
    let left = subtree_hash(source, level - 1, index * 2)?;
    let right = subtree_hash(source, level - 1, index * 2 + 1)?;
    Ok(node_hash(&left, &right))
}
