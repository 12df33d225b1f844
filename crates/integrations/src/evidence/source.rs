//! Where a document's bytes come from.

use std::io::{self, BufRead, Read};

/// A document that is read once, from its beginning.
pub struct Source<'a> {
    bytes: &'a mut dyn BufRead,
}

impl<'a> Source<'a> {
    pub fn new(bytes: &'a mut dyn BufRead) -> Self {
        Self { bytes }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
    }
}
