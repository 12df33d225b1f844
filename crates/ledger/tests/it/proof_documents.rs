//! Proof documents over the published tree, and what the suites of other implementations break in theirs: hashes
//! changed by a bit, added, removed and cut short, roots confused, sizes and indexes that are not those of the proof.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use shipway_ledger::{Claim, InvalidDocument, ProofDocument, leaf_hash};
use shipway_model::Digest;

use crate::reference_tree::{CONSISTENCY, INCLUSION, hashes, leaf_hashes, root};

fn base64(hash: &Digest) -> String {
    BASE64.encode(hash.as_bytes())
}

/// In the form of the vectors that `transparency-dev/merkle` publishes.
fn inclusion(index: u64, size: u64, proof: &[&str]) -> Value {
    let leaf = leaf_hashes()[index as usize];
    let proof: Vec<String> = hashes(proof).iter().map(base64).collect();
    json!({
        "leafIdx": index, "treeSize": size, "root": base64(&root(size)), "leafHash": base64(&leaf),
        "proof": proof, "desc": "happy path", "wantErr": false,
    })
}

fn consistency(size1: u64, size2: u64, proof: &[&str]) -> Value {
    let proof: Vec<String> = hashes(proof).iter().map(base64).collect();
    json!({
        "size1": size1, "size2": size2, "root1": base64(&root(size1)), "root2": base64(&root(size2)),
        "proof": proof, "desc": "happy path", "wantErr": false,
    })
}

fn documents() -> Vec<Value> {
    let inclusion = INCLUSION.iter().map(|(index, size, proof)| inclusion(*index, *size, proof));
    inclusion
        .chain(CONSISTENCY.iter().map(|(size1, size2, proof)| consistency(*size1, *size2, proof)))
        .collect()
}

fn verify(document: &Value) -> Result<(), String> {
    let read = ProofDocument::parse(document.to_string().as_bytes()).map_err(|it| it.to_string())?;
    read.verify().map_err(|it| it.to_string())
}

fn refused(document: &Value, what: &str) {
    let reason = verify(document).expect_err(&format!("{what}: {document}"));
    assert!(!reason.is_empty());
}

fn proof(document: &mut Value) -> &mut Vec<Value> {
    document["proof"].as_array_mut().expect("it has one")
}

#[test]
fn the_published_proofs_are_accepted_and_come_back_as_they_were() {
    for document in documents() {
        assert_eq!(verify(&document), Ok(()), "{document}");
        let read = ProofDocument::parse(document.to_string().as_bytes()).expect("it is a document");
        assert_eq!(ProofDocument::parse(read.to_json().as_bytes()), Ok(read));
    }
}

#[test]
fn hashes_changed_added_or_removed_are_refused() {
    let garbage = leaf_hash(b"garbage");
    for document in documents() {
        let n_hashes = document["proof"].as_array().expect("it has one").len();
        for at in 0..n_hashes {
            for bit in 0..256 {
                let mut changed = document.clone();
                let text = changed["proof"][at].as_str().expect("a hash").to_owned();
                let mut bytes = BASE64.decode(text).expect("base64");
                bytes[bit / 8] ^= 1 << (bit % 8);
                proof(&mut changed)[at] = BASE64.encode(bytes).into();
                refused(&changed, "a changed bit");
            }
            let mut removed = document.clone();
            proof(&mut removed).remove(at);
            refused(&removed, "a removed hash");
        }
        let root = |name: &str| document.get(name).cloned();
        let others =
            [Some(json!(base64(&garbage))), root("root"), root("root1"), root("root2"), root("leafHash")];
        for other in others.into_iter().flatten() {
            for at in 0..=n_hashes {
                let mut added = document.clone();
                proof(&mut added).insert(at, other.clone());
                refused(&added, "an added hash");
            }
        }
    }
}

#[test]
fn hashes_that_are_not_32_bytes_are_refused_by_their_length() {
    for document in documents() {
        let fields = ["root", "leafHash", "root1", "root2"];
        for field in fields.into_iter().filter(|it| document.get(*it).is_some()) {
            for n_bytes in [0, 1, 31, 33, 64] {
                let mut changed = document.clone();
                changed[field] = json!(BASE64.encode(vec![7; n_bytes]));
                let found = ProofDocument::parse(changed.to_string().as_bytes());
                let expected = InvalidDocument::HashLength { field: format!("`{field}`"), found: n_bytes };
                assert_eq!(found, Err(expected));
            }
        }
        for n_bytes in [0, 31, 33] {
            let mut changed = document.clone();
            proof(&mut changed).insert(0, json!(BASE64.encode(vec![7; n_bytes])));
            let expected =
                InvalidDocument::HashLength { field: "hash 1 of `proof`".to_owned(), found: n_bytes };
            assert_eq!(ProofDocument::parse(changed.to_string().as_bytes()), Err(expected));
        }
    }
}

#[test]
fn other_roots_and_leaves_are_refused() {
    let other = json!(base64(&leaf_hash(b"another")));
    for document in documents() {
        for field in ["root", "leafHash", "root1", "root2"] {
            let mut changed = document.clone();
            if changed.get(field).is_some() {
                changed[field] = other.clone();
                refused(&changed, field);
            }
        }
        if document["root1"] != document["root2"] {
            let mut swapped = document.clone();
            swapped["root1"] = document["root2"].clone();
            swapped["root2"] = document["root1"].clone();
            refused(&swapped, "swapped roots");
        }
    }
}

#[test]
fn other_sizes_and_indexes_are_refused() {
    for (index, size, path) in INCLUSION {
        for (wrong_index, wrong_size) in [
            (index.wrapping_sub(1), size),
            (index + 1, size),
            (index ^ 2, size),
            (index, size * 2),
            (index, size / 2),
            (u64::MAX, u64::MAX),
            (index, 0),
        ] {
            let mut changed = inclusion(index, size, path);
            changed["leafIdx"] = json!(wrong_index.to_string());
            changed["treeSize"] = json!(wrong_size.to_string());
            refused(&changed, "another index or size");
        }
    }
    for (size1, size2, path) in CONSISTENCY.into_iter().filter(|(size1, size2, _)| size1 != size2) {
        for (wrong1, wrong2) in [
            (size1 - 1, size2),
            (size1 + 1, size2),
            (size1 ^ 2, size2),
            (size1, size2 * 2),
            (size1, size2 / 2),
            (size2, size1),
            (0, size2),
        ] {
            let mut changed = consistency(size1, size2, path);
            changed["size1"] = json!(wrong1.to_string());
            changed["size2"] = json!(wrong2.to_string());
            refused(&changed, "other sizes");
        }
    }
}

#[test]
fn trees_without_leaves_prove_nothing() {
    for size in [0, 1] {
        for leaf in [root(0), leaf_hash(b"random")] {
            let document = json!({
                "leafIdx": 0, "treeSize": size, "root": base64(&root(0)), "leafHash": base64(&leaf),
                "proof": null,
            });
            // Of one leaf, only the leaf itself is the root.
            assert_eq!(verify(&document).is_ok(), size == 1 && leaf == root(0), "{document}");
        }
    }
    let growth = |root1: Digest| Claim::Consistency { size1: 0, root1, size2: 8, root2: root(8) };
    let check = |claim| ProofDocument { claim, path: Vec::new(), checkpoint: None }.verify();
    assert_eq!(check(growth(root(0))), Ok(()));
    assert!(check(growth(root(1))).is_err());
}
