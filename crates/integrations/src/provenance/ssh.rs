//! Signatures of SSH keys (SSHSIG) and the allowed-signers file (`ssh-keygen(1)`, ALLOWED SIGNERS).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rsa::{BigUint, RsaPublicKey};
use sha2_10::Digest as _;
use shipway_model::attestation::Signer;
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::Roots;
use super::key;

/// A line of the file.
#[derive(Debug)]
pub(super) struct AllowedSigner {
    /// Addresses or patterns, as they are written.
    principals: String,
    key: PublicKey,
    /// Any when empty.
    namespaces: Vec<String>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

/// One line; blank ones and comments are nobody.
///
/// # Errors
/// It is not what the manual says, or names a certificate authority.
pub(super) fn allowed_signer(line: &str) -> Result<Option<AllowedSigner>, String> {
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

/// Whose SSHSIG over the message it is, made at this instant in this namespace.
///
/// # Errors
/// Nobody's that counts, in a sentence.
pub(super) fn signer(
    roots: &Roots,
    armored: &str,
    namespace: &str,
    message: &[u8],
    at: Timestamp,
) -> Result<Signer, String> {
    let signature = SshSig::from_pem(armored).map_err(|it| format!("the SSH signature is broken: {it}"))?;
    let fingerprint = signature.public_key().fingerprint(HashAlg::Sha256).to_string();
    if signature.namespace() != namespace {
        let other = signature.namespace().escape_debug();
        return Err(format!("it was made for `{other}` and not for `{namespace}`"));
    }
    let known = roots.allowed.iter().filter(|(_, it)| it.key.key_data() == signature.public_key());
    let mut why = format!("the key {fingerprint} is not among the allowed signers");
    for (root, allowed) in known {
        let who = allowed.principals.escape_debug();
        match (allowed.valid_after, allowed.valid_before) {
            (Some(after), _) if at < after => why = format!("{who} is allowed only after {after}"),
            (_, Some(before)) if at >= before => why = format!("{who} was allowed only before {before}"),
            _ if !allowed.namespaces.is_empty() && !allowed.namespaces.iter().any(|it| it == namespace) => {
                why = format!("{who} is not allowed to sign for `{namespace}`");
            }
            _ if !holds(&allowed.key, &signature, namespace, message) => {
                return Err(format!("the signature of {who} does not fit what it stands under"));
            }
            _ => {
                let identity = allowed.principals.clone();
                return Ok(Signer { root: root.clone(), identity, key: fingerprint });
            }
        }
    }
    Err(why)
}

fn holds(key: &PublicKey, signature: &SshSig, namespace: &str, message: &[u8]) -> bool {
    let Some(rsa) = key.key_data().rsa() else {
        return key.verify(namespace, message, signature).is_ok();
    };
    let number = |it: &ssh_key::Mpint| it.as_positive_bytes().map(BigUint::from_bytes_be);
    let (Some(modulus), Some(exponent)) = (number(&rsa.n), number(&rsa.e)) else { return false };
    let Ok(rsa) = RsaPublicKey::new(modulus, exponent) else { return false };
    let Ok(rsa) = key::PublicKey::rsa(rsa) else { return false };
    let Ok(signed) = SshSig::signed_data(namespace, signature.hash_alg(), message) else { return false };
    match signature.algorithm() {
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) } => rsa.verifies(&signed, signature.signature_bytes()),
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) } => {
            rsa.verifies_sha_512(&sha2_10::Sha512::digest(&signed), signature.signature_bytes())
        }
        // `ssh-rsa` is RSA over SHA-1.
        _ => false,
    }
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
}
