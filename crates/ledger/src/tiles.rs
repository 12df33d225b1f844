//! A log as static files (C2SP `tlog-tiles`): what each is called and what is in it.
//!
//! | path | content |
//! |---|---|
//! | `checkpoint` | the signed note |
//! | `tile/<level>/<index>` | 256 hashes of 32 bytes: of leaves at level 0, of full tiles of the level below above |
//! | `tile/entries/<index>` | 256 records, each behind its length in bytes as a big-endian u16 |
//!
//! The rightmost tile or bundle may hold `w` of the 256 only, 1 to 255; it then stands at `<index>.p/<w>`. Files
//! never change once written, except for `checkpoint`.

mod tree;

use std::fmt;

use shipway_model::Digest;

pub use tree::TiledTree;

/// Hashes in a full tile, and records in a full bundle.
pub const WIDTH: u16 = 256;

/// The longest record that fits a bundle, in bytes.
pub const ENTRY_BYTES_MAX: usize = u16::MAX as usize;

/// One file of hashes or records; its `Display` is the path below the log's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    pub content: Content,
    /// From 0.
    pub index: u64,
    /// 1 to [`WIDTH`]; less is a partial tile.
    pub width: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Content {
    /// Hashes over 256^level leaves each.
    Hashes {
        level: u8,
    },
    Entries,
}

/// A record is too long for a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record has {size_bytes} bytes; an entry bundle takes {ENTRY_BYTES_MAX} at most")]
pub struct EntryTooLong {
    pub size_bytes: usize,
}

/// Why bytes are not a tile's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTile {
    #[error("the tile has {found} bytes; {width} hashes have {}", usize::from(*width) * 32)]
    Length { width: u16, found: usize },
    #[error("entry {nth} of the bundle is cut off")]
    Cut { nth: u16 },
    #[error("the bundle has bytes after its {width} entries")]
    Trailing { width: u16 },
}

impl Tile {
    pub fn hashes(level: u8, index: u64, width: u16) -> Self {
        Self { content: Content::Hashes { level }, index, width }
    }

    pub fn entries(index: u64, width: u16) -> Self {
        Self { content: Content::Entries, index, width }
    }

    pub fn is_full(self) -> bool {
        self.width == WIDTH
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            Content::Hashes { level } => write!(f, "tile/{level}")?,
            Content::Entries => write!(f, "tile/entries")?,
        }
        // Groups of three digits; all but the last begin with `x`, so that no folder has a file's name.
        let digits = self.index.to_string();
        let padded = format!("{}{digits}", "0".repeat(digits.len().next_multiple_of(3) - digits.len()));
        let n_groups = padded.len() / 3;
        for nth in 0..n_groups {
            let prefix = if nth + 1 < n_groups { "x" } else { "" };
            write!(f, "/{prefix}{}", &padded[nth * 3..nth * 3 + 3])?;
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// The content of a hash tile.
pub fn write_hashes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|it| *it.as_bytes()).collect()
}

/// The `width` hashes of a tile.
pub fn read_hashes(bytes: &[u8], width: u16) -> Result<Vec<Digest>, InvalidTile> {
    let (hashes, rest) = bytes.as_chunks();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(InvalidTile::Length { width, found: bytes.len() });
    }
    Ok(hashes.iter().copied().map(Digest::from_bytes).collect())
}

/// Appends a record to a bundle.
pub fn push_entry(bundle: &mut Vec<u8>, record: &[u8]) -> Result<(), EntryTooLong> {
    let length = u16::try_from(record.len()).map_err(|_| EntryTooLong { size_bytes: record.len() })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(record);
    Ok(())
}

/// The `width` records of a bundle.
pub fn read_entries(mut bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, InvalidTile> {
    let mut entries = Vec::with_capacity(width.into());
    for nth in 0..width {
        let (length, rest) = bytes.split_first_chunk().ok_or(InvalidTile::Cut { nth })?;
        let length = u16::from_be_bytes(*length).into();
        let (entry, rest) = rest.split_at_checked(length).ok_or(InvalidTile::Cut { nth })?;
        entries.push(entry);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(entries) } else { Err(InvalidTile::Trailing { width }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        for (tile, path) in [
            (Tile::hashes(0, 1_234_067, WIDTH), "tile/0/x001/x234/067"),
            (Tile::hashes(0, 0, WIDTH), "tile/0/000"),
            (Tile::hashes(1, 999, 1), "tile/1/999.p/1"),
            (Tile::hashes(5, 1_000, 255), "tile/5/x001/000.p/255"),
            (Tile::entries(1_067, WIDTH), "tile/entries/x001/067"),
            (Tile::entries(273, 112), "tile/entries/273.p/112"),
        ] {
            assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn bundles_and_tiles_are_read_back_and_nothing_else_is() {
        let mut bundle = Vec::new();
        let records = [&b""[..], b"a", &[7; ENTRY_BYTES_MAX]];
        records.iter().for_each(|it| push_entry(&mut bundle, it).expect("it fits"));
        assert_eq!(bundle[..5], [0, 0, 0, 1, b'a']);
        assert_eq!(read_entries(&bundle, 3), Ok(records.to_vec()));
        assert_eq!(read_entries(&bundle, 2), Err(InvalidTile::Trailing { width: 2 }));
        assert_eq!(read_entries(&bundle, 4), Err(InvalidTile::Cut { nth: 3 }));
        for at in [0, 1, 3, 4, 6, 7, bundle.len() - 1] {
            assert!(matches!(read_entries(&bundle[..at], 3), Err(InvalidTile::Cut { .. })), "cut at {at}");
        }
        let size_bytes = ENTRY_BYTES_MAX + 1;
        assert_eq!(push_entry(&mut bundle, &vec![0; size_bytes]), Err(EntryTooLong { size_bytes }));

        let hashes = [Digest::of(b"a"), Digest::of(b"b")];
        let bytes = write_hashes(&hashes);
        assert_eq!(read_hashes(&bytes, 2), Ok(hashes.to_vec()));
        assert_eq!(read_hashes(&bytes, 1), Err(InvalidTile::Length { width: 1, found: 64 }));
        assert_eq!(read_hashes(&bytes[..63], 2), Err(InvalidTile::Length { width: 2, found: 63 }));
    }
}
