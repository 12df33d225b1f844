//! One look at bytes that are most likely canonical: without values, and without writing them again to compare.
//!
//! It knows the plain forms, in which nearly all records are written, and says nothing of the others.

use super::{DEPTH_MAX, SIZE_BYTES_MAX};

/// More digits may be beyond 2^53.
const DIGITS_MAX: usize = 15;

/// Whether `text` is canonical JSON for sure: of whole numbers with few digits, strings, and objects whose keys are ASCII
/// without escapes. False says nothing.
pub(super) fn is_plainly_canonical(text: &[u8]) -> bool {
    if text.len() > SIZE_BYTES_MAX || str::from_utf8(text).is_err() {
        return false;
    }
    let mut scan = Scan { text, at: 0 };
    scan.value(0).is_some() && scan.at == text.len()
}

/// Each step is nothing where the text is not plain.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.next()? {
            b'"' => self.string(),
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b't' => self.rest_of(&b"true"[1..]),
            b'f' => self.rest_of(&b"false"[1..]),
            b'n' => self.rest_of(&b"null"[1..]),
            b'0' => self.ends_number(),
            b'-' => (b'1'..=b'9').contains(&self.next()?).then(|| self.digits())?,
            b'1'..=b'9' => self.digits(),
            _ => None,
        }
    }

    /// After its first digit.
    fn digits(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let n_digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
        self.at += n_digits;
        if n_digits < DIGITS_MAX { self.ends_number() } else { None }
    }

    /// Neither a fraction nor an exponent follows, nor a digit after a zero.
    fn ends_number(&mut self) -> Option<()> {
        matches!(self.text.get(self.at), None | Some(b',' | b'}' | b']')).then_some(())
    }

    /// After its opening quote.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' if matches!(self.next()?, b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                b'\\' | 0..b' ' => return None,
                _ => {}
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        if self.text.get(self.at) == Some(&b']') {
            self.at += 1;
            return Some(());
        }
        loop {
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        if self.text.get(self.at) == Some(&b'}') {
            self.at += 1;
            return Some(());
        }
        let mut before = None;
        loop {
            let key = self.key()?;
            // Each comes after the last: in order, and none twice. ASCII sorts by bytes as it does by UTF-16.
            if before.replace(key).is_some_and(|it| it >= key) {
                return None;
            }
            self.value(depth)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// With the colon behind it.
    fn key(&mut self) -> Option<&'a [u8]> {
        self.rest_of(b"\"")?;
        let begin = self.at;
        // `$` begins the keys by which `serde_json` tells forms of its own.
        let is_plain = |it: &u8| matches!(it, b' '..=b'~') && !matches!(it, b'"' | b'\\' | b'$');
        self.at += self.text[begin..].iter().take_while(|it| is_plain(it)).count();
        let key = &self.text[begin..self.at];
        self.rest_of(b"\":").map(|()| key)
    }

    fn rest_of(&mut self, token: &[u8]) -> Option<()> {
        let is_there = self.text[self.at..].starts_with(token);
        self.at += token.len();
        is_there.then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at).copied();
        self.at += 1;
        byte
    }
}
