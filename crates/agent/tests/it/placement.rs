//! Placing and retiring, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shipway_model::Digest;

use crate::agent::{Host, SECRET, contract, effect, instance, place, retire, runs, verify};
use crate::artifact::{Artifact, archive, service};
use crate::control_plane::ControlPlane;
use crate::wait::until;

pub(crate) fn get(address: &Value, path: &str) -> Option<String> {
    let address = address.as_str().expect("an address");
    let mut stream = TcpStream::connect(address).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer.split_once("\r\n\r\n")?.1.to_owned())
}

#[test]
fn an_instance_is_placed_verified_and_retired() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);

    let placed = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    assert_eq!(placed["result"]["kind"], "placed", "{placed}");
    let address = &placed["result"]["address"];
    let port = address.as_str().and_then(|it| it.rsplit_once(':')).expect("an address").1.to_owned();
    let environment = get(address, "/environment").expect("serves");
    let environment: BTreeMap<String, String> = serde_json::from_str(&environment).expect("variables");
    let folder = host.folder_of(&artifact, "1.0.0");
    for (name, expected) in [
        ("PORT", &*port),
        ("PORT_HTTP", &*port),
        ("ADDRESS", &*host.address.to_string()),
        ("GREETING", &*format!("from {}", host.address)),
        ("KEY", SECRET),
        ("SHIPWAY_SERVICE", "web"),
        ("SHIPWAY_VERSION", "1.0.0"),
        ("SHIPWAY_ENVIRONMENT", "production"),
        ("SHIPWAY_HOST", "host-a"),
    ] {
        assert_eq!(environment.get(name).map(String::as_str), Some(expected), "{name}");
    }
    let attributes: Vec<&str> = environment["OTEL_RESOURCE_ATTRIBUTES"].split(',').collect();
    for expected in [
        "service.name=web",
        "service.version=1.0.0",
        "service.instance.id=host-a/web/1.0.0",
        "deployment.environment.name=production",
        "host.name=host-a",
    ] {
        assert!(attributes.contains(&expected), "{expected} in {attributes:?}");
    }
    assert!(attributes.iter().any(|it| it.starts_with("shipway.rollout.id=rol_")), "{attributes:?}");
    assert_ne!(environment["PORT_ADMIN_API"], port);
    assert!(!environment.contains_key("SHIPWAY_TEST_AGENT"), "nothing else is inherited");
    let log = fs::read_to_string(host.data().join("logs/production/web/1.0.0/stdout.log")).expect("a log");
    assert_eq!(log, format!("argument {}:{port}\n", host.address));
    let current = fs::read_link(folder.with_file_name("current")).expect("switched");
    assert_eq!(Some(current.as_os_str()), folder.file_name());

    assert_eq!(control_plane.perform(&verify(2, "1.0.0"))["result"]["kind"], "verified");
    let pid = host.pid();
    assert_eq!(control_plane.perform(&retire(3, "1.0.0"))["result"]["kind"], "retired");
    assert!(!runs(pid));
    assert_eq!(
        control_plane.perform(&retire(4, "1.0.0"))["result"]["kind"],
        "retired",
        "what is not there is retired"
    );
    assert_eq!(control_plane.perform(&verify(5, "1.0.0"))["outcome"], "failed");
    assert!(folder.exists(), "kept for a quick way back");
    assert!(control_plane.conditions().is_empty(), "nothing changed by itself");
}

/// The contract's drain is longer than this test: only the closed connection lets the instance be stopped.
#[test]
fn an_instance_is_stopped_when_its_connections_are_closed() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let placed = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let address = placed["result"]["address"].as_str().expect("an address").to_owned();
    let pid = host.pid();
    let open = TcpStream::connect(address).expect("connected");
    let mut retiring = retire(2, "1.0.0");
    retiring["order"]["contract"]["drain"] = json!("10m");
    control_plane.lease(&retiring, 1);
    until("the retirement begins", || (host.noted("begun").len() == 2).then_some(()));
    assert!(control_plane.outcome_now(&retiring, 1).is_none() && runs(pid));
    drop(open);
    assert_eq!(control_plane.outcome(&retiring, 1)["result"]["kind"], "retired");
    assert!(!runs(pid));
}

/// A rollout that is taken back wants again what it was retiring. While that only waits for a connection, it stays as it is.
#[test]
fn what_is_ordered_to_run_again_is_not_retired() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let first = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let address = first["result"]["address"].as_str().expect("an address").to_owned();
    let pid = host.pid();
    let open = TcpStream::connect(address).expect("connected");
    let mut retiring = retire(2, "1.0.0");
    retiring["order"]["contract"]["drain"] = json!("10m");
    control_plane.lease(&retiring, 1);
    until("the retirement begins", || (host.noted("begun").len() == 2).then_some(()));
    let again = control_plane.perform(&place(3, "1.0.0", &artifact, contract()));
    assert_eq!(again, first);
    let given_up = control_plane.outcome(&retiring, 1);
    assert_eq!(given_up["outcome"], "failed", "{given_up}");
    assert!(given_up["reason"].as_str().is_some_and(|it| it.contains("given up")), "{given_up}");
    drop(open);
    assert_eq!(control_plane.perform(&verify(4, "1.0.0"))["result"]["kind"], "verified");
    assert!(runs(pid), "it was never touched");
    assert_eq!(host.noted("starting").len(), 1);
}

#[test]
fn versions_run_side_by_side_and_what_runs_already_is_left_alone() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let first = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let second = control_plane.perform(&place(2, "1.1.0", &artifact, contract()));
    assert_ne!(first["result"]["address"], second["result"]["address"]);
    let again = control_plane.perform(&place(3, "1.0.0", &artifact, contract()));
    assert_eq!(again, first);
    assert_eq!(host.noted("starting").len(), 2);
    // Another contract is another thing to run.
    let mut other = contract();
    other["environment"]["GREETING"] = json!("hello");
    let third = control_plane.perform(&place(4, "1.0.0", &artifact, other));
    let environment = get(&third["result"]["address"], "/").expect("serves");
    assert!(environment.contains("hello"), "{environment}");
    assert_eq!(host.noted("starting").len(), 3);
}

#[test]
fn a_health_check_that_hangs_fails_by_the_start_period_and_leaves_nothing_running() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&["hang"]);
    control_plane.keep(&artifact);
    let mut contract = contract();
    contract["health"]["startPeriod"] = json!("3s");
    contract["health"]["timeout"] = json!("600s");
    let since = Instant::now();
    let failed = control_plane.perform(&place(1, "1.0.0", &artifact, contract));
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    assert_eq!(failed["outcome"], "failed");
    assert!(failed["reason"].as_str().is_some_and(|it| it.contains("not healthy within 3s")), "{failed}");
    assert_eq!(host.noted("started").len(), 1);
    assert!(!runs(host.pid()));
    assert_eq!(host.noted("retired").len(), 1);
}

#[test]
fn each_kind_of_probe_says_why_it_failed() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = service(&["sick"]);
    control_plane.keep(&artifact);
    let probes = [
        (json!({ "http": { "path": "/health" } }), "answered 500"),
        (json!({ "http": { "path": "http://127.0.0.1:1/" } }), "refused"),
        (json!({ "tcp": { "address": "127.0.0.1:1" } }), "refused"),
        (
            json!({ "exec": { "command": ["sh", "-c", "test \"$SHIPWAY_SERVICE\" = web && exit 9"] } }),
            "exit code 9",
        ),
        (json!({ "exec": { "command": ["sleep", "600"] } }), "no answer within 100ms"),
    ];
    for (step, (probe, reason)) in (1..).zip(probes) {
        let mut contract = contract();
        contract["health"]["startPeriod"] = json!("2s");
        contract["health"]["timeout"] = json!("100ms");
        contract["health"]["checks"] = json!([{ "name": "it", "probe": probe }]);
        let failed = control_plane.perform(&place(step, "1.0.0", &artifact, contract));
        assert!(failed["reason"].as_str().is_some_and(|it| it.contains(reason)), "{reason}: {failed}");
    }
    let mut contract = contract();
    let good = json!([{ "name": "port", "probe": { "tcp": { "port": "http" } } },
        { "name": "program", "probe": { "exec": { "command": ["true"] } } }]);
    contract["health"]["checks"] = good;
    assert_eq!(control_plane.perform(&place(99, "1.0.0", &artifact, contract))["outcome"], "succeeded");
}

#[test]
fn a_corrupted_artifact_is_refused_and_fetched_again_when_asked_again() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    let mut bytes = artifact.bytes.clone();
    *bytes.last_mut().expect("not empty") ^= 1;
    control_plane.keep_as(&artifact, bytes.clone());
    let failed = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let reason = failed["reason"].as_str().expect("a reason");
    assert!(reason.contains(&artifact.digest.to_string()), "{reason}");
    assert!(reason.contains(&Digest::of(&bytes).to_string()), "{reason}");
    assert_eq!(failed["retryable"], true);
    assert!(!host.folder_of(&artifact, "1.0.0").exists());
    assert_eq!(fs::read_dir(host.data().join("cache")).expect("a folder").count(), 0);
    control_plane.keep(&artifact);
    assert_eq!(control_plane.perform(&place(2, "1.0.0", &artifact, contract()))["outcome"], "succeeded");
}

#[test]
fn what_cannot_work_is_refused_for_good_and_changes_nothing() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let escaping = archive(&[("../../../evil", b"evil")]);
    let absolute = archive(&[("/tmp/shipway-evil", b"evil")]);
    let bomb = archive(&[("zeros", &vec![0; 32 << 20])]);
    let torn = Artifact { digest: Digest::of(b"no archive"), bytes: b"no archive".to_vec() };
    let good = service(&[]);
    for artifact in [&escaping, &absolute, &bomb, &torn, &good] {
        control_plane.keep(artifact);
    }
    let unknown = Artifact { digest: Digest::of(b"nobody has it"), bytes: Vec::new() };
    let contract_with = |field: &str, value: Value| {
        let mut contract = contract();
        contract[field] = value;
        contract
    };
    let cases = [
        (&escaping, contract(), "leads out of"),
        (&absolute, contract(), "leads out of"),
        (&bomb, contract(), "100 times"),
        (&torn, contract(), "cannot be read as .tar.gz"),
        (&unknown, contract(), "unknown-blob"),
        (&good, contract_with("command", json!(["./missing"])), "neither in the artifact nor on the PATH"),
        (&good, contract_with("command", json!(["./serve", "${port.none}"])), "names a port"),
        (&good, contract_with("secrets", json!({ "KEY": { "file": "/nowhere/key" } })), "/nowhere/key"),
    ];
    for (step, (artifact, contract, reason)) in (1..).zip(cases) {
        let failed = control_plane.perform(&place(step, "1.0.0", artifact, contract));
        assert!(failed["reason"].as_str().is_some_and(|it| it.contains(reason)), "{reason}: {failed}");
        assert_eq!(failed["retryable"], false, "{failed}");
    }
    assert!(host.noted("desired").is_empty());
    assert!(!host.data().join("instances/evil").exists() && !host.data().join("evil").exists());
    let foreign =
        effect(99, json!({ "do": "http", "request": { "method": "GET", "url": "http://127.0.0.1:1/" } }));
    assert_eq!(control_plane.perform(&foreign)["retryable"], false);
}

#[test]
fn the_last_three_retired_versions_are_kept() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"];
    for (step, version) in (1..).step_by(2).zip(versions) {
        control_plane.perform(&place(step, version, &artifact, contract()));
        control_plane.perform(&retire(step + 1, version));
    }
    let kept: Vec<&str> = versions.into_iter().filter(|it| host.folder_of(&artifact, it).exists()).collect();
    assert_eq!(kept, ["1.2.0", "1.3.0", "1.4.0"]);
}

#[test]
fn a_process_that_ends_is_started_again_after_growing_delays_and_each_change_is_told_once() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let placed = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let folder = host.folder_of(&artifact, "1.0.0");
    fs::write(folder.join("exit-at-once"), "").expect("writes");
    assert!(get(&placed["result"]["address"], "/exit").is_none_or(|it| it.is_empty()));
    let starts = || -> Vec<f64> {
        let text = fs::read_to_string(folder.join("starts")).expect("a file");
        text.lines().map(|it| it.parse().expect("a time")).collect()
    };
    until("it was started four times", || (starts().len() >= 4).then_some(()));
    fs::remove_file(folder.join("exit-at-once")).expect("there");
    until("it is healthy again", || (control_plane.conditions().len() >= 2).then_some(()));
    assert_eq!(control_plane.conditions(), ["crashed", "healthy"]);
    assert!(get(&placed["result"]["address"], "/").is_some(), "at the address that the router knows");
    let gaps: Vec<f64> = starts().windows(2).skip(1).map(|it| it[1] - it[0]).collect();
    assert!(gaps[0] >= 0.4 && gaps[1] >= 0.8, "{gaps:?}");
    // A running instance whose checks fail is told about, and left running.
    let pid = host.pid();
    fs::write(folder.join("sick"), "").expect("writes");
    until("it is unhealthy", || (control_plane.conditions().len() >= 3).then_some(()));
    fs::remove_file(folder.join("sick")).expect("there");
    until("it is healthy again", || (control_plane.conditions().len() >= 4).then_some(()));
    assert_eq!(control_plane.conditions(), ["crashed", "healthy", "unhealthy", "healthy"]);
    assert!(runs(pid));
    let detail = control_plane.memory().changes[2]["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains("check `ready` failed") && detail.contains("500"), "{detail}");
    assert_eq!(control_plane.memory().changes[0]["instance"], instance("1.0.0"));
}
