//! Comparing bills of materials with what was imported about vulnerabilities: what follows for an artifact becomes a
//! document about it, of the control plane's own making.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_api::Code;
use shipway_engine::{Attached, Command, Release, State};
use shipway_model::Digest;
use shipway_model::event::CONTROL_PLANE;
use shipway_model::evidence::{Attachment, Counts, Finding, KNOWLEDGE, Kind, Normal};
use shipway_runtime::Submission;
use shipway_runtime::knowledge::Knowledge;

use crate::app::App;
use crate::problem::{self, Failure};

/// How long one request goes on with further artifacts.
const SLICE: Duration = Duration::from_secs(5);
/// Bills of one slice.
const BILLS_MAX: usize = 100;

/// Who keeps it.
///
/// # Errors
/// Nobody.
pub(crate) fn keeper(app: &App) -> Result<Arc<dyn Knowledge>, Failure> {
    app.knowledge.clone().ok_or_else(|| {
        Failure::new(Code::UnreadableEvidence, "this server keeps no knowledge about vulnerabilities")
    })
}

/// Asks whoever keeps it, off the threads that answer requests.
pub(crate) async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&dyn Knowledge) -> Result<T, String> + Send + 'static,
) -> Result<T, Failure> {
    let knowledge = keeper(app)?;
    let asking = tokio::task::spawn_blocking(move || question(&*knowledge));
    let answer = asking.await.map_err(|error| problem::internal(&error))?;
    answer.map_err(|why| problem::internal(&std::io::Error::other(why)))
}

/// Goes on with what waits, for a while. The artifacts about which something else is known now, and how many bills still
/// wait.
pub(crate) async fn trace(app: &App) -> Result<(Vec<Digest>, u64), Failure> {
    let began = Instant::now();
    let mut changed = Vec::new();
    // Bills that came while the control plane ended.
    let untraced_before = untraced(&app.runtime.state());
    for artifact in untraced_before {
        if began.elapsed() >= SLICE {
            break;
        }
        if trace_artifact(app, artifact).await? {
            changed.push(artifact);
        }
    }
    let (pending, _) = ask(app, |it| it.pending(BILLS_MAX)).await?;
    for waits in pending {
        if began.elapsed() >= SLICE {
            break;
        }
        let artifacts = described_by(&app.runtime.state(), &waits.bill);
        for artifact in artifacts {
            if trace_artifact(app, artifact).await? {
                changed.push(artifact);
            }
        }
        ask(app, move |it| it.settle(&waits)).await?;
    }
    let n_untraced = untraced(&app.runtime.state()).len() as u64;
    let (_, n_pending) = ask(app, |it| it.pending(0)).await?;
    Ok((changed, n_pending + n_untraced))
}

/// Artifacts with a bill of materials that was never compared with anything.
fn untraced(state: &State) -> Vec<Digest> {
    let artifacts: BTreeSet<Digest> = state.artifacts.iter().map(|it| it.artifact.digest).collect();
    let of_releases = OfReleases::new(state);
    artifacts
        .into_iter()
        .filter(|it| state.vulnerabilities.of(it).is_none() && !bills(state, &of_releases, it).is_empty())
        .collect()
}

/// Sealed releases that have a bill of materials as a whole, by the artifacts in them. Such a bill does not say which of them
/// holds what, so it counts for each.
pub(crate) struct OfReleases(BTreeMap<Digest, BTreeSet<Digest>>);

impl OfReleases {
    pub(crate) fn new(state: &State) -> Self {
        let mut found: BTreeMap<Digest, BTreeSet<Digest>> = BTreeMap::new();
        for release in state.releases.iter() {
            let Some(digest) = release.sealed.as_ref().map(|it| it.digest) else { continue };
            let mut about = state.evidence.about(&digest);
            if about.any(|it| it.evidence.kinds.contains(&Kind::Components)) {
                for artifact in artifacts(release) {
                    found.entry(artifact).or_default().insert(digest);
                }
            }
        }
        Self(found)
    }
}

fn artifacts(release: &Release) -> impl Iterator<Item = Digest> {
    let parts = release.bundle.parts.values();
    parts.flat_map(|it| std::iter::once(it.artifact).chain(it.variants.values().copied()))
}

/// The artifacts that are meant by what evidence is about: artifacts, and those in releases.
pub(crate) fn meant(state: &State, subject: &BTreeSet<Digest>) -> BTreeSet<Digest> {
    let is_meant = |it: &&Release| it.sealed.as_ref().is_some_and(|it| subject.contains(&it.digest));
    let in_releases = state.releases.iter().filter(is_meant).flat_map(artifacts);
    let own = subject.iter().copied().filter(|it| state.artifacts.with_digest(it).next().is_some());
    own.chain(in_releases).collect()
}

/// The artifacts that a bill is about.
fn described_by(state: &State, bill: &Digest) -> BTreeSet<Digest> {
    let documents = state.evidence.iter().filter(|it| it.evidence.normal.as_ref() == Some(bill));
    meant(state, &documents.flat_map(|it| it.evidence.subject.iter().copied()).collect())
}

/// The newest bill of each source about an artifact, or about a release that it is in, by the digests of their normal forms.
pub(crate) fn bills(state: &State, of_releases: &OfReleases, artifact: &Digest) -> BTreeSet<Digest> {
    let mut newest: BTreeMap<(&Digest, &str, Option<&str>), Digest> = BTreeMap::new();
    for about in std::iter::once(artifact).chain(of_releases.0.get(artifact).into_iter().flatten()) {
        for Attached { evidence, .. } in state.evidence.about(about) {
            if let (true, Some(normal)) = (evidence.kinds.contains(&Kind::Components), evidence.normal) {
                newest.insert((about, &evidence.format, evidence.file_name.as_deref()), normal);
            }
        }
    }
    newest.into_values().collect()
}

/// What the control plane itself said of an artifact last.
pub(crate) fn latest<'s>(state: &'s State, artifact: &Digest) -> Option<&'s Attached> {
    state.evidence.about(artifact).filter(|it| it.evidence.format == KNOWLEDGE).last()
}

/// Whether something else follows for the artifact than before. It is attached then.
pub(crate) async fn trace_artifact(app: &App, artifact: Digest) -> Result<bool, Failure> {
    let (bills, before) = {
        let state = app.runtime.state();
        let before = latest(&state, &artifact).and_then(|it| it.evidence.normal);
        (bills(&state, &OfReleases::new(&state), &artifact), before)
    };
    if bills.is_empty() {
        return Ok(false);
    }
    let blobs = app.blobs.clone();
    let (normal, unjudged) = ask(app, move |knowledge| {
        let read = |digest: &Digest| -> Result<Normal, String> {
            let bytes = blobs.read_here(digest).map_err(|it| it.to_string())?;
            let bytes = bytes.ok_or_else(|| format!("the normal form {digest} is not there any more"))?;
            serde_json::from_slice(&bytes).map_err(|it| it.to_string())
        };
        let (mut findings, mut reasons, mut unjudged) = (BTreeMap::new(), Vec::new(), 0);
        for bill in &bills {
            if !knowledge.has_bill(bill)? {
                knowledge.take_bill(bill, &read(bill)?)?;
            }
            let compared = knowledge.compare(bill)?;
            findings.extend(compared.findings.into_iter().map(|it| (place(&it), it)));
            reasons.extend(compared.reasons);
            unjudged += compared.unjudged;
        }
        let findings: Vec<Finding> = findings.into_values().collect();
        let normal = Normal {
            format: KNOWLEDGE.to_owned(),
            tool: Some("shipway".to_owned()),
            counts: Some(Counts::of(&findings)),
            findings: Some(findings),
            remarks: reasons,
            ..Normal::default()
        };
        let said_before = before.map(|it| read(&it)).transpose()?;
        let is_news = said_before.is_none_or(|it| Normal { created_at: None, ..it } != normal);
        Ok((is_news.then_some(normal), unjudged))
    })
    .await?;
    match normal {
        Some(normal) => attach(app, artifact, normal, unjudged).await.map(|()| true),
        None => Ok(false),
    }
}

/// One vulnerability in one component is one finding, whichever bills list it.
fn place(finding: &Finding) -> (String, Option<String>) {
    (
        finding.id.clone(),
        finding.package.as_ref().and_then(|it| it.purl.clone().or_else(|| Some(it.name.clone()))),
    )
}

async fn attach(app: &App, artifact: Digest, mut normal: Normal, unjudged: u64) -> Result<(), Failure> {
    // The same may follow again after something else did; then it is a document of its own.
    normal.created_at = Some(app.runtime.clock().now().to_string());
    let vulnerabilities = normal.findings.iter().flatten().map(|it| it.id.clone()).collect();
    let json = serde_json::to_vec(&normal).map_err(|error| problem::internal(&error))?;
    let (digest, size_bytes) = (Digest::of(&json), json.len() as u64);
    let bytes = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(json.into())]);
    let kept = app.blobs.put(&digest, bytes, crate::config::BODY_SILENCE_MAX).await;
    kept.map_err(|error| problem::internal(&error))?;
    let evidence = Attachment {
        subject: BTreeSet::from([artifact]),
        original: digest,
        size_bytes,
        format: KNOWLEDGE.to_owned(),
        normal: Some(digest),
        kinds: normal.kinds(),
        file_name: None,
        statement: None,
        seal: None,
        ran: None,
    };
    let id = app.runtime.new_evidence_id();
    let command = Command::NoteVulnerabilities { id, evidence, vulnerabilities, unjudged };
    let actor = CONTROL_PLANE.to_owned();
    app.runtime.submit(Submission { actor, key: None, command, generation: None }).await?;
    Ok(())
}
