//! Assertions of passkeys: WebAuthn level 3, section 7.2, for ES256 and with user verification.
//!
//! The challenge is the SHA-256 of what is signed, so that an assertion is as much bound to it as any signature is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use shipway_model::Digest;

/// Longest part of an assertion, in bytes as it comes.
const PART_BYTES_MAX: usize = 8192;
/// A point on P-256: 4, x and y (SEC 1, section 2.3.3).
const POINT_BYTES: usize = 65;
/// The relying party's hash, the flags and the counter; extensions may follow.
const AUTHENTICATOR_DATA_BYTES_MIN: usize = 37;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// What a key was registered for.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'a> {
    pub point: &'a str,
    pub rp_id: &'a str,
    pub origin: &'a str,
}

/// The parts of an assertion, each in base64url without padding.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    pub authenticator_data: &'a str,
    pub client_data_json: &'a str,
    pub signature: &'a str,
}

/// What an authenticator answered when it was asked to make a key, each part in base64url without padding.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    pub authenticator_data: &'a str,
    pub client_data_json: &'a str,
}

/// A key as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// In base64url.
    pub credential: String,
    /// In base64url.
    pub point: String,
    pub rp_id: String,
    pub origin: String,
}

/// Why a key or assertion does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    NotAKey,
    /// The part of this name cannot be read.
    Unreadable(&'static str),
    /// It was made for something else: it has the first type and should have the second.
    Type(String, &'static str),
    /// It holds no key of the kind that was asked for.
    Algorithm,
    /// It answers another challenge: other bytes were shown.
    Challenge,
    Origin(String),
    RelyingParty,
    UserNotPresent,
    /// Nobody was asked for a finger, a face or a PIN.
    UserNotVerified,
    DoesNotMatch,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => {
                f.write_str("this is no passkey for ES256: a point on P-256 of 65 bytes in base64url")
            }
            Self::Unreadable(part) => write!(f, "the assertion's {part} cannot be read"),
            Self::Type(found, wanted) => {
                write!(f, "what the authenticator answered is of the type `{found}`, not `{wanted}`")
            }
            Self::Algorithm => f.write_str("the authenticator made no key for ES256 on P-256"),
            Self::Challenge => f.write_str("the assertion answers another challenge: other bytes were shown"),
            Self::Origin(found) => write!(f, "the assertion was made on {found}"),
            Self::RelyingParty => f.write_str("the assertion was made for another relying party"),
            Self::UserNotPresent => f.write_str("nobody was present at the authenticator"),
            Self::UserNotVerified => f.write_str("the authenticator did not verify who it was"),
            Self::DoesNotMatch => f.write_str("the signature is not this passkey's over this assertion"),
        }
    }
}

impl std::error::Error for Fault {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// The SHA-256 of the point.
///
/// # Errors
/// When it is no point on P-256.
pub fn id_of(point: &str) -> Result<Digest, Fault> {
    verifying_key(point)?;
    decode(point).map(|bytes| Digest::of(&bytes)).ok_or(Fault::NotAKey)
}

/// What a page hands to `navigator.credentials.get` as the challenge, in base64url.
pub fn challenge(message: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(message).as_bytes())
}

/// # Errors
/// When the assertion is not the key's word about `message`, given by a verified user.
pub fn verify(key: Registered<'_>, message: &[u8], assertion: Assertion<'_>) -> Result<(), Fault> {
    let part = |text, name| decode(text).ok_or(Fault::Unreadable(name));
    let authenticator_data = part(assertion.authenticator_data, "authenticator data")?;
    let client_data_json = part(assertion.client_data_json, "client data")?;
    let signature = part(assertion.signature, "signature")?;
    let client: ClientData =
        serde_json::from_slice(&client_data_json).map_err(|_| Fault::Unreadable("client data"))?;
    if client.r#type != "webauthn.get" {
        return Err(Fault::Type(client.r#type, "webauthn.get"));
    }
    if client.challenge != challenge(message) {
        return Err(Fault::Challenge);
    }
    if client.origin != key.origin || client.cross_origin {
        return Err(Fault::Origin(client.origin));
    }
    check_authenticator(&authenticator_data, key.rp_id)?;
    let signed = [&authenticator_data[..], Digest::of(&client_data_json).as_bytes()].concat();
    let signature = Signature::from_der(&signature).map_err(|_| Fault::Unreadable("signature"))?;
    verifying_key(key.point)?.verify(&signed, &signature).map_err(|_| Fault::DoesNotMatch)
}

/// Reads the answer to `navigator.credentials.create` (WebAuthn level 3, section 7.1) for a page at `host`, which is what
/// browsers send as `Host`. Who made the authenticator is not asked: the key counts for whoever is signed in.
///
/// # Errors
/// When it answers another challenge, was made elsewhere or without its user, or holds no key for ES256.
pub fn made(host: &str, message: &[u8], creation: Creation<'_>) -> Result<Made, Fault> {
    let part = |text, name| decode(text).ok_or(Fault::Unreadable(name));
    let authenticator_data = part(creation.authenticator_data, "authenticator data")?;
    let client_data_json = part(creation.client_data_json, "client data")?;
    let client: ClientData =
        serde_json::from_slice(&client_data_json).map_err(|_| Fault::Unreadable("client data"))?;
    if client.r#type != "webauthn.create" {
        return Err(Fault::Type(client.r#type, "webauthn.create"));
    }
    if client.challenge != challenge(message) {
        return Err(Fault::Challenge);
    }
    let from_host = client.origin.split_once("://").map(|(_, it)| it);
    if client.cross_origin || !from_host.is_some_and(|it| it.eq_ignore_ascii_case(host)) {
        return Err(Fault::Origin(client.origin));
    }
    let rp_id = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    check_authenticator(&authenticator_data, &rp_id)?;
    let (credential, point) = attested(&authenticator_data)?;
    Ok(Made {
        credential: URL_SAFE_NO_PAD.encode(credential),
        point: URL_SAFE_NO_PAD.encode(point),
        rp_id,
        origin: client.origin,
    })
}

fn check_authenticator(data: &[u8], rp_id: &str) -> Result<(), Fault> {
    if data.len() < AUTHENTICATOR_DATA_BYTES_MIN {
        return Err(Fault::Unreadable("authenticator data"));
    }
    if data[..32] != *Digest::of(rp_id.as_bytes()).as_bytes() {
        return Err(Fault::RelyingParty);
    }
    let flags = data[32];
    if flags & USER_PRESENT == 0 {
        return Err(Fault::UserNotPresent);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(Fault::UserNotVerified);
    }
    Ok(())
}

/// The credential's id and its point, from the attested credential data (section 6.5.1): the authenticator's model, the
/// id with its length, and the key, whose CBOR has but one form (section 6.5.1.1 asks for CTAP2's canonical one).
fn attested(data: &[u8]) -> Result<(&[u8], [u8; POINT_BYTES]), Fault> {
    /// `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`: EC2, ES256, P-256, and the coordinates of 32 bytes each.
    const BEFORE_X: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    const BEFORE_Y: &[u8] = &[0x22, 0x58, 0x20];
    const MODEL_BYTES: usize = 16;
    let unreadable = Fault::Unreadable("credential");
    let rest = data.get(AUTHENTICATOR_DATA_BYTES_MIN + MODEL_BYTES..).ok_or(unreadable.clone())?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(unreadable.clone())?;
    let (credential, key) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(unreadable)?;
    let key = key.strip_prefix(BEFORE_X).ok_or(Fault::Algorithm)?;
    let (x, key) = key.split_first_chunk::<32>().ok_or(Fault::Algorithm)?;
    let key = key.strip_prefix(BEFORE_Y).ok_or(Fault::Algorithm)?;
    let (y, _) = key.split_first_chunk::<32>().ok_or(Fault::Algorithm)?;
    let mut point = [0x04; POINT_BYTES];
    point[1..33].copy_from_slice(x);
    point[33..].copy_from_slice(y);
    Ok((credential, point))
}

fn verifying_key(point: &str) -> Result<VerifyingKey, Fault> {
    let bytes = decode(point).filter(|it| it.len() == POINT_BYTES).ok_or(Fault::NotAKey)?;
    VerifyingKey::from_sec1_bytes(&bytes).map_err(|_| Fault::NotAKey)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > PART_BYTES_MAX {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;

    use super::*;

    const ORIGIN: &str = "https://ship.example.com";
    const RP_ID: &str = "ship.example.com";
    const MESSAGE: &[u8] = b"what was shown";

    struct Word {
        point: String,
        authenticator_data: String,
        client_data_json: String,
        signature: String,
    }

    fn word(kind: &str, message: &[u8], origin: &str, rp_id: &str, flags: u8) -> Word {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let client = format!(
            r#"{{"type":"{kind}","challenge":"{}","origin":"{origin}","crossOrigin":false}}"#,
            challenge(message)
        );
        let mut data = Digest::of(rp_id.as_bytes()).as_bytes().to_vec();
        data.push(flags);
        data.extend([0, 0, 0, 9]);
        let signed = [&data[..], Digest::of(client.as_bytes()).as_bytes()].concat();
        let signature: Signature = key.sign(&signed);
        Word {
            point: URL_SAFE_NO_PAD.encode(point.as_bytes()),
            authenticator_data: URL_SAFE_NO_PAD.encode(data),
            client_data_json: URL_SAFE_NO_PAD.encode(client),
            signature: URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()),
        }
    }

    fn check(made: &Word) -> Result<(), Fault> {
        let key = Registered { point: &made.point, rp_id: RP_ID, origin: ORIGIN };
        let assertion = Assertion {
            authenticator_data: &made.authenticator_data,
            client_data_json: &made.client_data_json,
            signature: &made.signature,
        };
        verify(key, MESSAGE, assertion)
    }

    #[test]
    fn a_verified_users_assertion_over_these_bytes_counts_and_no_other_does() {
        let verified = USER_PRESENT | USER_VERIFIED;
        assert_eq!(check(&word("webauthn.get", MESSAGE, ORIGIN, RP_ID, verified)), Ok(()));
        for (word, fault) in [
            (
                word("webauthn.create", MESSAGE, ORIGIN, RP_ID, verified),
                Fault::Type("webauthn.create".to_owned(), "webauthn.get"),
            ),
            (word("webauthn.get", b"another plan", ORIGIN, RP_ID, verified), Fault::Challenge),
            (
                word("webauthn.get", MESSAGE, "https://ship.example.org", RP_ID, verified),
                Fault::Origin("https://ship.example.org".to_owned()),
            ),
            (word("webauthn.get", MESSAGE, ORIGIN, "example.com", verified), Fault::RelyingParty),
            (word("webauthn.get", MESSAGE, ORIGIN, RP_ID, USER_VERIFIED), Fault::UserNotPresent),
            (word("webauthn.get", MESSAGE, ORIGIN, RP_ID, USER_PRESENT), Fault::UserNotVerified),
        ] {
            assert_eq!(check(&word), Err(fault));
        }
    }

    /// What an authenticator answers when it makes a key with an id of three bytes for ES256.
    fn creation(host: &str, rp_id: &str, flags: u8, algorithm: u8) -> Result<Made, Fault> {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let client = format!(
            r#"{{"type":"webauthn.create","challenge":"{}","origin":"https://{host}"}}"#,
            challenge(MESSAGE)
        );
        let mut data = Digest::of(rp_id.as_bytes()).as_bytes().to_vec();
        data.push(flags);
        data.extend([0; 4 + 16]);
        data.extend([0, 3, 1, 2, 3]);
        data.extend([0xa5, 0x01, 0x02, 0x03, algorithm, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point.as_bytes()[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point.as_bytes()[33..]);
        let (data, client) = (URL_SAFE_NO_PAD.encode(data), URL_SAFE_NO_PAD.encode(client));
        let creation = Creation { authenticator_data: &data, client_data_json: &client };
        super::made("ship.example.com:8443", MESSAGE, creation)
    }

    #[test]
    fn a_key_is_read_as_the_authenticator_made_it_and_only_for_this_page() {
        let verified = 0x40 | USER_PRESENT | USER_VERIFIED;
        let own = "ship.example.com:8443";
        let key = creation(own, RP_ID, verified, 0x26).unwrap();
        assert_eq!((key.credential.as_str(), key.rp_id.as_str()), ("AQID", RP_ID));
        assert_eq!(key.origin, "https://ship.example.com:8443");
        assert_eq!(key.point, word("webauthn.get", MESSAGE, ORIGIN, RP_ID, verified).point);
        assert!(id_of(&key.point).is_ok());
        for (made, fault) in [
            (creation("other.example.com", RP_ID, verified, 0x26), "made on https://other.example.com"),
            (creation(own, "example.com", verified, 0x26), "another relying party"),
            (creation(own, RP_ID, USER_PRESENT, 0x26), "did not verify"),
            (creation(own, RP_ID, verified, 0x27), "no key for ES256"),
        ] {
            let told = made.unwrap_err().to_string();
            assert!(told.contains(fault), "{told}");
        }
    }

    #[test]
    fn what_was_changed_after_signing_does_not_count() {
        let verified = USER_PRESENT | USER_VERIFIED;
        let mut changed = word("webauthn.get", MESSAGE, ORIGIN, RP_ID, verified);
        let mut data = decode(&changed.authenticator_data).unwrap();
        // Only the counter, which nothing else looks at.
        data[36] ^= 1;
        changed.authenticator_data = URL_SAFE_NO_PAD.encode(data);
        assert_eq!(check(&changed), Err(Fault::DoesNotMatch));
        changed.signature = "MEUC".to_owned();
        assert_eq!(check(&changed), Err(Fault::Unreadable("signature")));
        changed.point = "BGs".to_owned();
        assert_eq!(id_of(&changed.point), Err(Fault::NotAKey));
    }
}
