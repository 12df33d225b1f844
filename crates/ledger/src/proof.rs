//! Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2): making them and checking them.
//!
//! Checking needs nothing but the proof and the roots, never panics, whatever it is given, and says why it refuses.

mod source;

use shipway_model::Digest;

pub use source::Hashes;

use crate::tree::{empty_root, node_hash};
use source::range_hash;

/// Why a proof does not prove, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("leaf {index} does not exist in a tree of {size} leaves")]
    IndexBeyondSize { index: u64, size: u64 },
    #[error("a tree of {size1} leaves cannot have grown into one of {size2}")]
    Shrunk { size1: u64, size2: u64 },
    #[error("this proof must have {expected} hashes; it has {found}")]
    Length { expected: usize, found: usize },
    #[error("the leaf and the proof lead to the root {found}, not to {expected}")]
    Root { expected: Digest, found: Digest },
    #[error("the proof leads to the earlier root {found}, not to {expected}")]
    EarlierRoot { expected: Digest, found: Digest },
    #[error("the proof leads to the later root {found}, not to {expected}")]
    LaterRoot { expected: Digest, found: Digest },
    #[error("two trees of {size} leaves have the different roots {root1} and {root2}")]
    Fork { size: u64, root1: Digest, root2: Digest },
    #[error("the root of the tree without leaves is not {found}")]
    EmptyRoot { found: Digest },
    /// Only when making a proof.
    #[error("the source has no hash for node {index} at level {level}")]
    MissingHash { level: u32, index: u64 },
}

/// The proof that leaf `index` is in the tree of `size` leaves: sibling hashes from the leaf up.
pub fn prove_inclusion(source: &dyn Hashes, index: u64, size: u64) -> Result<Vec<Digest>, ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let mut proof = Vec::new();
    // PATH of the RFC from the root down; the proof is the other way round.
    let (mut begin, mut end) = (0, size);
    while end - begin > 1 {
        let split = begin + split(end - begin);
        if index < split {
            proof.push(range_hash(source, split, end)?);
            end = split;
        } else {
            proof.push(range_hash(source, begin, split)?);
            begin = split;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `size2` leaves begins with the tree of `size1` leaves.
///
/// It is empty if the sizes are equal or `size1` is 0: then there is nothing to prove by hashes.
pub fn prove_consistency(source: &dyn Hashes, size1: u64, size2: u64) -> Result<Vec<Digest>, ProofError> {
    if size1 > size2 {
        return Err(ProofError::Shrunk { size1, size2 });
    }
    if size1 == 0 || size1 == size2 {
        return Ok(Vec::new());
    }
    let mut proof = Vec::new();
    // SUBPROOF of the RFC from the root down; the proof is the other way round.
    let (mut begin, mut end) = (0, size2);
    while size1 != end {
        let split = begin + split(end - begin);
        if size1 <= split {
            proof.push(range_hash(source, split, end)?);
            end = split;
        } else {
            proof.push(range_hash(source, begin, split)?);
            begin = split;
        }
    }
    // A subtree that is the whole earlier tree needs no hash: its root is known to the verifier.
    if begin != 0 {
        proof.push(range_hash(source, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the leaf with `leaf_hash` is number `index` in the tree of `size` leaves under `root`.
pub fn verify_inclusion(
    leaf_hash: Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    let shape = Shape::of(index, size);
    let (inner, border) = shape.divide(proof)?;
    let found = climb_border(climb(leaf_hash, inner, index), border);
    if found == root { Ok(()) } else { Err(ProofError::Root { expected: root, found }) }
}

/// The root of the tree of `index + 1` leaves, by the proof that its last leaf is in a larger tree.
///
/// It is as true as the proof: [`verify_inclusion`] first.
pub fn earlier_root(
    leaf_hash: Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
) -> Result<Digest, ProofError> {
    if index >= size {
        return Err(ProofError::IndexBeyondSize { index, size });
    }
    // What stands right of the leaf came later; what stands left was all there was.
    let (inner, border) = Shape::of(index, size).divide(proof)?;
    Ok(climb_border(climb_left(leaf_hash, inner, index), border))
}

/// Checks that the tree of `size2` leaves under `root2` begins with the tree of `size1` leaves under `root1`.
pub fn verify_consistency(
    size1: u64,
    size2: u64,
    proof: &[Digest],
    root1: Digest,
    root2: Digest,
) -> Result<(), ProofError> {
    if size1 > size2 {
        return Err(ProofError::Shrunk { size1, size2 });
    }
    if size1 == 0 && root1 != empty_root() {
        return Err(ProofError::EmptyRoot { found: root1 });
    }
    if size1 == size2 && root1 != root2 {
        return Err(ProofError::Fork { size: size1, root1, root2 });
    }
    if size1 == 0 || size1 == size2 {
        return Shape { inner: 0, border: 0 }.divide(proof).map(|_| ());
    }

    // The climb starts at the largest complete subtree that ends the earlier tree. Its hash leads the proof,
    // unless it is the whole earlier tree.
    let level = size1.trailing_zeros();
    let whole = Shape::of(size1 - 1, size2);
    let shape = Shape { inner: whole.inner - level as usize, ..whole };
    let (start, steps) = if size1.is_power_of_two() {
        (root1, proof)
    } else {
        let Some((start, steps)) = proof.split_first() else {
            return Err(ProofError::Length { expected: shape.len() + 1, found: 0 });
        };
        (*start, steps)
    };
    let lead = proof.len() - steps.len();
    let (inner, border) = shape
        .divide(steps)
        .map_err(|_| ProofError::Length { expected: shape.len() + lead, found: proof.len() })?;

    let path = (size1 - 1) >> level;
    let found1 = climb_border(climb_left(start, inner, path), border);
    if found1 != root1 {
        return Err(ProofError::EarlierRoot { expected: root1, found: found1 });
    }
    let found2 = climb_border(climb(start, inner, path), border);
    if found2 != root2 {
        return Err(ProofError::LaterRoot { expected: root2, found: found2 });
    }
    Ok(())
}

/// How many leaves stand left of a tree's root: the largest power of two below `size`, which is 2 or more.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The number of hashes in an inclusion proof's two parts.
///
/// Up to where the paths of the leaf and of the last leaf meet, siblings stand on either side (`inner`); from
/// there on, along the right border of the tree, on the left only (`border`).
#[derive(Clone, Copy)]
struct Shape {
    inner: usize,
    border: usize,
}

impl Shape {
    /// `index` is below `size`.
    fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = index.checked_shr(inner).unwrap_or(0).count_ones();
        Self { inner: inner as usize, border: border as usize }
    }

    fn len(self) -> usize {
        self.inner + self.border
    }

    fn divide(self, proof: &[Digest]) -> Result<(&[Digest], &[Digest]), ProofError> {
        if proof.len() != self.len() {
            return Err(ProofError::Length { expected: self.len(), found: proof.len() });
        }
        Ok(proof.split_at(self.inner))
    }
}

/// Hashes `start` with the siblings in `steps`; each bit of `path`, the lowest first, says on which side we are.
fn climb(start: Digest, steps: &[Digest], path: u64) -> Digest {
    steps.iter().enumerate().fold(start, |node, (height, sibling)| {
        if is_right(path, height) { node_hash(sibling, &node) } else { node_hash(&node, sibling) }
    })
}

/// [`climb`] in the earlier tree, which has nothing on the right of the path.
fn climb_left(start: Digest, steps: &[Digest], path: u64) -> Digest {
    let left = steps.iter().enumerate().filter(|(height, _)| is_right(path, *height));
    left.fold(start, |node, (_, sibling)| node_hash(sibling, &node))
}

fn climb_border(start: Digest, steps: &[Digest]) -> Digest {
    steps.iter().fold(start, |node, sibling| node_hash(sibling, &node))
}

/// Whether the path's node at `height`, below 64, is its parent's right child.
fn is_right(path: u64, height: usize) -> bool {
    (path >> height) & 1 == 1
}

#[cfg(test)]
mod tests;
