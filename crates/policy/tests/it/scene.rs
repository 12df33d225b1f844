//! Facts about a release of one service, put together piece by piece.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_model::evidence::Normal;
use shipway_model::gate::{Requirement, Status};
use shipway_model::resource::Policy;
use shipway_model::{Digest, EvidenceId, Name};
use shipway_policy::Facts;
use shipway_policy::decide;
use shipway_policy::facts::Evidence;

pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) struct Scene {
    pub(crate) facts: Facts,
    attached: u128,
}

pub(crate) fn artifact() -> Digest {
    Digest::of(b"checkout 1.1.0")
}

fn before() -> Digest {
    Digest::of(b"checkout 1.0.0")
}

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

impl Scene {
    pub(crate) fn new() -> Self {
        let facts = json!({
            "release": {
                "id": "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
                "name": "shop",
                "version": "1.1.0",
                "digest": Digest::of(b"release"),
            },
            "makers": ["ada"],
            "environment": "production",
            "at": NOW,
            "services": {"checkout": {
                "version": "1.1.0",
                "artifacts": [artifact()],
                "builder": "ci",
                "registeredBy": ["ci"],
                "owner": "payments",
                "running": {"version": "1.0.0", "artifacts": [before()]},
            }},
            "documents": ["runbook"],
            "evidence": [],
            "baseline": [],
            "waivers": [],
        });
        Self { facts: serde_json::from_value(facts).unwrap(), attached: 0 }
    }

    /// Evidence about the artifact, sent now by `scanner`.
    pub(crate) fn attach(&mut self, normal: Value) -> &mut Evidence {
        let evidence = self.evidence(artifact(), normal);
        self.facts.evidence.push(evidence);
        self.facts.evidence.last_mut().unwrap()
    }

    /// Evidence about what runs now.
    pub(crate) fn attach_before(&mut self, normal: Value) {
        let evidence = self.evidence(before(), normal);
        self.facts.baseline.push(evidence);
    }

    fn evidence(&mut self, subject: Digest, mut normal: Value) -> Evidence {
        self.attached += 1;
        if normal.get("format").is_none() {
            normal["format"] = json!("test");
        }
        let normal: Normal = serde_json::from_value(normal).unwrap();
        Evidence {
            id: EvidenceId::from_uuid(uuid::Uuid::from_u128(self.attached)),
            subject: BTreeSet::from([subject]),
            services: BTreeSet::from(["checkout".parse().unwrap()]),
            format: normal.format.clone(),
            kinds: normal.kinds(),
            at: now(),
            by: "scanner".to_owned(),
            file_name: None,
            statement: None,
            seal: None,
            unsealed: None,
            ran: None,
            normal: Some(Box::new(normal)),
        }
    }

    pub(crate) fn waive(&mut self, gate: &str, what: Value) {
        let mut waiver = json!({
            "policy": "p",
            "gate": gate,
            "reason": "accepted until the next release",
            "owner": "payments",
            "expires": "2026-07-01T00:00:00Z",
        });
        waiver.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let granted = json!({
            "id": "wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
            "waiver": waiver,
            "requestedBy": "ada",
            "approvedBy": "grace",
        });
        self.facts.waivers.push(serde_json::from_value(granted).unwrap());
    }

    /// What a policy of this one gate says.
    pub(crate) fn ask(&self, require: Value) -> Requirement {
        self.ask_gate(json!({"name": "gate", "require": require}))
    }

    pub(crate) fn ask_gate(&self, gate: Value) -> Requirement {
        let policy: Policy = serde_json::from_value(json!({"gates": [gate]})).unwrap();
        let policies: BTreeMap<Name, Policy> = BTreeMap::from([("p".parse().unwrap(), policy)]);
        let answer = decide(&policies, &self.facts);
        let [requirement] = &answer.requirements[..] else { panic!("{answer:?}") };
        assert_eq!(answer.passes, requirement.status.passes());
        assert!(!requirement.reasons.is_empty(), "every answer has a reason");
        requirement.clone()
    }

    pub(crate) fn status(&self, require: Value) -> Status {
        self.ask(require).status
    }
}
