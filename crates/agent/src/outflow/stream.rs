//! One file to which a service appends, read line by line as it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::mask::Masker;

/// More than this that was not read yet is passed over, but for its end.
const BACKLOG_BYTES_MAX: u64 = 1 << 20;
const BACKLOG_KEPT_BYTES: u64 = 256 << 10;
/// The rest of a longer line is left out.
const LINE_BYTES_MAX: usize = 2_000;

/// Where a line was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Writer {
    Stdout,
    Stderr,
    /// By its path in the instance's folder.
    File(String),
}

pub(super) struct Stream {
    writer: Writer,
    path: PathBuf,
    /// Bytes that were read or passed over.
    position: u64,
    inode: Option<u64>,
    masker: Masker,
    /// The beginning of a line, masked.
    begun: Vec<u8>,
    /// Inside a line whose beginning was passed over: its rest could be the rest of a secret.
    is_torn: bool,
}

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) lines: Vec<String>,
    pub(super) dropped_bytes: u64,
    pub(super) has_more: bool,
}

impl Stream {
    /// Begins with what is written from now on.
    pub(super) fn at_end(writer: Writer, path: PathBuf) -> Self {
        let known = std::fs::metadata(&path).ok();
        Self {
            writer,
            path,
            position: known.as_ref().map_or(0, |it| it.len()),
            inode: known.map(|it| it.ino()),
            masker: Masker::new([]),
            begun: Vec::new(),
            is_torn: false,
        }
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Takes these values out from now on.
    pub(super) fn mask(&mut self, secrets: &[&str]) {
        let held = self.masker.finish();
        self.begun.extend(held);
        self.masker = Masker::new(secrets.iter().copied());
    }

    /// The next lines, out of `bytes_max` bytes at the most. What is not a whole line yet waits, unless it is the last.
    pub(super) fn read(&mut self, bytes_max: usize, is_over: bool) -> Taken {
        let mut read = Taken::default();
        // A file that is not there yet, or cannot be read, says nothing; services do not depend on it.
        let bytes = self.next_bytes(bytes_max, &mut read).unwrap_or_default();
        let masked = self.masker.feed(&bytes);
        self.take(&masked, &mut read.lines);
        if is_over && !read.has_more {
            let rest = self.masker.finish();
            self.take(&rest, &mut read.lines);
            self.end_line(&mut read.lines);
        }
        read
    }

    fn next_bytes(&mut self, bytes_max: usize, read: &mut Taken) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        let known = file.metadata()?;
        // Another file, or the same cut to nothing: it begins anew.
        if self.inode.is_some_and(|it| it != known.ino()) || known.len() < self.position {
            self.position = 0;
            self.begun.clear();
            self.is_torn = false;
        }
        self.inode = Some(known.ino());
        let waiting = known.len() - self.position;
        if waiting > BACKLOG_BYTES_MAX {
            read.dropped_bytes = waiting - BACKLOG_KEPT_BYTES;
            self.position += read.dropped_bytes;
            self.masker.finish();
            self.begun.clear();
            self.is_torn = true;
        }
        file.seek(SeekFrom::Start(self.position))?;
        let mut bytes = Vec::new();
        file.take(bytes_max as u64).read_to_end(&mut bytes)?;
        self.position += bytes.len() as u64;
        read.has_more = self.position < known.len();
        Ok(bytes)
    }

    fn take(&mut self, masked: &[u8], lines: &mut Vec<String>) {
        let mut pieces = masked.split(|it| *it == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let room = LINE_BYTES_MAX.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(&piece[..piece.len().min(room)]);
            if pieces.peek().is_some() {
                self.end_line(lines);
            }
        }
    }

    fn end_line(&mut self, lines: &mut Vec<String>) {
        let line = std::mem::take(&mut self.begun);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && !self.is_torn {
            lines.push(text.to_owned());
        }
        self.is_torn = false;
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    struct Bed {
        folder: tempfile::TempDir,
        stream: Stream,
    }

    impl Bed {
        fn new(before: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("stdout.log");
            fs::write(&path, before).expect("writes");
            Self { stream: Stream::at_end(Writer::Stdout, path), folder }
        }

        fn write(&self, text: &str) {
            let mut file =
                OpenOptions::new().append(true).open(self.folder.path().join("stdout.log")).expect("opens");
            file.write_all(text.as_bytes()).expect("writes");
        }

        #[track_caller]
        fn check(&mut self, expect: &[&str]) {
            let read = self.stream.read(PIECE, false);
            assert_eq!(
                (read.lines, read.dropped_bytes),
                (expect.iter().map(|it| (*it).to_owned()).collect(), 0)
            );
        }
    }

    const PIECE: usize = 64 << 10;

    #[test]
    fn whole_lines_are_told_once_from_the_start_on() {
        let mut bed = Bed::new("of an earlier run\n");
        bed.check(&[]);
        bed.write("one\ntw");
        bed.check(&["one"]);
        bed.write("o\n\nthree\r\n");
        bed.check(&["two", "three"]);
        bed.check(&[]);
        bed.write("last");
        assert_eq!(bed.stream.read(PIECE, true).lines, ["last"]);
    }

    #[test]
    fn secrets_are_masked_wherever_the_reading_is_cut() {
        let mut bed = Bed::new("");
        bed.stream.mask(&["hunter2"]);
        bed.write("pw=hunt");
        bed.check(&[]);
        bed.write("er2 ok\n");
        bed.check(&["pw=*** ok"]);
        bed.write("pw=hunter2\n");
        for _ in 0..10 {
            let lines = bed.stream.read(2, false).lines;
            assert!(lines.is_empty() || lines == ["pw=***"], "{lines:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_or_replaced_begins_anew() {
        let mut bed = Bed::new("");
        bed.write("a longer line\n");
        bed.check(&["a longer line"]);
        let path = bed.folder.path().join("stdout.log");
        OpenOptions::new().write(true).open(&path).expect("opens").set_len(0).expect("cuts");
        bed.write("new\n");
        bed.check(&["new"]);
        fs::rename(&path, bed.folder.path().join("old")).expect("moves");
        fs::write(&path, "in another file\n").expect("writes");
        bed.check(&["in another file"]);
    }

    #[test]
    fn what_comes_too_fast_is_passed_over_and_counted() {
        let mut bed = Bed::new("");
        let line = format!("{}\n", "x".repeat(99));
        bed.write(&line.repeat(30_000));
        let (mut n_lines, mut n_dropped, mut has_more) = (0, 0, true);
        while has_more {
            let read = bed.stream.read(PIECE, false);
            n_lines += read.lines.len() as u64;
            n_dropped += read.dropped_bytes;
            has_more = read.has_more;
            assert!(read.lines.iter().all(|it| it.len() == 99), "no half line is sent");
        }
        assert_eq!(n_dropped, 3_000_000 - BACKLOG_KEPT_BYTES);
        assert_eq!(n_lines, BACKLOG_KEPT_BYTES / 100);
    }

    #[test]
    fn a_line_without_end_takes_no_more_room_than_one() {
        let mut bed = Bed::new("");
        bed.write(&"y".repeat(100_000));
        bed.check(&[]);
        bed.write("\nnext\n");
        let mut lines = bed.stream.read(PIECE, false).lines;
        lines.extend(bed.stream.read(PIECE, false).lines);
        assert_eq!((lines[0].len(), lines[1].as_str()), (LINE_BYTES_MAX, "next"));
    }
}
