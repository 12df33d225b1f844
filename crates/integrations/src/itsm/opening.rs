//! Openings that nobody has heard the end of: a Jira finds by its search what was opened only a while after.
//!
//! Before a change is opened there, that is noted in a file of its own. Whoever finds such a note, because the process died or the
//! answer was lost, waits until the search must know of it, and opens it only when it still does not.

use std::fs;
use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use shipway_model::{ChangeId, Name};

/// After this the search of a tool has taken in what was opened. Atlassian tells of seconds; a minute costs nobody anything.
const SEARCH_LAG: SignedDuration = SignedDuration::from_mins(1);

pub(super) struct Openings {
    folder: PathBuf,
}

impl Openings {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether nothing may be opened yet, because one opening has no known end.
    pub(super) fn waits(&self, change: ChangeId, mirror: &Name, now: Timestamp) -> bool {
        let noted = fs::read_to_string(self.file(change, mirror)).ok();
        let at: Option<Timestamp> = noted.and_then(|it| it.trim().parse().ok());
        at.is_some_and(|at| now.duration_since(at) < SEARCH_LAG)
    }

    /// It is about to be opened.
    ///
    /// # Errors
    /// When that cannot be written down: then it must not be opened.
    pub(super) fn note(&self, change: ChangeId, mirror: &Name, now: Timestamp) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let file = self.file(change, mirror);
        fs::write(&file, now.to_string())?;
        fs::File::open(&file)?.sync_all()
    }

    /// It is known what became of it.
    pub(super) fn settle(&self, change: ChangeId, mirror: &Name) {
        let _ = fs::remove_file(self.file(change, mirror));
    }

    fn file(&self, change: ChangeId, mirror: &Name) -> PathBuf {
        self.folder.join(format!("{change}-{mirror}"))
    }
}
