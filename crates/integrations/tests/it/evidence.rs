//! Every format of evidence, by the files of real tools: one suite over the whole table.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use shipway_integrations::evidence::{self, ALL, Fault, Format, Source};
use shipway_model::evidence::Normal;

mod fixtures;
mod hostile;

/// Formats of lines that have no mark of their end: cut between two lines they are shorter, not broken.
const OF_LINES: &[&str] = &["cargo-deny", "git-diff", "gocover", "jmeter", "k6-lines", "spdx", "trufflehog"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence")
}

/// The fixtures of a format, in the order of their names.
fn fixtures(format: &Format) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder().join(format.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|it| panic!("{}: {it}", folder.display()));
    let mut paths: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has fixtures", format.name);
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn read(mut bytes: &[u8], format: Option<&Format>) -> Result<Normal, Fault> {
    evidence::read(Source::new(&mut bytes), None, format)
}

#[test]
fn every_fixture_is_known_by_its_content_and_reads_the_same_again() {
    for format in ALL {
        for (path, bytes) in fixtures(format) {
            let detected = read(&bytes, None).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
            assert_eq!(detected.format, format.name, "{}", path.display());
            assert_eq!(read(&bytes, Some(format)).as_ref(), Ok(&detected), "{}", path.display());
            let json = serde_json::to_string(&detected).unwrap();
            assert_eq!(serde_json::from_str::<Normal>(&json).unwrap(), detected, "{}", path.display());
        }
    }
}

#[test]
fn nothing_is_half_read() {
    for format in ALL {
        for (path, bytes) in fixtures(format) {
            let step = (bytes.len() / 100).max(1);
            let near_end = bytes.len().saturating_sub(40)..bytes.len();
            for cut in (0..bytes.len()).step_by(step).chain(near_end) {
                let Ok(half) = read(&bytes[..cut], Some(format)) else { continue };
                let rest_is_blank = bytes[cut..].iter().all(|it| *it == 0 || it.is_ascii_whitespace());
                let is_between_lines = OF_LINES.contains(&format.name) && bytes[..cut].ends_with(b"\n");
                // What is left of a block of YAML is a document as well: nothing in it says where it was to end.
                let has_no_end = path.extension().is_some_and(|it| it == "yaml");
                assert!(
                    rest_is_blank || is_between_lines || has_no_end,
                    "the first {cut} bytes of {} were taken for the whole: {half:?}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn a_format_is_asked_for_by_its_name() {
    for format in ALL {
        assert_eq!(evidence::find(format.name).unwrap().name, format.name);
    }
    let unknown = evidence::find("junot").unwrap_err().to_string();
    assert!(unknown.starts_with("there is no format `junot`; there are "), "{unknown}");
    assert_eq!(read(b"", None).unwrap_err().to_string(), "the document is empty");
    assert_eq!(read(b"hello\n", None).unwrap_err().to_string(), "the format is not known");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        hostile::read(&bytes);
    }

    /// A fixture with one part of it replaced.
    #[test]
    fn any_damage_is_read_or_refused(which: prop::sample::Index, at: prop::sample::Index, with in prop::collection::vec(any::<u8>(), 0..8)) {
        let format = which.get(ALL);
        for (_, bytes) in fixtures(format) {
            let at = at.index(bytes.len());
            let end = (at + with.len()).min(bytes.len());
            let damaged = [&bytes[..at], &with[..], &bytes[end..]].concat();
            hostile::check(&damaged, format);
        }
    }
}
