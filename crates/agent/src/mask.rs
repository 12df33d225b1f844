//! Takes secrets out of a stream of bytes, wherever it happens to be cut.
//!
//! What is found: each value as it stands, each of its longer lines, and its Base64 forms (both alphabets, also
//! inside a longer text that was encoded as a whole, as in HTTP's basic authorization). Other encodings are not.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands where a secret was.
pub(crate) const MASK: &[u8] = b"***";
/// Encodings and lines shorter than this are left: they would be found in ordinary text.
const DERIVED_BYTES_MIN: usize = 6;

#[derive(Clone)]
pub(crate) struct Masker {
    /// Longest first, so that a secret which holds another one is taken out as a whole.
    patterns: Vec<Vec<u8>>,
    /// Whether a pattern starts with this byte.
    starts: [bool; 256],
    /// Not given out yet because it may be the start of a secret.
    held: Vec<u8>,
}

impl Masker {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        patterns.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        patterns.dedup();
        let mut starts = [false; 256];
        for pattern in &patterns {
            starts[usize::from(pattern[0])] = true;
        }
        Self { patterns, starts, held: Vec::new() }
    }

    /// What can be given out after `bytes` have come.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.give_out(false)
    }

    /// What was held back; the stream has ended.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.give_out(true)
    }

    fn give_out(&mut self, ended: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            let rest = &self.held[at..];
            if !self.starts[usize::from(rest[0])] {
                out.push(rest[0]);
                at += 1;
                continue;
            }
            // A longer secret that may still come whole goes before a shorter one that is there.
            let may_come = |it: &Vec<u8>| !ended && it.len() > rest.len() && it.starts_with(rest);
            let found = self.patterns.iter().find(|it| rest.starts_with(it) || may_come(it));
            match found {
                Some(pattern) if pattern.len() > rest.len() => break,
                Some(pattern) => {
                    out.extend_from_slice(MASK);
                    at += pattern.len();
                }
                None => {
                    out.push(rest[0]);
                    at += 1;
                }
            }
        }
        self.held.drain(..at);
        out
    }
}

fn forms(secret: &str) -> Vec<Vec<u8>> {
    let lines = secret.lines().map(str::trim).filter(|it| it.len() >= DERIVED_BYTES_MIN);
    let mut forms: Vec<Vec<u8>> = lines.map(|it| it.as_bytes().to_vec()).collect();
    forms.push(secret.as_bytes().to_vec());
    forms.extend((0..3).flat_map(|shift| base64_forms(secret.as_bytes(), shift)));
    forms.retain(|it| !it.is_empty());
    forms
}

/// How `secret` looks in the Base64 of a text in which it comes `shift` bytes after a multiple of three.
fn base64_forms(secret: &[u8], shift: usize) -> Vec<Vec<u8>> {
    let mut shifted = vec![0; shift];
    shifted.extend_from_slice(secret);
    // Six bits to a digit: those that share bits with the bytes before or behind differ from text to text.
    let digits = (shift * 8).div_ceil(6)..shifted.len() * 8 / 6;
    if digits.len() < DERIVED_BYTES_MIN {
        return Vec::new();
    }
    [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)]
        .map(|it| it.as_bytes()[digits.clone()].to_vec())
        .into()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn masked(secrets: &[&str], parts: &[&[u8]]) -> String {
        let mut masker = Masker::new(secrets.iter().copied());
        let mut out: Vec<u8> = parts.iter().flat_map(|it| masker.feed(it)).collect();
        out.extend(masker.finish());
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn values_are_masked_in_every_form() {
        assert_eq!(masked(&["hunter2"], &[b"pw=hunt", b"er2\nhunter"]), "pw=***\nhunter");
        assert_eq!(masked(&["abc", "abcdef"], &[b"abcde", b"f abcd"]), "*** ***d");
        assert_eq!(masked(&[""], &[b"nothing to hide"]), "nothing to hide");
        assert_eq!(masked(&["line one\nline two"], &[b"> line two"]), "> ***");
    }

    #[test]
    fn base64_is_found_wherever_the_value_stands_in_what_was_encoded() {
        for before in ["", "u", "us", "user:"] {
            let text = STANDARD.encode(format!("{before}correct horse{before}"));
            let out = masked(&["correct horse"], &[text.as_bytes()]);
            assert!(out.contains("***"), "{before}: {out}");
            // At most the digits that mix the secret's ends with its neighbours are left.
            assert!(out.len() <= before.len() * 3 + 3 + 6, "{before}: {out}");
        }
    }

    proptest! {
        #[test]
        fn no_cut_lets_a_secret_through(
            text in "[ab]{0,40}", secret in "[ab]{1,4}", cuts in prop::collection::vec(0_usize..41, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|it| it.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|it| &text.as_bytes()[it[0]..it[1]]).collect();
            let out = masked(&[&secret], &parts);
            prop_assert!(!out.contains(&secret), "{out}");
            prop_assert_eq!(out, masked(&[&secret], &[text.as_bytes()]));
        }
    }
}
