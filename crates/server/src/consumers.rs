//! Whose bills of materials name a Library: looked up before a release is sealed, because sealing tells who depends on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use shipway_engine::{Command, State, source};
use shipway_model::event::CONTROL_PLANE;
use shipway_model::evidence::package_without_version;
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{Digest, Name, ReleaseId};
use shipway_runtime::Submission;

use crate::app::App;
use crate::blob::BlobStore;
use crate::knowledge::{OfReleases, bills};
use crate::problem::{self, Failure};

/// Of a bill in normal form, what names packages; the rest is passed over.
#[derive(Deserialize)]
struct Bill {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    purl: Option<String>,
}

/// What is to be looked for, and where.
struct Search {
    /// Libraries by the package URLs that bills call them, without versions.
    packages: BTreeMap<String, BTreeSet<Name>>,
    /// Services by the bills of what they run, and of what was built last.
    bills: BTreeMap<Digest, BTreeSet<Name>>,
}

/// Records which services' bills name the Libraries that are built on what the release changes. Nothing where no such Library says
/// what bills call it.
///
/// # Errors
/// The record cannot be written.
pub(crate) async fn note(app: &App, release: ReleaseId) -> Result<(), Failure> {
    let Some(search) = search(&app.runtime.state(), release) else { return Ok(()) };
    let blobs = app.blobs.clone();
    let found = tokio::task::spawn_blocking(move || search.uses(&blobs));
    let uses = found.await.map_err(|error| problem::internal(&error))?;
    let command = Command::NoteLibraryUses { id: release, uses };
    let actor = CONTROL_PLANE.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(())
}

fn search(state: &State, release: ReleaseId) -> Option<Search> {
    let release = state.releases.get(release).filter(|it| it.sealed.is_none())?;
    let mut packages: BTreeMap<String, BTreeSet<Name>> = BTreeMap::new();
    for name in source::libraries_on(state, &release.bundle) {
        let key = Key { kind: Kind::Library, name };
        let Some(Spec::Library(library)) = state.catalogue.get(&key).map(|it| &it.spec) else { continue };
        for package in &library.packages {
            packages.entry(package.clone()).or_default().insert(key.name.clone());
        }
    }
    if packages.is_empty() {
        return None;
    }
    let of_releases = OfReleases::new(state);
    let mut found: BTreeMap<Digest, BTreeSet<Name>> = BTreeMap::new();
    for (service, artifact) in builds(state) {
        for bill in bills(state, &of_releases, &artifact) {
            found.entry(bill).or_default().insert(service.clone());
        }
    }
    Some(Search { packages, bills: found })
}

/// Each service with what runs of it anywhere, and with what was registered last.
fn builds(state: &State) -> BTreeSet<(Name, Digest)> {
    let mut newest = BTreeMap::new();
    for it in state.artifacts.iter() {
        let known = newest.entry(&it.artifact.service).or_insert(it);
        if known.at <= it.at {
            *known = it;
        }
    }
    let newest = newest.into_iter().map(|(service, it)| (service.clone(), it.artifact.digest));
    let shipped = state.environments.iter().flat_map(|(_, it)| &it.services);
    let running = shipped.flat_map(|(service, it)| {
        let artifacts = std::iter::once(it.deployed.artifact).chain(it.deployed.variants.values().copied());
        artifacts.map(|it| (service.clone(), it))
    });
    newest.chain(running).collect()
}

impl Search {
    /// The services of each Library. Blocks. A bill that cannot be read is no reason not to seal: it is logged.
    fn uses(&self, blobs: &BlobStore) -> BTreeMap<Name, BTreeSet<Name>> {
        let mut uses: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        for (bill, services) in &self.bills {
            let read = match blobs.read_here(bill) {
                Ok(Some(bytes)) => serde_json::from_slice::<Bill>(&bytes).map_err(|it| it.to_string()),
                Ok(None) => Err("it is not there any more".to_owned()),
                Err(error) => Err(error.to_string()),
            };
            match read {
                Ok(read) => self.note(&read, services, &mut uses),
                Err(why) => tracing::warn!(%bill, why, "a bill of materials cannot be read"),
            }
        }
        uses
    }

    fn note(&self, bill: &Bill, services: &BTreeSet<Name>, uses: &mut BTreeMap<Name, BTreeSet<Name>>) {
        let purls = bill.components.iter().filter_map(|it| it.purl.as_deref());
        let named = purls.filter_map(|it| self.packages.get(package_without_version(it)));
        for library in named.flatten() {
            uses.entry(library.clone()).or_default().extend(services.iter().cloned());
        }
    }
}
