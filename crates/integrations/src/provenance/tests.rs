//! Attestations and signatures that real tools made (securesystemslib 1.6, in-toto-attestation, openssl, git and
//! ssh-keygen), and what becomes of them when something is wrong.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shipway_model::Digest;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../tests/fixtures/provenance/", $name))
    };
}

const SLSA_1: &str = fixture!("slsa-1.dsse.json");
const AT: &str = "2026-03-02T00:00:00Z";

fn root(extra: &Value) -> Roots {
    let key = |name: &str, pem: &str| {
        let mut key = json!({"name": name, "pem": pem});
        key.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        key
    };
    let root = json!({
        "keys": [
            key("ed25519", fixture!("ed25519.pub.pem")),
            key("ecdsa", fixture!("ecdsa.pub.pem")),
            key("rsa", fixture!("rsa.pub.pem")),
            key("rsa-pkcs1", fixture!("rsa-pkcs1.pub.pem")),
        ],
        "allowedSigners": fixture!("allowed_signers"),
    });
    let root = serde_json::from_value(root).unwrap();
    Roots::new(&BTreeMap::from([("builders".parse().unwrap(), root)])).unwrap()
}

fn check(document: &str) -> Attestation {
    let mut found = verify(document.as_bytes(), &root(&json!({})), AT.parse().unwrap()).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn signers(attestation: &Attestation) -> Vec<&str> {
    attestation.signers.iter().map(|it| it.identity.as_str()).collect()
}

/// The envelope with one field changed.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut envelope: Value = serde_json::from_str(SLSA_1).unwrap();
    change(&mut envelope);
    envelope.to_string()
}

#[test]
fn what_real_tools_signed_holds_under_its_key() {
    for (document, expect) in [
        (SLSA_1, &["ed25519"][..]),
        (fixture!("slsa-0.2.dsse.json"), &["ecdsa"]),
        (fixture!("vsa.dsse.json"), &["rsa"]),
        (fixture!("slsa-1-pkcs1.dsse.json"), &["rsa-pkcs1"]),
        (fixture!("two-signers.dsse.json"), &["ecdsa", "rsa"]),
        (fixture!("managed-key.sigstore.json"), &["ecdsa"]),
        (fixture!("message.sigstore.json"), &["ecdsa"]),
    ] {
        let attestation = check(document);
        assert_eq!(signers(&attestation), expect, "{:?}", attestation.refused);
        assert!(attestation.refused.is_empty(), "{:?}", attestation.refused);
        let artifact = Digest::of(fixture!("artifact.txt").as_bytes()).hex();
        assert_eq!(attestation.subjects[0].digests["sha256"], artifact);
    }
}

#[test]
fn provenance_of_every_version_says_builder_and_source() {
    let source = |document: &str| {
        let build = check(document).build.expect("it is provenance");
        [build.builder, build.repository.unwrap(), build.reference.unwrap(), build.commit.unwrap()]
    };
    let commit = "9fceb02d0ae598e95dc970b74767f19372d61af8";
    let builder = "https://github.com/example/shop/.github/workflows/release.yml@refs/tags/v1.2.0";
    let repository = "https://github.com/example/shop";
    assert_eq!(source(SLSA_1), [builder, repository, "refs/tags/v1.2.0", commit]);
    let older = source(fixture!("slsa-0.2.dsse.json"));
    assert_eq!(older, ["https://ci.example.com/shop", repository, "refs/heads/main", commit]);
    let summary = check(fixture!("vsa.dsse.json")).summary.expect("it is a summary");
    assert!(summary.passed && summary.levels == ["SLSA_BUILD_LEVEL_3"], "{summary:?}");
}

#[test]
fn nothing_that_was_tampered_with_holds() {
    let refused = |document: &str, why: &str| {
        let attestation = check(document);
        assert!(attestation.signers.is_empty(), "{why}");
        assert!(
            attestation.refused.iter().any(|it| it.contains(why)),
            "{:?} says {why}",
            attestation.refused
        );
    };
    refused(fixture!("stranger.dsse.json"), "none of the 4 keys");
    refused(fixture!("bare.statement.json"), "not signed");
    refused(&changed(|it| it["signatures"] = json!([])), "not signed");
    refused(&changed(|it| it["signatures"][0]["sig"] = json!("AAAA")), "none of the 4 keys");
    refused(&changed(|it| it["signatures"][0]["sig"] = json!("!")), "not base64");
    let other_digest = changed(|it| {
        let payload = STANDARD.decode(it["payload"].as_str().unwrap()).unwrap();
        let payload = String::from_utf8(payload).unwrap();
        let artifact = Digest::of(fixture!("artifact.txt").as_bytes()).hex();
        let forged = payload.replace(&artifact, &Digest::of(b"something else").hex());
        assert_ne!(payload, forged);
        it["payload"] = json!(STANDARD.encode(forged));
    });
    refused(&other_digest, "none of the 4 keys");
    let mut keyless: Value = serde_json::from_str(fixture!("managed-key.sigstore.json")).unwrap();
    keyless["verificationMaterial"] = json!({"certificate": {"rawBytes": "AAAA"}});
    refused(&keyless.to_string(), "certificate");
}

/// Signatures are over the type too: a payload cannot be passed off as another kind of document.
#[test]
fn another_type_of_payload_is_refused() {
    let swapped = changed(|it| it["payloadType"] = json!("application/vnd.example+json"));
    let fault = verify(swapped.as_bytes(), &root(&json!({})), AT.parse().unwrap()).unwrap_err();
    assert!(fault.message.contains("no in-toto statement"), "{fault}");
}

#[test]
fn broken_documents_are_refused() {
    for cut in (0..SLSA_1.trim_end().len()).step_by(37) {
        assert!(read(&SLSA_1.as_bytes()[..cut]).is_err(), "the first {cut} bytes");
    }
    let twice = SLSA_1.replacen('{', "{\"payload\": \"e30=\",", 1);
    assert!(
        read(twice.as_bytes()).unwrap_err().message.contains("duplicate field"),
        "a field that comes twice"
    );
    assert!(read(&vec![b'['; 100_000]).is_err(), "deep nesting");
    assert!(read(&vec![b' '; DOCUMENT_BYTES_MAX + 1]).unwrap_err().message.contains("longer than"));
    let many = changed(|it| it["signatures"] = Value::Array(vec![it["signatures"][0].clone(); 17]));
    assert!(read(many.as_bytes()).unwrap_err().message.contains("more than 16"));
}

#[test]
fn the_same_key_twice_is_one_signer() {
    let twice = changed(|it| it["signatures"] = Value::Array(vec![it["signatures"][0].clone(); 2]));
    let attestation = check(&twice);
    assert_eq!((attestation.signatures, signers(&attestation)), (2, vec!["ed25519"]));
}

#[test]
fn a_key_counts_only_while_it_is_valid() {
    let why = |extra: Value| {
        let found = verify(SLSA_1.as_bytes(), &root(&extra), AT.parse().unwrap()).unwrap();
        (found[0].signers.len(), found[0].refused.join(" "))
    };
    assert_eq!(why(json!({"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z"})).0, 1);
    let (n_signers, said) = why(json!({"validUntil": AT}));
    assert!(n_signers == 0 && said.contains("counted only until"), "{said}");
    let (n_signers, said) = why(json!({"validFrom": "2026-03-03T00:00:00Z"}));
    assert!(n_signers == 0 && said.contains("counts only from"), "{said}");
}

#[test]
fn commits_and_tags_that_git_signed_hold() {
    let roots = root(&json!({}));
    for object in [
        fixture!("commit-ed25519.txt"),
        fixture!("commit-ecdsa.txt"),
        fixture!("commit-rsa.txt"),
        fixture!("tag.txt"),
    ] {
        let commit = verify_git(object.as_bytes(), &roots).unwrap();
        assert_eq!(commit.refused, None);
        assert_eq!(commit.signer.unwrap().identity, "ana@example.com");
        assert_eq!(
            (commit.by.as_str(), commit.at),
            ("Ana <ana@example.com>", "2026-03-01T10:00:00Z".parse().unwrap())
        );
    }
    let tag = verify_git(fixture!("tag.txt").as_bytes(), &roots).unwrap();
    assert_eq!(tag.tag.as_deref(), Some("v1.2.0"));
}

#[test]
fn changed_commits_and_unknown_signers_do_not_hold() {
    let refused = |object: &str, roots: &Roots| {
        let commit = verify_git(object.as_bytes(), roots).unwrap();
        assert_eq!(commit.signer, None);
        commit.refused.unwrap()
    };
    let roots = root(&json!({}));
    let forged = fixture!("commit-ed25519.txt").replace("signed with", "forged with");
    assert!(refused(&forged, &roots).contains("does not fit"));
    let retagged = fixture!("tag.txt").replace("tag v1.2.0", "tag v1.3.0");
    assert!(refused(&retagged, &roots).contains("does not fit"));
    assert!(refused(fixture!("commit-rsa.txt"), &Roots::default()).contains("not among the allowed"));
    assert!(refused(fixture!("commit-gpg.txt"), &roots).contains("OpenPGP"));
    if cfg!(not(feature = "openpgp")) {
        assert!(refused(fixture!("commit-gpg.txt"), &roots).contains("--features full"));
    }

    let allowed = |options: &str| {
        let lines =
            fixture!("allowed_signers").replace("ana@example.com ", &format!("ana@example.com {options} "));
        let root = serde_json::from_value(json!({"allowedSigners": lines})).unwrap();
        Roots::new(&BTreeMap::from([("people".parse().unwrap(), root)])).unwrap()
    };
    assert!(
        refused(fixture!("commit-ed25519.txt"), &allowed("namespaces=\"file\""))
            .contains("not allowed to sign")
    );
    assert!(
        refused(fixture!("commit-ed25519.txt"), &allowed("valid-before=\"20260101\""))
            .contains("allowed only")
    );
    let unsigned = "tree 0\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nhello\n";
    assert!(verify_git(unsigned.as_bytes(), &roots).unwrap_err().message.contains("not signed"));
    let signature = fixture!("commit-ed25519.txt").split("gpgsig ").nth(1).unwrap();
    let end = signature.find("-----END SSH SIGNATURE-----\n").unwrap() + 28;
    let twice = fixture!("commit-ed25519.txt").replacen(
        "gpgsig ",
        &format!("gpgsig {}gpgsig ", &signature[..end]),
        1,
    );
    assert!(verify_git(twice.as_bytes(), &roots).unwrap_err().message.contains("several"));
}

#[test]
fn roots_with_a_bad_key_are_refused_as_a_whole() {
    let refused = |pem: &str| {
        let root = serde_json::from_value(json!({"keys": [{"name": "k", "pem": pem}]})).unwrap();
        Roots::new(&BTreeMap::from([("builders".parse().unwrap(), root)])).unwrap_err().to_string()
    };
    assert!(refused("nonsense").contains("no PEM"));
    assert!(refused(&fixture!("ed25519.pub.pem").replace("MCow", "MCox")).starts_with("builders: key `k`: "));
}

/// Bundles that Sigstore's own clients made: with Rekor 1 and 2, in the forms 0.1, 0.2 and 0.3 (test data of the crate
/// `sigstore-verify`, Apache-2.0).
#[cfg(feature = "sigstore")]
mod keyless {
    use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT};

    use super::*;

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    fn trust(trusted_root: &str, issuer: &str, subject: &str) -> Roots {
        let root = json!({"sigstore": {
            "trustedRoot": trusted_root, "identities": [{"issuer": issuer, "subject": subject}],
        }});
        let root = serde_json::from_value(root).unwrap();
        Roots::new(&BTreeMap::from([("public".parse().unwrap(), root)])).unwrap()
    }

    fn ask(document: &str, roots: &Roots) -> Attestation {
        verify(document.as_bytes(), roots, AT.parse().unwrap()).unwrap().remove(0)
    }

    #[test]
    fn bundles_of_every_form_say_who_signed_by_whose_word() {
        for (document, trusted_root, subject, issuer) in [
            (
                fixture!("keyless-0.1.sigstore.json"),
                SIGSTORE_PRODUCTION_TRUSTED_ROOT,
                "https://github.com/sigstore/sigstore-js/*",
                GITHUB,
            ),
            (
                fixture!("keyless-0.2.sigstore.json"),
                SIGSTORE_PRODUCTION_TRUSTED_ROOT,
                "https://github.com/*",
                GITHUB,
            ),
            (
                fixture!("keyless-rekor-1.sigstore.json"),
                SIGSTORE_PRODUCTION_TRUSTED_ROOT,
                "https://github.com/prefix-dev/*",
                GITHUB,
            ),
            (fixture!("keyless-rekor-2.sigstore.json"), SIGSTORE_STAGING_TRUSTED_ROOT, "*", GITHUB),
        ] {
            let attestation = ask(document, &trust(trusted_root, issuer, subject));
            assert_eq!(attestation.refused, [""; 0], "{subject}");
            let [signer] = &attestation.signers[..] else { panic!("{attestation:?}") };
            assert_eq!(signer.issuer.as_deref(), Some(issuer));
            assert!(signer.key.starts_with("sha256:") && signer.root.as_str() == "public");
        }
    }

    #[test]
    fn other_people_other_authorities_and_changed_bundles_do_not_count() {
        let document = fixture!("keyless-rekor-1.sigstore.json");
        let refused = |document: &str, roots: &Roots| {
            let attestation = ask(document, roots);
            assert!(attestation.signers.is_empty());
            attestation.refused.join("; ")
        };
        let right = || trust(SIGSTORE_PRODUCTION_TRUSTED_ROOT, GITHUB, "*");
        assert!(refused(document, &Roots::default()).contains("no root has `sigstore`"));
        let stranger = trust(SIGSTORE_PRODUCTION_TRUSTED_ROOT, GITHUB, "https://github.com/example/*");
        assert!(refused(document, &stranger).contains("does not count signatures of"));
        let issuer = trust(SIGSTORE_PRODUCTION_TRUSTED_ROOT, "https://accounts.example.com", "*");
        assert!(refused(document, &issuer).contains("by the word of"));
        let staging = trust(SIGSTORE_STAGING_TRUSTED_ROOT, GITHUB, "*");
        assert!(refused(document, &staging).contains("does not hold under public"));
        assert!(refused(fixture!("keyless-without-time.sigstore.json"), &right()).contains("does not hold"));
        let mut bundle: Value = serde_json::from_str(document).unwrap();
        let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
        let mut statement: Value = serde_json::from_slice(&payload).unwrap();
        statement["subject"][0]["digest"]["sha256"] = json!(Digest::of(b"another artifact").hex());
        bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(statement.to_string()));
        assert!(refused(&bundle.to_string(), &right()).contains("does not hold"));
        let root =
            json!({"sigstore": {"trustedRoot": "{}", "identities": [{"issuer": GITHUB, "subject": "*"}]}});
        let unusable = BTreeMap::from([("public".parse().unwrap(), serde_json::from_value(root).unwrap())]);
        assert!(Roots::new(&unusable).is_err(), "a root without authorities is none");
    }
}
