//! The allowed-signers file of `ssh-keygen(1)`: whose key may sign what, and when.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;

/// A line of the file.
#[derive(Debug, Clone)]
pub struct AllowedSigner {
    /// Addresses or patterns, as they are written.
    pub principals: String,
    pub key: PublicKey,
    /// Any when empty.
    pub namespaces: Vec<String>,
    pub valid_after: Option<Timestamp>,
    pub valid_before: Option<Timestamp>,
}

/// One line; blank ones and comments are nobody.
///
/// # Errors
/// It is not what the manual says, or names a certificate authority.
pub fn allowed_signer(line: &str) -> Result<Option<AllowedSigner>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut words = words(line)?.into_iter();
    let principals = words.next().ok_or("there are no principals")?;
    let (mut namespaces, mut valid_after, mut valid_before) = (Vec::new(), None, None);
    let mut word = words.next().ok_or("there is no key behind the principals")?;
    if !is_key_type(&word) {
        for option in split_options(&word) {
            match option.split_once('=') {
                Some(("namespaces", list)) => {
                    namespaces = list.trim_matches('"').split(',').map(str::to_owned).collect();
                }
                Some(("valid-after", at)) => valid_after = Some(instant(at)?),
                Some(("valid-before", at)) => valid_before = Some(instant(at)?),
                _ if option == "cert-authority" => {
                    return Err(
                        "certificate authorities are not believed: name the keys themselves".to_owned()
                    );
                }
                _ => return Err(format!("the option `{}` is not known", option.escape_debug())),
            }
        }
        word = words.next().ok_or("there is no key behind the options")?;
    }
    let blob = words.next().ok_or("the key is missing behind its type")?;
    let key = PublicKey::from_openssh(&format!("{word} {blob}"))
        .map_err(|it| format!("the key is broken: {it}"))?;
    Ok(Some(AllowedSigner { principals, key, namespaces, valid_after, valid_before }))
}

impl AllowedSigner {
    /// # Errors
    /// Its signatures do not count in this namespace at this instant, in a sentence.
    pub fn may_sign(&self, namespace: &str, at: Timestamp) -> Result<(), String> {
        let who = self.principals.escape_debug();
        match (self.valid_after, self.valid_before) {
            (Some(after), _) if at < after => Err(format!("{who} is allowed only after {after}")),
            (_, Some(before)) if at >= before => Err(format!("{who} was allowed only before {before}")),
            _ if !self.namespaces.is_empty() && !self.namespaces.iter().any(|it| it == namespace) => {
                Err(format!("{who} is not allowed to sign for `{namespace}`"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the principals cover this identity: one of them does, and none that begins with `!`.
    pub fn covers(&self, identity: &str) -> bool {
        let mut is_covered = false;
        for pattern in self.principals.split(',').map(str::trim) {
            match pattern.strip_prefix('!') {
                Some(pattern) if fits(pattern, identity) => return false,
                Some(_) => {}
                None => is_covered |= fits(pattern, identity),
            }
        }
        is_covered
    }
}

/// `*` stands for any characters, `?` for one (`ssh_config(5)`, PATTERNS).
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where in the text it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(it) if *it == '?' || *it == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    p = at + 1;
                    t = reach + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|it| *it == '*')
}

fn is_key_type(word: &str) -> bool {
    word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-") || word.starts_with("sk-")
}

/// Words at white space outside of quotes; quotes around a whole word are taken off.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for it in line.chars() {
        match it {
            '"' => {
                is_quoted = !is_quoted;
                word.push(it);
            }
            it if it.is_whitespace() && !is_quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            it => word.push(it),
        }
    }
    if is_quoted {
        return Err("a quote is never closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    let bare = |it: String| match it.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        Some(bare) => bare.to_owned(),
        None => it,
    };
    Ok(words.into_iter().map(bare).collect())
}

/// At commas outside of quotes.
fn split_options(word: &str) -> Vec<&str> {
    let mut is_quoted = false;
    word.split(|it: char| {
        is_quoted ^= it == '"';
        it == ',' && !is_quoted
    })
    .collect()
}

/// `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]`. Without a zone it is UTC here, whatever machine reads it.
fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{}` is no instant as YYYYMMDD or YYYYMMDDHHMMSS", text.escape_debug());
    let digits = text.trim_matches('"').trim_end_matches('Z');
    let padded = match digits.len() {
        8 | 12 | 14 if digits.bytes().all(|it| it.is_ascii_digit()) => format!("{digits:0<14}"),
        _ => return Err(wrong()),
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%S", &padded).map_err(|_| wrong())?;
    civil.to_zoned(TimeZone::UTC).map(|it| it.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";

    #[test]
    fn lines_are_read_as_the_manual_says() {
        let read = |line: &str| allowed_signer(line).map(|it| it.expect("somebody"));
        assert!(allowed_signer("# nobody").unwrap().is_none() && allowed_signer("  ").unwrap().is_none());
        let plain = read(&format!("ana@example.com {KEY} a comment")).unwrap();
        assert_eq!((plain.principals.as_str(), plain.namespaces.len()), ("ana@example.com", 0));
        let options = "namespaces=\"git,file\",valid-after=\"20260101\",valid-before=20270101120000Z";
        let full = read(&format!("ana@a,\"bo b@b\" {options} {KEY}")).unwrap();
        assert_eq!(full.namespaces, ["git", "file"]);
        assert_eq!(full.valid_after, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(full.valid_before, Some("2027-01-01T12:00:00Z".parse().unwrap()));
        for bad in [
            "ana".to_owned(),
            format!("ana cert-authority {KEY}"),
            format!("ana nonsense {KEY}"),
            format!("ana valid-after=soon {KEY}"),
            "ana ssh-ed25519 AAAA".to_owned(),
            format!("\"ana {KEY}"),
        ] {
            assert!(allowed_signer(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn principals_are_patterns() {
        let covers = |principals: &str, identity: &str| {
            allowed_signer(&format!("{principals} {KEY}")).unwrap().unwrap().covers(identity)
        };
        assert!(covers("ana@example.com", "ana@example.com") && covers("a@b,ana@*", "ana@example.com"));
        assert!(covers("\"Red Team GmbH\"", "Red Team GmbH") && covers("a?a@*.com", "ana@example.com"));
        assert!(!covers("ana@example.com", "ana@example.com.evil") && !covers("*@b", "ana@example.com"));
        assert!(!covers("*@example.com,!ana@example.com", "ana@example.com"), "an exception");
    }
}
