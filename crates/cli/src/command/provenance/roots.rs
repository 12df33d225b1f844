//! Roots of trust and documents from files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_integrations::provenance::{DOCUMENT_BYTES_MAX, Roots};
use shipway_model::Name;
use shipway_model::resource::{Spec, TrustRoot, file};

use crate::failure::Failure;
use crate::source;

#[derive(Debug, Clone, Args)]
pub(super) struct RootsArgs {
    /// Files with documents of kind TrustRoot: whose signatures count. Folders are walked
    #[arg(long = "roots", value_name = "FILE", required = true, num_args = 1..)]
    files: Vec<PathBuf>,
}

impl RootsArgs {
    /// # Errors
    /// A file has faults, holds no TrustRoot, or one of its keys cannot be used.
    pub(super) fn read(&self) -> Result<Roots, Failure> {
        let sources = source::collect(&self.files)?;
        let given: Vec<String> = self.files.iter().map(|it| it.display().to_string()).collect();
        let again = format!("shipway validate {}", given.join(" "));
        let located = file::read(&source::borrowed(&sources));
        let located = located.map_err(|it| Failure::of_files(it, again))?;
        let roots: BTreeMap<Name, TrustRoot> = located
            .into_iter()
            .filter_map(|it| match it.resource.spec {
                Spec::TrustRoot(root) => Some((it.resource.metadata.name, root)),
                _ => None,
            })
            .collect();
        if roots.is_empty() {
            let message = "there is no document of kind TrustRoot in what was given";
            return Err(Failure::new(message, "shipway schema TrustRoot"));
        }
        Roots::new(&roots).map_err(|error| Failure::because(&error, "shipway schema TrustRoot"))
    }
}

/// The bytes of a small document; `-` is standard input.
///
/// # Errors
/// It cannot be read, or is too long.
pub(super) fn document(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = DOCUMENT_BYTES_MAX as u64 + 1;
        match path == Path::new("-") {
            true => io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
            false => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
        };
        Ok(bytes)
    };
    read().map_err(|error| Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}")))
}
