use super::*;
use crate::key::SigningKey;
use crate::proof::prove_consistency;
use crate::tree::{Frontier, leaf_hash};

const SIZES: [u64; 6] = [0, 1, 3, 4, 7, 8];

fn log() -> SigningKey {
    SigningKey::from_seed("log.example".parse().expect("is a name"), &[1; 32])
}

/// The honest history, and one that differs from its leaf 2 on.
fn leaves(history: &str) -> Vec<Digest> {
    let leaf =
        |idx| leaf_hash(if idx < 2 { format!("{idx}") } else { format!("{history} {idx}") }.as_bytes());
    (0..8).map(leaf).collect()
}

fn seen(history: &str, size: u64) -> Seen {
    let mut frontier = Frontier::default();
    leaves(history)[..size as usize].iter().for_each(|it| frontier.push(*it));
    Seen { size, root: frontier.root() }
}

fn request(history: &str, old_size: u64, size: u64) -> AddCheckpoint {
    let Seen { root, .. } = seen(history, size);
    let checkpoint = Checkpoint { origin: "log.example".parse().expect("is a name"), size, root };
    let path = prove_consistency(&leaves(history), old_size, size).unwrap_or_default();
    AddCheckpoint { old_size, path, note: checkpoint.sign(&log()) }
}

fn consider(request: &AddCheckpoint, seen: Option<Seen>) -> Result<Accepted, Refusal> {
    request.consider(&[log().verifier().clone()], seen)
}

#[test]
fn every_growth_of_one_history_is_accepted_and_cosigned() {
    let cosigner = Cosigner::from_seed("w".parse().expect("is a name"), &[9; 32]);
    for old_size in SIZES {
        for size in SIZES.into_iter().filter(|it| *it >= old_size) {
            let known = (old_size > 0).then(|| seen("true", old_size));
            let request = request("true", old_size, size);
            let accepted = consider(&request, known).expect("it extends what was seen");
            assert_eq!(accepted.seen(), seen("true", size));
            let cosigned = format!("{}{}", request.note, accepted.cosign(&cosigner, 5));
            assert_eq!(cosigner.verifier().verify(&cosigned), Ok(5));
        }
    }
}

#[test]
fn no_view_of_another_history_is_accepted() {
    for old_size in [3, 4, 7, 8] {
        for size in [3, 4, 7, 8] {
            let refusal = consider(&request("false", old_size, size), Some(seen("true", old_size)));
            match refusal.expect_err("two histories") {
                Refusal::Fork { size: found, .. } => assert_eq!((size, found), (old_size, size)),
                Refusal::Inconsistent(_) => assert!(size > old_size),
                Refusal::OldSizeBeyond { .. } => assert!(size < old_size),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn who_knows_another_size_is_told_the_one_that_was_seen() {
    for (old_size, known) in [(0, Some(4)), (3, Some(4)), (7, Some(4)), (3, None)] {
        let found = consider(&request("true", old_size, 8), known.map(|size| seen("true", size)));
        assert_eq!(found, Err(Refusal::Stale { seen: known.unwrap_or(0), old_size }));
    }
}

#[test]
fn a_first_view_needs_no_proof_and_may_bring_none() {
    let mut request = request("true", 0, 4);
    request.path.push(leaf_hash(b"anything"));
    let expected = Refusal::Inconsistent(ProofError::Length { expected: 0, found: 1 });
    assert_eq!(consider(&request, None), Err(expected));
}

#[test]
fn only_the_log_itself_is_heard() {
    let request = request("true", 0, 4);
    let unknown = Refusal::UnknownLog("log.example".to_owned());
    assert_eq!(request.consider(&[], None), Err(unknown));
    let namesake = SigningKey::from_seed("log.example".parse().expect("is a name"), &[2; 32]);
    let found = request.consider(&[namesake.verifier().clone()], None);
    assert!(matches!(found, Err(Refusal::Unsigned(_))));
    let forged = AddCheckpoint { note: request.note.replace("\n4\n", "\n5\n"), ..request.clone() };
    assert!(matches!(consider(&forged, None), Err(Refusal::Unsigned(_))));
    let cut = AddCheckpoint { note: "log.example\n4\n".to_owned(), ..request };
    assert!(matches!(consider(&cut, None), Err(Refusal::Malformed(_))));
}

#[test]
fn a_request_is_read_as_the_specification_writes_it() {
    let text = "old 20852014\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\nexample.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgt\n";
    let read: AddCheckpoint = text.parse().expect("is a request");
    assert_eq!(
        (read.old_size, read.path.len(), read.origin()),
        (20_852_014, 2, "example.com/behind-the-sofa")
    );
    assert!(read.note.ends_with("Az3grlgt\n"));

    let many =
        "old 1\n".to_owned() + &"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n".repeat(64) + "\nlog\n";
    for (text, expected) in [
        ("", InvalidRequest::NoCheckpoint),
        ("old 1\n", InvalidRequest::NoCheckpoint),
        ("1\n\nlog\n", InvalidRequest::OldSize),
        ("old 01\n\nlog\n", InvalidRequest::OldSize),
        ("old -1\n\nlog\n", InvalidRequest::OldSize),
        ("old 1\nAAAA\n\nlog\n", InvalidRequest::Hash { line: 2 }),
        (&many, InvalidRequest::TooManyHashes),
        (&" ".repeat(SIZE_BYTES_MAX + 1), InvalidRequest::TooLong { size_bytes: SIZE_BYTES_MAX + 1 }),
    ] {
        assert_eq!(text.parse::<AddCheckpoint>(), Err(expected), "{text}");
    }
}
