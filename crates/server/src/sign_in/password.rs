//! Passwords as Argon2id hashes, in one file per account that its owner alone can read. Replicas share the folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version};
use shipway_api::Code;
use shipway_model::{AccountId, Digest};
use tokio::sync::Semaphore;

use crate::problem::{self, Failure};

/// Memory, passes and lanes of Argon2id: the least that the OWASP Password Storage Cheat Sheet recommends (19 MiB, 2, 1).
/// A hash carries its own, so that raising them does not invalidate what is stored.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at once: each takes its memory and a core. More wait their turn.
const AT_ONCE: usize = 4;
const SALT_BYTES: usize = 16;

const CHARACTERS_MIN: usize = 12;
const CHARACTERS_MAX: usize = 128;
/// Fewer different characters than this are a pattern.
const DIFFERENT_MIN: usize = 5;
/// What everybody tries first, of those that are long enough.
const COMMON: [&str; 10] = [
    "password1234",
    "passwordpassword",
    "administrator",
    "changemechangeme",
    "correcthorsebatterystaple",
    "letmeinletmein",
    "qwertyuiop12",
    "qwertyuiopasdfghjkl",
    "abcdefghijkl",
    "123456789012",
];

/// What is verified where there is no account, so that this takes as long: what it is the hash of, nobody knows.
const STAND_IN: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm8gYWNjb3VudCBoZXJlIQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

pub(crate) struct Passwords {
    folder: PathBuf,
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// Makes the folder if it is not there.
    pub(crate) fn open_in(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), turns: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Whether this is the account's password. Without an account, or without a password, it takes as long and is not.
    pub(crate) async fn verify(&self, account: Option<AccountId>, password: &str) -> bool {
        let stored = account.and_then(|it| fs::read_to_string(self.path(it)).ok());
        let is_there = stored.is_some();
        let stored = stored.unwrap_or_else(|| STAND_IN.to_owned());
        let password = password.to_owned();
        self.in_turn(move || verify(&stored, &password)).await && is_there
    }

    /// Keeps the password's hash. `drawn` are random bytes, of which the salt is made.
    pub(crate) async fn set(&self, account: AccountId, password: &str, drawn: &[u8]) -> Result<(), Failure> {
        let salt = Digest::of(drawn);
        let password = password.to_owned();
        let hash = self.in_turn(move || hash(&password, &salt.as_bytes()[..SALT_BYTES])).await;
        write_whole(&self.path(account), &hash).map_err(|error| problem::internal(&error))
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = self.turns.clone().acquire_owned().await.expect("the semaphore is never closed");
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }

    fn path(&self, account: AccountId) -> PathBuf {
        self.folder.join(format!("{account}.phc"))
    }
}

/// Replaces the file at once, so that no reader and no crash finds half of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("within Argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str, salt: &[u8]) -> String {
    let hash: PasswordHash =
        argon2().hash_password_with_salt(password.as_bytes(), salt).expect("within Argon2's limits");
    hash.to_string()
}

fn verify(stored: &str, password: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else { return false };
    argon2().verify_password(password.as_bytes(), &stored).is_ok()
}

/// Refuses what is guessed soon.
pub(crate) fn check_strength(account: &str, password: &str) -> Result<(), Failure> {
    let weak = |why: String| {
        Err(Failure::new(Code::WeakPassword, why)
            .hint("several words that do not belong together are a good one"))
    };
    let n_characters = password.chars().count();
    if !(CHARACTERS_MIN..=CHARACTERS_MAX).contains(&n_characters) {
        return weak(format!(
            "the password has {n_characters} characters; {CHARACTERS_MIN} to {CHARACTERS_MAX} are asked for"
        ));
    }
    let lower = password.to_lowercase();
    if lower.contains(&account.to_lowercase()) {
        return weak("the password holds the account's name".to_owned());
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_MIN || COMMON.contains(&lower.as_str()) {
        return weak("the password is one of those that are tried first".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_kept_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let passwords = Passwords::open_in(folder.path()).unwrap();
        let ana: AccountId = "acc_0198f3bf00017b42a1b2c3d4e5f60719".parse().unwrap();
        assert!(!passwords.verify(Some(ana), "").await, "an account without a password is closed");
        passwords.set(ana, "seven quiet lighthouses", b"drawn").await.unwrap();
        assert!(passwords.verify(Some(ana), "seven quiet lighthouses").await);
        assert!(!passwords.verify(Some(ana), "seven quiet lighthouse").await);
        assert!(!passwords.verify(None, "seven quiet lighthouses").await);
        let path = folder.path().join(format!("{ana}.phc"));
        let stored = fs::read_to_string(&path).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "broken").unwrap();
        assert!(!passwords.verify(Some(ana), "seven quiet lighthouses").await);
    }

    #[test]
    fn the_stand_in_takes_as_long_as_a_hash_of_today() {
        let [stand_in, of_today] = [STAND_IN, &hash("seven quiet lighthouses", &[7; SALT_BYTES])].map(|it| {
            let it = PasswordHash::new(it).expect("a hash in PHC form");
            (it.algorithm, it.version, Params::try_from(&it).unwrap(), it.hash.map(|it| it.len()))
        });
        assert_eq!(stand_in, of_today);
    }

    #[test]
    fn what_is_guessed_soon_is_refused() {
        for bad in [
            "short",
            "aaaaaaaaaaaaaaaa",
            "password1234",
            "xx-ANA-xx-rest-of-it",
            "123456789012",
            &"long word ".repeat(13),
        ] {
            assert!(check_strength("ana", bad).is_err(), "{bad}");
        }
        check_strength("ana", "seven quiet lighthouses").unwrap();
    }
}
