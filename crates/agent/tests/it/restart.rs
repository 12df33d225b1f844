//! The agent dies at any instant; its services do not.

use std::fs;

use serde_json::json;

use crate::agent::{Host, contract, kill, place, retire, runs, verify};
use crate::artifact::service;
use crate::control_plane::ControlPlane;
use crate::wait::until;

fn order(version: &str, artifact: &crate::artifact::Artifact) -> serde_json::Value {
    json!({ "instance": crate::agent::instance(version), "artifact": artifact.digest, "contract": contract() })
}

#[test]
fn a_service_outlives_its_agent_and_is_looked_after_by_the_next() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.memory().orders = vec![order("1.0.0", &artifact)];
    control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let pid = host.pid();
    host.kill_agent();
    assert!(runs(pid));
    host.start_agent();
    assert_eq!(control_plane.perform(&verify(2, "1.0.0"))["outcome"], "succeeded");
    assert_eq!(host.noted("starting").len(), 1, "not started again");
    assert!(runs(pid) && control_plane.conditions().is_empty());
    // Adopted, not forgotten: its end is noticed.
    kill(pid);
    until("it is healthy again", || (control_plane.conditions().len() >= 2).then_some(()));
    assert_eq!(control_plane.conditions(), ["crashed", "healthy"]);
    assert_ne!(host.pid(), pid);
}

#[test]
fn a_service_that_died_without_an_agent_is_started_by_the_next() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.memory().orders = vec![order("1.0.0", &artifact)];
    control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let pid = host.pid();
    host.kill_agent();
    kill(pid);
    host.start_agent();
    until("it is healthy again", || (control_plane.conditions().len() >= 2).then_some(()));
    assert_eq!(control_plane.conditions(), ["crashed", "healthy"]);
    assert_eq!(host.noted("starting").len(), 2);
    assert_eq!(control_plane.perform(&retire(2, "1.0.0"))["outcome"], "succeeded");
    assert!(!runs(host.pid()));
}

#[test]
fn a_service_that_was_being_retired_is_not_started_again() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let pid = host.pid();
    host.kill_agent();
    // As if it had died between the end of the process and the note of it.
    kill(pid);
    let effect = retire(2, "1.0.0");
    let path = host.data().join("journal.jsonl");
    let mut journal = fs::read_to_string(&path).expect("a journal");
    for entry in [
        json!({ "entry": "leased", "key": effect["key"], "generation": 1 }),
        json!({ "entry": "begun", "effect": effect }),
    ] {
        journal += &format!("{entry}\n");
    }
    fs::write(&path, journal).expect("writes");
    host.start_agent();
    assert_eq!(control_plane.outcome(&effect, 1)["outcome"], "succeeded");
    assert_eq!(host.noted("starting").len(), 1);
    assert!(control_plane.conditions().is_empty(), "it did not crash");
}

#[test]
fn a_start_that_was_not_noted_in_time_is_found_again() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    control_plane.memory().orders = vec![order("1.0.0", &artifact)];
    let pid = host.pid();
    host.kill_agent();
    // As if it had died between the start and the note, in the middle of the placement.
    let path = host.data().join("journal.jsonl");
    let journal = fs::read_to_string(&path).expect("a journal");
    let (before, _) = journal.split_once("{\"entry\":\"started\"").expect("a start");
    fs::write(&path, format!("{before}{{\"entry\":\"sta")).expect("writes");
    control_plane.memory().reports.clear();
    host.start_agent();
    let effect = place(1, "1.0.0", &artifact, contract());
    assert_eq!(control_plane.outcome(&effect, 1)["outcome"], "succeeded");
    assert_eq!(host.pid(), pid);
    assert_eq!(host.noted("starting").len(), 1);
}

#[test]
fn an_agent_killed_again_and_again_during_a_placement_starts_the_service_once() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&["sick"]);
    control_plane.keep(&artifact);
    control_plane.memory().expiry = true;
    let effect = place(1, "1.0.0", &artifact, contract());
    control_plane.lease(&effect, 1);
    for kind in ["leased", "begun", "desired", "starting", "started"] {
        until("it is noted", || host.noted(kind).pop());
        host.kill_agent();
        host.start_agent();
    }
    let sick = host.folder_of(&artifact, "1.0.0").join("sick");
    until("it was unpacked", || sick.exists().then_some(()));
    fs::remove_file(sick).expect("there");
    assert_eq!(control_plane.first_outcome(&effect)["outcome"], "succeeded");
    assert_eq!(host.noted("begun").len(), 1);
    assert_eq!(host.noted("desired").len(), 1);
    let starts = fs::read_to_string(host.folder_of(&artifact, "1.0.0").join("starts")).expect("written");
    assert_eq!(starts.lines().count(), 1, "one process for all agents");
    assert!(runs(host.pid()));
}
