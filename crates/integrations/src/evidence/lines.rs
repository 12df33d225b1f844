//! Text, line by line.

use std::io::{BufRead, Read};

use super::{Fault, Source};

/// Longest line, in bytes.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// The lines of a document with their numbers, without what ends them.
pub(super) struct Lines<'a> {
    source: Source<'a>,
    line: Vec<u8>,
    number: u64,
    is_whole: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self { source, line: Vec::new(), number: 0, is_whole: true }
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// It cannot be read, is too long, or is not UTF-8.
    pub(super) fn next(&mut self) -> Result<Option<&str>, Fault> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.source).take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut self.line);
        let n_bytes = read.map_err(|it| self.fault(it.to_string()))?;
        if n_bytes == 0 {
            return Ok(None);
        }
        if n_bytes as u64 > LINE_BYTES_MAX {
            return Err(self.fault(format!("the line is longer than {LINE_BYTES_MAX} bytes")));
        }
        self.is_whole = self.line.ends_with(b"\n");
        match str::from_utf8(&self.line) {
            Ok(line) => Ok(Some(line.trim_end_matches(['\n', '\r']))),
            Err(error) => {
                let column = error.valid_up_to() as u64 + 1;
                Err(Fault::at(self.number, column, "this is not UTF-8"))
            }
        }
    }

    /// That the last line had its end, for formats whose tools always write it and that have no other end.
    ///
    /// # Errors
    /// It had none.
    pub(super) fn whole(&self) -> Result<(), Fault> {
        if self.is_whole {
            return Ok(());
        }
        Err(Fault::at(self.number - 1, 1, "the last line has no end: the document was cut"))
    }

    /// A fault in the line that was read last.
    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::at(self.number, 1, message)
    }

    /// Counted from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}
