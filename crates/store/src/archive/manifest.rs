//! What an archive holds.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_ledger::{Claim, InvalidDocument, ProofDocument};
use shipway_model::Digest;

use super::bundle::RECORDS;
use crate::place::{Place, PlaceError};

/// The manifest's name within an archive. It is written last: what it names is there.
pub const MANIFEST: &str = "archive.json";

/// The longest manifest: some 300,000 tables.
const BYTES_MAX: u64 = 64 << 20;

/// The one file of an archive that changes. Nothing in it is believed before [`super::verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// How many records, from the first on; whole bundles.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// A proof document that the ledger under a signed checkpoint begins with them.
    pub growth: Value,
    /// In their order, without gaps.
    pub tables: Vec<Table>,
    /// A ledger reads its own old events here: nothing may be deleted.
    #[serde(default)]
    pub is_only_copy: bool,
    /// The content of this many records, from the first on, was deleted when nothing asked for it any more; their
    /// hashes stay. Whole tables.
    #[serde(default)]
    pub pruned: u64,
}

/// The events `from..to` as a Parquet file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// Its name within the archive.
    pub file: String,
    pub from: u64,
    pub to: u64,
    pub digest: Digest,
    /// When the last of them was recorded.
    pub newest: Timestamp,
}

/// Why an archive's manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{MANIFEST} cannot be read")]
    Form(#[from] serde_json::Error),
    #[error("{MANIFEST} contradicts itself: {0}")]
    Contradiction(String),
    #[error("the proof in {MANIFEST} cannot be read")]
    Growth(#[from] InvalidDocument),
}

impl Manifest {
    /// That of an archive; nothing when there is none.
    ///
    /// # Errors
    /// When there is something else.
    pub fn read(place: &Place) -> Result<Option<Self>, ManifestError> {
        let Some(bytes) = place.read_to_replace(MANIFEST, BYTES_MAX)? else { return Ok(None) };
        let manifest: Self = serde_json::from_slice(&bytes)?;
        match manifest.fault()? {
            None => Ok(Some(manifest)),
            Some(fault) => Err(ManifestError::Contradiction(fault)),
        }
    }

    pub(super) fn write(&self, place: &Place) -> Result<(), PlaceError> {
        let text = serde_json::to_vec_pretty(self).expect("manifests have string keys");
        place.replace(MANIFEST, text)
    }

    /// The proof that ties it to a signed checkpoint, not yet verified.
    ///
    /// # Errors
    /// When there is something else.
    pub fn growth(&self) -> Result<ProofDocument, InvalidDocument> {
        ProofDocument::parse(self.growth.to_string().as_bytes())
    }

    /// The name of the table of the events `from..to`, by which files sort as their events do.
    pub(super) fn table_file(from: u64, to: u64) -> String {
        format!("events/{from:016}-{to:016}.parquet")
    }

    fn fault(&self) -> Result<Option<String>, InvalidDocument> {
        let mut next = 0;
        for Table { file, from, to, .. } in &self.tables {
            if *from != next || to <= from || !to.is_multiple_of(RECORDS) {
                return Ok(Some(format!("the table {file} is not of whole bundles from event {next} on")));
            }
            if *file != Self::table_file(*from, *to) {
                return Ok(Some(format!("the table {file} has another name than its events")));
            }
            next = *to;
        }
        if next != self.size {
            return Ok(Some(format!("the tables end with event {next} of {}", self.size)));
        }
        if self.pruned > 0 && !self.tables.iter().any(|it| it.to == self.pruned) {
            return Ok(Some(format!(
                "{} events are said to be deleted, which ends within a table",
                self.pruned
            )));
        }
        Ok(match self.growth()?.claim {
            Claim::Consistency { size1, root1, .. } if (size1, root1) == (self.size, self.root) => None,
            _ => Some("its proof is about another tree".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(from: u64, to: u64) -> Table {
        let file = Manifest::table_file(from, to);
        Table { file, from, to, digest: Digest::of(b""), newest: Timestamp::UNIX_EPOCH }
    }

    fn manifest(tables: Vec<Table>) -> Manifest {
        let (size, root) = (1024, Digest::of(b"root"));
        let claim = Claim::Consistency { size1: size, root1: root, size2: size, root2: root };
        let growth = ProofDocument { claim, path: Vec::new(), checkpoint: None };
        let growth = serde_json::from_str(&growth.to_json()).unwrap();
        Manifest { size, root, growth, tables, is_only_copy: false, pruned: 0 }
    }

    #[test]
    fn tables_follow_each_other_from_the_first_event_to_the_last() {
        let whole = || vec![table(0, 512), table(512, 1024)];
        assert_eq!(manifest(whole()).fault(), Ok(None));
        assert_eq!(Manifest { pruned: 512, ..manifest(whole()) }.fault(), Ok(None));
        let foreign = Table { file: "../../etc/passwd".to_owned(), ..table(0, 1024) };
        for wrong in [
            vec![table(0, 512)],
            vec![table(0, 512), table(768, 1024)],
            vec![table(0, 500), table(500, 1024)],
            vec![table(512, 1024), table(0, 512)],
            vec![table(0, 0), table(0, 1024)],
            vec![foreign],
            Vec::new(),
        ] {
            assert!(manifest(wrong.clone()).fault().unwrap().is_some(), "{wrong:?}");
        }
        assert!(Manifest { pruned: 256, ..manifest(whole()) }.fault().unwrap().is_some());
        assert!(Manifest { root: Digest::of(b"other"), ..manifest(whole()) }.fault().unwrap().is_some());
    }
}
