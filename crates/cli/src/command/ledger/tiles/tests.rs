use std::fs;
use std::path::PathBuf;

use shipway_ledger::{Frontier, SigningKey};

use super::*;

struct Log {
    folder: tempfile::TempDir,
    key: SigningKey,
}

fn record(history: &str, position: u64) -> Vec<u8> {
    format!(r#"{{"history":"{history}","position":{position}}}"#).into_bytes()
}

impl Log {
    fn new() -> Self {
        let key = SigningKey::from_seed("log.example".parse().unwrap(), &[1; 32]);
        Self { folder: tempfile::tempdir().unwrap(), key }
    }

    fn policy(&self) -> Policy {
        Policy::of_logs(vec![self.key.verifier().clone()])
    }

    fn checkpoint(&self, history: &str, size: u64) -> Checkpoint {
        let mut frontier = Frontier::default();
        (0..size).for_each(|it| frontier.push(leaf_hash(&record(history, it))));
        Checkpoint { origin: "log.example".parse().unwrap(), size, root: frontier.root() }
    }

    fn export(&self, history: &str, size: u64) -> Result<(), Fault> {
        let mut writer = TileWriter::open(&self.address(), &self.policy())?;
        for position in writer.size()..size {
            writer.push(&record(history, position))?;
        }
        let signed = self.checkpoint(history, size);
        writer.finish(&signed.sign(&self.key), &signed)
    }

    fn verify(&self) -> Result<u64, Fault> {
        Ok(TileFolder::at(Place::open(&self.address())?).verify(&self.policy())?.checkpoint.size)
    }

    fn address(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn flip(&self, name: &str, at: usize) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        bytes[at] ^= 1;
        fs::write(self.path(name), bytes).unwrap();
    }
}

#[test]
fn grows_in_steps_to_what_it_would_be_at_once() {
    let (steps, once) = (Log::new(), Log::new());
    for size in [1, 2, 255, 256, 257, 600, 600, 1024] {
        steps.export("true", size).unwrap();
        assert_eq!(steps.verify().unwrap(), size);
    }
    once.export("true", 1024).unwrap();
    for name in ["checkpoint", "tile/0/003", "tile/1/000.p/4", "tile/entries/000", "tile/entries/003"] {
        assert_eq!(fs::read(steps.path(name)).unwrap(), fs::read(once.path(name)).unwrap(), "{name}");
    }
    assert!(!once.path("tile/0/004.p").exists() && !once.path("tile/entries/004.p").exists());
}

#[test]
fn an_export_that_was_cut_off_is_continued() {
    let log = Log::new();
    log.export("true", 300).unwrap();
    let mut writer = TileWriter::open(&log.address(), &log.policy()).unwrap();
    (300..700).for_each(|it| writer.push(&record("true", it)).unwrap());
    writer.write().unwrap();
    assert!(matches!(
        TileWriter::open(&log.address(), &log.policy()),
        Err(Fault::Place(PlaceError::Locked { .. }))
    ));
    drop(writer);
    assert_eq!(log.verify().unwrap(), 300, "what was signed for is untouched");
    log.export("true", 800).unwrap();
    assert_eq!(log.verify().unwrap(), 800);
}

#[test]
fn another_history_does_not_replace_what_was_exported() {
    let log = Log::new();
    log.export("true", 300).unwrap();
    for size in [301, 600] {
        assert!(matches!(log.export("false", size), Err(Fault::Fork { .. })), "{size}");
    }
    assert!(matches!(log.export("false", 300), Err(Fault::Fork { .. })));
    assert!(matches!(log.export("true", 299), Err(Fault::Shrunk { exported: 300, size: 299 })));
    assert_eq!(log.verify().unwrap(), 300);
    // What the other history left behind beyond the checkpoint is overwritten.
    log.export("true", 700).unwrap();
    assert_eq!(log.verify().unwrap(), 700);
}

#[test]
fn full_tiles_stand_in_for_partial_ones_that_were_removed() {
    let log = Log::new();
    log.export("true", 300).unwrap();
    let mut writer = TileWriter::open(&log.address(), &log.policy()).unwrap();
    (300..512).for_each(|it| writer.push(&record("true", it)).unwrap());
    writer.write().unwrap();
    drop(writer);
    for name in ["tile/0/001.p", "tile/entries/001.p"] {
        fs::remove_dir_all(log.path(name)).unwrap();
    }
    assert_eq!(log.verify().unwrap(), 300);
    log.export("true", 513).unwrap();
    assert_eq!(log.verify().unwrap(), 513);
}

#[test]
fn any_change_is_found_with_its_place() {
    let log = Log::new();
    log.export("true", 300).unwrap();
    // Length prefix, history and position of the first record of the second bundle.
    log.flip("tile/entries/001.p/44", 20);
    assert!(matches!(log.verify(), Err(Fault::Leaf { position: 256, .. })));
    assert!(matches!(log.export("true", 400), Err(Fault::Leaf { position: 256, .. })));
    log.flip("tile/entries/001.p/44", 20);

    log.flip("tile/0/000", 5 * 32);
    assert!(matches!(log.verify(), Err(Fault::Leaf { position: 5, .. })));
    log.flip("tile/0/000", 5 * 32);

    log.flip("tile/1/000.p/1", 0);
    assert!(matches!(log.verify(), Err(Fault::Node { .. })));
    assert!(matches!(log.export("true", 400), Err(Fault::Edge { .. })));
    log.flip("tile/1/000.p/1", 0);

    log.flip("tile/entries/000", 0);
    assert!(matches!(log.verify(), Err(Fault::Tile { .. })));
    log.flip("tile/entries/000", 0);

    fs::write(log.path("tile/0/001.p/44"), b"").unwrap();
    assert!(matches!(log.verify(), Err(Fault::Tile { .. })));
    fs::remove_file(log.path("tile/0/001.p/44")).unwrap();
    assert!(matches!(log.verify(), Err(Fault::Missing { .. })));

    let forged = log.checkpoint("false", 300).sign(&log.key);
    fs::write(log.path("checkpoint"), forged).unwrap();
    assert!(matches!(log.export("true", 400), Err(Fault::Missing { .. } | Fault::Edge { .. })));
    fs::remove_file(log.path("checkpoint")).unwrap();
    assert!(matches!(log.verify(), Err(Fault::NoCheckpoint)));
}

#[test]
fn a_history_rewritten_with_all_its_hashes_is_found_by_the_checkpoint() {
    let (log, other) = (Log::new(), Log::new());
    other.export("false", 300).unwrap();
    fs::write(other.path("checkpoint"), log.checkpoint("true", 300).sign(&log.key)).unwrap();
    assert!(matches!(other.verify(), Err(Fault::Root { size: 300, .. })));
}

#[test]
fn a_record_too_long_for_the_format_is_refused_by_its_place() {
    let log = Log::new();
    let mut writer = TileWriter::open(&log.address(), &log.policy()).unwrap();
    writer.push(b"short").unwrap();
    assert!(matches!(writer.push(&vec![b' '; 65_536]), Err(Fault::Entry { position: 1, .. })));
}
