//! The stored form of events is a promise: what was written once is read for ever.
//!
//! `tests/events` holds one event of every kind, and `KIND--WHICH.json` beside it where a kind takes several forms.
//! `tests/events/sparse` holds events as they were before the fields that have defaults. A fixture is never edited
//! to make a test pass: that would be a ledger that can no longer be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shipway_model::event::{Body, Event, Stream};
use shipway_model::resource::{ApiVersion, Kind, Spec};

mod kinds;

use kinds::{KINDS, kind};

struct Fixture {
    name: String,
    json: Value,
    event: Event,
}

impl Fixture {
    /// The event's type, as the file is named for it.
    fn kind(&self) -> &str {
        self.name.split("--").next().expect("split gives at least one piece")
    }
}

fn fixtures(folder: &str) -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut fixtures: Vec<_> = paths.filter(|it| it.is_file()).map(|it| fixture(&it)).collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

fn fixture(path: &PathBuf) -> Fixture {
    let name = path
        .file_name()
        .and_then(|it| it.to_str())
        .and_then(|it| it.strip_suffix(".json"))
        .unwrap()
        .to_owned();
    let text = fs::read_to_string(path).unwrap();
    let json = serde_json::from_str(&text).unwrap();
    let event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    Fixture { name, json, event }
}

#[test]
fn every_kind_has_a_fixture_named_for_it() {
    let fixtures = fixtures("events");
    let found: BTreeSet<_> = fixtures.iter().map(Fixture::kind).collect();
    assert_eq!(found, KINDS.iter().copied().collect());
    for fixture in &fixtures {
        assert_eq!(fixture.kind(), kind(&fixture.event.body), "{}", fixture.name);
        assert_eq!(fixture.kind(), fixture.json["type"], "{}", fixture.name);
    }
}

#[test]
fn what_was_written_is_written_again_the_same() {
    for fixture in fixtures("events") {
        let again = serde_json::to_value(&fixture.event).unwrap();
        assert_eq!(again, fixture.json, "{}", fixture.name);
    }
}

/// Records are canonical: their names ascend.
#[test]
fn a_record_reads_as_the_event_that_it_holds() {
    for fixture in fixtures("events").into_iter().chain(fixtures("events/sparse")) {
        let ascending: BTreeMap<_, _> = fixture.json.as_object().unwrap().iter().collect();
        let record = serde_json::to_vec(&ascending).unwrap();
        assert_eq!(Event::read(&record).unwrap(), fixture.event, "{}", fixture.name);
    }
}

/// Signatures and approvals are over these digests: equal content must keep its digest from release to release.
#[test]
fn digests_of_what_events_carry_stay_what_they_were() {
    let mut n_digests = 0;
    for fixture in fixtures("events") {
        let (stated, content) = match &fixture.event.body {
            Body::ResourceApplied { resource, digest } => (digest, resource.digest()),
            Body::ReleaseSealed { bundle, digest, .. } => (digest, bundle.digest()),
            Body::RolloutQueued { plan, plan_digest, .. }
            | Body::RolloutReplanned { plan, plan_digest, .. } => (plan_digest, plan.digest()),
            _ => continue,
        };
        n_digests += 1;
        assert_eq!(*stated, content, "{}", fixture.name);
    }
    assert!(n_digests >= 4, "{n_digests}");
}

#[test]
fn a_resource_of_every_kind_reads_back() {
    let applied: BTreeSet<_> = fixtures("events").iter().filter_map(|it| applied_kind(&it.event)).collect();
    assert_eq!(applied, Kind::ALL.into_iter().collect());
}

fn applied_kind(event: &Event) -> Option<Kind> {
    let Body::ResourceApplied { resource, .. } = &event.body else { return None };
    assert_eq!(resource.api_version, ApiVersion::V1);
    Some(resource.kind())
}

#[test]
fn events_from_before_a_field_still_read_and_settle() {
    let fixtures = fixtures("events/sparse");
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        assert_eq!(fixture.kind(), kind(&fixture.event.body));
        let full = serde_json::to_value(&fixture.event).unwrap();
        assert_includes(&full, &fixture.json, &fixture.name);
        let again: Event = serde_json::from_value(full).unwrap();
        assert_eq!(again, fixture.event, "{}", fixture.name);
    }
}

/// Nothing that the old event said was changed on the way; what it did not say was filled in.
fn assert_includes(full: &Value, part: &Value, at: &str) {
    match (full, part) {
        (Value::Object(full), Value::Object(part)) => {
            for (key, value) in part {
                let at = format!("{at}/{key}");
                assert_includes(full.get(key).unwrap_or_else(|| panic!("{at} is lost")), value, &at);
            }
        }
        (Value::Array(full), Value::Array(part)) => {
            assert_eq!(full.len(), part.len(), "{at}");
            for (position, (full, part)) in full.iter().zip(part).enumerate() {
                assert_includes(full, part, &format!("{at}/{position}"));
            }
        }
        _ => assert_eq!(full, part, "{at}"),
    }
}

#[test]
fn what_an_old_service_did_not_say_has_its_default() {
    let fixtures = fixtures("events/sparse");
    let applied = fixtures.iter().find(|it| it.kind() == "resource.applied").unwrap();
    let Body::ResourceApplied { resource, .. } = &applied.event.body else { panic!("{}", applied.name) };
    let Spec::Service(service) = &resource.spec else { panic!("{}", applied.name) };
    assert_eq!(service.tier, 3);
    assert_eq!(service.deployment.ports.keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["http"]);
    assert_eq!(service.deployment.health.failure_limit, 3);
    assert_eq!(service.deployment.drain.to_string(), "10s");
}

#[test]
fn an_event_belongs_to_the_stream_of_its_aggregate() {
    for fixture in fixtures("events") {
        let body = &fixture.event.body;
        // What became of a call about a rollout belongs to the rollout.
        let of_rollout = ["rollout", "step", "gate"].contains(&fixture.kind().split('.').next().unwrap())
            || fixture.name.ends_with("--rollout");
        assert_eq!(body.rollout().is_some(), of_rollout, "{}", fixture.name);
        let expected = match fixture.kind() {
            "ledger.opened" | "texts.erased" | "hold.placed" | "hold.released" | "archive.pruned" => {
                "ledger".to_owned()
            }
            "token.issued" | "token.revoked" | "access.refused" | "key.registered" | "key.revoked"
            | "delegation.granted" | "delegation.ended" => "access".to_owned(),
            kind if kind.starts_with("account.") || kind.starts_with("grant.") => "access".to_owned(),
            "approval.given" | "approval.withdrawn" | "review.held" | "review.overdue" | "action.done" => {
                "change:chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".to_owned()
            }
            kind if kind.starts_with("change.") => "change:chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".to_owned(),
            "channel.told" | "channel.failed" if !of_rollout => "catalogue".to_owned(),
            "resource.applied" | "feed.fetched" => "catalogue".to_owned(),
            kind if kind.starts_with("train.") || kind.starts_with("runbook.") => "catalogue".to_owned(),
            "artifact.registered" => "artifact:checkout".to_owned(),
            kind if kind.starts_with("release.") => "release:rel_0198f3c0aa107d21b6c5d4e3f2a19b02".to_owned(),
            kind if kind.starts_with("release-scope.") => "scopes".to_owned(),
            "evidence.attached" => "evidence".to_owned(),
            "vulnerabilities.imported" | "vulnerabilities.changed" => "vulnerabilities".to_owned(),
            "alert.fired" | "alert.resolved" | "marker.set" => "alerts".to_owned(),
            "ci.reported" => "webhook:github".to_owned(),
            "agent.registered" | "agent.lost" | "agent.found" | "instance.changed" | "stray.found"
            | "stray.gone" => "agent:host-a".to_owned(),
            "scope.paused" | "scope.resumed" => "pauses".to_owned(),
            "exception.requested" | "exception.approved" | "exception.withdrawn" => "exceptions".to_owned(),
            "waiver.requested" | "waiver.approved" | "waiver.withdrawn" => "waivers".to_owned(),
            "quarantine.begun" | "quarantine.ended" => "quarantines".to_owned(),
            _ => "rollout:rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".to_owned(),
        };
        assert_eq!(body.stream().to_string(), expected, "{}", fixture.name);
        assert_eq!(matches!(body.stream(), Stream::Rollout(_)), of_rollout, "{}", fixture.name);
    }
}

#[test]
fn an_unknown_kind_and_an_unknown_envelope_are_refused() {
    let known = &fixtures("events")[0].json;
    for (field, value) in
        [("type", "rollout.teleported"), ("schema", "shipway.dev/event/v2"), ("tenant", "../up")]
    {
        let mut changed = known.clone();
        changed[field] = value.into();
        assert!(serde_json::from_value::<Event>(changed).is_err(), "{field}: {value}");
    }
}

/// A replay moves each of millions several times: what is large and rare is boxed.
#[test]
fn an_event_is_small_enough_to_be_moved() {
    let size_bytes = size_of::<Event>();
    assert!(size_bytes <= 328, "it has {size_bytes} bytes");
}
