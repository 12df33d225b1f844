//! The OpenAPI document, held against its standard by somebody else's validator.
//!
//! The document is taken from the snapshot that the tests of `api` hold the real one against, so that nothing has to be
//! built to check it.

use std::path::{Path, PathBuf};

use crate::run::{Failure, root, run};
use crate::tools;

/// Validates the document in the one snapshot of `crates/api` whose name speaks of it.
pub(crate) fn validate() -> Result<(), Failure> {
    let snapshot = snapshot(&root().join("crates/api"))?;
    let told = |fault: std::io::Error| Failure::Told(format!("{}: {fault}", snapshot.display()));
    let text = std::fs::read_to_string(&snapshot).map_err(told)?;
    let document = root().join("target/openapi.json");
    std::fs::write(&document, content(&text)).map_err(told)?;
    run(tools::openapi_spec_validator(&document))
}

fn snapshot(api: &Path) -> Result<PathBuf, Failure> {
    let folders = ["src/snapshots", "tests/it/snapshots"].map(|folder| api.join(folder));
    let mut found: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains("openapi") && name.ends_with(".snap")
        })
        .collect();
    match found.len() {
        1 => Ok(found.remove(0)),
        n_found => Err(Failure::Told(format!(
            "{n_found} snapshots of the OpenAPI document in {} where there should be one",
            api.display()
        ))),
    }
}

/// A snapshot without the header that insta sets before it, between two lines of dashes.
fn content(snapshot: &str) -> &str {
    snapshot
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"))
        .map_or(snapshot, |(_, content)| content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_loses_only_its_header() {
        assert_eq!(content("---\nsource: a.rs\nexpression: document()\n---\n{\n}\n"), "{\n}\n");
        assert_eq!(content("{\n}\n"), "{\n}\n");
    }
}
