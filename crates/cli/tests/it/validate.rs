//! `shipway validate` and `shipway schema`

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::program::{run, said, shipway};

const TEAM: &str = "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: shop}\nspec: {}\n";

#[test]
fn good_files_are_counted_and_folders_walked() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("shop/deep")).unwrap();
    fs::write(folder.path().join("shop/team.yaml"), TEAM).unwrap();
    fs::write(folder.path().join("shop/deep/other.yml"), TEAM.replace("name: shop", "name: other")).unwrap();
    fs::write(folder.path().join("shop/notes.txt"), "not: [yaml").unwrap();
    let said = run(folder.path(), &["validate", "shop"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "valid 2 files: 2 Team\n", ""));
}

#[test]
fn every_fault_is_shown_and_the_next_command() {
    let folder = tempfile::tempdir().unwrap();
    let bad = TEAM.replace("spec: {}", "spec: {membres: [ana]}").replace("name: shop", "name: Shop");
    fs::write(folder.path().join("team.yaml"), bad).unwrap();
    fs::write(folder.path().join("other.yaml"), "kind: Tem\n").unwrap();
    let said = run(folder.path(), &["validate", "team.yaml", "other.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    insta::assert_snapshot!("faults", said.err);
}

#[test]
fn faults_are_json_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("team.yaml"), "kind: Tem\n").unwrap();
    let said = run(folder.path(), &["validate", "team.yaml", "-o", "json"]);
    assert_eq!(said.code, 1);
    let report: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report["faults"][0]["path"], "team.yaml");
    assert_eq!(report["faults"][0]["line"], 1);
}

#[test]
fn standard_input_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = shipway(folder.path())
        .args(["validate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(TEAM.as_bytes()).unwrap();
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (0, "valid 1 file: 1 Team\n"));
}

#[test]
fn a_cycle_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let library = |name: &str, needs: &str| {
        format!(
            "---\napiVersion: shipway.dev/v1\nkind: Library\nmetadata: {{name: {name}}}\nspec: {{owner: shop, dependsOn: [{{library: {needs}}}]}}\n"
        )
    };
    fs::write(folder.path().join("all.yaml"), library("a", "b") + &library("b", "c") + &library("c", "a"))
        .unwrap();
    let said = run(folder.path(), &["validate", "all.yaml"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("dependsOn has a cycle: a → b → c → a"), "{}", said.err);
    assert!(said.err.contains("--> all.yaml:5:43"), "with its place: {}", said.err);
    let report = run(folder.path(), &["validate", "all.yaml", "-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.out).unwrap();
    assert_eq!(report["faults"][0]["line"], 5);
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("latin.yaml"), b"kind: \xe9\n").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (file, code, why) in [
        ("none.yaml", 1, "cannot be read"),
        ("latin.yaml", 1, "is not UTF-8: byte 6"),
        ("empty", 2, "no .yaml"),
    ] {
        let said = run(folder.path(), &["validate", file]);
        assert_eq!(said.code, code, "{file}: {}", said.err);
        assert!(said.err.contains(why) && said.err.contains("next: "), "{file}: {}", said.err);
    }
}

#[test]
fn a_schema_is_printed_for_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    for kind in shipway_model::resource::Kind::ALL {
        let said = run(folder.path(), &["schema", &kind.as_str().to_lowercase()]);
        let schema: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["properties"]["kind"]["const"], kind.as_str());
    }
    assert_eq!(run(folder.path(), &["schema"]).code, 0);
    assert_eq!(run(folder.path(), &["schema", "pod"]).code, 2);
}
