//! Knowledge about vulnerabilities that comes after the release: traced to what carries it, and heeded by gates.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::live::Live;
use crate::trust::{declare, explained, release, token};

fn sbom() -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5",
        "metadata": {"component": {"type": "application", "bom-ref": "web", "name": "web"}},
        "components": [
            {"type": "library", "bom-ref": "express", "name": "express", "version": "4.17.0", "purl": "pkg:npm/express@4.17.0"},
            {"type": "library", "bom-ref": "qs", "name": "qs", "version": "6.7.0", "purl": "pkg:npm/qs@6.7.0"},
            {"type": "library", "bom-ref": "left", "name": "left", "version": "1", "purl": "pkg:generic/left@1"},
        ],
        "dependencies": [
            {"ref": "web", "dependsOn": ["express"]}, {"ref": "express", "dependsOn": ["qs"]},
        ],
    })
}

fn entry(id: &str, modified: &str, package: &str, fixed: &str) -> Value {
    json!({
        "id": id, "modified": modified, "aliases": ["CVE-2026-0007"], "summary": "prototype pollution",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}],
        "affected": [{
            "package": {"ecosystem": "npm", "name": package},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    })
}

/// An archive as databases publish it.
fn export(path: &Path, members: &[(&str, String)]) {
    let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, text) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

fn read(live: &Live<'_>, args: &[&str]) -> Value {
    serde_json::from_str(&live.ok(&[args, &["-o", "json"]].concat())).unwrap()
}

#[test]
fn a_vulnerability_that_becomes_known_later_is_traced_and_closes_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "{name: scan, require: {vulnerabilities: {severity: critical, epss: 0.5}}}");
    let artifact = release(&live, folder, "1.0.0", &[]).to_string();
    release(&live, folder, "1.1.0", &[]);
    let write = |name: &str, value: &Value| fs::write(folder.join(name), value.to_string()).unwrap();
    write("sbom.json", &sbom());
    write(
        "scan.json",
        &json!({"SchemaVersion": 2, "ArtifactName": "web", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm"}]}),
    );
    live.ok(&["evidence", "attach", "sbom.json", "scan.json", "--subject", &artifact]);
    assert!(explained(&live, "1.0.0").starts_with("satisfied"), "{}", explained(&live, "1.0.0"));
    let view = read(&live, &["vuln", "affected"]);
    assert_eq!(view["unjudged"][0]["components"], 3, "nothing was imported: {view}");
    assert_eq!(view["unlisted"][0]["version"], "1.1.0", "{view}");

    // Low by its score: it is traced, and the gate lets it pass.
    export(
        &folder.join("all.zip"),
        &[
            (
                "GHSA-1.json",
                serde_json::to_string_pretty(&entry("GHSA-1", "2026-02-01T00:00:00Z", "qs", "6.7.3"))
                    .unwrap(),
            ),
            ("GHSA-2.json", entry("GHSA-2", "2026-02-01T00:00:00Z", "left-pad", "2.0.0").to_string()),
            ("GHSA-3.json", "{\"id\": \"GHSA-3\"".to_owned()),
            ("README.md", "not an entry".to_owned()),
        ],
    );
    let imported = live.run(&["vuln", "import", "all.zip", "-o", "json"]);
    let report: Value =
        serde_json::from_str(&imported.out).unwrap_or_else(|_| panic!("{}{}", imported.out, imported.err));
    assert_eq!((imported.code, &report["read"], &report["changed"]), (1, &json!(2), &json!(2)), "{report}");
    assert!(report["broken"][0].as_str().unwrap().contains("all.zip: GHSA-3.json: EOF"), "{report}");
    assert_eq!(report["artifacts"], json!([artifact]), "{report}");
    let again: Value =
        serde_json::from_str(&live.run(&["vuln", "import", "all.zip", "-o", "json"]).out).unwrap();
    assert_eq!(
        (&again["changed"], &again["unchanged"], &again["artifacts"]),
        (&json!(0), &json!(2), &json!([])),
        "{again}"
    );

    let view = read(&live, &["vuln", "affected", "ghsa-1"]);
    let [row] = &view["affected"].as_array().unwrap()[..] else { panic!("{view}") };
    assert_eq!(
        (&row["finding"]["id"], &row["service"], &row["owner"]),
        (&json!("CVE-2026-0007"), &json!("web"), &json!("shop"))
    );
    assert_eq!(row["releases"], json!(["shop@1.0.0"]));
    assert_eq!(row["finding"]["package"]["path"], json!(["web", "express", "qs"]), "{row}");
    assert_eq!(
        view["unjudged"][0]["reasons"],
        json!(["1 component of the type `generic`, which no database is compared with"])
    );
    assert_eq!(read(&live, &["vuln", "affected", "CVE-1999-1"])["affected"], json!([]));
    assert_eq!(
        read(&live, &["vuln", "affected", "--env", "production"])["affected"],
        json!([]),
        "it runs nowhere"
    );
    let people = live.ok(&["vuln", "affected", "--release", "shop@1.0.0"]);
    assert!(people.contains("qs 6.7.0 through express") && people.contains("6.7.3"), "{people}");
    assert!(explained(&live, "1.0.0").contains("none of 1 known vulnerabilities blocks, 1 of them learnt"));

    // A waiver that speaks of it is told with the next change.
    let bo = token(&live, "bo", &["--role", "approver"]);
    let waiver = [
        "waiver",
        "request",
        "--policy",
        "production",
        "--gate",
        "scan",
        "--finding",
        "CVE-2026-0007",
        "--owner",
        "shop",
    ];
    let waiver = live.ok(&[&waiver[..], &["--for", "7d", "--reason", "not reached", "-o", "json"]].concat());
    let waiver: Value = serde_json::from_str(&waiver).unwrap();
    live.ok(&["waiver", "approve", waiver["id"].as_str().unwrap(), "--token", &bo]);
    assert_eq!(read(&live, &["vuln", "affected"])["affected"][0]["waivers"], json!([waiver["id"]]));
    live.ok(&["waiver", "withdraw", waiver["id"].as_str().unwrap(), "--reason", "over"]);

    // A prediction makes it grave; the same import says nothing new the second time.
    fs::write(folder.join("epss.csv"), "#model\ncve,epss,percentile\nCVE-2026-0007,0.91,0.99\n").unwrap();
    live.ok(&["vuln", "import", "--epss", "epss.csv"]);
    let said = explained(&live, "1.0.0");
    assert!(
        said.starts_with("failed") && said.contains("CVE-2026-0007 in qs 6.7.0, fixed in 6.7.3"),
        "{said}"
    );
    write("kev.json", &json!({"vulnerabilities": [{"cveID": "CVE-2026-0007", "dateAdded": "2026-02-03"}]}));
    live.ok(&["vuln", "import", "--kev", "kev.json"]);
    assert_eq!(read(&live, &["vuln", "affected"])["affected"][0]["finding"]["known_exploited"], true);

    // What turns out to be wrong is taken back.
    let mut withdrawn = entry("GHSA-1", "2026-03-01T00:00:00Z", "qs", "6.7.3");
    withdrawn["withdrawn"] = json!("2026-03-01T00:00:00Z");
    write("GHSA-1.json", &withdrawn);
    live.ok(&["vuln", "import", "GHSA-1.json"]);
    assert_eq!(read(&live, &["vuln", "affected"])["affected"], json!([]));
    assert!(explained(&live, "1.0.0").starts_with("satisfied"));
    let events = live.ok(&["ledger", "show", "--limit", "200"]);
    assert!(
        events.contains("vulnerabilities.imported") && events.contains("vulnerabilities.changed"),
        "{events}"
    );

    // A bill that comes later is compared with what is known already.
    let mut fresh = entry("GHSA-9", "2026-03-01T00:00:00Z", "express", "5.0.0");
    fresh["aliases"] = json!(["CVE-2026-0009"]);
    write("GHSA-9.json", &fresh);
    live.ok(&["vuln", "import", "GHSA-9.json"]);
    let later = release(&live, folder, "1.2.0", &[]).to_string();
    live.ok(&["evidence", "attach", "sbom.json", "--subject", &later]);
    let view = read(&live, &["vuln", "affected", "CVE-2026-0009"]);
    assert_eq!(view["affected"].as_array().unwrap().len(), 2, "{view}");

    // A bill of a whole release counts for what is in it.
    release(&live, folder, "1.3.0", &[]);
    live.ok(&["evidence", "attach", "sbom.json", "--subject", "shop@1.3.0"]);
    let view = read(&live, &["vuln", "affected", "CVE-2026-0009", "--release", "shop@1.3.0"]);
    assert_eq!(view["affected"][0]["version"], "1.3.0", "{view}");
}

#[test]
fn only_the_control_plane_makes_documents_of_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "{name: scan, require: {vulnerabilities: {}}}");
    let artifact = release(&live, folder, "1.0.0", &[]).to_string();
    let forged = json!({"format": "knowledge", "tool": "shipway", "findings": []});
    fs::write(folder.join("forged.json"), forged.to_string()).unwrap();
    for format in [&[][..], &["--format", "knowledge"]] {
        let said =
            live.run(&[&["evidence", "attach", "forged.json", "--subject", &artifact], format].concat());
        assert_eq!(said.code, 1, "{}", said.out);
    }
    let viewer = token(&live, "viewer", &["--role", "viewer"]);
    fs::write(folder.join("one.json"), entry("GHSA-1", "2026-02-01T00:00:00Z", "qs", "1").to_string())
        .unwrap();
    let refused = live.run(&["vuln", "import", "one.json", "--token", &viewer]);
    assert!(refused.code == 1 && refused.err.contains("forbidden"), "{}", refused.err);
}
