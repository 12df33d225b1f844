//! How each sender shows that it knows the secret.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use sha2_10::Sha256;
use shipway_model::Digest;
use shipway_model::resource::webhook::Sender;
use subtle::ConstantTimeEq;

pub(super) fn check(sender: Sender, secret: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    match sender {
        Sender::Github => signed(secret, headers, body),
        Sender::Gitlab => same(secret, header(headers, "x-gitlab-token"), "`X-Gitlab-Token` holds"),
        Sender::Jenkins => same(secret, password(headers).as_deref(), "the password of the address is"),
        Sender::Cdevents => same(secret, bearer(headers), "`Authorization: Bearer` holds"),
    }
}

/// HMAC-SHA-256 over the bytes of the body, in hexadecimal.
fn signed(secret: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let given = header(headers, "x-hub-signature-256").and_then(|it| it.strip_prefix("sha256="));
    let given = given.and_then(bytes_of).ok_or("there is no `X-Hub-Signature-256: sha256=…`")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(body);
    // In constant time.
    mac.verify_slice(&given).map_err(|_| "the signature is not over this message with this secret".to_owned())
}

fn same(secret: &str, given: Option<&str>, where_it_is: &str) -> Result<(), String> {
    let given = given.unwrap_or_default();
    // Digests are of one length, so that comparing them tells nothing of the secret's.
    let is_same = Digest::of(given.as_bytes()).as_bytes().ct_eq(Digest::of(secret.as_bytes()).as_bytes());
    match bool::from(is_same) {
        true => Ok(()),
        false => Err(format!("{where_it_is} not the secret")),
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = header(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    let decoded =
        BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some(String::from_utf8(decoded).ok()?.split_once(':')?.1.to_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|idx| u8::from_str_radix(&hex[idx..idx + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())])
    }

    /// The values of GitHub's own documentation ("Validating webhook deliveries").
    #[test]
    fn github_signs_the_bytes_of_the_message() {
        let (secret, body) = ("It's a Secret to Everybody", b"Hello, World!");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let ours = headers("x-hub-signature-256", signature);
        assert_eq!(check(Sender::Github, secret, &ours, body), Ok(()));
        assert!(check(Sender::Github, secret, &ours, b"Hello, World?").is_err());
        assert!(check(Sender::Github, "another", &ours, body).is_err());
        for odd in ["757107ea", "sha256=7571zz", "sha256=757", "sha256=", "sha1=757107ea"] {
            assert!(
                check(Sender::Github, secret, &headers("x-hub-signature-256", odd), body).is_err(),
                "{odd}"
            );
        }
        assert!(check(Sender::Github, secret, &HeaderMap::new(), body).is_err());
    }

    #[test]
    fn the_others_send_the_secret_each_in_its_place() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("shipway:s3cret:x"));
        for (sender, name, value) in [
            (Sender::Gitlab, "x-gitlab-token", "s3cret:x"),
            (Sender::Jenkins, "authorization", &*basic),
            (Sender::Cdevents, "authorization", "Bearer s3cret:x"),
        ] {
            let ours = headers(name, value);
            assert_eq!(check(sender, "s3cret:x", &ours, b""), Ok(()), "{sender:?}");
            for other in ["s3cret:", "s3cret:xy", "", "S3cret:x"] {
                assert!(check(sender, other, &ours, b"").is_err(), "{sender:?} {other}");
            }
            assert!(check(sender, "s3cret:x", &HeaderMap::new(), b"").is_err(), "{sender:?}");
        }
    }
}
