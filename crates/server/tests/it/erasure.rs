//! What is kept about a person is erased on request, unless a hold forbids it, and every proof stays valid.

use shipway_api::operations::ledger::{
    ArchivedTable, EraseSubject, ErasureRequest, HoldPath, HoldRequest, LedgerQuery, ListHolds,
    ListLedgerEvents, PlaceHold, PositionPath, PruneArchive, PruneRequest, ReleaseHold, ShowEventProof,
    ShowLedgerHead,
};
use shipway_api::operations::pause::{ListPauses, PauseRequest, PauseScope};
use shipway_api::operations::token::{ListTokens, RevokeToken, TokenPath};
use shipway_api::view::ledger::{Erasure, LedgerEvent, PersonalText};
use shipway_api::{Client, Code};
use shipway_ledger::{leaf_hash, to_canonical, verify_inclusion};
use shipway_model::Digest;
use shipway_model::event::{ERASED, Role, Scope};

use crate::bed::Bed;

fn erasure(subject: &str, dry_run: bool) -> ErasureRequest {
    ErasureRequest { subject: subject.to_owned(), reason: "request 31".to_owned(), dry_run }
}

async fn events(client: &Client) -> Vec<LedgerEvent> {
    let query = LedgerQuery { from: Some(0), limit: None };
    client.call::<ListLedgerEvents>((), query, ()).await.unwrap().value.items
}

impl Bed {
    async fn erase(&self, subject: &str, dry_run: bool) -> Result<Erasure, String> {
        let erased = self.admin.call::<EraseSubject>((), (), erasure(subject, dry_run)).await;
        erased.map(|it| it.value).map_err(|error| error.problem().expect("it is refused").code.clone())
    }

    async fn revoke(&self, name: &str) {
        let tokens = self.admin.call::<ListTokens>((), Default::default(), ()).await.unwrap().value.items;
        let token = tokens.iter().find(|it| it.name == name).unwrap().id;
        self.admin.call::<RevokeToken>(TokenPath { token }, (), ()).await.unwrap();
    }
}

#[tokio::test]
async fn names_and_reasons_are_erased_and_every_proof_holds() {
    let bed = Bed::start().await;
    let ana = bed.client("ana", Role::Operator).await;
    let pause = PauseRequest { scope: Scope::Everything, reason: "the till is being counted".to_owned() };
    ana.call::<PauseScope>((), (), pause).await.unwrap();
    let head = bed.admin.call::<ShowLedgerHead>((), (), ()).await.unwrap().value;
    let before = events(&bed.admin).await;
    for event in &before {
        let record = event.event.to_string();
        assert!(!record.contains("\"ana\"") && !record.contains("till"), "{record}");
    }
    let paused = before.last().unwrap();
    assert_eq!(paused.opened()["actor"], "ana");
    assert!(
        matches!(&paused.personal["/data/reason"], PersonalText::Kept { text, .. } if text.contains("till"))
    );
    let at = bed.runtime.clock().now();

    assert_eq!(bed.erase("ana", false).await.unwrap_err(), Code::SubjectActive.as_str());
    assert_eq!(events(&bed.admin).await, before);
    bed.revoke("ana").await;
    let planned = bed.erase("ana", true).await.unwrap();
    let erased = bed.erase("ana", false).await.unwrap();
    assert_eq!(planned.texts, erased.texts);
    assert_eq!((erased.texts.len(), planned.recorded_before), (3, None));

    let after = events(&bed.admin).await;
    for (event, was) in after.iter().zip(&before) {
        assert_eq!((event.leaf, &event.event), (was.leaf, &was.event));
        assert_eq!(leaf_hash(&to_canonical(&event.event).unwrap()), event.leaf);
        assert_ne!(event.opened()["actor"], "ana");
    }
    assert_eq!(after[paused.position as usize].opened()["data"]["reason"], ERASED);
    let last = after.last().unwrap();
    assert_eq!(last.event["type"], "texts.erased");
    assert_eq!(last.opened()["data"]["reason"], "request 31");
    let path = PositionPath { position: paused.position };
    let proof = bed.admin.call::<ShowEventProof>(path, (), ()).await.unwrap().value;
    verify_inclusion(paused.leaf, proof.position, proof.head.size, &proof.path, proof.head.root).unwrap();
    let path = bed.runtime.inclusion_proof(paused.position, head.size).await.unwrap();
    verify_inclusion(paused.leaf, paused.position, head.size, &path, head.root).unwrap();

    let pauses = bed.admin.call::<ListPauses>((), (), ()).await.unwrap().value.items;
    assert_eq!((pauses[0].by.as_str(), pauses[0].reason.as_str()), (ERASED, ERASED));
    let then = Client::new(&bed.url(""), &bed.admin_token).unwrap().as_of(at);
    let pauses = then.call::<ListPauses>((), (), ()).await.unwrap().value.items;
    assert_eq!(pauses[0].by, ERASED, "the past has forgotten too");
    assert_eq!(bed.erase("ana", false).await.unwrap().texts, []);
}

#[tokio::test]
async fn a_hold_keeps_everything_until_it_is_released() {
    let bed = Bed::start().await;
    bed.token("ana", Role::Viewer).await;
    bed.revoke("ana").await;
    let hold = HoldRequest { name: "case-17".parse().unwrap(), reason: "the court asked".to_owned() };
    let holds = bed.admin.call::<PlaceHold>((), (), hold.clone()).await.unwrap().value.items;
    assert_eq!((holds[0].name.as_str(), holds[0].reason.as_str()), ("case-17", "the court asked"));
    assert_eq!(bed.admin.call::<PlaceHold>((), (), hold).await.unwrap().value.items.len(), 1);
    let size = bed.size();
    assert_eq!(bed.erase("ana", false).await.unwrap_err(), Code::OnHold.as_str());
    assert_eq!(bed.size(), size);
    let path = HoldPath { hold: "case-17".parse().unwrap() };
    bed.admin.call::<ReleaseHold>(path.clone(), (), ()).await.unwrap();
    assert!(bed.admin.call::<ListHolds>((), (), ()).await.unwrap().value.items.is_empty());
    assert!(
        bed.admin
            .call::<ReleaseHold>(path, (), ())
            .await
            .unwrap_err()
            .problem()
            .unwrap()
            .is(Code::UnknownHold)
    );
    assert_eq!(bed.erase("ana", false).await.unwrap().texts.len(), 1);
    let operator = bed.client("bob", Role::Operator).await;
    assert!(operator.call::<EraseSubject>((), (), erasure("ana", true)).await.is_err(), "admins erase");
}

#[tokio::test]
async fn what_may_be_deleted_from_a_copy_is_decided_here_and_not_by_whoever_asks() {
    let bed = Bed::start().await;
    bed.token("ana", Role::Viewer).await;
    let ask = async |client: &Client, tables: &[(u64, u64)]| {
        let table = |&(from, to)| ArchivedTable { from, to, digest: Digest::of(b"a table") };
        let tables = tables.iter().map(table).collect();
        let request = PruneRequest { archive: "/mnt/copy".to_owned(), tables };
        let refused = client.call::<PruneArchive>((), (), request).await.unwrap_err();
        refused.problem().expect("it is a problem").code.clone()
    };
    let size = bed.size();
    assert_eq!(ask(&bed.admin, &[(0, 1)]).await, Code::Retained.as_str(), "these events are of today");
    assert_eq!(ask(&bed.admin, &[(0, size + 9)]).await, Code::UnknownPosition.as_str());
    for tables in [&[][..], &[(0, 0)], &[(1, 0)], &[(0, 1), (2, 3)], &[(1, 2), (0, 1)]] {
        assert_eq!(ask(&bed.admin, tables).await, Code::InvalidRequest.as_str(), "{tables:?}");
    }
    let hold = HoldRequest { name: "case-17".parse().unwrap(), reason: "the court asked".to_owned() };
    bed.admin.call::<PlaceHold>((), (), hold).await.unwrap();
    assert_eq!(ask(&bed.admin, &[(0, 1)]).await, Code::OnHold.as_str());
    assert_eq!(bed.size(), size + 1, "the hold, and nothing else");
    let operator = bed.client("bob", Role::Operator).await;
    assert_eq!(ask(&operator, &[(0, 1)]).await, Code::Forbidden.as_str());
}
