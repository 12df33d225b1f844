//! How often sign-ins may fail: per account and per address, each with growing waits.
//!
//! Replicas count together, in files of the folder that they share: a guesser has as many tries with three of them as with one.
//! The names of the files tell nobody's name. An attempt counts when it begins, so that many at once are not all taken before
//! the first has failed.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shipway_model::Digest;

/// Attempts at one account that are taken without a wait.
const FREE_OF_ACCOUNT: u32 = 5;
/// The same of one address, behind which there may be a whole office.
const FREE_OF_ADDRESS: u32 = 20;
/// The longest wait. It bounds what somebody can do to another by failing in their name.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(15);
/// After this without an attempt all is forgotten.
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// Names and addresses counted at once; the one that was quiet for longest gives way.
const COUNTED_MAX: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Attempts {
    counts: Mutex<HashMap<Key, Count>>,
    /// Where replicas keep what they have counted; nowhere when there is only one.
    shared: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Count {
    n_failed: u32,
    last: Timestamp,
    /// Whether it was told already that it has to wait.
    is_told: bool,
}

/// No attempt is taken for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) seconds: i64,
    pub(crate) n_failed: u32,
    /// The first refusal since the last attempt that was taken.
    pub(crate) is_new: bool,
}

impl Attempts {
    /// Those of several replicas, which share `folder`.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn shared_in(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { counts: Mutex::default(), shared: Some(folder.to_owned()) })
    }

    /// Counts an attempt, or says how long to wait for the next.
    pub(crate) fn begin(&self, account: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), Wait> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(account, address);
        let shared = self.shared.as_deref().and_then(Shared::hold);
        shared.iter().for_each(|it| it.load(&keys, &mut counts));
        let begun = begin(&mut counts, &keys, now);
        shared.iter().for_each(|it| it.save(&keys, &counts));
        begun
    }

    /// The attempt that began was the right one. The address keeps its count, less this one: whoever has one account of
    /// their own must not be able to guess at others for ever.
    pub(crate) fn succeed(&self, account: &str, address: Option<IpAddr>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(account, address);
        let shared = self.shared.as_deref().and_then(Shared::hold);
        shared.iter().for_each(|it| it.load(&keys, &mut counts));
        for key in &keys {
            match key {
                Key::Account(_) => drop(counts.remove(key)),
                Key::Address(_) => {
                    if let Some(count) = counts.get_mut(key) {
                        count.n_failed = count.n_failed.saturating_sub(1);
                    }
                }
            }
        }
        shared.iter().for_each(|it| it.save(&keys, &counts));
    }
}

/// Counts an attempt under each of `keys`, or says how long to wait for the next.
fn begin(counts: &mut HashMap<Key, Count>, keys: &[Key], now: Timestamp) -> Result<(), Wait> {
    for key in keys {
        if let Some(count) = counts.get_mut(key)
            && let Some(wait) = count.wait(key.free(), now)
        {
            count.is_told = true;
            return Err(wait);
        }
    }
    for key in keys {
        let fresh = Count { n_failed: 0, last: now, is_told: false };
        let count = counts.entry(key.clone()).or_insert(fresh);
        if now.duration_since(count.last) > MEMORY {
            *count = fresh;
        }
        *count = Count { n_failed: count.n_failed.saturating_add(1), last: now, is_told: false };
    }
    if counts.len() > COUNTED_MAX
        && let Some(quietest) = counts.iter().min_by_key(|(_, it)| it.last).map(|(key, _)| key.clone())
    {
        counts.remove(&quietest);
    }
    Ok(())
}

/// The folder, while this process alone reads and writes it.
struct Shared<'a> {
    folder: &'a Path,
    _lock: File,
}

impl<'a> Shared<'a> {
    /// None when the folder fails: what this replica has counted by itself still holds.
    fn hold(folder: &'a Path) -> Option<Self> {
        let lock = File::create(folder.join("lock")).and_then(|file| file.lock().map(|()| file));
        match lock {
            Ok(lock) => Some(Self { folder, _lock: lock }),
            Err(error) => {
                tracing::warn!(%error, "replicas do not share what they count of sign-ins");
                None
            }
        }
    }

    fn load(&self, keys: &[Key], counts: &mut HashMap<Key, Count>) {
        for key in keys {
            let text = fs::read(self.place(key)).ok();
            match text.and_then(|it| serde_json::from_slice(&it).ok()) {
                Some(count) => drop(counts.insert(key.clone(), count)),
                None => drop(counts.remove(key)),
            }
        }
    }

    fn save(&self, keys: &[Key], counts: &HashMap<Key, Count>) {
        for key in keys {
            let place = self.place(key);
            let saved = match counts.get(key) {
                Some(count) => fs::write(place, serde_json::to_vec(count).expect("a count is plain")),
                None => fs::remove_file(place).or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                }),
            };
            if let Err(error) = saved {
                tracing::warn!(%error, "what was counted of sign-ins is not kept");
            }
        }
        self.sweep();
    }

    /// The files that were quiet for longest give way.
    fn sweep(&self) {
        let files = fs::read_dir(self.folder).into_iter().flatten().flatten();
        let mut files: Vec<_> =
            files.filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it.path()))).collect();
        if files.len() <= COUNTED_MAX {
            return;
        }
        files.sort();
        for (_, path) in files.iter().take(files.len() - COUNTED_MAX).filter(|it| !it.1.ends_with("lock")) {
            let _ = fs::remove_file(path);
        }
    }

    fn place(&self, key: &Key) -> PathBuf {
        let name = match key {
            Key::Account(name) => Digest::of(format!("account {name}").as_bytes()),
            Key::Address(address) => Digest::of(format!("address {address}").as_bytes()),
        };
        self.folder.join(hex::encode(name.as_bytes()))
    }
}

fn keys(account: &str, address: Option<IpAddr>) -> Vec<Key> {
    // Longer names are nobody's, and are not worth their memory.
    let account: String = account.chars().take(100).collect();
    std::iter::once(Key::Account(account)).chain(address.map(Key::Address)).collect()
}

impl Key {
    const fn free(&self) -> u32 {
        match self {
            Self::Account(_) => FREE_OF_ACCOUNT,
            Self::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

impl Count {
    /// One second after the last free attempt, and twice as long after each further one.
    fn wait(&self, free: u32, now: Timestamp) -> Option<Wait> {
        let n_over = self.n_failed.checked_sub(free)?;
        let wait = SignedDuration::from_secs(1_i64 << n_over.min(20)).min(WAIT_MAX);
        let left = wait - now.duration_since(self.last);
        let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        (left > SignedDuration::ZERO).then_some(Wait {
            seconds,
            n_failed: self.n_failed,
            is_new: !self.is_told,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_are_told_once() {
        let attempts = Attempts::default();
        let mut now = 0;
        for _ in 0..FREE_OF_ACCOUNT {
            attempts.begin("ana", None, at(now)).unwrap();
        }
        let mut waits = Vec::new();
        for _ in 0..12 {
            let first = attempts.begin("ana", None, at(now)).unwrap_err();
            assert!(first.is_new);
            assert!(!attempts.begin("ana", None, at(now)).unwrap_err().is_new);
            waits.push(first.seconds);
            now += first.seconds;
            attempts.begin("ana", None, at(now)).unwrap();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        // An attempt that is not taken does not make the wait longer, and others are not held up.
        attempts.begin("ben", None, at(now)).unwrap();
        now += 3601 + 900;
        for _ in 0..FREE_OF_ACCOUNT {
            attempts.begin("ana", None, at(now)).unwrap();
        }
    }

    #[test]
    fn an_address_that_tries_many_names_waits_even_if_it_knows_one() {
        let attempts = Attempts::default();
        let address = Some("192.0.2.7".parse().unwrap());
        let mut n_taken = 0;
        for n in 0..1000 {
            if attempts.begin(&format!("name-{n}"), address, at(0)).is_err() {
                break;
            }
            n_taken += 1;
            if attempts.begin("own", address, at(0)).is_ok() {
                attempts.succeed("own", address);
            }
        }
        assert_eq!(n_taken, FREE_OF_ADDRESS);
        assert!(attempts.begin("name-0", Some("192.0.2.8".parse().unwrap()), at(0)).is_ok());
    }

    #[test]
    fn replicas_count_together() {
        let folder = tempfile::tempdir().unwrap();
        let replicas = [(); 3].map(|()| Attempts::shared_in(folder.path()).unwrap());
        let address = Some("192.0.2.7".parse().unwrap());
        let n_taken = (0..30).filter(|n| replicas[n % 3].begin("ana", address, at(0)).is_ok()).count();
        assert_eq!(n_taken, FREE_OF_ACCOUNT as usize);
        // Whoever signs in at one of them is free at all.
        replicas[0].succeed("ana", address);
        assert!(replicas[2].begin("ana", address, at(0)).is_ok());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert!(names.iter().all(|it| !it.to_string_lossy().contains("ana")), "{names:?}");
    }

    #[test]
    fn the_table_is_bounded() {
        let attempts = Attempts::default();
        for n in 0..COUNTED_MAX as i64 + 100 {
            attempts.begin(&format!("name-{n}"), None, at(n)).unwrap();
        }
        assert_eq!(attempts.counts.lock().unwrap().len(), COUNTED_MAX);
    }
}
