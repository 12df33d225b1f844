//! Where everything lies in the agent's folder.
//!
//! ```text
//! lock  journal.jsonl
//! cache/<digest>                                              archives as they were fetched
//! instances/<environment>/<service>/<version>-<digest12>/     unpacked, side by side
//! instances/<environment>/<service>/current                   a link to the one that became healthy last
//! logs/<environment>/<service>/<version>/stdout.log[.N]       what it printed
//! work/<effect>/                                              of a command, until it has ended
//! ```

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, symlink};
use std::path::{Path, PathBuf};

use shipway_model::effect::EffectKey;
use shipway_model::plan::Instance;
use shipway_model::{Digest, Name};

/// What stands before the name of a folder that is not whole yet. No version starts like this.
const UNFINISHED: &str = ".unpacking-";

#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes the folders. `root` becomes absolute: processes are started in folders of their own. A new one is the
    /// user's alone, as are the services' files and what they print.
    pub(crate) fn make(root: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        let root = fs::canonicalize(root)?;
        for folder in ["cache", "instances", "logs", "work"] {
            fs::create_dir_all(root.join(folder))?;
        }
        Ok(Self { root })
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("journal.jsonl")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    pub(crate) fn instance(&self, instance: &Instance, artifact: &Digest) -> PathBuf {
        self.service(instance).join(folder_name(instance, artifact))
    }

    /// Where `instance` is unpacked before its folder gets its name.
    pub(crate) fn unfinished(&self, instance: &Instance, artifact: &Digest) -> PathBuf {
        self.service(instance).join(format!("{UNFINISHED}{}", folder_name(instance, artifact)))
    }

    pub(crate) fn logs(&self, instance: &Instance) -> PathBuf {
        let path = [instance.environment.as_str(), instance.service.as_str(), instance.version.as_str()];
        path.iter().fold(self.root.join("logs"), |folder, it| folder.join(it))
    }

    pub(crate) fn all_work(&self) -> PathBuf {
        self.root.join("work")
    }

    pub(crate) fn work(&self, key: &EffectKey) -> PathBuf {
        self.all_work().join(key.to_string().replace('/', "-"))
    }

    /// Lets `current` lead to this instance, at once for everyone who looks.
    pub(crate) fn switch_current(&self, instance: &Instance, artifact: &Digest) -> io::Result<()> {
        let service = self.service(instance);
        let next = service.join(format!("{UNFINISHED}current-{}", folder_name(instance, artifact)));
        remove(fs::remove_file(&next))?;
        symlink(folder_name(instance, artifact), &next)?;
        fs::rename(next, service.join("current"))
    }

    /// Removes the unpacked versions of `instance`'s service that are not among `kept`.
    pub(crate) fn prune(&self, instance: &Instance, kept: &[PathBuf]) -> io::Result<()> {
        for entry in fs::read_dir(self.service(instance))? {
            let entry = entry?;
            let unfinished = entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
            if entry.file_type()?.is_dir() && !unfinished && !kept.contains(&entry.path()) {
                remove(fs::remove_dir_all(entry.path()))?;
            }
        }
        Ok(())
    }

    /// The instance in whose folder a path lies.
    pub(crate) fn instance_at(&self, path: &Path, target: &Name) -> Option<Instance> {
        let mut parts = path.strip_prefix(self.root.join("instances")).ok()?.iter().map(|it| it.to_str());
        let (environment, service, folder) = (parts.next()??, parts.next()??, parts.next()??);
        let (version, _) = folder.rsplit_once('-')?;
        Some(Instance {
            environment: environment.parse().ok()?,
            service: service.parse().ok()?,
            version: version.parse().ok()?,
            target: target.clone(),
        })
    }

    fn service(&self, instance: &Instance) -> PathBuf {
        self.root.join("instances").join(instance.environment.as_str()).join(instance.service.as_str())
    }
}

fn folder_name(instance: &Instance, artifact: &Digest) -> String {
    format!("{}-{}", instance.version, artifact.short())
}

/// The same when there was nothing to remove.
pub(crate) fn remove(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|it| if it.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(it) })
}
