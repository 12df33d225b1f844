//! The Merkle tree of RFC 6962, section 2.1: how leaves become one root.
//!
//! Leaves and inner nodes are hashed under different first bytes, so that no record can pass for a node.

use sha2::{Digest as _, Sha256};
use shipway_model::Digest;

use crate::canonical::INTEGER_MAX;

/// Leaves in the largest tree that is kept; sizes travel in JSON, which ends there.
pub const SIZE_MAX: u64 = INTEGER_MAX;

/// SHA-256(0x00 ‖ `record`).
pub fn leaf_hash(record: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::new().chain_update([0]).chain_update(record).finalize().into())
}

/// SHA-256(0x01 ‖ `left` ‖ `right`).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hasher = Sha256::new().chain_update([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// What must be kept of a tree to append to it and to know its root: the roots of its complete subtrees.
///
/// There is one such subtree per 1 bit of the size, so at most 53 hashes stand for any number of leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The largest, leftmost subtree first.
    peaks: Vec<Digest>,
}

/// Why bytes are not a stored [`Frontier`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFrontier {
    #[error("a frontier begins with its size in 8 bytes; there are {0} bytes in all")]
    NoSize(usize),
    #[error("a tree has at most {SIZE_MAX} leaves, not {0}")]
    Size(u64),
    #[error("the frontier of {size} leaves has {expected} bytes, not {found}")]
    Length { size: u64, expected: usize, found: usize },
}

impl Frontier {
    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Digest) {
        self.push_with(leaf, |_, _, _| {});
    }

    /// Appends a leaf and tells `completed` of every subtree that it completes, from the smallest up.
    ///
    /// `completed(level, index, hash)` names the node over the leaves `index << level .. (index + 1) << level`;
    /// `level` is 1 or more. A caller that stores these can prove things about the tree without its leaves.
    pub fn push_with(&mut self, leaf: Digest, mut completed: impl FnMut(u32, u64, Digest)) {
        let mut node = leaf;
        for level in 1..=self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is one peak per 1 bit of the size");
            node = node_hash(&left, &node);
            completed(level, self.size >> level, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Digest {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }

    /// The size in 8 bytes, big-endian, then the subtrees' hashes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.peaks.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        bytes.extend(self.peaks.iter().flat_map(Digest::as_bytes));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote. A changed hash still reads: compare the root with a checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidFrontier> {
        let (size, hashes) = bytes.split_first_chunk().ok_or(InvalidFrontier::NoSize(bytes.len()))?;
        let size = u64::from_be_bytes(*size);
        if size > SIZE_MAX {
            return Err(InvalidFrontier::Size(size));
        }
        let expected = 8 + 32 * size.count_ones() as usize;
        if bytes.len() != expected {
            return Err(InvalidFrontier::Length { size, expected, found: bytes.len() });
        }
        let (hashes, _) = hashes.as_chunks();
        Ok(Self { size, peaks: hashes.iter().copied().map(Digest::from_bytes).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontier(size: u64) -> Frontier {
        let mut frontier = Frontier::default();
        for idx in 0..size {
            frontier.push(leaf_hash(&idx.to_be_bytes()));
        }
        frontier
    }

    #[test]
    fn reads_back_its_bytes_and_goes_on() {
        for size in 0..70 {
            let mut kept = frontier(size);
            let mut read = Frontier::from_bytes(&kept.to_bytes()).expect("reads its own bytes");
            assert_eq!(read, kept);
            for it in [&mut kept, &mut read] {
                it.push(leaf_hash(b"next"));
            }
            assert_eq!(read.root(), kept.root());
        }
    }

    #[test]
    fn refuses_bytes_of_another_length() {
        let bytes = frontier(5).to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes[..7]), Err(InvalidFrontier::NoSize(7)));
        for found in [8, 71, 73] {
            let mut changed = bytes.clone();
            changed.resize(found, 0);
            let expected = InvalidFrontier::Length { size: 5, expected: 72, found };
            assert_eq!(Frontier::from_bytes(&changed), Err(expected));
        }
        assert_eq!(Frontier::from_bytes(&[0xff; 520]), Err(InvalidFrontier::Size(u64::MAX)));
    }

    #[test]
    fn tells_of_every_completed_subtree() {
        let mut completed = Vec::new();
        let mut tree = Frontier::default();
        for idx in 0..8_u64 {
            tree.push_with(leaf_hash(&idx.to_be_bytes()), |level, index, hash| {
                completed.push((level, index, hash));
            });
        }
        let names: Vec<_> = completed.iter().map(|(level, index, _)| (*level, *index)).collect();
        assert_eq!(names, [(1, 0), (1, 1), (2, 0), (1, 2), (1, 3), (2, 1), (3, 0)]);
        assert_eq!(completed.last().map(|it| it.2), Some(tree.root()));
        assert_eq!(completed[2].2, frontier(4).root());
    }
}
