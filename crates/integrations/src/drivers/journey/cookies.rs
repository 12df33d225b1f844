//! The cookies of one host, as far as a journey needs them: names and values, and that they are taken back.
//! Paths, dates and the finer rules of RFC 6265 are not followed.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header};

const COOKIES_MAX: usize = 50;
/// Of a name with its value (RFC 6265, section 6.1).
const COOKIE_BYTES_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Keeps what an answer sets, and forgets what it takes back. Those beyond a limit are left out.
    pub(super) fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let Some((name, value, is_taken_back)) = line.to_str().ok().and_then(parse) else { continue };
            if is_taken_back {
                self.0.remove(name);
            } else if self.0.len() < COOKIES_MAX || self.0.contains_key(name) {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// As a request sends them; nothing when there are none.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let pairs: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() {
            return None;
        }
        HeaderValue::try_from(pairs.join("; ")).ok()
    }
}

/// Name, value, and whether it is taken back.
fn parse(line: &str) -> Option<(&str, &str, bool)> {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > COOKIE_BYTES_MAX {
        return None;
    }
    let ends = |(key, value): (&str, &str)| match key.trim().to_ascii_lowercase().as_str() {
        "max-age" => value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
        // Servers take a cookie back by the beginning of Unix time.
        "expires" => value.contains("1970"),
        _ => false,
    };
    let is_taken_back = parts.filter_map(|part| part.split_once('=')).any(ends);
    Some((name, value, is_taken_back))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[&str], expect: Option<&str>) {
        let mut cookies = Cookies::default();
        for line in lines {
            let mut headers = HeaderMap::new();
            headers.insert(header::SET_COOKIE, line.parse().unwrap());
            cookies.keep(&headers);
        }
        assert_eq!(cookies.header().as_ref().map(|it| it.to_str().unwrap()), expect);
    }

    #[test]
    fn are_kept_replaced_and_taken_back() {
        check(&[], None);
        check(&["a=1; Path=/; HttpOnly", "b=x=y;Max-Age=60", "a=2"], Some("a=2; b=x=y"));
        check(&["a=1", "b=2", "a=; Max-Age=0"], Some("b=2"));
        check(&["a=1", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT"], None);
        check(&["nothing", "=1", "\"", "a="], Some("a="));
    }

    #[test]
    fn have_limits() {
        check(&[&format!("a={}", "x".repeat(COOKIE_BYTES_MAX))], None);
        let lines: Vec<_> = (0..=COOKIES_MAX).map(|n| format!("c{n:02}=1")).collect();
        let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
        lines.push("c00=2");
        let expect: Vec<_> =
            (0..COOKIES_MAX).map(|n| format!("c{n:02}={}", if n == 0 { 2 } else { 1 })).collect();
        check(&lines, Some(&expect.join("; ")));
    }
}
