//! Where in a document the reading has come to.

use std::io::{self, BufRead, Read};

use super::{Place, Source};

/// A source that counts lines and columns, and bounds how much is read in one go.
pub(super) struct Counted<'a> {
    source: Source<'a>,
    place: Place,
    /// How much may still be consumed before [`Counted::begin`] is called again.
    n_left: usize,
    n_bytes_max: usize,
}

impl<'a> Counted<'a> {
    /// `n_bytes_max` is for one thing of the document: a tag, a text, a line.
    pub(super) fn new(source: Source<'a>, n_bytes_max: usize) -> Self {
        Self { source, place: Place { line: 1, column: 1 }, n_left: n_bytes_max, n_bytes_max }
    }

    /// The next byte to be read. Columns count characters.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Another thing begins.
    pub(super) fn begin(&mut self) {
        self.n_left = self.n_bytes_max;
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.fill_buf()?.read(buffer)?;
        self.consume(n_bytes);
        Ok(n_bytes)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.n_left == 0 {
            let most = self.n_bytes_max;
            return Err(io::Error::other(format!("one part of the document is longer than {most} bytes")));
        }
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        // What is to be consumed is in the buffer already: this neither waits nor fails.
        let consumed = self.source.fill_buf().map_or(&[][..], |it| &it[..count.min(it.len())]);
        let n_lines = consumed.iter().filter(|it| **it == b'\n').count() as u64;
        let last = consumed.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
        if n_lines > 0 {
            self.place = Place { line: self.place.line + n_lines, column: 1 };
        }
        let is_first_of_character = |it: &&u8| **it & 0xc0 != 0x80;
        self.place.column += consumed[last..].iter().filter(is_first_of_character).count() as u64;
        self.n_left = self.n_left.saturating_sub(count);
        self.source.consume(count);
    }
}
