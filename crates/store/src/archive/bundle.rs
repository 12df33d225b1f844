//! 256 records as one compressed file.
//!
//! It is like a bundle of C2SP `tlog-tiles`, but for lengths of four bytes: a plan may be longer than 65,535 bytes.

use std::io::{self, Read as _};
use std::sync::Arc;

use shipway_ledger::tiles::{Tile, WIDTH};

/// Records in a bundle.
pub(super) const RECORDS: u64 = WIDTH as u64;
/// Zstandard's own default: the next levels take twice the time for a few hundredths.
const LEVEL: i32 = 3;
/// The longest bundle when unpacked: a megabyte for each record. A small file may claim to be huge.
const BYTES_MAX: u64 = RECORDS << 20;

/// The name of the bundle `index` within an archive.
pub(super) fn name(index: u64) -> String {
    let tile = Tile::entries(index, WIDTH).to_string();
    format!("records/{}.zst", tile.trim_start_matches("tile/entries/"))
}

/// The name of the leaf hashes of the bundle `index`.
pub(super) fn leaves_name(index: u64) -> String {
    Tile::hashes(0, index, WIDTH).to_string()
}

/// # Errors
/// When there is no memory for it, or the records are too long for a bundle.
pub(super) fn pack<'a>(records: impl IntoIterator<Item = &'a [u8]>) -> io::Result<Vec<u8>> {
    let mut bundle = Vec::new();
    for record in records {
        let length = u32::try_from(record.len()).map_err(|_| too_long())?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(record);
    }
    if bundle.len() as u64 > BYTES_MAX {
        return Err(too_long());
    }
    zstd::encode_all(bundle.as_slice(), LEVEL)
}

/// The records of a bundle.
///
/// # Errors
/// When the bytes are not those of a whole bundle.
pub(super) fn unpack(bytes: &[u8]) -> io::Result<Vec<Arc<[u8]>>> {
    let mut bundle = Vec::new();
    zstd::Decoder::new(bytes)?.take(BYTES_MAX + 1).read_to_end(&mut bundle)?;
    if bundle.len() as u64 > BYTES_MAX {
        return Err(too_long());
    }
    let cut = || io::Error::new(io::ErrorKind::InvalidData, "the bundle has not 256 whole records");
    let mut rest = bundle.as_slice();
    let mut records = Vec::with_capacity(RECORDS as usize);
    for _ in 0..RECORDS {
        let (length, after) = rest.split_first_chunk().ok_or_else(cut)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (record, after) = after.split_at_checked(length).ok_or_else(cut)?;
        records.push(record.into());
        rest = after;
    }
    if rest.is_empty() { Ok(records) } else { Err(cut()) }
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("a bundle has {BYTES_MAX} bytes at most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back_and_nothing_else_does() {
        let records: Vec<Vec<u8>> = (0..256)
            .map(|it: usize| format!(r#"{{"type":"step.started","nth":{it}}}"#).into_bytes())
            .collect();
        let packed = pack(records.iter().map(Vec::as_slice)).unwrap();
        assert!(packed.len() * 4 < records.iter().map(Vec::len).sum(), "{} bytes", packed.len());
        let unpacked = unpack(&packed).unwrap();
        assert!(unpacked.iter().map(|it| it.to_vec()).eq(records.iter().cloned()));
        assert!(unpack(&packed[..packed.len() / 2]).is_err());
        assert!(unpack(b"not a frame").is_err());
        for n_records in [0, 255, 257] {
            let other = pack(std::iter::repeat_n(b"x".as_slice(), n_records)).unwrap();
            assert!(unpack(&other).is_err(), "{n_records}");
        }
    }

    #[test]
    fn a_record_longer_than_a_tile_takes_fits() {
        let long = vec![b'x'; 100_000];
        let records = std::iter::repeat_n(b"x".as_slice(), 255).chain([long.as_slice()]);
        assert_eq!(unpack(&pack(records).unwrap()).unwrap()[255].len(), long.len());
    }

    #[test]
    fn names_are_grouped_as_those_of_tiles() {
        assert_eq!(name(1_234_067), "records/x001/x234/067.zst");
        assert_eq!(leaves_name(0), "tile/0/000");
    }
}
