//! Signed commits and tags of Git, as `git cat-file` prints them.

use jiff::Timestamp;
use serde::Serialize;
use shipway_model::attestation::Signer;

use super::{Roots, openpgp, ssh};
use crate::evidence::Fault;

const SSH: &str = "-----BEGIN SSH SIGNATURE-----";
const PGP: &str = "-----BEGIN PGP SIGNATURE-----";
/// The name under which Git signs, so that a signature of something else is no signature of a commit.
const NAMESPACE: &str = "git";

/// What a signed object says, and whose signature it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// `commit` or `tag`.
    pub object: &'static str,
    /// The tree of a commit, or the object that a tag names.
    pub of: String,
    /// Who committed or tagged, as the object says: a name and an address.
    pub by: String,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// Why the signature does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

pub(super) fn verify(object: &[u8], roots: &Roots) -> Result<Commit, Fault> {
    if object.len() > super::DOCUMENT_BYTES_MAX {
        return Err(Fault::new("the object is too long for a commit or a tag"));
    }
    let text = str::from_utf8(object).map_err(|_| Fault::new("the object is not UTF-8"))?;
    let parts = Parts::of(text)?;
    let mut commit = parts.commit()?;
    let verified = match &parts.signature {
        it if it.trim_start().starts_with(SSH) => {
            ssh::signer(roots, it.trim(), NAMESPACE, parts.payload.as_bytes(), commit.at)
        }
        it if it.trim_start().starts_with(PGP) => {
            openpgp::signer(&roots.openpgp, it.trim(), parts.payload.as_bytes())
        }
        _ => Err("it is signed in a form that is not known".to_owned()),
    };
    match verified {
        Ok(signer) => commit.signer = Some(signer),
        Err(why) => commit.refused = Some(why),
    }
    Ok(commit)
}

/// An object, taken apart into its signature and what that signs.
struct Parts {
    object: &'static str,
    signature: String,
    payload: String,
}

impl Parts {
    fn of(text: &str) -> Result<Self, Fault> {
        match text {
            it if it.starts_with("tree ") => Self::of_commit(it),
            it if it.starts_with("object ") => Self::of_tag(it),
            _ => Err(Fault::at(
                1,
                1,
                "it begins like neither a commit nor a tag: give what `git cat-file` prints",
            )),
        }
    }

    /// The signature is a header whose further lines begin with a space; all such headers are left out of what is signed.
    fn of_commit(text: &str) -> Result<Self, Fault> {
        let (mut payload, mut signatures) = (String::new(), Vec::new());
        let (mut is_header, mut is_signature) = (true, false);
        for line in text.split_inclusive('\n') {
            is_signature = is_header
                && match line.strip_prefix("gpgsig ") {
                    Some(first) => {
                        signatures.push(first.to_owned());
                        true
                    }
                    None => is_signature && line.starts_with(' '),
                };
            is_header &= line != "\n";
            match (is_signature, signatures.last_mut()) {
                (true, Some(signature)) => signature.push_str(line.strip_prefix(' ').unwrap_or_default()),
                _ => payload.push_str(line),
            }
        }
        match <[String; 1]>::try_from(signatures) {
            Ok([signature]) => Ok(Self { object: "commit", signature, payload }),
            Err(none) if none.is_empty() => Err(Fault::new("the commit is not signed")),
            Err(_) => {
                Err(Fault::new("the commit has several signatures, so it is not clear what each signs"))
            }
        }
    }

    /// The signature stands at the end.
    fn of_tag(text: &str) -> Result<Self, Fault> {
        let start = [SSH, PGP].iter().filter_map(|it| text.rfind(&format!("\n{it}"))).max();
        let start = start.ok_or_else(|| Fault::new("the tag is not signed"))? + 1;
        Ok(Self { object: "tag", signature: text[start..].to_owned(), payload: text[..start].to_owned() })
    }

    fn commit(&self) -> Result<Commit, Fault> {
        let headers = self.payload.split("\n\n").next().unwrap_or_default();
        let header = |name: &str| {
            let mut lines = headers.lines().filter_map(|it| it.strip_prefix(name)?.strip_prefix(' '));
            lines.next().map(str::to_owned).ok_or_else(|| Fault::new(format!("there is no header `{name}`")))
        };
        let (of, by, tag) = match self.object {
            "tag" => (header("object")?, header("tagger")?, Some(header("tag")?)),
            _ => (header("tree")?, header("committer")?, None),
        };
        // `Ana <ana@example.com> 1760000000 +0200`
        let (who, when) =
            by.rsplit_once("> ").ok_or_else(|| Fault::new("it does not say who made it when"))?;
        let seconds = when.split(' ').next().and_then(|it| it.parse().ok());
        let at = seconds.and_then(|it| Timestamp::from_second(it).ok());
        let at = at.ok_or_else(|| Fault::new("it does not say when it was made"))?;
        Ok(Commit { object: self.object, of, by: format!("{who}>"), at, tag, signer: None, refused: None })
    }
}
