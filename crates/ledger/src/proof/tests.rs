use std::cell::Cell;
use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::tree::{Frontier, leaf_hash};

/// MTH of RFC 6962, section 2.1, word for word.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let k = largest_power_of_two_below(leaves.len());
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn naive_path(m: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = largest_power_of_two_below(leaves.len());
    let (mut path, sibling) = if m < k {
        (naive_path(m, &leaves[..k]), naive_root(&leaves[k..]))
    } else {
        (naive_path(m - k, &leaves[k..]), naive_root(&leaves[..k]))
    };
    path.push(sibling);
    path
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn naive_subproof(m: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = largest_power_of_two_below(leaves.len());
    let (mut proof, other) = if m <= k {
        (naive_subproof(m, &leaves[..k], whole), naive_root(&leaves[k..]))
    } else {
        (naive_subproof(m - k, &leaves[k..], false), naive_root(&leaves[..k]))
    };
    proof.push(other);
    proof
}

fn largest_power_of_two_below(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

#[test]
fn a_proof_of_the_last_leaf_tells_the_root_there_was() {
    let leaves = leaves(40);
    for size in 1..=40 {
        for index in 0..size {
            let proof = prove_inclusion(&leaves, index, size).expect("the leaf exists");
            let earlier = earlier_root(leaves[index as usize], index, size, &proof);
            assert_eq!(earlier, Ok(naive_root(&leaves[..=index as usize])), "{index} of {size}");
        }
    }
    assert_eq!(earlier_root(leaves[0], 1, 1, &[]), Err(ProofError::IndexBeyondSize { index: 1, size: 1 }));
    assert_eq!(earlier_root(leaves[0], 0, 2, &[]), Err(ProofError::Length { expected: 1, found: 0 }));
}

fn leaves(size: usize) -> Vec<Digest> {
    (0..size).map(|idx| leaf_hash(&idx.to_be_bytes())).collect()
}

fn frontier(leaves: &[Digest]) -> Frontier {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier
}

#[test]
fn roots_and_paths_agree_with_the_rfc_for_every_size_and_leaf() {
    let all = leaves(130);
    for size in 0..=all.len() {
        let leaves = &all[..size];
        let root = naive_root(leaves);
        assert_eq!(frontier(leaves).root(), root, "{size} leaves");
        for index in 0..size {
            let (n_index, n_size) = (index as u64, size as u64);
            let proof = prove_inclusion(&all, n_index, n_size).expect("the leaf exists");
            assert_eq!(proof, naive_path(index, leaves), "{index} of {size}");
            assert_eq!(verify_inclusion(leaves[index], n_index, n_size, &proof, root), Ok(()));
        }
    }
}

#[test]
fn consistency_agrees_with_the_rfc_for_every_pair_of_sizes() {
    let all = leaves(70);
    let roots: Vec<_> = (0..=all.len()).map(|size| naive_root(&all[..size])).collect();
    for size2 in 0..=all.len() {
        for size1 in 0..=size2 {
            let proof = prove_consistency(&all, size1 as u64, size2 as u64).expect("the sizes grow");
            if size1 > 0 {
                assert_eq!(proof, naive_subproof(size1, &all[..size2], true), "{size1} to {size2}");
            }
            let found = verify_consistency(size1 as u64, size2 as u64, &proof, roots[size1], roots[size2]);
            assert_eq!(found, Ok(()), "{size1} to {size2}");
        }
    }
}

#[test]
fn says_why_it_refuses() {
    let all = leaves(9);
    let root = |size: usize| naive_root(&all[..size]);
    let proof = prove_inclusion(&all, 3, 7).expect("the leaf exists");
    let check = |index, size, proof: &[Digest], root| verify_inclusion(all[3], index, size, proof, root);
    assert_eq!(check(7, 7, &proof, root(7)), Err(ProofError::IndexBeyondSize { index: 7, size: 7 }));
    assert_eq!(check(0, 0, &[], root(0)), Err(ProofError::IndexBeyondSize { index: 0, size: 0 }));
    assert_eq!(check(3, 7, &proof[1..], root(7)), Err(ProofError::Length { expected: 3, found: 2 }));
    let wrong = ProofError::Root { expected: root(8), found: root(7) };
    assert_eq!(check(3, 7, &proof, root(8)), Err(wrong));

    let proof = prove_consistency(&all, 3, 7).expect("the sizes grow");
    let check =
        |size1, size2, proof: &[Digest], a, b| verify_consistency(size1, size2, proof, root(a), root(b));
    assert_eq!(check(7, 3, &proof, 7, 3), Err(ProofError::Shrunk { size1: 7, size2: 3 }));
    assert_eq!(check(3, 7, &[], 3, 7), Err(ProofError::Length { expected: 4, found: 0 }));
    assert_eq!(check(3, 7, &proof[..3], 3, 7), Err(ProofError::Length { expected: 4, found: 3 }));
    assert_eq!(check(4, 7, &proof, 4, 7), Err(ProofError::Length { expected: 1, found: 4 }));
    assert_eq!(check(7, 7, &proof, 7, 7), Err(ProofError::Length { expected: 0, found: 4 }));
    assert_eq!(check(0, 7, &proof, 0, 7), Err(ProofError::Length { expected: 0, found: 4 }));
    assert_eq!(check(0, 7, &[], 1, 7), Err(ProofError::EmptyRoot { found: root(1) }));
    assert_eq!(check(7, 7, &[], 7, 8), Err(ProofError::Fork { size: 7, root1: root(7), root2: root(8) }));
    let earlier = ProofError::EarlierRoot { expected: root(2), found: root(3) };
    assert_eq!(check(3, 7, &proof, 2, 7), Err(earlier));
    let later = ProofError::LaterRoot { expected: root(8), found: root(7) };
    assert_eq!(check(3, 7, &proof, 3, 8), Err(later));

    assert_eq!(prove_inclusion(&all, 9, 9), Err(ProofError::IndexBeyondSize { index: 9, size: 9 }));
    assert_eq!(prove_consistency(&all, 9, 8), Err(ProofError::Shrunk { size1: 9, size2: 8 }));
    assert_eq!(prove_inclusion(&all, 0, 10), Err(ProofError::MissingHash { level: 0, index: 9 }));
    assert_eq!(
        prove_inclusion(&Vec::new(), 1, u64::MAX),
        Err(ProofError::MissingHash { level: 0, index: 1 << 63 })
    );
}

/// Serves inner nodes from a map, as a store does, and counts what is asked of it.
struct Stored {
    nodes: HashMap<(u32, u64), Digest>,
    lookups: Cell<u64>,
}

impl Stored {
    fn holding(leaves: &[Digest]) -> Self {
        let mut nodes = HashMap::new();
        let mut frontier = Frontier::default();
        for (index, leaf) in (0..).zip(leaves) {
            nodes.insert((0, index), *leaf);
            frontier.push_with(*leaf, |level, index, hash| {
                nodes.insert((level, index), hash);
            });
        }
        Self { nodes, lookups: Cell::new(0) }
    }
}

impl Hashes for Stored {
    fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(0, index)
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        self.lookups.set(self.lookups.get() + 1);
        self.nodes.get(&(level, index)).copied()
    }
}

#[test]
fn stored_nodes_spare_the_leaves() {
    let all = leaves(5_000);
    let stored = Stored::holding(&all);
    assert_eq!(prove_inclusion(&stored, 1_234, 5_000), prove_inclusion(&all, 1_234, 5_000));
    assert_eq!(prove_consistency(&stored, 1_235, 5_000), prove_consistency(&all, 1_235, 5_000));
    let lookups = stored.lookups.get();
    assert!(lookups < 2 * 2 * 13, "two proofs in a tree 13 high took {lookups} lookups");
}

fn flip(digest: Digest, bit: u8) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn mutated_inclusion_proofs_are_refused(
        (size, index) in (1_usize..300).prop_flat_map(|size| (Just(size), 0..size)),
        at in any::<prop::sample::Index>(),
        bit in any::<u8>(),
        other in any::<u64>(),
    ) {
        let all = leaves(size);
        let (leaf, root) = (all[index], naive_root(&all));
        prop_assert_eq!(frontier(&all).root(), root);
        let (index, size) = (index as u64, size as u64);
        let proof = prove_inclusion(&all, index, size)?;
        let refused = |leaf, index, proof: &[Digest], root| verify_inclusion(leaf, index, size, proof, root).is_err();
        prop_assert!(!refused(leaf, index, &proof, root));
        prop_assert!(refused(flip(leaf, bit), index, &proof, root));
        prop_assert!(refused(leaf, index, &proof, flip(root, bit)));
        prop_assert!(refused(leaf, index, &[&proof[..], &[root]].concat(), root));
        prop_assert!(other % size == index || refused(leaf, other % size, &proof, root));
        if !proof.is_empty() {
            let mut changed = proof.clone();
            let at = at.index(proof.len());
            changed[at] = flip(changed[at], bit);
            prop_assert!(refused(leaf, index, &changed, root));
            changed.remove(at);
            prop_assert!(refused(leaf, index, &changed, root));
        }
    }

    #[test]
    fn mutated_consistency_proofs_are_refused(
        (size2, size1) in (2_usize..300).prop_flat_map(|size| (Just(size), 1..size)),
        at in any::<prop::sample::Index>(),
        bit in any::<u8>(),
    ) {
        let all = leaves(size2);
        let (root1, root2) = (naive_root(&all[..size1]), naive_root(&all));
        let (size1, size2) = (size1 as u64, size2 as u64);
        let proof = prove_consistency(&all, size1, size2)?;
        let refused = |proof: &[Digest], a, b| verify_consistency(size1, size2, proof, a, b).is_err();
        prop_assert!(!refused(&proof, root1, root2));
        prop_assert!(refused(&proof, flip(root1, bit), root2));
        prop_assert!(refused(&proof, root1, flip(root2, bit)));
        prop_assert!(refused(&proof, root2, root1));
        prop_assert!(refused(&[&proof[..], &[root2]].concat(), root1, root2));
        let mut changed = proof.clone();
        let at = at.index(proof.len());
        changed[at] = flip(changed[at], bit);
        prop_assert!(refused(&changed, root1, root2));
        changed.remove(at);
        prop_assert!(refused(&changed, root1, root2));
    }

    #[test]
    fn arbitrary_input_never_panics(sizes in any::<[u64; 2]>(), n_hashes in 0_usize..130) {
        let proof = leaves(n_hashes);
        let root = empty_root();
        prop_assert!(verify_inclusion(root, sizes[0], sizes[1], &proof, root).is_err());
        let _ = verify_consistency(sizes[0], sizes[1], &proof, root, root);
        let _ = verify_consistency(sizes[0], u64::MAX, &proof, root, root);
        let _ = verify_inclusion(root, sizes[0], u64::MAX, &proof, root);
    }
}
