//! Attaching a document: it is read here, once, and what was read is kept beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;

use shipway_api::Code;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::selector::SubjectSelector;
use shipway_engine::{Command, State};
use shipway_model::attestation::Attestation;
use shipway_model::evidence::{Attachment, Normal, STATEMENT};
use shipway_model::resource::{Spec, TrustRoot};
use shipway_model::{Digest, Name};
use tokio::io::AsyncReadExt as _;

use crate::app::App;
use crate::incoming::{Incoming, Outcome};
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
    };
    if new.statement.is_none() {
        let mut normal = read(&it.app, new).await?;
        if normal.attestations.is_some() {
            normal.attestations = Some(verify(&it.app, new).await?);
        }
        evidence.kinds = normal.kinds();
        evidence.normal = Some(keep(&it.app, &normal).await?);
        evidence.format = normal.format;
    }
    let id = it.app.runtime.new_evidence_id();
    it.submit(Command::AttachEvidence { id, evidence: evidence.clone() }).await?;
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

/// Stores the normal form, and says under which digest.
async fn keep(app: &App, normal: &Normal) -> Result<Digest, Failure> {
    let json = serde_json::to_vec(normal).map_err(|error| problem::internal(&error))?;
    let digest = Digest::of(&json);
    let bytes = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(json.into())]);
    let kept = app.blobs.put(&digest, bytes, crate::config::BODY_SILENCE_MAX).await;
    kept.map(|()| digest).map_err(|error| problem::internal(&error))
}

/// A name is shown to people: nothing in it may steer their terminals.
fn printable(name: &str) -> String {
    name.chars().filter(|it| !it.is_control()).take(FILE_NAME_CHARS_MAX).collect()
}
