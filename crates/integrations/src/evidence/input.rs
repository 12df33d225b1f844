//! From a file's bytes to UTF-8: compression and encodings end here, and so do bombs.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;

use super::Fault;

/// Largest document, in bytes of text after decompression.
pub const DOCUMENT_BYTES_MAX: u64 = 1 << 30;
/// What a compressed document may always expand to, in bytes; beyond it the ratio counts.
const EXPANDED_BYTES_FREE: u64 = 64 << 20;
/// Highest ratio of expanded to compressed bytes: reports reach 20 to 60, a bomb approaches deflate's limit of 1032.
const EXPANSION_MAX: u64 = 200;
/// How far an XML declaration is looked for, in bytes.
const DECLARATION_BYTES: usize = 256;
const BUFFER_BYTES: usize = 64 * 1024;

/// A beginning that was looked at, and the rest.
pub(super) type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The document as UTF-8 without a byte-order mark, decompressed, limited in length.
///
/// # Errors
/// It cannot be read, or it declares an encoding that nobody knows.
pub(super) fn open<'a>(bytes: &'a mut dyn BufRead) -> Result<Box<dyn BufRead + 'a>, Fault> {
    let (magic, bytes) = peek(bytes, 2)?;
    let plain: Box<dyn BufRead + 'a> = if magic == [0x1f, 0x8b] {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, Inflated::new(bytes)))
    } else {
        Box::new(bytes)
    };
    let (head, plain) = peek(plain, DECLARATION_BYTES)?;
    let (encoding, mark_bytes) = encoding_of(&head)?;
    let mut plain = plain;
    plain.consume(mark_bytes);
    let text: Box<dyn BufRead + 'a> = if encoding == UTF_8 {
        Box::new(plain)
    } else {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, Decoded::new(plain, encoding)))
    };
    let limited = Limited { inner: text, n_left: DOCUMENT_BYTES_MAX };
    Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, limited)))
}

/// Looks at the first `n_bytes`, or at all where there are fewer.
pub(super) fn peek<R: BufRead>(mut bytes: R, n_bytes: usize) -> Result<(Vec<u8>, Peeked<R>), Fault> {
    let mut head = Vec::new();
    let read = (&mut bytes).take(n_bytes as u64).read_to_end(&mut head);
    read.map_err(|it| Fault::new(it.to_string()))?;
    Ok((head.clone(), Cursor::new(head).chain(bytes)))
}

/// The encoding, and the length of its byte-order mark.
fn encoding_of(head: &[u8]) -> Result<(&'static Encoding, usize), Fault> {
    if let Some(marked) = Encoding::for_bom(head) {
        return Ok(marked);
    }
    // UTF-16 without a mark shows by the zero beside the first ASCII character.
    match head {
        [0, it, ..] if it.is_ascii() && *it != 0 => return Ok((UTF_16BE, 0)),
        [it, 0, ..] if it.is_ascii() && *it != 0 => return Ok((UTF_16LE, 0)),
        _ => {}
    }
    let Some(label) = declared(head) else { return Ok((UTF_8, 0)) };
    let encoding = Encoding::for_label_no_replacement(label);
    let encoding = encoding
        .ok_or_else(|| Fault::at(1, 1, format!("the encoding `{}` is unknown", label.escape_ascii())))?;
    // It was read as ASCII so far, so it is none of the wide ones whatever it says.
    Ok((if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding }, 0))
}

/// The label in `<?xml version="1.0" encoding="…"?>`.
fn declared(head: &[u8]) -> Option<&[u8]> {
    let head = head.trim_ascii_start();
    let end = head.starts_with(b"<?xml").then(|| head.windows(2).position(|it| it == b"?>"))??;
    let declaration = &head[..end];
    let at = declaration.windows(8).position(|it| it == b"encoding")? + 8;
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    value.split(|it| it == quote).next()
}

/// Gzip, as far as it does not explode.
struct Inflated<R> {
    gzip: MultiGzDecoder<Counted<R>>,
    n_out: u64,
}

impl<R: BufRead> Inflated<R> {
    fn new(compressed: R) -> Self {
        Self { gzip: MultiGzDecoder::new(Counted { inner: compressed, n_bytes: 0 }), n_out: 0 }
    }
}

impl<R: BufRead> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes =
            self.gzip.read(buffer).map_err(|it| refused(format!("the compression is broken: {it}")))?;
        self.n_out += n_bytes as u64;
        let n_in = self.gzip.get_ref().n_bytes;
        if self.n_out > EXPANDED_BYTES_FREE && self.n_out / EXPANSION_MAX > n_in {
            let (n_out, most) = (self.n_out, EXPANSION_MAX);
            return Err(refused(format!("{n_in} bytes expand to more than {n_out}: over {most} times")));
        }
        Ok(n_bytes)
    }
}

struct Counted<R> {
    inner: R,
    n_bytes: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        self.n_bytes += n_bytes as u64;
        Ok(n_bytes)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.n_bytes += count as u64;
        self.inner.consume(count);
    }
}

/// Another encoding, as UTF-8. What is no character there becomes U+FFFD.
struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self { inner, decoder: encoding.new_decoder_without_bom_handling(), ended: false }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() < 4 {
            return Err(refused("too small a buffer to decode into".to_owned()));
        }
        while !self.ended {
            let encoded = self.inner.fill_buf()?;
            let last = encoded.is_empty();
            let (result, n_read, n_written, _) = self.decoder.decode_to_utf8(encoded, buffer, last);
            self.inner.consume(n_read);
            self.ended = last && result == CoderResult::InputEmpty;
            if n_written > 0 {
                return Ok(n_written);
            }
        }
        Ok(0)
    }
}

struct Limited<R> {
    inner: R,
    n_left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        self.n_left = self
            .n_left
            .checked_sub(n_bytes as u64)
            .ok_or_else(|| refused(format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes")))?;
        Ok(n_bytes)
    }
}

fn refused(message: String) -> io::Error {
    io::Error::other(message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn check(mut bytes: &[u8], expect: Result<&str, &str>) {
        let mut text = String::new();
        let read = open(&mut bytes)
            .map_err(|it| it.to_string())
            .and_then(|mut it| it.read_to_string(&mut text).map_err(|it| it.to_string()));
        match (read, expect) {
            (Ok(_), expect) => assert_eq!(Ok(text.as_str()), expect),
            (Err(said), Err(words)) => assert!(said.contains(words), "{said}"),
            (Err(said), Ok(expect)) => panic!("{said} instead of {expect}"),
        }
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf_16(text: &str, in_order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(in_order).collect()
    }

    #[test]
    fn encodings_become_utf_8() {
        check(b"", Ok(""));
        check("\u{feff}grüß".as_bytes(), Ok("grüß"));
        check(&utf_16("\u{feff}<a>ü😀</a>", u16::to_le_bytes), Ok("<a>ü😀</a>"));
        check(&utf_16("\u{feff}<a>ü😀</a>", u16::to_be_bytes), Ok("<a>ü😀</a>"));
        check(&utf_16("<a>ü</a>", u16::to_le_bytes), Ok("<a>ü</a>"));
        check(&utf_16("<a>ü</a>", u16::to_be_bytes), Ok("<a>ü</a>"));
        let latin = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xfc\x80</a>";
        check(latin, Ok("<?xml version='1.0' encoding = 'ISO-8859-1'?><a>ü€</a>"));
        check(
            b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>",
            Ok("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>"),
        );
        check(
            b"<?xml version='1.0' encoding='martian'?><a/>",
            Err("line 1, column 1: the encoding `martian`"),
        );
    }

    #[test]
    fn gzip_is_read_and_bombs_are_not() {
        check(&gzip(b"TN:\n"), Ok("TN:\n"));
        check(&[gzip(b"one"), gzip(b"two")].concat(), Ok("onetwo"));
        let whole = gzip(b"a document that was cut");
        check(&whole[..whole.len() - 9], Err("the compression is broken"));
        check(&gzip(&vec![b' '; EXPANDED_BYTES_FREE as usize + (1 << 20)]), Err("over 200 times"));
    }
}
