//! Keeps the files small to which services print.
//!
//! A service holds its file open for ever, so the content is copied away and the file cut to nothing. Services
//! append, so they go on at its new start. What they print between the copy and the cut is lost.

use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::warn;

use crate::mask::Masker;

/// A file is put away when it is larger than this.
const LOG_BYTES_MAX: u64 = 10 << 20;
/// Old files beside the one being written: `stdout.log.1` is the youngest.
const OLD_LOGS_MAX: u32 = 4;
/// Enough of a process's end to see why it ended; it becomes part of an event, which is kept for ever.
const TAIL_BYTES_MAX: u64 = 4 << 10;
const LAST_LINES_MAX: usize = 2;
const LAST_CHARS_MAX: usize = 240;
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The files of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Logs {
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
}

impl Logs {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { stdout: folder.join("stdout.log"), stderr: folder.join("stderr.log") }
    }

    /// Both files, open for a process to append to.
    pub(crate) fn open(&self) -> io::Result<(File, File)> {
        if let Some(folder) = self.stdout.parent() {
            fs::create_dir_all(folder)?;
        }
        // What services print may be private.
        let open = |path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        Ok((open(&self.stdout)?, open(&self.stderr)?))
    }

    /// How much stderr holds now.
    pub(crate) fn stderr_bytes(&self) -> u64 {
        fs::metadata(&self.stderr).map_or(0, |it| it.len())
    }

    /// The last lines that were printed to stderr after its first `from` bytes, without secrets; empty when there are
    /// none, or when they cannot be read: nothing depends on them.
    pub(crate) fn last_words(&self, from: u64, mut masker: Masker) -> String {
        let bytes = tail(&self.stderr, from).unwrap_or_default();
        let mut masked = masker.feed(&bytes);
        masked.extend(masker.finish());
        let text = String::from_utf8_lossy(&masked);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        let words = lines[lines.len().saturating_sub(LAST_LINES_MAX)..].join(" / ");
        words.chars().take(LAST_CHARS_MAX).map(|it| if it.is_control() { ' ' } else { it }).collect()
    }

    pub(crate) async fn keep_small(&self) -> Infallible {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let logs = self.clone();
            let rotating = tokio::task::spawn_blocking(move || {
                for path in [&logs.stdout, &logs.stderr] {
                    if let Err(fault) = rotate(path, LOG_BYTES_MAX) {
                        warn!(path = %path.display(), "cannot be rotated: {fault}");
                    }
                }
            });
            rotating.await.expect("rotating does not panic");
        }
    }
}

/// Whole lines alone: the rest of one that was cut could be the rest of a secret.
fn tail(path: &Path, from: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    // It may have been put away meanwhile.
    let from = if from > size { 0 } else { from };
    let start = from.max(size.saturating_sub(TAIL_BYTES_MAX));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES_MAX).read_to_end(&mut bytes)?;
    if start > from {
        let whole = bytes.iter().position(|it| *it == b'\n').map_or(bytes.len(), |it| it + 1);
        bytes.drain(..whole);
    }
    Ok(bytes)
}

fn rotate(path: &Path, bytes_max: u64) -> io::Result<()> {
    if fs::metadata(path)?.len() <= bytes_max {
        return Ok(());
    }
    let old = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..OLD_LOGS_MAX).rev().filter(|it| old(*it).exists()) {
        fs::rename(old(number), old(number + 1))?;
    }
    fs::copy(path, old(1))?;
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_words_are_of_this_run_and_without_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = Logs::of(folder.path());
        let words = |from| logs.last_words(from, Masker::new(["s3cr3t-value"]));
        assert_eq!(words(0), "", "there is no file yet");
        let (_, mut stderr) = logs.open().expect("opens");
        writeln!(stderr, "of an earlier run").expect("writes");
        let from = logs.stderr_bytes();
        assert_eq!(words(from), "");
        writeln!(stderr, "first\n\ncannot sign in\n  with s3cr3t-value\u{7}!").expect("writes");
        assert_eq!(words(from), "cannot sign in / with *** !");
        assert_eq!(words(u64::MAX), words(from), "the file was put away meanwhile");
        write!(stderr, "{}s3cr3t-value", "x".repeat(5_000)).expect("writes");
        assert_eq!(words(from), "", "no whole line is left");
    }

    #[test]
    fn a_file_that_stays_open_is_put_away_piece_by_piece() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = Logs::of(folder.path());
        let (mut stdout, _) = logs.open().expect("opens");
        for number in 0..7 {
            write!(stdout, "piece {number}").expect("writes");
            rotate(&logs.stdout, 3).expect("rotates");
        }
        write!(stdout, "7").expect("writes");
        rotate(&logs.stdout, 3).expect("rotates");
        let mut found: Vec<_> = fs::read_dir(folder.path())
            .expect("lists")
            .map(|it| it.expect("an entry").path())
            .map(|it| (it.file_name().expect("a name").to_owned(), fs::read_to_string(&it).expect("text")))
            .collect();
        found.sort();
        let found: Vec<_> =
            found.iter().map(|(name, text)| (name.to_str().expect("text"), &**text)).collect();
        let expected = [
            ("stderr.log", ""),
            ("stdout.log", "7"),
            ("stdout.log.1", "piece 6"),
            ("stdout.log.2", "piece 5"),
            ("stdout.log.3", "piece 4"),
            ("stdout.log.4", "piece 3"),
        ];
        assert_eq!(found, expected);
    }
}
