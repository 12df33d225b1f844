//! What services print, on its way to the control plane.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::agent::{Host, SECRET, contract, place, retire};
use crate::artifact::service;
use crate::control_plane::ControlPlane;
use crate::placement::get;
use crate::wait::until;

fn chatty(logs: Value) -> Value {
    let mut contract = contract();
    contract["logs"] = logs;
    contract
}

/// Every line that came, with the attribute that says where it was written.
fn lines(control_plane: &ControlPlane) -> Vec<(String, String)> {
    let memory = control_plane.memory();
    let of = |it: &Value| {
        let from = it["attributes"][0]["value"]["stringValue"].as_str().unwrap_or_default();
        (from.to_owned(), it["body"]["stringValue"].as_str().unwrap_or_default().to_owned())
    };
    let records = memory.pushed.iter().flat_map(records);
    records.map(of).collect()
}

fn records(request: &Value) -> Vec<&Value> {
    let resources = request["resourceLogs"].as_array().expect("a list").iter();
    let records = |it| -> Vec<&Value> {
        let it: &Value = it;
        it["scopeLogs"][0]["logRecords"].as_array().expect("a list").iter().collect()
    };
    resources.flat_map(records).collect()
}

#[test]
fn what_a_service_prints_and_writes_is_sent_masked_with_what_it_is_of() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = service(&["chatty"]);
    control_plane.keep(&artifact);
    let contract = chatty(json!({ "files": ["log/app.log"] }));
    let placed = control_plane.perform(&place(1, "1.0.0", &artifact, contract));
    let address = placed["result"]["address"].clone();
    control_plane.memory().pushes_lost = 2;
    get(&address, "/say/one").expect("serves");
    let sent = |from: &str, line: &str| lines(&control_plane).contains(&(from.to_owned(), line.to_owned()));
    until("the lines have come", || {
        let is_there =
            sent("stderr", "ERROR cannot reach the stock with ***") && sent("log/app.log", "said /say/one");
        is_there.then_some(())
    });
    get(&address, "/say/two").expect("serves");
    until("what follows has come", || sent("log/app.log", "said /say/two").then_some(()));
    let all = lines(&control_plane);
    assert!(all.iter().all(|(_, line)| !line.contains(SECRET)), "{all:?}");
    let once = all.iter().filter(|(_, line)| line == "said /say/one").count();
    assert_eq!(once, 1, "what was lost on its way is sent again, and what was not is not: {all:?}");
    let memory = control_plane.memory();
    let attributes =
        memory.pushed[0]["resourceLogs"][0]["resource"]["attributes"].as_array().expect("a list");
    let attributes: BTreeMap<&str, &str> = attributes
        .iter()
        .filter_map(|it| Some((it["key"].as_str()?, it["value"]["stringValue"].as_str()?)))
        .collect();
    for (key, expected) in [
        ("service.name", "web"),
        ("service.version", "1.0.0"),
        ("service.instance.id", "host-a/web/1.0.0"),
        ("deployment.environment.name", "production"),
    ] {
        assert_eq!(attributes.get(key), Some(&expected), "{key}");
    }
    assert!(attributes["shipway.rollout.id"].starts_with("rol_"), "{attributes:?}");
}

#[test]
fn a_service_that_declares_so_sends_nothing_and_the_last_words_of_one_that_ends_are_sent() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = service(&["chatty"]);
    control_plane.keep(&artifact);
    let quiet = control_plane.perform(&place(1, "1.0.0", &artifact, chatty(json!({ "send": false }))));
    let loud = control_plane.perform(&place(2, "1.1.0", &artifact, chatty(json!({}))));
    get(&quiet["result"]["address"], "/say/quiet").expect("serves");
    get(&loud["result"]["address"], "/say/loud").expect("serves");
    assert_eq!(control_plane.perform(&retire(3, "1.1.0"))["result"]["kind"], "retired");
    until("its last words have come", || {
        lines(&control_plane).iter().any(|(_, it)| it.contains("cannot reach the stock")).then_some(())
    });
    let memory = control_plane.memory();
    let is_of_quiet = |it: &Value| it.to_string().contains("host-a/web/1.0.0");
    assert!(!memory.pushed.iter().any(is_of_quiet), "{:?}", memory.pushed);
}
