//! What stands here and no order put there: files of an instance that are not those of its archive, and processes in an
//! instance's folder that this agent did not start.
//!
//! The archive itself, checked by its digest, is what files are compared with; files that a service makes beside them are its
//! own affair. After the first look a file is read again only when the kernel says that it changed, which nobody can set back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, getpgid};
use sha2::{Digest as _, Sha256};
use shipway_model::Digest;
use shipway_model::plan::Instance;
use shipway_model::stray::{STRAYS_MAX, Stray, StrayKind};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::archive::{self, ArchiveError};
use crate::host::Host;

/// How often it is looked.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Files that one finding names.
const FILES_TOLD: usize = 3;

/// The digests of an archive's files, by their paths in it.
type Manifest = BTreeMap<PathBuf, [u8; 32]>;

/// What the kernel says of a file; the time of the last change of its inode cannot be set.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// What is remembered from look to look.
#[derive(Default)]
struct Looks {
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    /// Files that were as they should be, as the kernel described them then.
    sound: BTreeMap<PathBuf, Mark>,
    /// Processes that were seen at the last look: one that is being started is noted by the next.
    seen: BTreeSet<i32>,
}

/// Looks for as long as the agent lives, and tells what is news.
pub(crate) async fn serve(host: &Arc<Host>) -> std::convert::Infallible {
    let mut looks = Looks::default();
    let mut told: Option<Vec<Stray>> = None;
    loop {
        sleep(LOOK_INTERVAL).await;
        fetch_manifests(host, &mut looks).await;
        let here = host.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let found = look(&here, &mut looks);
            (looks, found)
        });
        let found;
        (looks, found) = looking.await.expect("looking does not panic");
        if told.as_ref() == Some(&found) {
            continue;
        }
        for it in &found {
            warn!(service = %it.service, version = %it.version, "{}", it.detail);
        }
        match host.link.tell_strays(found.clone()).await {
            Ok(()) => told = Some(found),
            Err(fault) => debug!("what no order put here is told later: {fault}"),
        }
    }
}

/// Of archives whose instances stand here. One that cannot be fetched is asked for again at the next look.
async fn fetch_manifests(host: &Arc<Host>, looks: &mut Looks) {
    let wanted: BTreeSet<Digest> =
        host.journal.read(|it| it.instances.values().map(|it| it.artifact).collect());
    looks.manifests.retain(|digest, _| wanted.contains(digest));
    for digest in wanted {
        if looks.manifests.contains_key(&digest) {
            continue;
        }
        let Ok(archive) = host.cache.fetch(digest).await else { continue };
        let reading = tokio::task::spawn_blocking(move || manifest(&archive));
        match reading.await.expect("reading does not panic") {
            Ok(manifest) => drop(looks.manifests.insert(digest, Arc::new(manifest))),
            Err(fault) => debug!(%digest, "the archive cannot be compared with: {fault}"),
        }
    }
}

fn manifest(archive: &Path) -> Result<Manifest, ArchiveError> {
    let mut manifest = Manifest::new();
    archive::each_file(archive, |path, content| {
        manifest.insert(path.to_owned(), hash(content)?);
        Ok(())
    })?;
    Ok(manifest)
}

fn hash(content: &mut dyn Read) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn look(host: &Host, looks: &mut Looks) -> Vec<Stray> {
    let (instances, own) = host.journal.read(|state| {
        // One that was never started may not be unpacked yet.
        let started = state.instances.iter().filter(|(_, it)| it.run > 0);
        let instances: Vec<(Instance, Digest)> =
            started.map(|(instance, it)| (instance.clone(), it.artifact)).collect();
        let own: BTreeSet<i32> = state.processes().map(|it| it.pid).collect();
        (instances, own)
    });
    let folders: Vec<PathBuf> =
        instances.iter().map(|(it, artifact)| host.layout.instance(it, artifact)).collect();
    looks.sound.retain(|path, _| folders.iter().any(|it| path.starts_with(it)));
    let mut found = Vec::new();
    for (instance, artifact) in &instances {
        let folder = host.layout.instance(instance, artifact);
        let Some(manifest) = looks.manifests.get(artifact).cloned() else { continue };
        let changed = changed(&folder, &manifest, looks);
        if !changed.is_empty() {
            let n_more = changed.len().saturating_sub(FILES_TOLD);
            let mut detail =
                format!("not as in {artifact}: {}", changed[..changed.len() - n_more].join(", "));
            if n_more > 0 {
                detail += &format!(" and {n_more} more");
            }
            found.push(stray(instance, StrayKind::Changed, detail));
        }
    }
    let foreign = foreign(host, &own);
    let seen = std::mem::replace(&mut looks.seen, foreign.keys().copied().collect());
    for (pid, (instance, program)) in foreign.iter().filter(|(pid, _)| seen.contains(pid)) {
        let detail = format!("process {pid} ({program}) runs in its folder, and no order started it");
        found.push(stray(instance, StrayKind::Process, detail));
    }
    found.sort();
    found.truncate(STRAYS_MAX);
    found
}

fn stray(instance: &Instance, kind: StrayKind, detail: String) -> Stray {
    Stray {
        environment: instance.environment.clone(),
        service: instance.service.clone(),
        version: instance.version.clone(),
        kind,
        detail,
    }
}

/// Files of the archive that are gone or hold something else.
fn changed(folder: &Path, manifest: &Manifest, looks: &mut Looks) -> Vec<String> {
    let mut changed = Vec::new();
    for (path, expected) in manifest {
        let file = folder.join(path);
        let told = || path.display().to_string().escape_debug().take(200).collect::<String>();
        match mark(&file) {
            Ok(now) if looks.sound.get(&file) == Some(&now) => {}
            Ok(now) => match File::open(&file).and_then(|mut it| hash(&mut it)) {
                Ok(actual) if actual == *expected => {
                    looks.sound.insert(file, now);
                }
                Ok(_) => changed.push(told()),
                Err(_) => changed.push(format!("{} cannot be read", told())),
            },
            Err(_) => changed.push(format!("{} is gone", told())),
        }
    }
    changed
}

/// Of the file itself: a link in its place is another file.
fn mark(path: &Path) -> io::Result<Mark> {
    let it = fs::symlink_metadata(path)?;
    if !it.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(Mark { inode: it.ino(), size: it.size(), changed: (it.ctime(), it.ctime_nsec()) })
}

/// Processes that work in the folder of an instance and belong to no group that this agent started, with their programs.
fn foreign(host: &Host, own: &BTreeSet<i32>) -> BTreeMap<i32, (Instance, String)> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return found };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|it| it.parse::<i32>().ok()) else { continue };
        let Ok(cwd) = fs::read_link(entry.path().join("cwd")) else { continue };
        let Some(instance) = host.layout.instance_at(&cwd, &host.name) else { continue };
        let group = Pid::from_raw(pid).and_then(|it| getpgid(Some(it)).ok());
        let leader = group.map(|it| it.as_raw_nonzero().get());
        // What the agent runs itself, such as a check of health, leads a group that it started.
        if leader.is_some_and(|it| own.contains(&it) || parent(it) == Some(std::process::id())) {
            continue;
        }
        let program = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        found.insert(pid, (instance, program.trim().escape_debug().take(64).collect()));
    }
    found
}

/// Field 4 of `/proc/PID/stat`; the name before it may hold anything, so it is counted from its end.
fn parent(pid: i32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
