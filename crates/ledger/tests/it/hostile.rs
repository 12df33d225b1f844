//! What must hold of the readers whatever bytes they are given. `fuzz/` runs the same with inputs of its own making.

use shipway_ledger::evidence::Evidence;
use shipway_ledger::tiles::{push_entry, read_entries, read_hashes, write_hashes};
use shipway_ledger::witness::AddCheckpoint;
use shipway_ledger::{
    Checkpoint, Cosigner, Policy, ProofDocument, ProofFile, SigningKey, VerifierKey, canonical, parse_strict,
    to_canonical,
};
use shipway_model::event::Event;

/// The key of the corpus.
pub(crate) fn log() -> SigningKey {
    SigningKey::from_seed("log.example".parse().expect("is a name"), &[1; 32])
}

/// Notes, cosignatures, policies and keys.
pub(crate) fn note(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (log, cosigner) = (log(), Cosigner::from_seed("w.example".parse().expect("is a name"), &[2; 32]));
    if let Ok(checkpoint) = Checkpoint::verify(text, log.verifier()) {
        assert!(text.starts_with(&checkpoint.to_string()), "it says what was signed");
    }
    let _ = cosigner.verifier().verify(text);
    let _ = Policy::of_logs(vec![log.verifier().clone()]).verify(text);
    let _ = text.parse::<Policy>();
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string().parse().as_ref(), Ok(&key));
    }
}

/// Proof files, proofs in JSON, requests to witnesses and tiles.
pub(crate) fn proof(bytes: &[u8]) {
    let _ = Evidence::read(bytes);
    if let Ok(document) = ProofDocument::parse(bytes) {
        assert_eq!(ProofDocument::parse(document.to_json().as_bytes()).as_ref(), Ok(&document));
        let _ = document.verify();
    }
    let width = bytes.first().map_or(0, |it| u16::from(*it) + 1);
    if let Ok(entries) = read_entries(bytes, width) {
        let mut bundle = Vec::new();
        entries.iter().for_each(|it| push_entry(&mut bundle, it).expect("it came from a bundle"));
        assert_eq!(bundle, bytes);
    }
    if let Ok(hashes) = read_hashes(bytes, width) {
        assert_eq!(write_hashes(&hashes), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(file) = text.parse::<ProofFile>() {
        assert_eq!(file.to_string().parse().as_ref(), Ok(&file));
        let record = file.extra.clone().unwrap_or_default();
        let _ = file.verify(&record, log().verifier());
    }
    if let Ok(request) = text.parse::<AddCheckpoint>() {
        let _ = request.consider(&[log().verifier().clone()], None);
    }
}

/// Events.
pub(crate) fn event(bytes: &[u8]) {
    // Both ways of reading one see the same.
    assert_eq!(Event::read(bytes).ok(), serde_json::from_slice(bytes).ok());
    assert_eq!(canonical::check_canonical(bytes), canonical::parse_canonical(bytes).map(drop));
    let Ok(value) = parse_strict(bytes) else { return };
    let Ok(written) = to_canonical(&value) else { return };
    let read = canonical::parse_canonical(&written).expect("what is written is canonical");
    assert_eq!(to_canonical(&read).as_ref(), Ok(&written));
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Changes of each file of the corpus that are tried.
    const CHANGES: u64 = 2_000;

    /// Every file as it is, and with bytes changed, removed, doubled and cut off; the same ones in every run.
    fn try_corpus(name: &str, check: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
        let mut n_files = 0;
        for entry in fs::read_dir(folder).expect("the corpus is there") {
            let bytes = fs::read(entry.expect("it can be listed").path()).expect("it can be read");
            n_files += 1;
            check(&bytes);
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            for _ in 0..CHANGES {
                let mut changed = bytes.clone();
                for _ in 0..1 + next(&mut state) % 3 {
                    change(&mut changed, next(&mut state), next(&mut state));
                }
                check(&changed);
            }
        }
        assert!(n_files >= 5, "{name} has {n_files} files");
    }

    fn change(bytes: &mut Vec<u8>, at: u64, how: u64) {
        if bytes.is_empty() {
            return;
        }
        let at = (at % bytes.len() as u64) as usize;
        match how % 5 {
            0 => bytes[at] ^= 1 << (how / 5 % 8),
            1 => bytes[at] = (how / 5) as u8,
            2 => drop(bytes.remove(at)),
            3 => bytes.extend_from_within(at..),
            _ => bytes.truncate(at),
        }
    }

    /// xorshift64.
    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    #[test]
    fn no_note_makes_the_readers_panic() {
        try_corpus("note", note);
    }

    #[test]
    fn no_proof_makes_the_readers_panic() {
        try_corpus("proof", proof);
    }

    #[test]
    fn no_event_makes_the_readers_panic() {
        try_corpus("event", event);
    }

    #[test]
    fn the_corpus_has_what_is_accepted_too() {
        let read = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
            fs::read_to_string(path).expect("it is there")
        };
        assert!(Checkpoint::verify(&read("note/cosigned"), log().verifier()).is_ok());
        assert!(read("note/policy").parse::<Policy>().is_ok());
        let file: ProofFile = read("proof/file").parse().expect("is a proof file");
        assert!(file.verify(&file.extra.clone().expect("has its record"), log().verifier()).is_ok());
        for name in ["proof/inclusion.json", "proof/consistency.json"] {
            assert_eq!(ProofDocument::parse(read(name).as_bytes()).expect("is a document").verify(), Ok(()));
        }
        let request: AddCheckpoint = read("proof/request").parse().expect("is a request");
        assert!(request.consider(&[log().verifier().clone()], None).is_ok());
    }
}
