//! Entries taken in, bills compared, and what changes when either does.

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_model::Digest;
use shipway_model::event::KnowledgeSource::{self, Epss, Kev, Osv};
use shipway_model::evidence::{Normal, Severity};
use shipway_runtime::knowledge::{Knowledge as _, Taken};

use super::Store;

struct Bench {
    store: Store,
    bill: Digest,
    _folder: tempfile::TempDir,
}

/// A shop that uses a few packages, one of them through another.
fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("vulnerabilities.sqlite")).unwrap();
    let component = |purl: &str| json!({"reference": purl, "purl": purl, "name": name(purl), "version": purl.rsplit('@').next()});
    let normal: Normal = serde_json::from_value(json!({
        "format": "cyclonedx",
        "components": [
            {"reference": "shop", "name": "shop", "kind": "application"},
            component("pkg:npm/express@4.17.0"),
            component("pkg:npm/qs@6.7.0"),
            component("pkg:pypi/Flask@2.0.0"),
            component("pkg:generic/openssl@1.1.1"),
            {"name": "vendored", "version": "1"},
        ],
        "dependencies": {
            "shop": ["pkg:npm/express@4.17.0"],
            "pkg:npm/express@4.17.0": ["pkg:npm/qs@6.7.0"],
        },
    }))
    .unwrap();
    let bill = Digest::of(b"bill");
    store.take_bill(&bill, &normal).unwrap();
    Bench { store, bill, _folder: folder }
}

fn name(purl: &str) -> &str {
    purl.rsplit('/').next().unwrap().split('@').next().unwrap()
}

fn entry(id: &str, modified: &str, ecosystem: &str, package: &str, fixed: &str) -> Value {
    json!({
        "id": id, "modified": modified, "published": "2026-01-01T00:00:00Z", "aliases": ["CVE-2026-0001"],
        "summary": "a fault", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }],
    })
}

impl Bench {
    fn take(&self, source: KnowledgeSource, text: &str) -> Taken {
        self.store.take(source, &mut text.as_bytes()).unwrap()
    }

    fn entries(&self, entries: &[Value]) -> Taken {
        self.take(Osv, &entries.iter().map(|it| format!("{it}\n")).collect::<String>())
    }

    /// The bills that wait to be compared again; they no longer do then.
    fn pending(&self) -> Vec<Digest> {
        let (pending, n_pending) = self.store.pending(10).unwrap();
        assert_eq!(pending.len() as u64, n_pending);
        pending.iter().for_each(|it| self.store.settle(it).unwrap());
        pending.into_iter().map(|it| it.bill).collect()
    }

    fn ids(&self) -> Vec<String> {
        self.store.compare(&self.bill).unwrap().findings.into_iter().map(|it| it.id).collect()
    }
}

#[test]
fn a_new_entry_finds_the_bills_that_carry_it_however_deep() {
    let bench = bench();
    let taken = bench.entries(&[
        entry("GHSA-1", "2026-02-01T00:00:00Z", "npm", "qs", "6.7.3"),
        entry("GHSA-2", "2026-02-01T00:00:00Z", "npm", "express", "4.0.0"),
    ]);
    assert_eq!((taken.changed, taken.unchanged), (2, 0));
    assert_eq!(bench.pending(), [bench.bill], "it holds both packages");
    let compared = bench.store.compare(&bench.bill).unwrap();
    let [finding] = &compared.findings[..] else { panic!("{compared:?}") };
    assert_eq!((finding.id.as_str(), finding.severity), ("CVE-2026-0001", Severity::Critical));
    assert_eq!(finding.aliases, ["GHSA-1"]);
    let package = finding.package.as_ref().unwrap();
    assert_eq!(package.path, ["shop", "express", "qs"]);
    assert_eq!(
        (package.version.as_deref(), &package.fixed_in[..]),
        (Some("6.7.0"), &["6.7.3".to_owned()][..])
    );
}

#[test]
fn what_cannot_be_compared_is_told_and_never_taken_for_unaffected() {
    let bench = bench();
    bench.entries(&[entry("GHSA-1", "2026-02-01T00:00:00Z", "npm", "lodash", "4")]);
    let compared = bench.store.compare(&bench.bill).unwrap();
    assert_eq!((compared.findings.len(), compared.unjudged), (0, 3));
    assert_eq!(
        compared.reasons,
        [
            "1 component of PyPI, of which nothing was imported",
            "1 component of the type `generic`, which no database is compared with",
            "1 component without a package URL",
        ]
    );
}

#[test]
fn what_was_left_out_of_a_bill_is_told_too() {
    let bench = bench();
    let normal = json!({"format": "spdx", "components": [], "omitted": {"components": 7}});
    let bill = Digest::of(b"a bill that was cut short");
    bench.store.take_bill(&bill, &serde_json::from_value(normal).unwrap()).unwrap();
    let compared = bench.store.compare(&bill).unwrap();
    assert_eq!((compared.findings.len(), compared.unjudged), (0, 1));
    assert_eq!(
        compared.reasons,
        ["1 component that stands for 7 beyond what is kept of the bill of materials"]
    );
}

#[test]
fn the_newest_form_of_an_entry_counts_and_withdrawn_ones_say_nothing() {
    let bench = bench();
    let taken = |modified: &str, change: fn(&mut Value)| {
        let mut it = entry("GHSA-1", modified, "npm", "qs", "6.7.3");
        change(&mut it);
        bench.entries(&[it])
    };
    taken("2026-02-01T00:00:00Z", |_| {});
    assert_eq!(bench.ids(), ["CVE-2026-0001"]);
    let heads = |at: &str| [("GHSA-1".to_owned(), at.parse::<Timestamp>().unwrap())];
    assert!(bench.store.missing(&heads("2026-02-01T00:00:00Z")).unwrap().is_empty());
    assert_eq!(bench.store.missing(&heads("2026-02-01T00:00:00.5Z")).unwrap(), ["GHSA-1"]);

    let older = taken("2026-01-01T00:00:00Z", |it| it["affected"] = json!([]));
    assert_eq!((older.changed, older.unchanged), (0, 1));
    bench.pending();
    assert_eq!(bench.ids(), ["CVE-2026-0001"], "what is older takes nothing back");
    taken("2026-03-01T00:00:00Z", |it| it["affected"] = json!([]));
    assert_eq!(bench.pending(), [bench.bill], "bills that it no longer names are looked at again");
    assert!(bench.ids().is_empty());
    taken("2026-04-01T00:00:00Z", |_| {});
    taken("2026-05-01T00:00:00Z", |it| it["withdrawn"] = json!("2026-05-01T00:00:00Z"));
    assert!(bench.ids().is_empty());
}

#[test]
fn one_vulnerability_of_two_databases_is_one_finding() {
    let bench = bench();
    let mut other = entry("PYSEC-9", "2026-02-01T00:00:00Z", "PyPI", "flask", "2.0.1");
    other["affected"][0]["ranges"][0]["type"] = json!("ECOSYSTEM");
    bench.entries(&[entry("GHSA-1", "2026-02-01T00:00:00Z", "PyPI", "flask", "2.0.2"), other]);
    let findings = bench.store.compare(&bench.bill).unwrap().findings;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(finding.aliases, ["GHSA-1", "PYSEC-9"]);
    assert_eq!(finding.package.as_ref().unwrap().fixed_in, ["2.0.1", "2.0.2"]);
}

#[test]
fn predictions_and_exploitation_come_by_cve() {
    let bench = bench();
    bench.entries(&[entry("GHSA-1", "2026-02-01T00:00:00Z", "npm", "qs", "6.7.3")]);
    let csv = "#model_version:v2025.03.14,score_date:2026-02-02T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.9,0.99\nCVE-X,2,3\n";
    bench.pending();
    let taken = bench.take(Epss, csv);
    assert_eq!((taken.changed, taken.broken.len(), bench.pending().len()), (1, 1, 1));
    assert_eq!(
        (bench.take(Epss, csv).changed, bench.pending().len()),
        (0, 0),
        "nothing new to look at again"
    );
    let kev = json!({"vulnerabilities": [{"cveID": "CVE-2026-0001", "dateAdded": "2026-02-03"}]});
    assert_eq!(bench.take(Kev, &kev.to_string()).changed, 1);
    let findings = bench.store.compare(&bench.bill).unwrap().findings;
    assert_eq!((findings[0].epss, findings[0].known_exploited), (Some(0.9), Some(true)));
}

#[test]
fn broken_entries_are_named_and_change_nothing() {
    let bench = bench();
    let good = entry("GHSA-1", "2026-02-01T00:00:00Z", "npm", "qs", "6.7.3");
    let taken = bench.take(
        Osv,
        &format!(
            "{{\"id\": 3}}\n{good}\nnonsense\n{{\"id\": \"\", \"modified\": \"2026-02-01T00:00:00Z\"}}\n"
        ),
    );
    assert_eq!(taken.changed, 1);
    let lines: Vec<_> = taken.broken.iter().map(|it| it.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 1", "line 3", "line 4"]);
    assert!(bench.store.take(Epss, &mut "a,b\n1,2\n".as_bytes()).is_err(), "another file");
    assert!(bench.store.take(Kev, &mut "{}".as_bytes()).is_err());
}

#[test]
fn what_comes_while_a_bill_is_compared_is_not_forgotten() {
    let bench = bench();
    bench.entries(&[entry("GHSA-1", "2026-02-01T00:00:00Z", "npm", "qs", "6.7.3")]);
    let (before, _) = bench.store.pending(10).unwrap();
    bench.entries(&[entry("GHSA-1", "2026-03-01T00:00:00Z", "npm", "qs", "6.7.4")]);
    bench.store.settle(&before[0]).unwrap();
    assert_eq!(bench.pending(), [bench.bill]);
}

/// Debian says the same of each of its releases apart.
#[test]
fn a_distribution_is_compared_release_by_release() {
    let bench = bench();
    let bill = |distro: &str, purl_end: &str| -> (Digest, Normal) {
        let purl = format!("pkg:deb/debian/openssl@3.0.11-1{purl_end}");
        let normal = json!({"format": "spdx", "components": [{"purl": purl, "name": "openssl", "version": "3.0.11-1"}]});
        (Digest::of(distro.as_bytes()), serde_json::from_value(normal).unwrap())
    };
    let affected = |release: &str, fixed: &str| {
        json!({
            "package": {"ecosystem": format!("Debian:{release}"), "name": "openssl"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        })
    };
    let mut it = entry("DEBIAN-CVE-2026-0001", "2026-02-01T00:00:00Z", "x", "x", "1");
    it["affected"] = json!([affected("11", "1.1.1w-0"), affected("12", "3.0.11-1~deb12u2")]);
    bench.entries(&[it.clone()]);
    for (distro, end, found, unjudged) in
        [("11", "?distro=debian-11", 0, 0), ("12", "?distro=debian-12", 0, 0), ("none", "", 0, 0)]
    {
        let (digest, normal) = bill(distro, end);
        bench.store.take_bill(&digest, &normal).unwrap();
        let compared = bench.store.compare(&digest).unwrap();
        assert_eq!((compared.findings.len(), compared.unjudged), (found, unjudged), "{distro}: {compared:?}");
    }
    it["modified"] = json!("2026-03-01T00:00:00Z");
    it["affected"][1] = affected("12", "3.0.11-1+deb12u2");
    bench.entries(&[it]);
    for (distro, found, unjudged) in [("11", 0, 0), ("12", 1, 0), ("none", 0, 1)] {
        let compared = bench.store.compare(&Digest::of(distro.as_bytes())).unwrap();
        assert_eq!((compared.findings.len(), compared.unjudged), (found, unjudged), "{distro}: {compared:?}");
    }
}
