//! Changes over HTTP, with words that the real `ssh-keygen` signs and verifies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::change::{
    AssessRisk, ChangePath, ChangeQuery, Draft, DraftApproval, GiveApproval, Intent, ListChanges,
    ListReviews, ShowChange, ShowChangePlan,
};
use shipway_api::operations::key::{KeyPath, ListKeys, RegisterKey, Revocation, RevokeKey};
use shipway_api::operations::plan::PlanRequest;
use shipway_api::operations::rollout::{RolloutPath, ShowRollout, StartRollout};
use shipway_api::view::rollout::Phase;
use shipway_api::{Client, Code};
use shipway_engine::key::ssh;
use shipway_model::approval::{Approval, Decision, NAMESPACE, PersonKey, PublicKey, Signature};
use shipway_model::event::Role;
use shipway_model::{ChangeId, Digest, RolloutId};

use crate::bed::{Bed, FILES};
use crate::rollouts::new;

struct Key {
    file: PathBuf,
    line: String,
    id: Digest,
}

/// What people have on their machines, of the real kind.
fn key(folder: &Path, name: &str, algorithm: &[&str]) -> Key {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-N", "", "-C", &format!("{name}@laptop"), "-t"])
        .args(algorithm)
        .arg("-f")
        .arg(&file)
        .status()
        .expect("ssh-keygen is there: `cargo xtask setup`");
    assert!(made.success());
    let line = fs::read_to_string(file.with_extension("pub")).unwrap();
    let id = ssh::id_of(&line).unwrap();
    Key { file, line, id }
}

impl Key {
    fn sign(&self, text: &str) -> String {
        let word = self.file.with_extension("json");
        fs::write(&word, text).unwrap();
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"])
            .arg(&self.file)
            .arg(&word)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(signed.success());
        let signature = word.with_extension("json.sig");
        let armoured = fs::read_to_string(&signature).unwrap();
        fs::remove_file(signature).unwrap();
        armoured
    }

    /// What an auditor with nothing but OpenSSH says.
    fn is_accepted_by_openssh(&self, text: &str, armoured: &str) -> bool {
        let folder = self.file.parent().unwrap();
        let (signers, signature) = (folder.join("allowed_signers"), folder.join("word.sig"));
        fs::write(&signers, format!("ben {}", self.line)).unwrap();
        fs::write(&signature, armoured).unwrap();
        let mut child = Command::new("ssh-keygen")
            .args(["-Y", "verify", "-I", "ben", "-n", NAMESPACE, "-f"])
            .arg(&signers)
            .arg("-s")
            .arg(&signature)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        child.wait().unwrap().success()
    }
}

async fn protected() -> Bed {
    let bed = Bed::start().await;
    let files = FILES.replace("name: shop }\nspec: {}", "name: shop }\nspec: { members: [ben, cem] }");
    bed.apply(&(files + "  protected: true\n")).await;
    bed.agent("host-a").await;
    bed
}

async fn register(client: &Client, key: &Key) {
    let public = PublicKey::Ssh { line: key.line.clone() };
    let person = PersonKey { id: key.id, public, label: "laptop".to_owned() };
    client.call::<RegisterKey>((), (), person).await.unwrap();
}

async fn start(bed: &Bed, version: &str) -> RolloutId {
    let release = bed.release(version).await;
    bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id
}

async fn draft(client: &Client, id: ChangeId, key: &Key) -> Draft {
    let intent = Intent {
        decision: Decision::Approve,
        key: key.id,
        expires: now() + SignedDuration::from_hours(1),
        window: None,
        board: None,
        conditions: Vec::new(),
    };
    client.call::<DraftApproval>(ChangePath { change: id }, (), intent).await.unwrap().value
}

fn now() -> Timestamp {
    shipway_runtime::Clock::now(&shipway_runtime::SystemClock)
}

fn word(draft: Draft, armoured: String) -> Approval {
    Approval { statement: draft.statement, signature: Signature::Ssh { armoured }, note: String::new() }
}

#[tokio::test]
async fn a_rollout_begins_on_a_word_that_openssh_signed_and_accepts() {
    let bed = protected().await;
    let folder = tempfile::tempdir().unwrap();
    let id = start(&bed, "1.0.0").await;
    let change = ChangePath { change: ChangeId::of(id) };
    let view = bed.admin.call::<ShowChange>(change.clone(), (), ()).await.unwrap().value;
    assert_eq!(view.against, ["owners (shop) needs 1 more word"]);
    assert_eq!(view.requirements[0].can, ["ben", "cem"]);
    assert_eq!(view.change.risk.score, view.change.risk.factors.iter().map(|it| it.points).sum::<u32>());
    let rollout = bed.admin.call::<ShowRollout>(RolloutPath { rollout: id }, (), ()).await.unwrap().value;
    assert!(matches!(rollout.summary.phase, Phase::Queued { .. }));
    assert!(rollout.waiting_for[0].until.contains("shipway change show"), "{:?}", rollout.waiting_for);

    for (name, algorithm) in [("ben", &["ed25519"][..]), ("cem", &["ecdsa", "-b", "256"][..])] {
        let (client, key) = (bed.client(name, Role::Operator).await, key(folder.path(), name, algorithm));
        register(&client, &key).await;
        let draft = draft(&client, view.id, &key).await;
        let plan = client.call::<ShowChangePlan>(change.clone(), (), ()).await.unwrap().value.plan;
        assert_eq!(draft.statement.plan, plan.digest());
        let armoured = key.sign(&draft.text);
        assert!(key.is_accepted_by_openssh(&draft.text, &armoured));
        assert!(!key.is_accepted_by_openssh(&draft.text.replace("approve", "Approve"), &armoured));
        let given =
            client.call::<GiveApproval>(change.clone(), (), word(draft, armoured)).await.unwrap().value;
        assert!(given.words.iter().all(|it| it.void.is_none()), "{:?}", given.words);
    }
    let rollout = bed.admin.call::<ShowRollout>(RolloutPath { rollout: id }, (), ()).await.unwrap().value;
    assert!(matches!(rollout.summary.phase, Phase::Running {}), "{:?}", rollout.summary.phase);
    let keys = bed.admin.call::<ListKeys>((), (), ()).await.unwrap().value.items;
    let lines: Vec<_> = keys.iter().map(|it| serde_json::to_string(&it.key).unwrap()).collect();
    assert!(lines.iter().all(|it| !it.contains("@laptop")), "comments stay out: {lines:?}");
}

#[tokio::test]
async fn what_does_not_count_is_refused_and_changes_nothing() {
    let bed = protected().await;
    let folder = tempfile::tempdir().unwrap();
    let id = ChangeId::of(start(&bed, "1.0.0").await);
    let path = ChangePath { change: id };
    let (ben, admin) = (key(folder.path(), "ben", &["ed25519"]), key(folder.path(), "admin", &["ed25519"]));
    let client = bed.client("ben", Role::Operator).await;
    register(&client, &ben).await;
    register(&bed.admin, &admin).await;
    let taken = bed.admin.call::<RegisterKey>(
        (),
        (),
        PersonKey { id: ben.id, public: PublicKey::Ssh { line: ben.line.clone() }, label: String::new() },
    );
    assert!(taken.await.unwrap_err().is(Code::KeyTaken));

    let own = draft(&bed.admin, id, &admin).await;
    let armoured = admin.sign(&own.text);
    let size = bed.size();
    let refused = bed.admin.call::<GiveApproval>(path.clone(), (), word(own, armoured)).await.unwrap_err();
    assert!(refused.is(Code::SelfApproval), "{refused}");
    let good = draft(&client, id, &ben).await;
    let mut longer = good.clone();
    longer.statement.expires = good.statement.expires + SignedDuration::from_hours(1);
    let refused = client.call::<GiveApproval>(path.clone(), (), word(longer, ben.sign(&good.text))).await;
    assert!(refused.unwrap_err().is(Code::InvalidSignature));
    let refused = client.call::<GiveApproval>(path.clone(), (), word(good, "no signature".to_owned())).await;
    assert!(refused.unwrap_err().is(Code::InvalidSignature));
    let viewer = bed.client("vera", Role::Viewer).await;
    let late = draft(&viewer, id, &ben).await;
    let armoured = ben.sign(&late.text);
    let refused = viewer.call::<GiveApproval>(path.clone(), (), word(late.clone(), armoured.clone())).await;
    assert!(refused.unwrap_err().is(Code::Forbidden));
    client.call::<RevokeKey>(KeyPath { key: ben.id }, (), Revocation::default()).await.unwrap();
    let refused = client.call::<GiveApproval>(path, (), word(late, armoured)).await;
    assert!(refused.unwrap_err().is(Code::InvalidSignature));
    // The token of the viewer, that they tried to approve, and the revocation are all that was recorded.
    assert_eq!(bed.size(), size + 3);
    let open = ChangeQuery { open: Some(true), ..ChangeQuery::default() };
    let listed = bed.admin.call::<ListChanges>((), open, ()).await.unwrap().value.items;
    assert_eq!(listed.len(), 1);
    assert!(bed.admin.call::<ListReviews>((), (), ()).await.unwrap().value.items.is_empty());
    let ghost = ChangePath { change: "chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap() };
    assert!(bed.admin.call::<ShowChange>(ghost, (), ()).await.unwrap_err().is(Code::UnknownChange));
}

#[tokio::test]
async fn risk_is_told_before_anything_is_asked_for() {
    let bed = protected().await;
    let release = bed.release("1.0.0").await;
    let size = bed.size();
    let request = PlanRequest { release, environment: "staging".parse().unwrap() };
    let risk = bed.admin.call::<AssessRisk>((), (), request).await.unwrap().value;
    assert_eq!(bed.size(), size);
    assert!(risk.score > 0);
    assert_eq!(risk.score, risk.factors.iter().map(|it| it.points).sum::<u32>());
}
