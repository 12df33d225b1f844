//! Commands: their output, their secrets, and their end.

use std::fs;

use serde_json::{Value, json};

use crate::agent::{Host, SECRET, SECRET_VARIABLE, effect, runs};
use crate::artifact::archive;
use crate::control_plane::ControlPlane;
use crate::wait::until;

fn command(step: u32, script: &str) -> Value {
    let command = json!({
        "command": ["sh", "-c", script],
        "environment": { "GREETING": "hello" },
        "secrets": { "KEY": { "env": SECRET_VARIABLE } },
    });
    effect(
        step,
        json!({ "do": "command", "environment": "production", "target": "host-a", "command": command }),
    )
}

fn log(control_plane: &ControlPlane, effect: &Value) -> String {
    control_plane.memory().logs.get(effect["key"].as_str().expect("a key")).cloned().unwrap_or_default()
}

#[test]
fn output_is_streamed_while_it_runs_with_the_secrets_taken_out() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let go_on = host.data().join("go-on");
    let script = format!(
        "echo $GREETING from $SHIPWAY_ENVIRONMENT; ls | wc -l; printf 'key: correct ho'; \
         while ! test -e {}; do sleep 0.05; done; \
         printf 'rse battery\\n'; printf 'user:%s' \"$KEY\" | base64; echo \"$KEY\" >&2; exit 4",
        go_on.display()
    );
    let effect = command(1, &script);
    control_plane.lease(&effect, 1);
    let greeting = "hello from production\n0\nkey: ";
    until("the first lines are there", || (log(&control_plane, &effect) == greeting).then_some(()));
    fs::write(&go_on, "").expect("writes");
    let failed = control_plane.outcome(&effect, 1);
    assert_eq!(failed["reason"], "`sh` ended with exit code 4: ***");
    assert_eq!(failed["retryable"], true);
    let log = log(&control_plane, &effect);
    assert!(log.starts_with(&format!("{greeting}***\n")) && log.ends_with("***\n"), "{log}");
    for part in [SECRET, "Y29ycmVjd", "battery"] {
        assert!(!log.contains(part), "{part}: {log}");
    }
    assert_eq!(log.matches("***").count(), 3, "{log}");
    until("its folder is gone", || {
        (fs::read_dir(host.data().join("work")).expect("there").count() == 0).then_some(())
    });
    let journal = fs::read_to_string(host.data().join("journal.jsonl")).expect("a journal");
    assert!(!journal.contains(SECRET));
}

#[test]
fn a_command_runs_in_a_copy_of_its_artifact() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let artifact = archive(&[("bin/migrate", b"#!/bin/sh\necho migrated $1; rm bin/migrate\n")]);
    control_plane.keep(&artifact);
    for step in [1, 2] {
        let command = json!({ "command": ["bin/migrate", "up"] });
        let effect = effect(
            step,
            json!({ "do": "command", "environment": "production", "target": "host-a",
            "command": command, "artifact": artifact.digest }),
        );
        let done = control_plane.perform(&effect);
        assert_eq!(done["result"], json!({ "kind": "completed", "summary": "exit code 0" }), "{done}");
        assert_eq!(log(&control_plane, &effect), "migrated up\n");
    }
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let mut effect = command(1, "sleep 600 & echo $!; echo $$; trap '' TERM; while true; do sleep 600; done");
    effect["timeout"] = json!("1s");
    let failed = control_plane.perform(&effect);
    assert!(failed["reason"].as_str().is_some_and(|it| it.contains("not done within 1s")), "{failed}");
    let pids: Vec<i32> = log(&control_plane, &effect).lines().map(|it| it.parse().expect("a pid")).collect();
    assert_eq!(pids.len(), 2);
    for pid in pids {
        until("it has ended", || (!runs(pid)).then_some(()));
    }
}

#[test]
fn a_command_whose_lease_was_taken_back_is_ended() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let effect = command(1, "echo $$; exec sleep 600");
    control_plane.lease(&effect, 1);
    let pid = until("it runs", || log(&control_plane, &effect).trim().parse::<i32>().ok());
    control_plane.memory().taken_back.insert(effect["key"].as_str().expect("a key").to_owned());
    until("it has ended", || (!runs(pid)).then_some(()));
    assert!(control_plane.outcome(&effect, 1)["reason"].as_str().is_some_and(|it| it.contains("lease")));
}

#[test]
fn a_command_outlives_its_agent_runs_once_and_its_log_is_whole() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let go_on = host.data().join("go-on");
    let script =
        format!("echo begun $KEY; while ! test -e {}; do sleep 0.05; done; echo $KEY ended", go_on.display());
    let effect = command(1, &script);
    control_plane.lease(&effect, 1);
    until("it runs", || (log(&control_plane, &effect) == "begun ***\n").then_some(()));
    host.kill_agent();
    fs::write(&go_on, "").expect("writes");
    host.start_agent();
    assert_eq!(control_plane.outcome(&effect, 1)["outcome"], "succeeded");
    assert_eq!(log(&control_plane, &effect), "begun ***\n*** ended\n");
    assert_eq!(host.noted("ran").len(), 1);
}

#[test]
fn a_command_that_was_killed_without_an_agent_is_not_tried_again_by_itself() {
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let effect = command(1, "echo begun; sleep 600");
    control_plane.lease(&effect, 1);
    until("it runs", || (log(&control_plane, &effect) == "begun\n").then_some(()));
    let pid =
        until("it is noted", || host.noted("ran").pop())["process"]["pid"].as_i64().expect("a pid") as i32;
    host.kill_agent();
    let group = rustix::process::Pid::from_raw(pid).expect("a pid");
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).expect("runs");
    host.start_agent();
    let failed = control_plane.outcome(&effect, 1);
    assert_eq!(failed["retryable"], false);
    assert!(
        failed["reason"].as_str().is_some_and(|it| it.contains("how far it came is not known")),
        "{failed}"
    );
}

#[test]
fn output_beyond_what_is_kept_is_cut_and_the_command_goes_on() {
    let control_plane = ControlPlane::start();
    let _host = Host::start(&control_plane);
    let effect = command(1, "yes 0123456789abcde | head -c 20000000; echo; echo the end");
    let done = control_plane.perform(&effect);
    assert_eq!(done["outcome"], "succeeded", "{done}");
    let log = log(&control_plane, &effect);
    assert!(log.ends_with("[more than 16 MiB of output: the rest is not kept]\n"));
    assert!(log.len() > 16 << 20 && log.len() < (16 << 20) + 100, "{}", log.len());
}
