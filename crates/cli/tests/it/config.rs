//! `shipway config show`

use std::fs;

use crate::program::{run, said, shipway};

#[test]
fn every_setting_says_who_gave_it_and_the_token_stays_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    fs::write(&file, "server: http://127.0.0.1:1\ntoken: very-secret\n").unwrap();
    let shown = said(
        &shipway(folder.path())
            .args(["config", "show", "--config", "mine.yaml", "-o", "json"])
            .env("SHIPWAY_SERVER", "http://127.0.0.1:2")
            .output()
            .unwrap(),
    );
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(!shown.out.contains("very-secret"), "{}", shown.out);
    let rows: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(rows[0]["value"], "http://127.0.0.1:2");
    assert_eq!(rows[0]["origin"]["variable"], "SHIPWAY_SERVER");
    assert_eq!(rows[1]["origin"]["file"], "mine.yaml");
}

#[test]
fn a_wrong_config_file_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.yaml"), "servr: x\n").unwrap();
    let said = run(folder.path(), &["config", "show", "--config", "mine.yaml"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("servr") && said.err.contains("next: shipway help config"), "{}", said.err);
}
