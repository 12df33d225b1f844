//! Exports of an OSV database as they are published: an archive, single entries, folders of them, or one entry a line.
//!
//! One entry is in memory at a time, and of an archive its directory besides.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use shipway_integrations::knowledge::osv::{Advisory, ENTRY_BYTES_MAX};

use crate::failure::Failure;

/// An entry that can be understood.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) modified: Timestamp,
    /// JSON in one line.
    pub(super) line: Vec<u8>,
}

/// An entry, or where it stands and why it cannot be understood.
pub(super) type Parsed = Result<Entry, String>;

/// Everything in the export, in its order.
///
/// # Errors
/// The file cannot be read, or is no such export.
pub(super) fn entries(path: &Path) -> Result<Box<dyn Iterator<Item = Result<Parsed, Failure>>>, Failure> {
    let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default().to_ascii_lowercase();
    if path.is_dir() {
        let mut files: Vec<PathBuf> = fs::read_dir(path)
            .and_then(|entries| entries.map(|it| it.map(|it| it.path())).collect())
            .map_err(|it| unreadable(path, &it))?;
        files.retain(|it| it.is_dir() || it.extension().is_some_and(|it| it == "json"));
        files.sort();
        let nested = files.into_iter().flat_map(|it| match entries(&it) {
            Ok(entries) => entries,
            Err(failure) => Box::new(std::iter::once(Err(failure))),
        });
        return Ok(Box::new(nested));
    }
    let file = File::open(path).map_err(|it| unreadable(path, &it))?;
    match extension.as_str() {
        "zip" => archive(path, file),
        "jsonl" | "ndjson" => Ok(lines(path, file)),
        _ => Ok(Box::new(std::iter::once(whole(path, file)))),
    }
}

fn whole(path: &Path, file: File) -> Result<Parsed, Failure> {
    let bytes = bounded(file).map_err(|it| unreadable(path, &it))?;
    Ok(entry(&path.display().to_string(), bytes))
}

fn archive(path: &Path, file: File) -> Result<Box<dyn Iterator<Item = Result<Parsed, Failure>>>, Failure> {
    let shown = path.display().to_string();
    let broken = |error: zip::result::ZipError, shown: &str| {
        Failure::new(format!("{shown} is no archive that can be read: {error}"), format!("unzip -t {shown}"))
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|it| broken(it, &shown))?;
    let indices = 0..archive.len();
    Ok(Box::new(indices.filter_map(move |idx| {
        let mut member = match archive.by_index(idx) {
            Ok(member) => member,
            Err(error) => return Some(Err(broken(error, &shown))),
        };
        let inside = match member.name() {
            Ok(name) => name.into_owned(),
            Err(error) => return Some(Err(broken(error, &shown))),
        };
        if !member.is_file() || !inside.ends_with(".json") {
            return None;
        }
        let name = format!("{shown}: {inside}");
        Some(Ok(match bounded(&mut member) {
            Ok(bytes) => entry(&name, bytes),
            Err(error) => Err(format!("{name}: {error}")),
        }))
    })))
}

fn lines(path: &Path, file: File) -> Box<dyn Iterator<Item = Result<Parsed, Failure>>> {
    let path = path.to_owned();
    let mut file = BufReader::new(file);
    Box::new((1_u64..).map_while(move |number| {
        let mut line = Vec::new();
        let limit = ENTRY_BYTES_MAX as u64 + 1;
        match Read::take(&mut file, limit).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(entry(&format!("{}: line {number}", path.display()), line))),
            Err(error) => Some(Err(unreadable(&path, &error))),
        }
    }))
}

/// No more than an entry may have, and one byte more to notice.
fn bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(ENTRY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn entry(place: &str, mut bytes: Vec<u8>) -> Parsed {
    let Advisory { id, modified, .. } = Advisory::parse(&bytes).map_err(|why| format!("{place}: {why}"))?;
    // Within texts these are escaped, so that they only ever stand between.
    bytes.iter_mut().filter(|it| matches!(it, b'\n' | b'\r')).for_each(|it| *it = b' ');
    bytes.push(b'\n');
    Ok(Entry { id, modified, line: bytes })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
}
