//! Attaching a document: it is read here, once, and what was read is kept beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;

use shipway_api::Code;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::selector::SubjectSelector;
use shipway_engine::evidence::{may_send as may_send_within, seal};
use shipway_engine::{Command, State};
use shipway_model::attestation::{Attestation, Seal};
use shipway_model::evidence::{Attachment, Kind, NAMESPACE, Normal, STATEMENT, SignedWord};
use shipway_model::resource::{Spec, TrustRoot};
use shipway_model::{Digest, Name};
use tokio::io::AsyncReadExt as _;

use crate::app::App;
use crate::incoming::{Incoming, Outcome};
use crate::knowledge;
use crate::problem::{self, Failure};
use crate::routes::release;

/// Longest file name that is kept, in characters.
const FILE_NAME_CHARS_MAX: usize = 200;
/// Longest attestation that is verified, in bytes; a longer one is refused by whoever reads it.
const ATTESTATION_BYTES_MAX: u64 = 16 << 20;

pub(super) async fn handle(it: Incoming<AttachEvidence>) -> Outcome<AttachEvidence> {
    let subject = subject(&it.app.runtime.state(), &it.body.subject)?;
    let new = &it.body;
    let size_bytes = it.app.blobs.size(&new.original).ok_or_else(|| {
        Failure::new(Code::UnknownBlob, format!("no bytes are stored under {}", new.original))
            .hint("upload them with PUT /api/v1/blobs/{digest} first")
    })?;
    let mut evidence = Attachment {
        subject,
        original: new.original,
        size_bytes,
        format: STATEMENT.to_owned(),
        normal: None,
        kinds: BTreeSet::new(),
        file_name: new.file_name.as_deref().map(printable),
        statement: new.statement.clone(),
        seal: None,
        ran: new.ran.clone(),
    };
    if let Some(armoured) = &new.signature {
        let seal = seal(&it.app, &evidence, armoured)?;
        keep_bytes(&it.app, seal.envelope, envelope(&evidence, armoured)?).await?;
        evidence.seal = Some(seal);
    }
    let mut normal = match new.statement {
        Some(_) => None,
        None => Some(read(&it.app, new).await?),
    };
    if let Some(normal) = &normal {
        evidence.kinds = normal.kinds();
    }
    may_send(&it, &evidence)?;
    if let Some(normal) = &mut normal {
        if normal.attestations.is_some() {
            normal.attestations = Some(verify(&it.app, new).await?);
        }
        evidence.normal = Some(keep(&it.app, normal).await?);
        evidence.format.clone_from(&normal.format);
    }
    let id = it.app.runtime.new_evidence_id();
    it.submit(Command::AttachEvidence { id, evidence: evidence.clone() }).await?;
    if evidence.kinds.contains(&Kind::Components) && it.app.knowledge.is_some() {
        // What was imported before speaks of it at once; what fails here is made up for by the next trace.
        let artifacts = knowledge::meant(&it.app.runtime.state(), &evidence.subject);
        for artifact in artifacts {
            if let Err(failure) = knowledge::trace_artifact(&it.app, artifact).await {
                tracing::warn!(%artifact, error = %failure.detail(), "a bill of materials cannot be compared yet");
            }
        }
    }
    let state = it.app.runtime.state();
    let attached = state.evidence.find(&evidence);
    Ok(super::view(attached.expect("what was attached, now or before, is there")))
}

/// Every digest that is meant. A release is meant by the digest that it was sealed under.
fn subject(state: &State, selectors: &[SubjectSelector]) -> Result<BTreeSet<Digest>, Failure> {
    let digest = |selector: &SubjectSelector| match selector {
        SubjectSelector::Digest(digest) => Ok(*digest),
        SubjectSelector::Release(selector) => {
            let release = release::find(state, selector)?;
            release.sealed.as_ref().map(|it| it.digest).ok_or_else(|| {
                Failure::new(
                    Code::ReleaseNotSealed,
                    format!("{selector} is not sealed, so it may still change"),
                )
                .hint(format!("`shipway release seal {selector}`, or attach to the artifacts in it"))
            })
        }
    };
    selectors.iter().map(digest).collect()
}

async fn read(app: &App, new: &NewEvidence) -> Result<Normal, Failure> {
    let file = app.blobs.get(&new.original).await.map_err(|error| problem::internal(&error))?;
    let (file, _) = file.ok_or_else(|| Failure::new(Code::UnknownBlob, "the bytes are gone"))?;
    let file = file.into_std().await;
    let (read, name, format) = (app.read_evidence, new.file_name.clone(), new.format.clone());
    let reading = tokio::task::spawn_blocking(move || {
        read(&mut BufReader::with_capacity(1 << 16, file), name.as_deref(), format.as_deref())
    });
    let read = reading.await.map_err(|error| problem::internal(&error))?;
    read.map_err(|why| {
        Failure::new(Code::UnreadableEvidence, why)
            .hint("`shipway evidence inspect FILE` reads it without a server; `--format` names its format")
    })
}

/// The attestations with whose signatures hold now, under the roots that are declared now.
async fn verify(app: &App, new: &NewEvidence) -> Result<Vec<Attestation>, Failure> {
    let file = app.blobs.get(&new.original).await.map_err(|error| problem::internal(&error))?;
    let (file, _) = file.ok_or_else(|| Failure::new(Code::UnknownBlob, "the bytes are gone"))?;
    let mut bytes = Vec::new();
    let whole = file.take(ATTESTATION_BYTES_MAX + 1).read_to_end(&mut bytes).await;
    whole.map_err(|error| problem::internal(&error))?;
    let (verify, roots, now) =
        (app.verify_attestations, roots(&app.runtime.state()), app.runtime.clock().now());
    let verifying = tokio::task::spawn_blocking(move || verify(&bytes, &roots, now));
    let verified = verifying.await.map_err(|error| problem::internal(&error))?;
    verified.map_err(|why| {
        Failure::new(Code::UnreadableEvidence, why).hint(
            "`shipway provenance verify FILE --artifact DIGEST --roots FILE` asks the same without a server",
        )
    })
}

fn roots(state: &State) -> BTreeMap<Name, TrustRoot> {
    let declared = state.catalogue.iter().filter_map(|(key, resource)| match &resource.spec {
        Spec::TrustRoot(root) => Some((key.name.clone(), root.clone())),
        _ => None,
    });
    declared.collect()
}

/// Whether the token with which it came may send what it speaks of.
fn may_send(it: &Incoming<AttachEvidence>, evidence: &Attachment) -> Result<(), Failure> {
    let state = it.app.runtime.state();
    let scope = state.access.get(it.caller.token).and_then(|it| it.scope.as_ref());
    scope.map_or(Ok(()), |scope| Ok(may_send_within(scope, evidence)?))
}

/// Who signed the statement, if a TrustRoot believes them now.
fn seal(app: &App, evidence: &Attachment, armoured: &str) -> Result<Seal, Failure> {
    let now = app.runtime.clock().now();
    let signer = seal::signer(&app.runtime.state().catalogue, evidence, armoured, now).map_err(|why| {
        Failure::new(Code::InvalidEvidence, format!("the signature does not count: {why}"))
            .hint("a TrustRoot says who signs for whom: `shipway get trustroots`")
    })?;
    let envelope = Digest::of(&envelope(evidence, armoured)?);
    Ok(Seal { envelope, signer, signature: armoured.to_owned() })
}

/// What was signed and the signature, as they are kept for whoever verifies them with `ssh-keygen` one day.
fn envelope(evidence: &Attachment, armoured: &str) -> Result<Vec<u8>, Failure> {
    let word = evidence.statement.as_ref().ok_or_else(|| {
        Failure::new(Code::InvalidEvidence, "only a statement is signed so")
            .hint("`--statement KIND --issuer WHO --scope WHAT --expires INSTANT` makes it one")
    })?;
    let signed = SignedWord::new(word, evidence.original, evidence.subject.clone());
    let signed = String::from_utf8(signed.bytes()).map_err(|error| problem::internal(&error))?;
    let envelope = serde_json::json!({ "signed": signed, "signature": armoured, "namespace": NAMESPACE });
    serde_json::to_vec(&envelope).map_err(|error| problem::internal(&error))
}

/// Stores the normal form, and says under which digest.
async fn keep(app: &App, normal: &Normal) -> Result<Digest, Failure> {
    let json = serde_json::to_vec(normal).map_err(|error| problem::internal(&error))?;
    let digest = Digest::of(&json);
    keep_bytes(app, digest, json).await.map(|()| digest)
}

async fn keep_bytes(app: &App, digest: Digest, bytes: Vec<u8>) -> Result<(), Failure> {
    let bytes = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes.into())]);
    let kept = app.blobs.put(&digest, bytes, crate::config::BODY_SILENCE_MAX).await;
    kept.map_err(|error| problem::internal(&error))
}

/// A name is shown to people: nothing in it may steer their terminals.
fn printable(name: &str) -> String {
    name.chars().filter(|it| !it.is_control()).take(FILE_NAME_CHARS_MAX).collect()
}
