//! Whose word counts, over a real control plane: signed statements, machines that may send some kinds alone, evidence of
//! makers and about other things, and known errors.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shipway_model::Digest;

use crate::live::Live;
use crate::program::Said;

const SHOP: &str = "
apiVersion: shipway.dev/v1
kind: Team
metadata: {name: shop}
spec: {members: [ana]}
---
apiVersion: shipway.dev/v1
kind: Person
metadata: {name: ana}
spec: {emails: [ana@example.com], accounts: [ana-laptop]}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  deployment:
    command: [bin/web]
    health: {checks: [{name: up, probe: {http: {path: /healthz}}}]}
---
apiVersion: shipway.dev/v1
kind: Policy
metadata: {name: production}
spec:
  gates: [GATE]
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: proven}
spec:
  stages:
    - {name: gates, run: {gates: {policies: [production]}}}
    - {name: deploy, run: {deploy: {}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec: {targets: {production: 'true'}, pipeline: proven}
";
const JUNIT: &str = "<testsuite name='unit'><testcase name='adds'/></testsuite>";
const COMMITS: &str = "c0ffee1c0ffee1\tana@example.com\tana@example.com\t\n";

/// Declares the shop with one gate.
pub(crate) fn declare(live: &Live<'_>, folder: &Path, gate: &str) {
    fs::write(folder.join("shop.yaml"), SHOP.replace("GATE", gate)).unwrap();
    live.ok(&["apply", "shop.yaml"]);
}

/// Registers a build and seals a release of it; the digest of the build.
pub(crate) fn release(live: &Live<'_>, folder: &Path, version: &str, more: &[&str]) -> Digest {
    fs::create_dir_all(folder.join("build/bin")).unwrap();
    fs::write(folder.join("build/bin/web"), format!("#!/bin/sh\necho {version}\n")).unwrap();
    live.ok(&["artifact", "pack", "build", "-o", "web.tar.gz"]);
    live.ok(&["artifact", "register", "web.tar.gz", "--service", "web", "--version", version]);
    let part = format!("web={version}");
    live.ok(&[&["release", "create", "shop", version, "--part", &part, "--seal"], more].concat());
    Digest::of(&fs::read(folder.join("web.tar.gz")).unwrap())
}

/// What the gate says, in one line: its status and reasons.
pub(crate) fn explained(live: &Live<'_>, version: &str) -> String {
    let release = format!("shop@{version}");
    let said = live.run(&["explain", &release, "--env", "production", "-o", "json"]);
    let view: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}{}", said.out, said.err));
    let it = &view["requirements"][0];
    let reasons: Vec<&str> = it["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    format!("{}: {}", it["status"].as_str().unwrap(), reasons.join("; "))
}

pub(crate) fn token(live: &Live<'_>, name: &str, more: &[&str]) -> String {
    let issued = live.ok(&[&["token", "issue", name], more].concat());
    issued.trim().to_owned()
}

fn keygen(folder: &Path, name: &str) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", name])
        .current_dir(folder)
        .status()
        .expect("ssh-keygen is installed");
    assert!(made.success());
    fs::read_to_string(folder.join(format!("{name}.pub"))).unwrap().trim().to_owned()
}

#[test]
fn a_signed_statement_counts_while_a_root_believes_whoever_signed_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "{name: pentest, require: {statement: {kind: penetration-test, signed: true}}}");
    let artifact = release(&live, folder, "1.0.0", &[]).to_string();
    fs::write(folder.join("pentest.pdf"), "nothing was found").unwrap();
    let (red_team, stranger) = (keygen(folder, "red-team"), keygen(folder, "stranger"));
    let trust = |principals: &str, key: &str| {
        let root = format!(
            "apiVersion: shipway.dev/v1\nkind: TrustRoot\nmetadata: {{name: auditors}}\nspec:\n  allowedSigners: |\n    {principals} {key}\n"
        );
        fs::write(folder.join("root.yaml"), root).unwrap();
        live.ok(&["apply", "root.yaml"]);
    };
    trust("\"Red Team,Blue Team\"", &red_team);
    let attach = |issuer: &str, more: &[&str]| -> Said {
        let said = ["--statement", "penetration-test", "--issuer", issuer, "--scope", "the web", "--expires"];
        let about = ["evidence", "attach", "pentest.pdf", "--subject", &artifact];
        live.run(&[&about[..], &said, &["2099-01-01T00:00:00Z"], more].concat())
    };
    let unsigned = attach("Red Team", &[]);
    assert_eq!(unsigned.code, 0, "{}", unsigned.err);
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("missing") && said.contains("nobody whom a TrustRoot lets sign"), "{said}");

    let refused = attach("Red Team", &["--sign", "stranger"]);
    assert!(refused.code == 1 && refused.err.contains("in no TrustRoot"), "{}", refused.err);
    let refused = attach("Green Team", &["--sign", "red-team"]);
    assert!(refused.code == 1 && refused.err.contains("may not sign for `Green Team`"), "{}", refused.err);

    // Signed on another machine, over something else: the document, the scope, the subject are in what is signed.
    let printed = attach("Red Team", &["--print"]);
    assert_eq!(printed.code, 0, "{}", printed.err);
    fs::write(folder.join("word.json"), printed.out.replace("the web", "everything")).unwrap();
    let sign = |namespace: &str| {
        let _ = fs::remove_file(folder.join("word.json.sig"));
        let args = ["-Y", "sign", "-q", "-n", namespace, "-f", "red-team", "word.json"];
        assert!(Command::new("ssh-keygen").args(args).current_dir(folder).status().unwrap().success());
        attach("Red Team", &["--signature", "word.json.sig"])
    };
    let refused = sign("evidence@shipway.dev");
    assert!(refused.code == 1 && refused.err.contains("are signed"), "{}", refused.err);
    fs::write(folder.join("word.json"), &printed.out).unwrap();
    let refused = sign("approval@shipway.dev");
    assert!(refused.code == 1 && refused.err.contains("are signed"), "another purpose: {}", refused.err);
    let taken = sign("evidence@shipway.dev");
    assert_eq!(taken.code, 0, "{}", taken.err);
    let said = explained(&live, "1.0.0");
    assert!(
        said.starts_with("satisfied") && said.contains("signed with Red Team,Blue Team of auditors"),
        "{said}"
    );

    // The word is taken back with the belief in its key, and given again with it.
    trust("\"Red Team,Blue Team\"", &stranger);
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("missing") && said.contains("its signature holds no more"), "{said}");
    trust("\"Red Team,Blue Team\" valid-before=\"20200101\"", &red_team);
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("missing") && said.contains("was allowed only before 2020"), "{said}");
    trust("Red*", &red_team);
    assert!(explained(&live, "1.0.0").starts_with("satisfied"));
    let again = attach("Red Team", &["--sign", "red-team"]);
    assert_eq!(again.code, 0, "{}", again.err);
}

#[test]
fn a_machine_sends_only_the_kinds_that_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "{name: unit, require: {tests: {}}}");
    let artifact = release(&live, folder, "1.0.0", &[]).to_string();
    fs::write(folder.join("junit.xml"), JUNIT).unwrap();
    fs::write(folder.join("lines.lcov"), "SF:a\nDA:1,1\nLF:1\nLH:1\nend_of_record\n").unwrap();
    fs::write(folder.join("note.txt"), "done").unwrap();
    let ci = token(&live, "ci", &["--role", "builder", "--evidence", "tests", "--evidence", "sign-off"]);
    let attach = |file: &str, more: &[&str]| {
        live.run(&[&["evidence", "attach", file, "--subject", &artifact, "--token", &ci], more].concat())
    };
    let n_before = live.ok(&["ledger", "head"]);
    let refused = attach("lines.lcov", &[]);
    assert!(refused.code == 1 && refused.err.contains("evidence-not-allowed"), "{}", refused.err);
    assert!(
        refused.err.contains("speaks of coverage") && refused.err.contains("sign-off and tests alone"),
        "{}",
        refused.err
    );
    let word = |kind: &'static str| {
        ["--statement", kind, "--issuer", "ci", "--scope", "all", "--expires", "2099-01-01T00:00:00Z"]
    };
    let refused = attach("note.txt", &word("penetration-test"));
    assert!(refused.code == 1 && refused.err.contains("speaks of penetration-test"), "{}", refused.err);
    assert_eq!(live.ok(&["ledger", "head"]), n_before, "nothing was recorded");
    assert!(explained(&live, "1.0.0").starts_with("missing"));
    for said in [attach("junit.xml", &[]), attach("note.txt", &word("sign-off"))] {
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert!(explained(&live, "1.0.0").starts_with("satisfied"));
}

#[test]
fn nobodys_own_evidence_is_independent_and_evidence_about_something_else_never_counts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    // Before it is known whose name that is: afterwards nobody else may take it.
    let author = token(&live, "ana-laptop", &["--role", "builder"]);
    declare(&live, folder, "{name: unit, independent: true, require: {tests: {}}}");
    fs::write(folder.join("commits"), COMMITS).unwrap();
    let other = release(&live, folder, "0.9.0", &[]).to_string();
    let artifact = release(&live, folder, "1.0.0", &["--commits", "commits"]).to_string();
    fs::write(folder.join("junit.xml"), JUNIT).unwrap();
    let attach = |subjects: &[&str], file: &str, secret: &str| {
        fs::copy(folder.join("junit.xml"), folder.join(file)).unwrap();
        let mut args = vec!["evidence", "attach", file, "--token", secret];
        args.extend(subjects.iter().flat_map(|it| ["--subject", it]));
        live.ok(&args);
    };
    let admin = fs::read_to_string(folder.join("token")).unwrap().trim().to_owned();
    let tester = token(&live, "tester", &["--role", "builder"]);

    attach(&[&other], "other.xml", &tester);
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("missing") && !said.contains("evi_"), "it is not even looked at: {said}");
    attach(&[&artifact, &other], "both.xml", &tester);
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("missing") && said.contains("which is not in the release"), "{said}");
    attach(&[&artifact], "own.xml", &admin);
    attach(&[&artifact], "author.xml", &author);
    let said = explained(&live, "1.0.0");
    assert_eq!(said.matches("whoever sent it made the release, wrote or built").count(), 2, "{said}");
    assert!(said.starts_with("missing"), "{said}");
    attach(&[&artifact], "tester.xml", &tester);
    assert!(explained(&live, "1.0.0").starts_with("satisfied"));
}

#[test]
fn known_errors_are_carried_accepted_by_others_and_never_dropped_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    declare(&live, folder, "{name: errors, require: {known-errors: {max: 1}}}");
    release(&live, folder, "0.9.0", &[]);
    assert_eq!(explained(&live, "0.9.0"), "satisfied: no known error is carried on");
    let error = "{defect: searches of 40 words are slow, owner: OWNER, mitigation: none, monitor: alert search-latency, expires: EXPIRES}";
    let write = |owner: &str, expires: &str| {
        let error = error.replace("OWNER", owner).replace("EXPIRES", expires);
        fs::write(folder.join("errors.yaml"), format!("slow-search: {error}\n")).unwrap();
    };
    write("nobody", "2099-01-01T00:00:00Z");
    let create = |version: &str| {
        live.run(&[
            "release",
            "create",
            "shop",
            version,
            "--part",
            "web=0.9.0",
            "--known-errors",
            "errors.yaml",
            "--seal",
        ])
    };
    let refused = create("1.0.0");
    assert!(refused.code == 1 && refused.err.contains("no such Team"), "{}", refused.err);
    write("shop", "2099-01-01T00:00:00Z");
    let created = create("1.0.0");
    assert!(
        created.out.contains("alert search-latency") && created.out.contains("release accept shop@1.0.0"),
        "{}{}",
        created.out,
        created.err
    );
    let said = explained(&live, "1.0.0");
    assert!(said.starts_with("failed") && said.contains("has accepted slow-search, of team shop"), "{said}");
    let own = live.run(&["release", "accept", "shop@1.0.0"]);
    assert!(own.code == 1 && own.err.contains("self-approval"), "{}", own.err);
    let bo = token(&live, "bo", &["--role", "approver"]);
    let accepted = live.ok(&["release", "accept", "shop@1.0.0", "--note", "support knows", "--token", &bo]);
    assert!(accepted.contains("by bo support knows"), "{accepted}");
    assert_eq!(explained(&live, "1.0.0"), "satisfied: its one known error is accepted");

    write("shop", "2020-01-01T00:00:00Z");
    create("1.1.0");
    live.ok(&["release", "accept", "shop@1.1.0", "--token", &bo]);
    let said = explained(&live, "1.1.0");
    assert!(said.starts_with("failed") && said.contains("only until 2020-01-01"), "{said}");
}

/// SARIF of so many notes, and of one secret behind them, which is an error.
fn sarif(n_notes: usize, has_secret: bool) -> String {
    let text = "x".repeat(200);
    let note = format!(r#"{{"ruleId":"note","level":"note","message":{{"text":"{text}"}}}}"#);
    let secret = r#"{"ruleId":"key","level":"error","message":{"text":"a key"}}"#.to_owned();
    let results: Vec<_> = std::iter::repeat_n(note, n_notes).chain(has_secret.then_some(secret)).collect();
    let rules = r#"[{"id":"note"},{"id":"key","properties":{"tags":["secret"]}}]"#;
    format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"lint","rules":{rules}}}}},"results":[{}]}}]}}"#,
        results.join(",")
    )
}

/// What is beyond the memory that a list may take is counted by its severity: enough for the one gate, and not for the other, to which
/// nobody can say of what kind the error is.
#[test]
fn a_report_that_is_too_long_is_judged_by_its_counts_or_asked_for_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let live = Live::start(folder);
    let gate =
        |severity: &str| format!("{{name: {severity}, require: {{findings: {{severity: {severity}}}}}}}");
    declare(&live, folder, &format!("{}, {}", gate("critical"), gate("high")));
    let artifact = release(&live, folder, "1.0.0", &[]).to_string();
    let write = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    let explain = || -> Vec<Value> {
        let said = live.run(&["explain", "shop@1.0.0", "--env", "production", "-o", "json"]);
        let view: Value = serde_json::from_str(&said.out).unwrap();
        view["requirements"].as_array().unwrap().clone()
    };
    let is = |it: &Value, status: &str, reason: &str| {
        let (found, reasons) = (it["status"].as_str(), it["reasons"].to_string());
        assert!(found == Some(status) && reasons.contains(reason), "{it}");
    };

    write("lint.sarif", sarif(120_000, true));
    live.ok(&["evidence", "attach", "lint.sarif", "--subject", &artifact]);
    let requirements = explain();
    is(
        &requirements[0],
        "satisfied",
        "more findings than are kept, and by their severities none of them blocks",
    );
    is(&requirements[1], "failed", "more findings than are kept, 1 of which may block");
    is(&requirements[1], "failed", "attach it in parts, the first of them under its own file name");
    let next = requirements[1]["next"].as_str().unwrap();
    assert_eq!(next, format!("shipway evidence attach PART… --subject {artifact}"));

    write("lint.sarif", sarif(60_000, false));
    write("lint-2.sarif", sarif(60_000, true));
    live.ok(&["evidence", "attach", "lint.sarif", "lint-2.sarif", "--subject", &artifact]);
    let requirements = explain();
    is(&requirements[0], "satisfied", "0 findings of this severity");
    is(&requirements[1], "satisfied", "0 findings of this severity");
    assert!(!requirements[1]["reasons"].to_string().contains("than are kept"), "{}", requirements[1]);
}
