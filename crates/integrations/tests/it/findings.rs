//! What scanners found: their files in, findings out.

use std::fs;
use std::path::Path;

use shipway_integrations::evidence::{self, Fault, Source};
use shipway_model::evidence::{Counts, Finding, FindingKind, Normal, Severity, VexStatus};

pub(crate) fn fixture(path: &str) -> Normal {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evidence").join(path);
    let bytes = fs::read(&file).unwrap();
    let name = file.file_name().and_then(|it| it.to_str());
    evidence::read(Source::new(&mut bytes.as_slice()), name, None).unwrap_or_else(|it| panic!("{path}: {it}"))
}

pub(crate) fn forced(format: &str, text: &str) -> Result<Normal, Fault> {
    let format = evidence::find(format).expect("the format is in the table");
    evidence::read(Source::new(&mut text.as_bytes()), None, Some(format))
}

fn refused(format: &str, text: &str, expect: &str) {
    let said = forced(format, text).expect_err("it is refused").to_string();
    assert!(said.contains(expect), "{said}");
}

fn findings(normal: &Normal) -> &[Finding] {
    normal.findings.as_deref().expect("it has findings")
}

fn severities(normal: &Normal) -> Vec<(&str, Severity)> {
    findings(normal).iter().map(|it| (it.id.as_str(), it.severity)).collect()
}

/// Nothing of the secrets that the fixtures plant may be left anywhere.
fn keeps_no_secret(normal: &Normal) {
    assert!(!serde_json::to_string(normal).unwrap().contains("PLANTED"), "{normal:?}");
}

mod sarif {
    use super::*;

    #[test]
    fn bandit_gives_its_levels_and_classes() {
        let normal = fixture("sarif/bandit.sarif");
        assert_eq!(normal.tool.as_deref(), Some("Bandit"));
        assert_eq!(normal.tool_version.as_deref(), Some("1.9.4"));
        let counts = Counts { high: 2, medium: 1, low: 2, ..Counts::default() };
        assert_eq!(normal.counts, Some(counts));
        let shell = findings(&normal).iter().find(|it| it.id == "B602").unwrap();
        assert_eq!((shell.kind, shell.taxa.as_slice()), (FindingKind::Static, &["CWE-78".to_owned()][..]));
        let place = shell.location.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("app/store.py", Some(16)));
    }

    #[test]
    fn results_that_stand_before_their_tool_find_their_rules() {
        let normal = fixture("sarif/ruff.sarif");
        assert_eq!(normal.tool.as_deref(), Some("ruff"));
        assert_eq!(normal.counts.map(|it| it.high), Some(findings(&normal).len() as u64));
        assert!(findings(&normal).iter().any(|it| it.id == "F401"));
    }

    #[test]
    fn everything_that_the_standard_leaves_to_others_is_looked_up() {
        let normal = fixture("sarif/dialects.sarif");
        assert_eq!(
            severities(&normal),
            [
                ("js/sqli/detail", Severity::High),
                ("js/unused", Severity::Low),
                ("js/overridden", Severity::Low),
                ("plug/one", Severity::High),
                ("js/unused", Severity::High),
                ("js/unused", Severity::Low),
                ("js/unused", Severity::Low),
                ("js/unused", Severity::Unknown),
                ("js/unused", Severity::None),
                ("js/unknown", Severity::Medium),
            ]
        );
        let [first, .., accepted, asked, in_source, _, _, _] = findings(&normal) else {
            panic!("ten findings")
        };
        assert_eq!(first.title.as_deref(), Some("The query on orders depends on a user's input."));
        assert_eq!(first.location.as_ref().map(|it| it.file.as_str()), Some("src/orders.js"));
        assert_eq!(first.taxa, ["CWE-89", "CWE-943", "OWASP-A03"]);
        assert_eq!(first.fingerprint.as_deref(), Some("primaryLocationLineHash:39fa2ee980eb94b0:1"));
        assert_eq!((accepted.suppressed, accepted.suppression.as_deref()), (true, Some("generated code")));
        assert_eq!((asked.suppressed, in_source.suppressed), (false, true));
        assert_eq!(normal.about.as_deref(), Some("https://git.example.org/shop@0a1b2c"));
        assert_eq!(normal.tool.as_deref(), Some("Analyser, Sleeper"));
        let told = normal.remarks.join("; ");
        for part in
            ["1 results say that nothing is wrong", "1 results are gone", "a run of Sleeper has no results"]
        {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn eslint_says_what_its_comments_set_aside_and_why() {
        let normal = fixture("sarif/eslint.sarif");
        assert_eq!(
            severities(&normal),
            [
                ("no-unused-vars", Severity::Medium),
                ("eqeqeq", Severity::High),
                ("no-debugger", Severity::High),
                ("no-console", Severity::High),
            ]
        );
        let why: Vec<_> = findings(&normal).iter().map(|it| it.suppression.as_deref()).collect();
        assert_eq!(why, [None, None, Some("kept until the incident is understood"), Some("inSource")]);
        let counts = Counts { high: 1, medium: 1, suppressed: 2, ..Counts::default() };
        assert_eq!(normal.counts, Some(counts));
    }

    #[test]
    fn semgrep_has_its_rules_behind_its_results_and_fingerprints_only_for_those_who_sign_in() {
        let normal = fixture("sarif/semgrep.sarif");
        assert_eq!(
            (normal.tool.as_deref(), normal.tool_version.as_deref()),
            (Some("Semgrep OSS"), Some("1.182.0"))
        );
        assert_eq!(
            severities(&normal),
            [("shell", Severity::High), ("shell", Severity::High), ("evaluates", Severity::Critical)]
        );
        let [open, aside, _] = findings(&normal) else { panic!("three findings") };
        assert_eq!((open.suppressed, aside.suppressed), (false, true));
        assert_eq!((open.taxa.as_slice(), &open.fingerprint), (&["CWE-78".to_owned()][..], &None));
    }

    #[test]
    fn flawfinder_leaves_its_classes_to_its_rules_and_a_taxonomy_elsewhere() {
        let normal = fixture("sarif/flawfinder.sarif");
        assert_eq!(
            severities(&normal),
            [("FF1013", Severity::Low), ("FF1001", Severity::High), ("FF1044", Severity::High)]
        );
        assert_eq!(findings(&normal)[0].taxa, ["CWE-119", "CWE-120"]);
        let same = "contextHash/v1:9b971254e362400a2bf6f6a416987aa2e01933fcfd1fbd11880bf4740c6262d0";
        assert_eq!(findings(&normal)[1].fingerprint.as_deref(), Some(same));
    }

    #[test]
    fn checkov_suppresses_what_a_comment_skips() {
        let normal = fixture("sarif/checkov.sarif");
        let counts = Counts { high: 4, suppressed: 1, ..Counts::default() };
        assert_eq!((normal.tool.as_deref(), normal.counts), (Some("Checkov"), Some(counts)));
        let aside = findings(&normal).iter().find(|it| it.suppressed).unwrap();
        assert_eq!((aside.id.as_str(), aside.suppression.as_deref()), ("CKV_DOCKER_3", Some("it is a test")));
    }

    #[test]
    fn a_check_of_dependencies_is_read_too() {
        let normal = fixture("sarif/cargo-deny.sarif");
        assert_eq!(normal.tool.as_deref(), Some("cargo-deny"));
        assert!(normal.counts.is_some_and(|it| it.high > 0));
    }

    #[test]
    fn silence_is_not_zero_findings() {
        let check = |runs: &str, expect: Option<usize>| {
            let normal = forced("sarif", &format!(r#"{{"version":"2.1.0","runs":{runs}}}"#)).unwrap();
            assert_eq!(normal.findings.as_ref().map(Vec::len), expect, "{runs}");
            assert_eq!(normal.counts.is_some(), expect.is_some());
            assert_eq!(normal.remarks.is_empty(), expect == Some(0), "{:?}", normal.remarks);
        };
        let tool = r#""tool":{"driver":{"name":"x"}}"#;
        check("[]", None);
        check("null", None);
        check(&format!("[{{{tool}}}]"), None);
        check(&format!(r#"[{{{tool},"results":null}}]"#), None);
        check(&format!(r#"[{{{tool},"results":[]}}]"#), Some(0));
        check(&format!(r#"[{{{tool},"results":[],"invocations":[{{"executionSuccessful":false}}]}}]"#), None);
    }

    #[test]
    fn other_versions_and_shapes_are_refused() {
        refused("sarif", r#"{"version":"1.0.0","runs":[]}"#, "SARIF `1.0.0` is not read");
        refused("sarif", r#"{"version":"2.1.0","runs":[{"results":[]}]}"#, "missing field `tool`");
        refused("sarif", r#"{"version":"2.1.0","version":"2.1.0"}"#, "duplicate field `version`");
    }
}

mod trivy {
    use super::*;

    #[test]
    fn one_report_has_all_kinds() {
        let normal = fixture("trivy/image.json");
        keeps_no_secret(&normal);
        assert_eq!(
            severities(&normal),
            [
                ("CVE-2023-45853", Severity::Critical),
                ("CVE-2024-0001", Severity::High),
                ("CVE-2021-23337", Severity::Critical),
                ("aws-access-key-id", Severity::Critical),
                ("DS002", Severity::High),
                ("GPL-3.0-or-later", Severity::High),
            ]
        );
        let [zlib, libc, lodash, key, root, bash] = findings(&normal) else { panic!("six findings") };
        assert_eq!(zlib.cvss.as_ref().and_then(|it| it.score), Some(9.8));
        assert_eq!(zlib.taxa, ["CWE-190"]);
        assert!(libc.suppressed && libc.vex.as_ref().is_some_and(|it| it.status == VexStatus::NotAffected));
        assert_eq!(lodash.aliases, ["GHSA-35jh-r3h4-6jhm"]);
        let package = lodash.package.as_ref().unwrap();
        assert_eq!(package.fixed_in, ["4.17.21", "5.0.0"]);
        let cvss = lodash.cvss.as_ref().unwrap();
        assert_eq!((cvss.version.as_str(), cvss.score), ("4.0", Some(10.0)), "computed from the vector");
        assert_eq!((key.kind, key.location.as_ref().unwrap().line), (FindingKind::Secret, Some(3)));
        assert_eq!((root.kind, bash.kind), (FindingKind::Misconfiguration, FindingKind::Licence));
        let file = |it: &Finding| it.location.as_ref().unwrap().file.clone();
        assert_eq!(file(lodash), "app/node_modules/lodash/package.json");
        assert_eq!([file(key), file(root), file(bash)], ["app/config.env", "Dockerfile", "OS Packages"]);
        assert!(normal.about.is_some_and(|it| it.contains("@sha256:6b86b2")));
    }

    #[test]
    fn a_report_without_targets_shows_nothing() {
        let normal =
            forced("trivy", r#"{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"filesystem"}"#).unwrap();
        assert_eq!((normal.findings, normal.remarks.len()), (None, 1));
        let clean =
            forced("trivy", r#"{"SchemaVersion":2,"Results":[{"Target":"Cargo.lock","Class":"lang-pkgs"}]}"#);
        assert_eq!(clean.unwrap().findings, Some(Vec::new()));
        refused("trivy", r#"{"SchemaVersion":1}"#, "schema version 1");
    }

    #[test]
    fn what_was_set_aside_does_not_vanish() {
        let modified = r#"[{"Type":"novelty","Status":"ignored","Source":".trivyignore","Finding":{}}]"#;
        let text =
            format!(r#"{{"SchemaVersion":2,"Results":[{{"ModifiedFindings":{modified},"Target":"x"}}]}}"#);
        let normal = forced("trivy", &text).unwrap();
        assert_eq!(normal.counts.map(|it| it.suppressed), Some(1));
        assert_eq!(findings(&normal)[0].suppression.as_deref(), Some(".trivyignore"));
    }
}

mod grype {
    use super::*;

    #[test]
    fn matches_ignored_ones_and_their_related_records_are_read() {
        let normal = fixture("grype/image.json");
        let [lodash, libc, zlib] = findings(&normal) else { panic!("three findings") };
        assert_eq!((lodash.id.as_str(), lodash.severity), ("CVE-2021-23337", Severity::High));
        assert_eq!((lodash.epss, lodash.known_exploited), (Some(0.00706), Some(true)));
        assert_eq!(lodash.package.as_ref().unwrap().fixed_in, ["4.17.21"]);
        assert_eq!((libc.severity, libc.cvss.as_ref().unwrap().score), (Severity::Low, Some(4.0)));
        assert_eq!((zlib.suppressed, zlib.suppression.as_deref()), (true, Some("MiniZip is not built")));
        let vex = zlib.vex.as_ref().unwrap();
        assert_eq!(
            (vex.status, vex.justification.as_deref()),
            (VexStatus::NotAffected, Some("vulnerable_code_not_present"))
        );
        assert_eq!(normal.counts, Some(Counts { high: 1, low: 1, suppressed: 1, ..Counts::default() }));
        assert_eq!(normal.about.unwrap().split('@').next(), Some("shop/cart:1.4.0"));
    }

    #[test]
    fn no_list_of_matches_is_no_report() {
        refused("grype", r#"{"descriptor":{"name":"grype"}}"#, "missing field `matches`");
        assert_eq!(forced("grype", r#"{"matches":null}"#).unwrap().findings, Some(Vec::new()));
    }
}

mod osv_scanner {
    use super::*;

    #[test]
    fn a_group_of_records_is_one_finding() {
        let normal = fixture("osv-scanner/lockfiles.json");
        let [smallvec, ansi, licence] = findings(&normal) else { panic!("three findings") };
        assert_eq!((smallvec.id.as_str(), smallvec.severity), ("CVE-2019-15551", Severity::Critical));
        assert_eq!(smallvec.aliases, ["GHSA-mm7v-vpv8-xfc3", "RUSTSEC-2019-0009"]);
        assert_eq!(smallvec.cvss.as_ref().unwrap().score, Some(9.8));
        assert_eq!(smallvec.reachable, Some(false));
        let package = smallvec.package.as_ref().unwrap();
        assert_eq!(package.purl.as_deref(), Some("pkg:cargo/smallvec@0.6.9"));
        assert_eq!(package.fixed_in, ["0.6.10"]);
        assert_eq!(smallvec.location.as_ref().unwrap().file, "/srv/shop/Cargo.lock");
        assert_eq!((ansi.severity, ansi.reachable), (Severity::Unknown, None));
        assert_eq!((licence.id.as_str(), licence.kind), ("GPL-3.0", FindingKind::Licence));
    }
}

mod npm_audit {
    use super::*;

    #[test]
    fn version_2_has_a_finding_for_each_advisory_and_its_package() {
        let normal = fixture("npm-audit/npm-11.json");
        assert_eq!(
            severities(&normal),
            [
                ("GHSA-35jh-r3h4-6jhm", Severity::High),
                ("GHSA-29mw-wpgm-hmr9", Severity::Medium),
                ("GHSA-xvch-5gv4-984h", Severity::Critical),
            ]
        );
        let [first, _, minimist] = findings(&normal) else { panic!("three findings") };
        assert_eq!(first.package.as_ref().unwrap().fixed_in, ["4.18.1"]);
        assert_eq!(first.cvss.as_ref().unwrap().score, Some(7.2));
        assert!(
            minimist.package.as_ref().unwrap().fixed_in.is_empty(),
            "the fix is a version of another package"
        );
        assert_eq!(normal.remarks, ["mkdirp is affected only through minimist"]);
    }

    #[test]
    fn version_1_has_a_finding_for_each_installed_version() {
        let normal = fixture("npm-audit/npm-6.json");
        let [old, new] = findings(&normal) else { panic!("two findings") };
        assert_eq!((old.id.as_str(), old.severity), ("CVE-2020-7598", Severity::Low));
        let package = new.package.as_ref().unwrap();
        assert_eq!(package.purl.as_deref(), Some("pkg:npm/minimist@1.2.0"));
        assert_eq!(package.fixed_in, ["0.2.1", "1.2.3"]);
        assert_eq!(old.package.as_ref().unwrap().path, ["mkdirp"]);
    }

    #[test]
    fn an_audit_that_failed_is_no_audit() {
        let said = r#"{"message":"405 Method Not Allowed - POST","statusCode":405,"error":{"summary":"","detail":""}}"#;
        refused("npm-audit", said, "npm did not audit: 405 Method Not Allowed");
        refused(
            "npm-audit",
            r#"{"error":{"code":"ENOLOCK","summary":"This command requires an existing lockfile."}}"#,
            "existing lockfile",
        );
        refused("npm-audit", r#"{"auditReportVersion":3,"vulnerabilities":{}}"#, "version 3");
        assert_eq!(
            forced("npm-audit", r#"{"auditReportVersion":2,"vulnerabilities":{}}"#).unwrap().findings,
            Some(Vec::new())
        );
    }
}

mod cargo {
    use super::*;

    #[test]
    fn audit_tells_vulnerabilities_and_warnings_apart() {
        let normal = fixture("cargo-audit/lockfile.json");
        let [smallvec, ansi, yanked] = findings(&normal) else { panic!("three findings") };
        assert_eq!((smallvec.id.as_str(), smallvec.severity), ("CVE-2021-25900", Severity::Critical));
        assert_eq!(smallvec.package.as_ref().unwrap().fixed_in, ["0.6.14", "1.6.1"]);
        assert_eq!((ansi.kind, ansi.id.as_str()), (FindingKind::Package, "RUSTSEC-2021-0139"));
        assert_eq!((yanked.kind, yanked.id.as_str()), (FindingKind::Package, "yanked"));
        assert!(
            normal.remarks.iter().any(|it| it.contains("RUSTSEC-2020-0071")),
            "what it was told to ignore is said"
        );
    }

    #[test]
    fn deny_gives_its_diagnostics() {
        let normal = fixture("cargo-deny/cargo-deny.jsonl");
        let found: Vec<_> =
            findings(&normal).iter().map(|it| (it.id.as_str(), it.kind, it.severity)).collect();
        assert_eq!(
            found,
            [
                ("source-not-allowed", FindingKind::Package, Severity::High),
                ("source-not-allowed", FindingKind::Package, Severity::High),
                ("banned", FindingKind::Package, Severity::High),
                ("rejected", FindingKind::Licence, Severity::High),
                ("rejected", FindingKind::Licence, Severity::High),
            ]
        );
        let ryu = findings(&normal)[0].package.as_ref().unwrap();
        assert_eq!(ryu.purl.as_deref(), Some("pkg:cargo/ryu@1.0.15"));
        assert_eq!(ryu.path, ["shop-pricing"]);
        assert!(
            normal.remarks.iter().any(|it| it.contains("checked: bans, licenses, sources")),
            "{:?}",
            normal.remarks
        );
    }

    #[test]
    fn deny_without_its_summary_did_not_finish() {
        let log = r#"{"fields":{"level":"ERROR","message":"failed to fetch advisory database","timestamp":"x"},"type":"log"}"#;
        refused("cargo-deny", log, "did not finish: failed to fetch advisory database");
        refused("cargo-deny", "{\"type\":\"summary\",\"fields\":{}}\n{", "line 2");
    }
}

mod secrets {
    use super::*;

    #[test]
    fn gitleaks_leads_to_the_place_and_not_to_the_secret() {
        let normal = fixture("gitleaks/history.json");
        keeps_no_secret(&normal);
        let [found] = findings(&normal) else { panic!("one finding") };
        assert_eq!(
            (found.id.as_str(), found.kind, found.severity),
            ("stripe-access-token", FindingKind::Secret, Severity::High)
        );
        let place = found.location.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.line), ("pay/config.py", Some(12)));
        assert_eq!(forced("gitleaks", "[]").unwrap().findings, Some(Vec::new()));
    }

    #[test]
    fn trufflehog_says_what_works() {
        let normal = fixture("trufflehog/history.jsonl");
        keeps_no_secret(&normal);
        assert_eq!(severities(&normal), [("AWS", Severity::Critical), ("Github", Severity::High)]);
        assert_eq!(findings(&normal)[0].fingerprint.as_deref(), Some("0a1b2c3d:pay/config.py:AWS:12"));
        assert!(normal.remarks.is_empty(), "{:?}", normal.remarks);
    }

    #[test]
    fn trufflehog_must_say_that_it_finished() {
        let begun = r#"{"level":"info-0","logger":"trufflehog","msg":"running source"}"#;
        refused("trufflehog", begun, "finished scanning");
        let finished = r#"{"level":"info-0","logger":"trufflehog","msg":"finished scanning"}"#;
        assert_eq!(forced("trufflehog", finished).unwrap().findings, Some(Vec::new()));
    }
}

/// As many results as weigh more than one list may: the rest is counted as it would have been kept.
#[test]
fn a_report_of_any_length_is_counted_whole_and_kept_in_part() {
    let n_results = 180_000_usize;
    let result = |n: usize| {
        let (rule, level) = (["R1", "R2"][n % 2], ["", r#""level":"note","#][n % 3 / 2]);
        let place = format!(r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"{n}.rs"}}}}}}"#);
        format!(r#"{{"ruleId":"{rule}",{level}"message":{{"text":"{n}"}},"locations":[{place}]}}"#)
    };
    let rules = r#"[{"id":"R1","properties":{"security-severity":"9.5"}},{"id":"R2","defaultConfiguration":{"level":"error"}}]"#;
    let results = (0..n_results).map(result).collect::<Vec<_>>().join(",");
    let run = format!(r#"{{"tool":{{"driver":{{"name":"x","rules":{rules}}}}},"results":[{results}]}}"#);
    let normal = forced("sarif", &format!(r#"{{"version":"2.1.0","runs":[{run}]}}"#)).unwrap();
    let (kept, omitted) = (findings(&normal).len(), normal.omitted["findings"]);
    assert!(kept > 10_000 && kept as u64 + omitted == n_results as u64, "{kept} {omitted}");
    let counts = normal.counts.unwrap();
    // Every other result has the score of its rule; of the rest two thirds have the rule's level, and one its own.
    assert_eq!((counts.critical, counts.high, counts.low), (90_000, 60_000, 30_000));
}
