//! The agent's memory: an append-only file of JSON lines, each on disk before what it announces is done.
//!
//! A line that was torn by a sudden end is the last one and is cut off. Anything else that cannot be read is a
//! fault that a person must look at: acting on half a memory could do things twice.

mod entry;
mod state;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

pub(crate) use entry::Entry;
pub(crate) use state::{Change, EffectRecord, InstanceRecord, Progress, State};
use tracing::error;

/// The file is written anew when it holds this many lines more than its content needs.
const SURPLUS_LINES_MAX: usize = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("journal {path}: {fault}")]
    Disk { path: PathBuf, fault: io::Error },
    #[error("journal {path}, line {line} cannot be read: {fault}")]
    Line { path: PathBuf, line: usize, fault: serde_json::Error },
}

/// Clones share one file.
#[derive(Clone)]
pub(crate) struct Journal(Arc<Inner>);

struct Inner {
    /// Held for as long as a line takes to reach the disk.
    log: Mutex<Log>,
    /// Changed by who holds the log, and held but for a moment: reading never waits for the disk.
    state: Mutex<State>,
}

struct Log {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    lines: usize,
}

impl Journal {
    /// Reads the journal at `path`, or begins one.
    pub(crate) fn open(path: &Path) -> Result<Self, JournalError> {
        let on_disk = |fault| JournalError::Disk { path: path.to_owned(), fault };
        let file = options().append(true).create(true).read(true).open(path).map_err(on_disk)?;
        let content = fs::read(path).map_err(on_disk)?;
        let whole = content.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        file.set_len(whole as u64).map_err(on_disk)?;
        let mut state = State::default();
        let mut lines = 0;
        for line in content[..whole].split(|it| *it == b'\n').filter(|it| !it.is_empty()) {
            lines += 1;
            let entry = serde_json::from_slice(line);
            state.apply(entry.map_err(|fault| JournalError::Line {
                path: path.to_owned(),
                line: lines,
                fault,
            })?);
        }
        let mut log = Log { path: path.to_owned(), file, size_bytes: whole as u64, lines };
        log.compact(&state).and_then(|()| log.sync_folder()).map_err(on_disk)?;
        Ok(Self(Arc::new(Inner { log: Mutex::new(log), state: Mutex::new(state) })))
    }

    /// Looks at the state; briefly, for nobody else can meanwhile.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.0.state))
    }

    /// Notes `entry` durably. On an error nothing was noted, and what it announces must not be done.
    pub(crate) async fn note(&self, entry: Entry) -> Result<(), JournalError> {
        self.note_with(move |_| entry).await
    }

    /// Notes what `make` makes of the state, with nothing noted in between.
    pub(crate) async fn note_with(
        &self,
        make: impl FnOnce(&State) -> Entry + Send + 'static,
    ) -> Result<(), JournalError> {
        let inner = self.0.clone();
        // Waiting for the disk would stop other tasks. The write itself is not cancelled with its caller.
        let noting = tokio::task::spawn_blocking(move || {
            let mut log = lock(&inner.log);
            let entry = make(&lock(&inner.state));
            log.append(&entry)?;
            let mut state = lock(&inner.state);
            state.apply(entry);
            if let Err(fault) = log.compact(&state) {
                error!(path = %log.path.display(), "cannot compact the journal: {fault}");
            }
            Ok(())
        });
        noting.await.expect("noting does not panic")
    }

    /// Notes `entry`, or at least remembers it while this agent lives: for what has happened already.
    pub(crate) async fn note_past(&self, entry: Entry) {
        if let Err(fault) = self.note(entry.clone()).await {
            error!("{fault}; remembered in memory only");
            lock(&self.0.state).apply(entry);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding the journal")
}

impl Log {
    fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(entry).expect("an entry is plain data");
        line.push(b'\n');
        if let Err(fault) = self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            // Half a line must not stand before the next one.
            if let Err(fault) = self.file.set_len(self.size_bytes) {
                error!(path = %self.path.display(), "cannot cut off half a line: {fault}");
            }
            return Err(JournalError::Disk { path: self.path.clone(), fault });
        }
        self.size_bytes += line.len() as u64;
        self.lines += 1;
        Ok(())
    }

    /// Writes the file anew when it has grown far beyond what `state` needs.
    fn compact(&mut self, state: &State) -> io::Result<()> {
        if self.lines <= SURPLUS_LINES_MAX {
            return Ok(());
        }
        let entries = state.entries();
        if self.lines <= entries.len() + SURPLUS_LINES_MAX {
            return Ok(());
        }
        let mut content = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut content, entry).expect("an entry is plain data");
            content.push(b'\n');
        }
        let next = self.path.with_extension("next");
        fs::remove_file(&next)
            .or_else(|it| if it.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(it) })?;
        let mut file = options().append(true).create_new(true).open(&next)?;
        file.write_all(&content)?;
        file.sync_all()?;
        fs::rename(&next, &self.path)?;
        self.sync_folder()?;
        (self.file, self.size_bytes, self.lines) = (file, content.len() as u64, entries.len());
        Ok(())
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.path.parent().unwrap_or(Path::new("."))).and_then(|it| it.sync_all())
    }
}

/// Contracts may hold what is nobody else's business.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(test)]
mod tests;
