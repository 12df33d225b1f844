//! Effects that come twice, out of order, or whose reports get lost.

use crate::agent::{Host, contract, place, retire, verify};
use crate::artifact::service;
use crate::control_plane::ControlPlane;
use crate::wait::until;

#[test]
fn an_effect_that_comes_twice_is_performed_once() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let effect = place(1, "1.0.0", &artifact, contract());
    // While it is being performed, and after it has been.
    control_plane.lease(&effect, 1);
    control_plane.lease(&effect, 1);
    control_plane.lease(&effect, 2);
    let outcome = control_plane.outcome(&effect, 2);
    control_plane.lease(&effect, 3);
    assert_eq!(control_plane.outcome(&effect, 3), outcome);
    assert_eq!(outcome["outcome"], "succeeded");
    for kind in ["begun", "desired", "starting", "started", "ended"] {
        assert_eq!(host.noted(kind).len(), 1, "{kind}");
    }
}

#[test]
fn a_lease_that_is_older_than_one_seen_is_refused() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let effect = retire(1, "1.0.0");
    control_plane.lease(&effect, 5);
    control_plane.outcome(&effect, 5);
    control_plane.lease(&effect, 4);
    // Handed out later, so the one before it has been looked at when this one is done.
    control_plane.perform(&verify(2, "1.0.0"));
    let generations: Vec<u64> =
        host.noted("leased").iter().filter_map(|it| it["generation"].as_u64()).collect();
    assert_eq!(generations, [5, 1]);
    assert!(control_plane.outcome_now(&effect, 4).is_none());
}

#[test]
fn a_report_is_sent_until_it_is_answered_and_then_never_again() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    control_plane.memory().answers_lost = 3;
    let effect = retire(1, "1.0.0");
    control_plane.perform(&effect);
    until("the answer arrives", || host.noted("reported").pop());
    assert_eq!(control_plane.memory().reports.len(), 4, "three answers were lost");
    assert_eq!(host.noted("begun").len(), 1);
    control_plane.perform(&retire(2, "1.0.0"));
    assert_eq!(control_plane.memory().reports.len(), 5);
}
