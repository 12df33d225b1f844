//! Policies and documents from files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use shipway_integrations::evidence::{self, Source};
use shipway_model::Name;
use shipway_model::evidence::Normal;
use shipway_model::resource::{Policy, Spec, file};

use crate::failure::Failure;
use crate::source;

/// The policies of the files, by name.
///
/// # Errors
/// When a file has faults, or no policy is in any of them.
pub(super) fn policies(paths: &[PathBuf]) -> Result<BTreeMap<Name, Policy>, Failure> {
    let sources = source::collect(paths)?;
    let given: Vec<String> = paths.iter().map(|it| it.display().to_string()).collect();
    let again = format!("shipway validate {}", given.join(" "));
    let located =
        file::read(&source::borrowed(&sources)).map_err(|it| Failure::of_files(it, again.clone()))?;
    let policies: BTreeMap<Name, Policy> = located
        .into_iter()
        .filter_map(|it| match it.resource.spec {
            Spec::Policy(policy) => Some((it.resource.metadata.name, policy)),
            _ => None,
        })
        .collect();
    if policies.is_empty() {
        return Err(Failure::new(
            "there is no document of kind Policy in what was given",
            "shipway schema Policy",
        ));
    }
    Ok(policies)
}

/// A tool's file in its normal form.
pub(super) fn document(path: &Path) -> Result<Normal, Failure> {
    let refused = |why: &dyn std::fmt::Display| {
        let shown = path.display();
        Failure::new(format!("{shown}: {why}"), format!("shipway evidence inspect {shown}"))
    };
    let open = File::open(path).map_err(|it| refused(&it))?;
    let name = path.file_name().and_then(|it| it.to_str());
    evidence::read(Source::new(&mut BufReader::new(open)), name, None).map_err(|it| refused(&it))
}

pub(super) fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        Failure::new(format!("{shown} cannot be read: {error}"), format!("ls -l {shown}"))
    })
}
