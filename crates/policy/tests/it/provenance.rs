//! Signed proof of the build: one attestation has to meet the whole rule.

use serde_json::{Value, json};
use shipway_model::Digest;
use shipway_model::gate::Status;

use crate::scene::{Scene, artifact};

const BUILDER: &str = "https://ci.example.com/shop";

fn attestation(subject: Digest) -> Value {
    json!({
        "predicate_type": "https://slsa.dev/provenance/v1",
        "subjects": [{"name": "checkout.tar.gz", "digests": {"sha256": subject.hex()}}],
        "build": {
            "builder": BUILDER,
            "repository": "https://github.com/example/shop",
            "reference": "refs/tags/v1.1.0",
            "commit": "9fceb02",
        },
        "signatures": 1,
        "signers": [{"root": "builders", "identity": "release", "key": "sha256:00"}],
    })
}

fn summary(result: bool) -> Value {
    json!({
        "predicate_type": "https://slsa.dev/verification_summary/v1",
        "subjects": [{"digests": {"sha256": artifact().hex()}}],
        "summary": {"verifier": "https://verifier.example.com", "passed": result, "levels": ["SLSA_BUILD_LEVEL_3"]},
        "signatures": 1,
        "signers": [{"root": "builders", "identity": "release", "key": "sha256:00"}],
    })
}

#[track_caller]
fn check(attestations: &[Value], rule: Value, expect: Status, reason: &str) {
    let mut scene = Scene::new();
    scene.attach(json!({"attestations": attestations}));
    let requirement = scene.ask(json!({"provenance": rule}));
    assert_eq!(requirement.status, expect, "{:?}", requirement.reasons);
    assert!(requirement.reasons.iter().any(|it| it.contains(reason)), "{:?}", requirement.reasons);
}

#[test]
fn one_attestation_meets_the_whole_rule() {
    let good = attestation(artifact());
    let whole = json!({
        "roots": ["builders"],
        "builders": ["https://ci.example.com/*"],
        "repositories": ["https://github.com/example/shop"],
        "references": ["refs/tags/v*"],
        "level": 2,
        "levels": {(BUILDER): 2},
    });
    check(std::slice::from_ref(&good), whole, Status::Satisfied, "signed by release (builders)");
    for (rule, reason) in [
        (json!({"roots": ["others"]}), "no signature of it holds under a root that counts"),
        (
            json!({"builders": ["https://ci.example.com"]}),
            "the builder `https://ci.example.com/shop` is not among",
        ),
        (json!({"repositories": ["https://github.com/example/other"]}), "the repository"),
        (json!({"references": ["refs/heads/*"]}), "the reference `refs/tags/v1.1.0`"),
        (json!({"level": 2}), "nothing says that it is of SLSA build level 2"),
        (json!({"level": 3, "levels": {"https://ci.example.com/*": 2}}), "of SLSA build level 2, and 3"),
        (json!({"sameCommit": true}), "registered without a commit"),
    ] {
        check(std::slice::from_ref(&good), rule, Status::Failed, reason);
    }
    let mut elsewhere = good.clone();
    elsewhere["build"]["builder"] = json!("https://laptop.example.com");
    let mut fork = good;
    fork["build"]["repository"] = json!("https://github.com/mallory/shop");
    let both = json!({"builders": [BUILDER], "repositories": ["https://github.com/example/shop"]});
    check(&[elsewhere, fork], both, Status::Failed, "is not among");
}

#[test]
fn what_was_signed_is_what_is_shipped() {
    let other = attestation(Digest::of(b"another build"));
    check(&[other], json!({}), Status::Failed, "what was signed is not what is shipped");
    let mut unsigned = attestation(artifact());
    unsigned["signers"] = json!([]);
    unsigned["refused"] = json!(["signature 1: it holds under none of the 2 keys of the roots"]);
    check(&[unsigned], json!({}), Status::Failed, "none of the 2 keys");
    assert_eq!(Scene::new().status(json!({"provenance": {}})), Status::Missing);
}

#[test]
fn a_summary_gives_the_level_and_only_when_it_passed() {
    let rule = json!({"builders": [BUILDER], "level": 3});
    check(&[attestation(artifact()), summary(true)], rule.clone(), Status::Satisfied, "built by");
    check(&[attestation(artifact()), summary(false)], rule, Status::Failed, "nothing says");
    check(&[summary(true)], json!({"level": 3}), Status::Satisfied, "signed by");
    check(&[summary(false)], json!({}), Status::Failed, "FAILED");
    check(&[summary(true)], json!({"builders": [BUILDER]}), Status::Failed, "not provenance");
}

#[test]
fn a_statement_that_must_be_signed_is() {
    let mut scene = Scene::new();
    let word = json!({
        "kind": "penetration-test", "issuer": "Red Team", "scope": "all", "expires": "2027-01-01T00:00:00Z",
    });
    let evidence = scene.attach(json!({}));
    evidence.statement = Some(serde_json::from_value(word).unwrap());
    evidence.normal = None;
    let rule = json!({"statement": {"kind": "penetration-test", "issuers": ["Red Team"], "signed": true}});
    let unsigned = scene.ask(rule.clone());
    assert_eq!(unsigned.status, Status::Missing);
    assert!(unsigned.reasons[1].contains("lets sign for its issuer"), "{:?}", unsigned.reasons);
    let seal = json!({
        "envelope": Digest::of(b"envelope"),
        "signer": {"root": "firms", "identity": "red-team", "key": "sha256:00"},
    });
    scene.facts.evidence[0].seal = Some(serde_json::from_value(seal).unwrap());
    let signed = scene.ask(rule);
    assert_eq!(signed.status, Status::Satisfied);
    assert!(signed.reasons[0].contains("signed with red-team of firms"), "{:?}", signed.reasons);
}
