//! Who signed what, decided offline against roots of trust from files.
//!
//! Documents are DSSE envelopes with in-toto statements, Sigstore bundles, bare statements, and signed objects of Git.
//! Everything here is pure: bytes, roots and an instant in, an answer out. Nothing is fetched, and the key id that a
//! document names is a hint at most: every key of the roots is tried.

mod bundle;
mod envelope;
mod git;
mod key;
mod openpgp;
mod roots;
mod sigstore;
mod slsa;
mod ssh;
mod statement;

use jiff::Timestamp;
use serde::Deserialize;
use shipway_model::attestation::Attestation;

use crate::evidence::{Fault, clean_attestation};
use bundle::Bundle;
use envelope::Envelope;
pub use git::Commit;
pub use roots::{Roots, RootsFault};
use statement::Statement;

/// Largest document, in bytes: attestations are kilobytes, and what is signed twice over in base64 stays below this.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// Most documents in one file (JSON after JSON, as `.intoto.jsonl` has them).
const DOCUMENTS_MAX: usize = 1_000;

/// What the file says, without asking anybody's signature.
///
/// # Errors
/// It is none of the forms, is broken, or is too large.
pub fn read(bytes: &[u8]) -> Result<Vec<Attestation>, Fault> {
    documents(bytes)?.into_iter().map(|it| it.attestation()).collect()
}

/// The same with the signers whose signatures hold at this instant, and why others do not.
///
/// # Errors
/// As for [`read`]. A signature that does not hold is no error but part of the answer.
pub fn verify(bytes: &[u8], roots: &Roots, at: Timestamp) -> Result<Vec<Attestation>, Fault> {
    let verified = |it: Document| {
        let mut attestation = it.attestation()?;
        match &it {
            Document::Bundle(it) => it.verify(roots, at, &mut attestation),
            Document::Envelope(it) => it.verify(roots, at, &mut attestation),
            Document::Statement(_) => attestation.refused.push("it is not signed".to_owned()),
        }
        clean_attestation(&mut attestation);
        Ok(attestation)
    };
    documents(bytes)?.into_iter().map(verified).collect()
}

/// A signed commit or tag of Git, as `git cat-file commit|tag` prints it.
///
/// # Errors
/// It is no such object, or it has no signature, or several.
pub fn verify_git(object: &[u8], roots: &Roots) -> Result<Commit, Fault> {
    git::verify(object, roots)
}

enum Document {
    Bundle(Box<Bundle>),
    Envelope(Envelope),
    Statement(Statement),
}

impl Document {
    fn attestation(&self) -> Result<Attestation, Fault> {
        match self {
            Self::Bundle(it) => it.attestation(),
            Self::Envelope(it) => it.attestation(),
            Self::Statement(it) => Ok(it.attestation()),
        }
    }
}

/// Each form by the field that it alone has.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "verificationMaterial")]
    bundle: Option<serde::de::IgnoredAny>,
    #[serde(rename = "payloadType")]
    envelope: Option<serde::de::IgnoredAny>,
    #[serde(rename = "_type")]
    statement: Option<serde::de::IgnoredAny>,
}

fn documents(bytes: &[u8]) -> Result<Vec<Document>, Fault> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(Fault::new(format!("the document is longer than {DOCUMENT_BYTES_MAX} bytes")));
    }
    let mut found = Vec::new();
    for raw in serde_json::Deserializer::from_slice(bytes).into_iter::<&serde_json::value::RawValue>() {
        let raw = raw.map_err(|it| fault(&it))?;
        if found.len() == DOCUMENTS_MAX {
            return Err(Fault::new(format!("the file holds more than {DOCUMENTS_MAX} documents")));
        }
        found.push(document(raw.get())?);
    }
    match found.is_empty() {
        true => Err(Fault::new("the document is empty")),
        false => Ok(found),
    }
}

fn document(json: &str) -> Result<Document, Fault> {
    let marks: Marks = parse(json)?;
    match (marks.bundle, marks.envelope, marks.statement) {
        (Some(_), None, None) => Ok(Document::Bundle(Box::new(Bundle::parse(json)?))),
        (None, Some(_), None) => Ok(Document::Envelope(parse(json)?)),
        (None, None, Some(_)) => Ok(Document::Statement(Statement::parse(json.as_bytes())?)),
        _ => Err(Fault::new("it is neither a DSSE envelope nor a Sigstore bundle nor an in-toto statement")),
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|it| fault(&it))
}

fn fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
    match error.line() {
        0 => Fault::new(message),
        line => Fault::at(line as u64, error.column().max(1) as u64, message),
    }
}

/// Base64 in either alphabet, padded or not, as the tools write it.
fn decode(what: &str, text: &str) -> Result<Vec<u8>, Fault> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

    let bare = text.trim_end_matches('=');
    let engine = if bare.contains(['-', '_']) { &URL_SAFE_NO_PAD } else { &STANDARD_NO_PAD };
    engine.decode(bare).map_err(|_| Fault::new(format!("the {what} is not base64")))
}

#[cfg(test)]
mod tests;
