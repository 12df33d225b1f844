//! A message as it came: headers, and a JSON document of which single fields are taken, cleaned and cut off.

use http::HeaderMap;
use serde_json::Value;
use shipway_model::ci::TEXT_CHARS_MAX;
use shipway_model::source::Ref;
use shipway_model::{Digest, Version};

pub(super) struct Message<'a> {
    headers: &'a HeaderMap,
    body: &'a [u8],
    pub(super) json: Value,
}

impl<'a> Message<'a> {
    pub(super) fn new(headers: &'a HeaderMap, body: &'a [u8]) -> Result<Self, String> {
        // Beyond 128 levels serde_json stops by itself.
        let json = serde_json::from_slice(body).map_err(|error| format!("it is no JSON: {error}"))?;
        Ok(Self { headers, body, json })
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.body)
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        clean(self.headers.get(name)?.to_str().ok()?)
    }

    /// A text or a number, by its pointer (RFC 6901).
    pub(super) fn text(&self, pointer: &str) -> Option<String> {
        text(self.json.pointer(pointer)?)
    }

    pub(super) fn count(&self, pointer: &str) -> Option<u64> {
        self.json.pointer(pointer)?.as_u64()
    }

    pub(super) fn repository(&self, pointers: &[&str]) -> Option<String> {
        pointers.iter().find_map(|it| repository(&self.text(it)?))
    }

    pub(super) fn commit(&self, pointers: &[&str]) -> Option<String> {
        pointers.iter().find_map(|it| commit(&self.text(it)?))
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => clean(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Cut off, and without what steers terminals: it is recorded for ever and shown to people.
fn clean(text: &str) -> Option<String> {
    let text: String = text.trim().chars().filter(|it| !it.is_control()).take(TEXT_CHARS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

/// Host and path of whatever names a repository: `https://host/path.git`, `git@host:path.git`, `ssh://git@host:22/path`.
pub(super) fn repository(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split_once('@').map_or(rest, |(user, rest)| if user.contains('/') { url } else { rest });
    let (host, path) = match rest.split_once('/') {
        // As `scp` has it; a colon before the slash of an address with a scheme begins the port.
        Some((host, _)) if scheme.is_empty() && host.contains(':') => rest.split_once(':')?,
        Some((host, path)) => (host.split(':').next()?, path),
        None => rest.split_once(':')?,
    };
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{}/{path}", host.to_lowercase()))
}

/// Hashes in hexadecimal; the one of zeros stands for none.
pub(super) fn commit(text: &str) -> Option<String> {
    let is_hash = (7..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_hexdigit());
    (is_hash && text.bytes().any(|it| it != b'0')).then(|| text.to_lowercase())
}

/// `refs/heads/main`, `refs/tags/v1`.
pub(super) fn reference(text: &str) -> Option<Ref> {
    let branch = text.strip_prefix("refs/heads/").map(|it| Ref::Branch(it.to_owned()));
    branch.or_else(|| text.strip_prefix("refs/tags/").map(|it| Ref::Tag(it.to_owned())))
}

/// `1.2.0`, and `v1.2.0` as tags have it.
pub(super) fn version(text: &str) -> Option<Version> {
    text.strip_prefix('v').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_the_same_however_they_are_written() {
        for url in [
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git",
            "https://token@GitHub.com/acme/shop/",
            "git@github.com:acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git",
            "github.com/acme/shop",
        ] {
            assert_eq!(repository(url).as_deref(), Some("github.com/acme/shop"), "{url}");
        }
        for none in ["", "shop", "https://", "https://github.com/"] {
            assert_eq!(repository(none), None, "{none}");
        }
    }

    #[test]
    fn texts_are_cut_off_and_steer_nothing() {
        assert_eq!(text(&"\u{1b}[31mred\u{7} ".into()).as_deref(), Some("[31mred"));
        assert_eq!(text(&"x".repeat(5000).into()).unwrap().len(), TEXT_CHARS_MAX);
        assert_eq!(text(&7.into()).as_deref(), Some("7"));
        assert_eq!(text(&"\n".into()), None);
    }

    #[test]
    fn hashes_are_hexadecimal_and_not_all_zeros() {
        assert_eq!(commit("DA1560886D").as_deref(), Some("da1560886d"));
        for none in ["0000000000000000000000000000000000000000", "main", "da156"] {
            assert_eq!(commit(none), None, "{none}");
        }
    }
}
