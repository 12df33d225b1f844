//! Everything that people can read, all of it at once: asked for then, it answers later as it answered then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_api::operations::rollout::StartRollout;
use shipway_api::{Endpoint, Method, Permission, operations};
use shipway_model::RolloutId;
use shipway_model::event::Role;

use crate::access::path_of;
use crate::agents::work;
use crate::bed::{Bed, FILES};
use crate::rollouts::new;

/// Printed by steps, and not in the ledger.
const WITHOUT_PAST: [&str; 1] = ["readStepLog"];
/// Streams of events, whose past is looked at beside this; bytes under their digest; and a text with the time in it.
const NOT_COMPARED: [&str; 4] = ["followEvents", "followRollout", "getBlob", "readCalendar"];
/// What has no past: who is connected, and a signature that nobody makes again; and the time of the answer itself.
const OF_NOW: [&str; 4] = ["connection", "heardAt", "checkpoint", "at"];
/// What every change in [`happens`] shows in.
const CHANGED: [&str; 20] = [
    "whoCan",
    "listGrants",
    "listAccounts",
    "listAgents",
    "listArtifacts",
    "listEnvironments",
    "showEnvironment",
    "listRollouts",
    "showLedgerHead",
    "listLedgerEvents",
    "showEventProof",
    "listHolds",
    "listPauses",
    "listReleases",
    "listResources",
    "showResource",
    "listTokens",
    "listRegister",
    "showGraph",
    "showQueue",
];

#[test]
fn whatever_people_read_has_a_past_but_what_is_not_in_the_ledger() {
    let is_read = |it: &Endpoint| it.method == Method::Get && it.permission != Permission::Agent;
    let without = operations::all().filter(is_read).filter(|it| !it.takes_as_of).map(|it| it.id);
    assert_eq!(without.collect::<Vec<_>>(), WITHOUT_PAST);
}

#[tokio::test]
async fn what_is_read_for_then_is_what_was_read_then() {
    let bed = Bed::start().await;
    let agent = bed.agent("host-a").await;
    let rollout = happens(&bed, "1.0.0").await;
    work(&bed, &agent, "host-a", rollout).await;
    let at = bed.instant().await;
    let before = everything(&bed, rollout, None).await;
    let _another = bed.agent("host-b").await;
    happens(&bed, "2.0.0").await;
    let (then, now) = (everything(&bed, rollout, Some(at)).await, everything(&bed, rollout, None).await);
    for (id, answer) in &before {
        assert_eq!(&then[id], answer, "{id}");
    }
    let changed: BTreeSet<&str> = before.keys().copied().filter(|it| before[it] != now[it]).collect();
    let unseen: Vec<_> = CHANGED.iter().filter(|it| !changed.contains(*it)).collect();
    assert_eq!(unseen, [&""; 0], "{changed:?}");
}

/// Something of everything, on its way with this version.
async fn happens(bed: &Bed, version: &str) -> RolloutId {
    bed.apply(&FILES.replace("The shop window", &format!("The shop window of {version}"))).await;
    bed.client(&format!("somebody of {version}"), Role::Operator).await;
    let release = bed.release(version).await;
    let started = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value;
    let case = version.replace('.', "-");
    let reason = format!("since {version}");
    let environment = format!("stage-{case}");
    for (path, body) in [
        ("pauses", json!({"scope": {"environment": environment}, "reason": reason})),
        ("ledger/holds", json!({"name": format!("case-{case}"), "reason": reason})),
        ("accounts", json!({"name": format!("ana-{case}"), "role": "viewer"})),
        (
            "grants",
            json!({"role": "operator", "environments": ["staging"], "duration": "1h", "reason": reason, "run": "ci 7"}),
        ),
    ] {
        let url = bed.url(&format!("/api/v1/{path}"));
        let answer = bed.http.post(url).bearer_auth(&bed.admin_token).json(&body).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {text}");
    }
    started.summary.id
}

/// What every read answers, now or for `at`.
async fn everything(
    bed: &Bed,
    rollout: RolloutId,
    at: Option<Timestamp>,
) -> BTreeMap<&'static str, (u16, Value)> {
    let mut answers = BTreeMap::new();
    for endpoint in operations::all() {
        if endpoint.method != Method::Get || !endpoint.takes_as_of || NOT_COMPARED.contains(&endpoint.id) {
            continue;
        }
        let path = path_of(&endpoint).replace("rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", &rollout.to_string());
        let path = path.replace("/Team/shop", "/Service/web");
        let query = [query(endpoint.id).to_owned(), at.map_or_else(String::new, |it| format!("asOf={it}"))];
        let url = bed.url(&format!("{path}?{}", query.join("&")));
        let answer = bed.http.get(url).bearer_auth(&bed.admin_token).send().await.unwrap();
        let status = answer.status().as_u16();
        let mut body = answer.json().await.unwrap();
        forget(&mut body);
        answers.insert(endpoint.id, (status, body));
    }
    answers
}

/// What must be asked with it.
fn query(id: &str) -> &'static str {
    match id {
        "whoCan" => "action=startRollout",
        "whyAccess" => "action=startRollout&principal=admin",
        "canDeploy" => "service=web&version=1.0.0",
        "compareEnvironments" => "with=staging",
        "explainGates" | "readFacts" => "environment=staging",
        "diffReleases" => "against=shop@1.0.0",
        "listTests" => "service=web",
        "showConsistencyProof" => "from=1",
        _ => "",
    }
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !OF_NOW.contains(&name.as_str()));
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}
