//! Cut off from the control plane, and back.

use serde_json::json;

use crate::agent::{Host, contract, instance, kill, place, runs};
use crate::artifact::service;
use crate::control_plane::ControlPlane;
use crate::wait::until;

#[test]
fn services_run_on_without_the_control_plane_and_everything_is_told_and_put_right_afterwards() {
    let mut control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    for (step, version) in [(1, "1.0.0"), (2, "1.1.0")] {
        control_plane.perform(&place(step, version, &artifact, contract()));
    }
    let pid_of = |version: &str| {
        let started = host.noted("started").into_iter().rfind(|it| it["instance"] == instance(version));
        started.expect("started")["process"]["pid"].as_i64().expect("a pid") as i32
    };
    // Leases that end while nobody can be told.
    let late = place(3, "1.2.0", &artifact, contract());
    control_plane.lease(&late, 1);
    until("it begins", || (host.noted("begun").len() == 3).then_some(()));
    control_plane.cut_off();
    until("it ends", || (host.noted("ended").len() == 3).then_some(()));
    let before = pid_of("1.0.0");
    kill(before);
    until("it is started again", || (pid_of("1.0.0") != before).then_some(()));
    until("both changes are noted", || (host.noted("changed").len() == 2).then_some(()));
    assert!(runs(pid_of("1.1.0")));
    assert!(control_plane.conditions().is_empty() && control_plane.outcome_now(&late, 1).is_none());

    // Meanwhile the orders have changed: one is gone, and one is new.
    let order = |version: &str| json!({ "instance": instance(version), "artifact": artifact.digest, "contract": contract() });
    control_plane.memory().orders = vec![order("1.0.0"), order("1.2.0"), order("1.3.0")];
    let (stray, kept) = (pid_of("1.1.0"), pid_of("1.0.0"));
    control_plane.come_back();
    assert_eq!(control_plane.outcome(&late, 1)["outcome"], "succeeded");
    until("the stray has ended", || (!runs(stray)).then_some(()));
    until("the missing one is placed", || {
        host.noted("placed").into_iter().find(|it| it["instance"] == instance("1.3.0"))
    });
    assert_eq!(control_plane.conditions(), ["crashed", "healthy"]);
    assert!(runs(kept));
    assert_eq!(control_plane.memory().registrations.len(), 2);
}

#[test]
fn an_agent_that_starts_without_a_control_plane_looks_after_its_services() {
    let mut control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    let pid = host.pid();
    control_plane.cut_off();
    host.kill_agent();
    host.start_agent();
    kill(pid);
    until("it is started again", || (host.noted("started").len() == 2).then_some(()));
    assert!(runs(host.pid()));
}

#[test]
fn a_placement_waits_for_the_control_plane_that_has_its_artifact() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    control_plane.memory().fetches_lost = 3;
    let outcome = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    assert_eq!(outcome["outcome"], "succeeded", "{outcome}");
    assert_eq!(control_plane.memory().fetches_lost, 0);
    assert_eq!(host.noted("started").len(), 1);
}
