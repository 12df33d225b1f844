//! The eight-leaf tree that Certificate Transparency's implementations share, with its roots and proofs.

use shipway_ledger::{
    Frontier, leaf_hash, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion,
};
use shipway_model::Digest;

const LEAVES: [&[u8]; 8] = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];

/// The roots of the trees of 1 to 8 leaves.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Leaf index, tree size, proof.
pub(crate) const INCLUSION: [(u64, u64, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

/// Earlier size, later size, proof.
pub(crate) const CONSISTENCY: [(u64, u64, &[&str]); 5] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

fn digest(hex: &str) -> Digest {
    format!("sha256:{hex}").parse().expect("is a digest")
}

pub(crate) fn root(size: u64) -> Digest {
    match size {
        0 => digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        _ => digest(ROOTS[size as usize - 1]),
    }
}

pub(crate) fn leaf_hashes() -> Vec<Digest> {
    LEAVES.iter().map(|it| leaf_hash(it)).collect()
}

pub(crate) fn hashes(proof: &[&str]) -> Vec<Digest> {
    proof.iter().map(|it| digest(it)).collect()
}

#[test]
fn has_the_published_roots() {
    let mut frontier = Frontier::default();
    assert_eq!(frontier.root(), root(0));
    for (size, leaf) in (1..).zip(leaf_hashes()) {
        frontier.push(leaf);
        assert_eq!(frontier.root(), root(size), "{size} leaves");
    }
}

#[test]
fn makes_and_accepts_the_published_inclusion_proofs() {
    let leaves = leaf_hashes();
    for (index, size, proof) in INCLUSION {
        let proof = hashes(proof);
        assert_eq!(prove_inclusion(&leaves, index, size).as_ref(), Ok(&proof), "{index} of {size}");
        let leaf = leaves[index as usize];
        assert_eq!(verify_inclusion(leaf, index, size, &proof, root(size)), Ok(()), "{index} of {size}");
        for (wrong_index, wrong_size) in [
            (index.wrapping_sub(1), size),
            (index + 1, size),
            (index ^ 2, size),
            (index, size * 2),
            (index, size / 2),
        ] {
            let found = verify_inclusion(leaf, wrong_index, wrong_size, &proof, root(size));
            assert!(found.is_err(), "{wrong_index} of {wrong_size} by the proof of {index} of {size}");
        }
    }
}

#[test]
fn makes_and_accepts_the_published_consistency_proofs() {
    let leaves = leaf_hashes();
    for (size1, size2, proof) in CONSISTENCY {
        let proof = hashes(proof);
        let found = prove_consistency(&leaves, size1, size2);
        assert_eq!(found.as_ref(), Ok(&proof), "{size1} to {size2}");
        let check = |size1, size2, root1, root2| verify_consistency(size1, size2, &proof, root1, root2);
        assert_eq!(check(size1, size2, root(size1), root(size2)), Ok(()), "{size1} to {size2}");
        if proof.is_empty() {
            continue;
        }
        for (wrong1, wrong2) in [
            (size1 - 1, size2),
            (size1 + 1, size2),
            (size1 ^ 2, size2),
            (size1, size2 * 2),
            (size1, size2 / 2),
        ] {
            let found = check(wrong1, wrong2, root(size1), root(size2));
            assert!(found.is_err(), "{wrong1} to {wrong2} by the proof of {size1} to {size2}");
        }
        assert!(check(size1, size2, root(size2), root(size1)).is_err(), "swapped roots");
    }
}
