//! Archives: where old records go, so that the live store stays small and nothing becomes unreadable.
//!
//! An archive holds a ledger's records from the first on, in whole bundles of 256, in a folder or in object storage:
//!
//! | name | content |
//! |---|---|
//! | `archive.json` | the [`Manifest`]: size, root, tables, and the proof that ties the root to a signed checkpoint |
//! | `tile/0/<index>` | 256 leaf hashes (C2SP `tlog-tiles`) |
//! | `records/<index>.zst` | the 256 records, each after its length as a big-endian u32, as one Zstandard frame |
//! | `events/<from>-<to>.parquet` | the same events as rows, for any SQL engine |
//!
//! Everything but the manifest is written once and never changed. The live store keeps hash and stream of every record;
//! what it drops are the bytes, and these are put back when they are read, checked against the hash that stayed. So
//! nobody has to trust an archive, and proofs do not need it.
//!
//! Start at [`extend`], which writes, [`move_out`], which makes the live store smaller, and [`verify`].

mod bundle;
mod check;
mod extend;
mod manifest;
mod prune;
mod shelf;
mod shrink;
mod table;

pub use check::{Unsound, verify};
pub use extend::{ExtendError, Extended, extend};
pub use manifest::{MANIFEST, Manifest, ManifestError, Table};
pub use prune::{Due, PruneError, Pruned, Retention, due, prune};
pub(crate) use shelf::Shelf;
pub use shrink::{Archived, MoveError, Moved, Shrink, move_out};
pub use table::{Row, TableError, TableWriter, read_table};
