//! Attestations, signed commits and interfaces, offline.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::run;

/// What securesystemslib, git and ssh-keygen made.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../integrations/tests/fixtures/provenance");

/// Copies the fixtures and writes roots that believe one key and the allowed signers.
fn prepare(folder: &Path) {
    for entry in fs::read_dir(FIXTURES).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let root = json!({
        "apiVersion": "shipway.dev/v1",
        "kind": "TrustRoot",
        "metadata": {"name": "builders"},
        "spec": {
            "keys": [{"name": "release", "pem": text("ed25519.pub.pem")}],
            "allowedSigners": text("allowed_signers"),
        },
    });
    fs::write(folder.join("roots.yaml"), root.to_string()).unwrap();
}

#[test]
fn an_artifact_is_proven_or_the_reason_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepare(folder);
    let verify = |document: &str, artifact: &str, extra: &[&str]| {
        let args =
            ["provenance", "verify", document, "--artifact", artifact, "--roots", "roots.yaml", "-o", "json"];
        let said = run(folder, &[&args[..], extra].concat());
        let json: Value = serde_json::from_str(&said.out).unwrap_or_default();
        (said.code, json["reasons"].to_string() + &said.err)
    };
    let builder =
        ["--builder", "https://github.com/example/shop/*", "--repository", "https://github.com/example/shop"];
    let (code, said) = verify("slsa-1.dsse.json", "artifact.txt", &builder);
    assert!(code == 0 && said.contains("signed by release (builders)"), "{said}");
    for (document, artifact, extra, why) in [
        ("slsa-1.dsse.json", "roots.yaml", &[][..], "what was signed is not what is shipped"),
        ("stranger.dsse.json", "artifact.txt", &[], "none of the 1 keys"),
        ("bare.statement.json", "artifact.txt", &[], "not signed"),
        ("slsa-1.dsse.json", "artifact.txt", &["--reference", "refs/heads/main"], "refs/tags/v1.2.0"),
        ("slsa-1.dsse.json", "artifact.txt", &["--level", "3"], "SLSA build level 3"),
        ("artifact.txt", "artifact.txt", &[], "line 1, column 1"),
        ("slsa-1.dsse.json", "nowhere", &[], "cannot be read"),
    ] {
        let (code, said) = verify(document, artifact, extra);
        assert!(code == 1 && said.contains(why), "{document} {artifact} {extra:?}: {said}");
    }
    let people = run(
        folder,
        &["provenance", "verify", "slsa-1.dsse.json", "--artifact", "artifact.txt", "--roots", "roots.yaml"],
    );
    assert!(people.code == 0 && people.out.starts_with("proven: sha256:"), "{}{}", people.out, people.err);
    let broken = fs::read_to_string(folder.join("roots.yaml")).unwrap().replace("MCow", "MCox");
    fs::write(folder.join("roots.yaml"), broken).unwrap();
    let (code, said) = verify("slsa-1.dsse.json", "artifact.txt", &[]);
    assert!(code == 1 && said.contains("key `release`"), "{said}");
}

#[test]
fn commits_are_sound_or_broken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    prepare(folder);
    let objects = ["commit-ed25519.txt", "commit-ecdsa.txt", "commit-rsa.txt", "tag.txt"];
    let said =
        run(folder, &[&["provenance", "commit", "--roots", "roots.yaml", "--"], &objects[..]].concat());
    assert_eq!((said.code, said.out.matches("sound: ").count()), (0, 4), "{}{}", said.out, said.err);
    let forged = fs::read_to_string(folder.join("tag.txt")).unwrap().replace("v1.2.0", "v1.3.0");
    fs::write(folder.join("forged.txt"), forged).unwrap();
    let said = run(folder, &["provenance", "commit", "forged.txt", "--roots", "roots.yaml"]);
    assert!(said.code == 1 && said.out.contains("does not fit"), "{}{}", said.out, said.err);
}

#[test]
fn a_break_is_named_and_a_new_major_version_announces_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let old = "openapi: 3.0.3\ninfo: {title: shop, version: 1.0.0}\npaths:\n  /orders:\n    get: {responses: {200: {description: ok}}}\n    post: {responses: {201: {description: ok}}}\n";
    let new = old.replace("    post: {responses: {201: {description: ok}}}\n", "");
    fs::write(folder.join("old.yaml"), old).unwrap();
    fs::write(folder.join("new.yaml"), new).unwrap();
    let diff = |args: &[&str]| run(folder, &[&["contract", "diff"], args].concat());
    let said = diff(&["old.yaml", "new.yaml", "-o", "json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &json["changes"][0]["rule"]), (1, &json!("api-removed-without-deprecation")));
    assert_eq!(json["changes"][0]["place"], "POST /orders");
    assert_eq!(diff(&["new.yaml", "old.yaml"]).code, 0);
    assert_eq!(diff(&["old.yaml", "new.yaml", "--from", "1.0.0", "--to", "2.0.0"]).code, 0);
    assert_eq!(diff(&["old.yaml", "new.yaml", "--from", "1.0.0", "--to", "1.1.0"]).code, 1);
    assert_eq!(diff(&["old.yaml", "new.yaml", "--ignore", "api-removed-without-deprecation"]).code, 0);
    fs::write(folder.join("old.proto"), "syntax = \"proto3\";\nmessage A { int32 b = 1; }\n").unwrap();
    fs::write(folder.join("new.proto"), "syntax = \"proto3\";\nmessage A { string b = 1; }\n").unwrap();
    let said = diff(&["old.proto", "new.proto"]);
    assert!(
        said.code == 1 && said.out.contains("FIELD_WIRE_COMPATIBLE_TYPE  A.b"),
        "{}{}",
        said.out,
        said.err
    );
    fs::write(folder.join("broken.proto"), "syntax = \"proto3\";\nmessage A {").unwrap();
    let said = diff(&["old.proto", "broken.proto"]);
    assert!(said.code == 1 && said.err.contains("broken.proto: "), "{}", said.err);
}
