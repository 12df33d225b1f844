//! Step logs as files: one folder per rollout, one file per effect.
//!
//! A writer names the offset at which its piece belongs, so a piece that is sent twice is kept once. Logs are not part
//! of the ledger: they are written without waiting for the disk, and may lose their end when the machine dies.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use shipway_model::effect::EffectKey;

use crate::driver::{LogError, LogSink};

/// The longest log. What comes after is dropped, and the log ends by saying so.
pub const LOG_BYTES_MAX: u64 = 16 << 20;
/// Bytes read at once.
pub const READ_BYTES_MAX: usize = 1 << 20;

const TRUNCATED: &[u8] = b"\n[shipway: the log has reached 16 MiB; what follows is not kept]\n";

/// Logs below one folder.
#[derive(Debug, Clone)]
pub struct LogStore {
    folder: PathBuf,
}

impl LogStore {
    /// Makes the folder if it is not there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// `rol_…/7-do-1.log`: ids and numbers only, so nothing climbs out of the folder.
    fn path(&self, key: &EffectKey) -> PathBuf {
        let file = format!("{}-{}-{}.log", key.step.0, key.direction.as_str(), key.attempt);
        self.folder.join(key.rollout.to_string()).join(file)
    }

    fn open_to_append(&self, key: &EffectKey) -> io::Result<File> {
        let path = self.path(key);
        let options = || OpenOptions::new().create(true).append(true).clone();
        match options().open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
                options().open(&path)
            }
            opened => opened,
        }
    }
}

impl LogSink for LogStore {
    /// A piece that begins behind the log's end is refused, unless the log is full: then all is dropped, and the
    /// answer is as if it had been kept, so that nobody sends it again.
    fn append(&self, key: &EffectKey, offset: u64, text: &[u8]) -> Result<u64, LogError> {
        let failed = |source| LogError::Io { key: *key, source };
        let mut file = self.open_to_append(key).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let end = offset.saturating_add(text.len() as u64);
        if length >= LOG_BYTES_MAX {
            return Ok(end);
        }
        let Some(known) = length.checked_sub(offset) else {
            return Err(LogError::Gap { key: *key, length, offset });
        };
        let new = text.get(usize::try_from(known).unwrap_or(usize::MAX)..).unwrap_or_default();
        let room = usize::try_from(LOG_BYTES_MAX - length).unwrap_or(usize::MAX);
        let written = if new.len() < room {
            file.write_all(new)
        } else {
            file.write_all(&new[..room]).and_then(|()| file.write_all(TRUNCATED))
        };
        written.map_err(failed)?;
        Ok(end.max(length))
    }

    fn length(&self, key: &EffectKey) -> Result<u64, LogError> {
        match fs::metadata(self.path(key)) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(source) => Err(LogError::Io { key: *key, source }),
        }
    }

    fn read(&self, key: &EffectKey, offset: u64, limit: usize) -> Result<Vec<u8>, LogError> {
        let failed = |source| LogError::Io { key: *key, source };
        let mut file = match File::open(self.path(key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            opened => opened.map_err(failed)?,
        };
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut text = Vec::new();
        file.take(limit.min(READ_BYTES_MAX) as u64).read_to_end(&mut text).map_err(failed)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::RolloutId;
    use shipway_model::effect::Direction;
    use shipway_model::plan::StepId;

    use super::*;

    fn key() -> EffectKey {
        let rollout = RolloutId::from_uuid(uuid::Uuid::from_u128(7));
        EffectKey { rollout, step: StepId(3), direction: Direction::Do, attempt: 1 }
    }

    fn logs() -> (tempfile::TempDir, LogStore) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let logs = LogStore::open(&folder.path().join("logs")).expect("opens");
        (folder, logs)
    }

    #[test]
    fn what_is_sent_twice_is_kept_once_and_gaps_are_refused() {
        let (_folder, logs) = logs();
        assert_eq!(logs.append(&key(), 0, b"one\n").unwrap(), 4);
        assert_eq!(logs.append(&key(), 0, b"one\ntwo\n").unwrap(), 8);
        assert_eq!(logs.append(&key(), 4, b"two\n").unwrap(), 8);
        assert!(matches!(logs.append(&key(), 9, b"x"), Err(LogError::Gap { length: 8, offset: 9, .. })));
        assert_eq!(logs.read(&key(), 0, 100).unwrap(), b"one\ntwo\n");
        assert_eq!(logs.read(&key(), 4, 3).unwrap(), b"two");
        assert_eq!(logs.read(&key(), 99, 3).unwrap(), b"");
        assert_eq!(logs.read(&EffectKey { attempt: 2, ..key() }, 0, 3).unwrap(), b"");
    }

    #[test]
    fn a_full_log_says_so_once_and_takes_no_more() {
        let (_folder, logs) = logs();
        let half = vec![b'x'; LOG_BYTES_MAX as usize / 2];
        let mut length = logs.append(&key(), 0, &half).unwrap();
        length = logs.append(&key(), length, &half[1..]).unwrap();
        length = logs.append(&key(), length, b"ab").unwrap();
        assert_eq!(length, LOG_BYTES_MAX + 1);
        assert_eq!(logs.append(&key(), length, b"more").unwrap(), LOG_BYTES_MAX + 5);
        let end = logs.read(&key(), LOG_BYTES_MAX - 1, 1000).unwrap();
        assert_eq!(end, [b"a", TRUNCATED].concat());
    }
}
