//! Documents attached to what they are about.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use serde_json::json;
use shipway_api::Code;
use shipway_api::operations::evidence::{
    AttachEvidence, EvidencePath, EvidenceQuery, ListEvidence, NewEvidence, ShowEvidence,
};
use shipway_api::selector::SubjectSelector;
use shipway_api::view::evidence::EvidenceView;
use shipway_model::Digest;
use shipway_model::evidence::{Kind, Normal, Tests, Word};

use crate::bed::{Bed, FILES};

const REPORT: &[u8] = b"3 passed";

/// Reads `N passed` as a format called `count`.
pub(crate) fn read(
    bytes: &mut dyn std::io::BufRead,
    _: Option<&str>,
    format: Option<&str>,
) -> Result<Normal, String> {
    let mut text = String::new();
    bytes.read_to_string(&mut text).map_err(|error| error.to_string())?;
    if let Some(other) = format.filter(|it| *it != "count") {
        return Err(format!("`{other}` is not known"));
    }
    let passed = text.strip_suffix(" passed").and_then(|it| it.parse().ok());
    let passed = passed.ok_or_else(|| "line 1, column 1: this is no count".to_owned())?;
    let tests = Tests { total: passed, passed, ..Tests::default() };
    Ok(Normal { format: "count".to_owned(), tests: Some(tests), ..Normal::default() })
}

fn about(subject: SubjectSelector) -> NewEvidence {
    NewEvidence {
        subject: vec![subject],
        original: Digest::of(REPORT),
        format: None,
        file_name: Some("report\u{1b}[31m.txt".to_owned()),
        statement: None,
        signature: None,
        ran: None,
    }
}

async fn attach(bed: &Bed, new: NewEvidence) -> Result<EvidenceView, Code> {
    match bed.admin.call::<AttachEvidence>((), (), new).await {
        Ok(answer) => Ok(answer.value),
        Err(error) => Err(Code::from_name(&error.problem().expect("it answers").code).unwrap()),
    }
}

#[tokio::test]
async fn a_document_is_kept_in_both_forms_and_found_again() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let release = bed.release("1.0.0").await;
    bed.store(REPORT).await;
    let artifact = Digest::of(b"web 1.0.0");
    let first = attach(&bed, about(SubjectSelector::Digest(artifact))).await.unwrap();
    assert_eq!(first.evidence.subject, BTreeSet::from([artifact]));
    assert_eq!(first.evidence.kinds, BTreeSet::from([Kind::Tests]));
    assert_eq!(first.evidence.file_name.as_deref(), Some("report[31m.txt"), "nothing steers a terminal");
    let blob = bed.admin.get_blob(first.evidence.normal.unwrap()).await.unwrap();
    let normal = blob.map(|piece| piece.unwrap().to_vec()).concat().await;
    let normal: serde_json::Value = serde_json::from_slice(&normal).unwrap();
    assert_eq!(normal["tests"]["passed"], json!(3));

    let again = attach(&bed, about(SubjectSelector::Digest(artifact))).await.unwrap();
    assert_eq!(again, first, "the same again is no second document");
    let of_release = attach(&bed, about(SubjectSelector::Release(release.clone()))).await.unwrap();
    assert_ne!(of_release.id, first.id);

    let list =
        async |query: EvidenceQuery| bed.admin.call::<ListEvidence>((), query, ()).await.unwrap().value.items;
    assert_eq!(list(EvidenceQuery::default()).await, [first.clone(), of_release.clone()]);
    let subject = EvidenceQuery { subject: Some(artifact), ..EvidenceQuery::default() };
    assert_eq!(list(subject).await, std::slice::from_ref(&first));
    let release = EvidenceQuery { release: Some(release), ..EvidenceQuery::default() };
    assert_eq!(list(release).await.len(), 2);
    let kind = EvidenceQuery { kind: Some(Kind::Load), ..EvidenceQuery::default() };
    assert_eq!(list(kind).await, []);
    let path = EvidencePath { evidence: first.id };
    assert_eq!(bed.admin.call::<ShowEvidence>(path, (), ()).await.unwrap().value, first);
}

#[tokio::test]
async fn what_cannot_count_is_refused_and_not_recorded() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    bed.release("1.0.0").await;
    let artifact = SubjectSelector::Digest(Digest::of(b"web 1.0.0"));
    assert_eq!(attach(&bed, about(artifact.clone())).await, Err(Code::UnknownBlob));
    bed.store(REPORT).await;
    let stranger = SubjectSelector::Digest(Digest::of(b"never registered"));
    assert_eq!(attach(&bed, about(stranger)).await, Err(Code::UnknownSubject));
    let unknown = SubjectSelector::Release("shop@9.9.9".parse().unwrap());
    assert_eq!(attach(&bed, about(unknown)).await, Err(Code::UnknownRelease));
    let nobody = NewEvidence { subject: Vec::new(), ..about(artifact.clone()) };
    assert_eq!(attach(&bed, nobody).await, Err(Code::InvalidEvidence));
    let other = NewEvidence { format: Some("junit".to_owned()), ..about(artifact.clone()) };
    assert_eq!(attach(&bed, other).await, Err(Code::UnreadableEvidence));
    bed.store(b"broken").await;
    let broken = NewEvidence { original: Digest::of(b"broken"), ..about(artifact.clone()) };
    assert_eq!(attach(&bed, broken).await, Err(Code::UnreadableEvidence));
    let word = Word {
        kind: "penetration-test".parse().unwrap(),
        issuer: "Red Team".to_owned(),
        scope: "everything".to_owned(),
        expires: "2020-01-01T00:00:00Z".parse().unwrap(),
    };
    let expired = NewEvidence { statement: Some(word.clone()), ..about(artifact.clone()) };
    assert_eq!(attach(&bed, expired).await, Err(Code::InvalidEvidence));
    let all = bed.admin.call::<ListEvidence>((), EvidenceQuery::default(), ()).await.unwrap().value.items;
    assert_eq!(all, []);

    let word = Word { expires: "2999-01-01T00:00:00Z".parse().unwrap(), ..word };
    let stated = NewEvidence { statement: Some(word), ..about(artifact) };
    let stated = attach(&bed, stated).await.unwrap();
    assert_eq!((stated.evidence.format.as_str(), stated.evidence.normal), ("statement", None));
}
