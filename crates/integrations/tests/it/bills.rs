//! Bills of materials, and statements on what is in them.

use serde_json::json;
use shipway_model::evidence::{Component, Normal, Severity, Statement, VexStatus};

use crate::findings::{fixture, forced};

fn components(normal: &Normal) -> &[Component] {
    normal.components.as_deref().expect("it has components")
}

fn component<'a>(normal: &'a Normal, name: &str) -> &'a Component {
    components(normal).iter().find(|it| it.name == name).unwrap_or_else(|| panic!("{name} is there"))
}

fn refused(format: &str, text: &str, expect: &str) {
    let said = forced(format, text).expect_err("it is refused").to_string();
    assert!(said.contains(expect), "{said}");
}

mod cyclonedx {
    use super::*;

    #[test]
    fn npm_writes_the_subject_first_and_its_packages() {
        let normal = fixture("cyclonedx/npm-1.5.json");
        assert_eq!((normal.format_version.as_deref(), normal.tool.as_deref()), (Some("1.5"), Some("cli")));
        assert_eq!(normal.about.as_deref(), Some("pkg:npm/shop-web@1.2.0"));
        let lodash = component(&normal, "lodash");
        assert_eq!(lodash.purl.as_deref(), Some("pkg:npm/lodash@4.17.15"));
        assert_eq!(lodash.licenses, ["MIT"]);
        assert!(lodash.digests.get("sha512").unwrap().starts_with("f3139c44"));
        let edges = normal.dependencies.as_ref().unwrap();
        assert_eq!(edges["shop-web@1.2.0"], ["lodash@4.17.15", "minimist@1.2.0", "mkdirp@0.5.1"]);
        assert_eq!((normal.findings, normal.statements), (None, None));
    }

    #[test]
    fn json_and_xml_of_one_tool_say_the_same() {
        for (json, xml) in [("python-1.2.json", "python-1.2.xml"), ("python-1.7.json", "python-1.5.xml")] {
            let (json, xml) = (fixture(&format!("cyclonedx/{json}")), fixture(&format!("cyclonedx/{xml}")));
            assert!(components(&json).len() > 5);
            assert_eq!(json.components, xml.components);
            assert_eq!(json.dependencies, xml.dependencies);
            assert_eq!(json.tool, xml.tool);
        }
    }

    /// One project, by one tool; attestations of what was built are in none of them.
    #[test]
    fn every_version_that_npms_plug_in_writes_says_the_same() {
        for file in
            ["npm-1.2.xml", "npm-1.3.xml", "npm-1.3.json", "npm-1.4.xml", "npm-1.6.json", "npm-1.7.xml"]
        {
            let normal = fixture(&format!("cyclonedx/{file}"));
            let version = file.strip_prefix("npm-").and_then(|it| it.get(..3));
            assert_eq!(normal.format_version.as_deref(), version);
            assert_eq!(normal.about.as_deref(), Some("pkg:npm/shop-web@1.2.0"), "{file}");
            let parts: Vec<_> =
                components(&normal).iter().map(|it| (it.purl.as_deref(), it.licenses.as_slice())).collect();
            let mit = &["MIT".to_owned()][..];
            assert_eq!(
                parts,
                [
                    (Some("pkg:npm/shop-web@1.2.0"), &["Apache-2.0".to_owned()][..]),
                    (Some("pkg:npm/lodash@4.17.15"), mit),
                    (Some("pkg:npm/minimist@0.0.8"), mit),
                    (Some("pkg:npm/mkdirp@0.5.1"), mit),
                ],
                "{file}"
            );
            let edges = normal.dependencies.as_ref().unwrap();
            assert_eq!(edges["shop-web@1.2.0|mkdirp@0.5.1"], ["shop-web@1.2.0|minimist@0.0.8"], "{file}");
        }
    }

    #[test]
    fn vex_that_a_library_writes_is_read_although_it_bends_the_schema() {
        let normal = fixture("cyclonedx/lib4vex-1.7.json");
        assert_eq!(normal.tool.as_deref(), Some("lib4vex"));
        let said: Vec<_> =
            normal.statements.iter().flatten().map(|it| (it.vulnerability.as_str(), it.vex.status)).collect();
        assert_eq!(
            said,
            [
                ("CVE-2021-44228", VexStatus::NotAffected),
                ("CVE-2022-42003", VexStatus::UnderInvestigation),
                ("CVE-2023-1234", VexStatus::UnderInvestigation),
            ]
        );
    }

    /// Every version that the format has had since 1.2, in both of its forms; attestations since 1.6.
    #[test]
    fn every_version_is_read_in_both_forms() {
        for version in ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"] {
            let attests = matches!(version, "1.6" | "1.7");
            let mut json = json!({"bomFormat": "CycloneDX", "specVersion": version, "version": 1, "components": [
                {"type": "library", "name": "qs", "version": "6.7.0", "purl": "pkg:npm/qs@6.7.0", "licenses": [{"license": {"id": "MIT"}}]},
            ]});
            let mut declarations = String::new();
            if attests {
                json["declarations"] =
                    json!({"attestations": [{"summary": "reviewed"}], "claims": [{"target": "qs"}]});
                declarations = "<declarations><attestations><attestation><summary>reviewed</summary></attestation></attestations>\
                    <claims><claim bom-ref='c'><target>qs</target></claim></claims></declarations>".to_owned();
            }
            let xml = format!(
                "<?xml version='1.0'?><bom xmlns='http://cyclonedx.org/schema/bom/{version}' version='1'><components>\
                 <component type='library'><name>qs</name><version>6.7.0</version><licenses><license><id>MIT</id></license></licenses>\
                 <purl>pkg:npm/qs@6.7.0</purl></component></components>{declarations}</bom>"
            );
            for text in [json.to_string(), xml] {
                let normal = forced("cyclonedx", &text).unwrap_or_else(|it| panic!("{version}: {it}"));
                assert_eq!(normal.format_version.as_deref(), Some(version));
                let qs = component(&normal, "qs");
                assert_eq!(
                    (qs.purl.as_deref(), qs.licenses.as_slice()),
                    (Some("pkg:npm/qs@6.7.0"), &["MIT".to_owned()][..])
                );
                let is_told = normal.remarks.iter().any(|it| it.contains("1 attestations"));
                assert_eq!(is_told, attests, "{version}: {:?}", normal.remarks);
            }
        }
    }

    /// More than fit into the memory of one list, in the order of their numbers; each affects two components.
    #[test]
    fn vulnerabilities_for_which_there_is_no_room_are_counted_by_severity() {
        let n_all = 120_000_usize;
        let vulnerability = |n: usize| {
            let severity = ["critical", "low", "none"][n % 3];
            format!(
                r#"{{"id":"CVE-2026-{n}","ratings":[{{"severity":"{severity}"}}],"affects":[{{"ref":"a"}},{{"ref":"b"}}]}}"#
            )
        };
        let all = (0..n_all).map(vulnerability).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{all}]}}"#);
        let normal = forced("cyclonedx", &text).unwrap();
        let (kept, omitted) = (normal.findings.as_ref().unwrap(), normal.omitted["findings"]);
        assert!(kept.len() > 10_000 && (kept.len() as u64) + omitted == 2 * n_all as u64, "{omitted}");
        assert_eq!(kept[2].id, "CVE-2026-1");
        let counts = normal.counts.unwrap();
        assert_eq!((counts.critical, counts.low, counts.none), (80_000, 80_000, 80_000));
    }

    #[test]
    fn nested_parts_ratings_and_decisions_are_read() {
        let normal = fixture("cyclonedx/decided-1.6.json");
        let names: Vec<&str> = components(&normal).iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["shop-cart", "debian", "zlib1g", "org.apache.logging.log4j/log4j-core"]);
        assert_eq!(component(&normal, "zlib1g").licenses, ["Zlib AND BSD-3-Clause"]);
        assert_eq!(components(&normal)[3].licenses, ["Apache-2.0", "Our own"]);
        assert_eq!(normal.dependencies.as_ref().unwrap()["os"], ["zlib"]);

        let found = normal.findings.as_ref().unwrap();
        let [log4j, linked, minizip, triage] = found.as_slice() else { panic!("four findings: {found:?}") };
        assert_eq!((log4j.id.as_str(), log4j.severity), ("CVE-2021-44228", Severity::Critical));
        let cvss = log4j.cvss.as_ref().unwrap();
        assert_eq!((cvss.version.as_str(), cvss.score), ("3.1", Some(10.0)), "computed from the vector");
        assert_eq!(linked.package.as_ref().unwrap().purl.as_deref(), Some("pkg:deb/debian/zlib1g@1.2.13"));
        assert_eq!(
            (minizip.severity, minizip.package.as_ref().unwrap().name.as_str()),
            (Severity::High, "minizip")
        );
        assert_eq!((triage.severity, triage.package.as_ref()), (Severity::Unknown, None));

        let [stated, open] = normal.statements.as_deref().unwrap() else { panic!("two statements") };
        assert_eq!((stated.vex.status, stated.products.len()), (VexStatus::NotAffected, 2));
        assert_eq!(stated.vex.justification.as_deref(), Some("code_not_reachable"));
        assert_eq!(open.vex.status, VexStatus::UnderInvestigation);
        let told = normal.remarks.join("; ");
        for part in ["1 attestations", "2 claims", "1 standards", "composition is `incomplete`"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn xml_has_prefixes_ancestors_and_vulnerabilities() {
        let normal = fixture("cyclonedx/decided-1.4.xml");
        let names: Vec<&str> = components(&normal).iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["shop-cart", "org.apache.logging.log4j/log4j-core", "inner.jar"]);
        assert_eq!(
            components(&normal)[1].digests.get("sha1").unwrap(),
            "9141212b8507ab50a45525b545b39d224614528b"
        );
        assert_eq!(
            (normal.tool.as_deref(), normal.tool_version.as_deref()),
            (Some("sbom-maker"), Some("4.2.0"))
        );
        assert_eq!(normal.dependencies.as_ref().unwrap()["cart"], ["log4j"]);
        let [found] = normal.findings.as_deref().unwrap() else { panic!("one finding") };
        assert_eq!((found.id.as_str(), found.severity), ("CVE-2021-44228", Severity::Critical));
        assert_eq!(found.aliases, ["GHSA-jfh8-c2jp-5v3q"]);
        assert_eq!(found.vex.as_ref().unwrap().status, VexStatus::Affected);
        assert_eq!(found.taxa, ["CWE-502"]);
    }

    #[test]
    fn what_cannot_be_read_or_lists_nothing_is_said() {
        refused("cyclonedx", r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#, "`2.0` is not read");
        refused("cyclonedx", r#"{"bomFormat":"Other","specVersion":"1.5"}"#, "not CycloneDX");
        refused("cyclonedx", r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.1"/>"#, "`1.1` is not read");
        refused("cyclonedx", "<bom/>", "line 1, column 1: the name space");
        refused(
            "cyclonedx",
            r#"<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>"#,
            "ends within",
        );
        let silent = forced("cyclonedx", r#"{"bomFormat":"CycloneDX","specVersion":"1.5"}"#).unwrap();
        assert_eq!((silent.components, silent.remarks.len()), (None, 1));
    }
}

mod spdx {
    use super::*;

    #[test]
    fn json_and_tag_value_of_one_document_say_the_same() {
        let (json, tags) = (fixture("spdx/npm-2.3.json"), fixture("spdx/npm-2.3.spdx"));
        assert_eq!(json.components, tags.components);
        assert_eq!(json.dependencies, tags.dependencies);
        assert_eq!(
            (&json.tool, &json.tool_version),
            (&Some("npm/cli".to_owned()), &Some("11.19.1".to_owned()))
        );
        assert_eq!(json.about.as_deref(), Some("pkg:npm/shop-web@1.2.0"));
        assert_eq!(component(&json, "lodash").licenses, ["MIT"]);
        assert_eq!(json.dependencies.unwrap()["SPDXRef-Package-shop-web-1.2.0"].len(), 3);
    }

    #[test]
    fn tag_value_has_texts_files_and_licences_besides() {
        let normal = fixture("spdx/image-2.2.spdx");
        assert_eq!(components(&normal).len(), 2);
        let (cart, zlib) = (component(&normal, "shop-cart"), component(&normal, "zlib1g"));
        assert_eq!(
            (cart.licenses.as_slice(), cart.supplier.as_deref()),
            (&["Apache-2.0".to_owned()][..], Some("Example Shop"))
        );
        assert!(cart.digests.get("sha256").unwrap().starts_with("6b86b2"));
        assert_eq!(zlib.licenses, ["Zlib"], "concluded comes before declared");
        assert_eq!(zlib.reference.as_deref(), Some("SPDXRef-zlib"), "a file's id is not the package's");
        assert_eq!(normal.dependencies.as_ref().unwrap()["SPDXRef-cart"], ["SPDXRef-zlib"]);
    }

    #[test]
    fn a_graph_is_put_together_from_elements_in_any_order() {
        let normal = fixture("spdx/cart-3.0.json");
        assert_eq!(
            (normal.format_version.as_deref(), normal.tool.as_deref()),
            (Some("3.0.1"), Some("sbom-maker"))
        );
        let (cart, zlib) = (component(&normal, "shop-cart"), component(&normal, "zlib"));
        assert_eq!(
            (cart.supplier.as_deref(), cart.licenses.as_slice()),
            (Some("Example Shop"), &["Apache-2.0".to_owned()][..])
        );
        assert_eq!(zlib.licenses, ["Zlib"]);
        assert_eq!(normal.dependencies.as_ref().unwrap()["urn:p:cart"], ["urn:p:zlib"]);
        let [stated] = normal.statements.as_deref().unwrap() else { panic!("one statement") };
        assert_eq!(
            (stated.vulnerability.as_str(), stated.vex.status),
            ("CVE-2023-45853", VexStatus::NotAffected)
        );
        assert_eq!(stated.products, ["pkg:generic/zlib@1.2.13"]);
    }

    #[test]
    fn a_document_of_vex_alone_names_what_it_does_not_describe() {
        let normal = fixture("spdx/lib4vex-3.0.json");
        assert_eq!((normal.format_version.as_deref(), components(&normal).len()), (Some("3.0.1"), 1));
        let stated: Vec<_> = normal.statements.iter().flatten().collect();
        let said: Vec<_> = stated.iter().map(|it| (it.vulnerability.as_str(), it.vex.status)).collect();
        assert_eq!(
            said,
            [
                ("CVE-2021-44228", VexStatus::NotAffected),
                ("CVE-2022-42003", VexStatus::Fixed),
                ("CVE-2023-1234", VexStatus::UnderInvestigation),
            ]
        );
        assert_eq!(
            (stated[0].products.as_slice(), stated[0].subcomponents.as_slice()),
            (&["urn:product-cart-1.2.0".to_owned()][..], &["log4j-core".to_owned()][..])
        );
        let vex = &stated[0].vex;
        assert_eq!(
            (vex.justification.as_deref(), vex.detail.as_deref()),
            (Some("code_not_present"), Some("looked at"))
        );
    }

    #[test]
    fn tags_of_another_tool_have_files_before_packages() {
        let normal = fixture("spdx/sbom4python-2.3.spdx");
        assert_eq!(normal.tool.as_deref(), Some("sbom4python"));
        let names: Vec<_> = components(&normal).iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["requests", "charset-normalizer", "idna", "urllib3", "certifi"]);
        let certifi = component(&normal, "certifi");
        assert_eq!(
            (certifi.purl.as_deref(), certifi.licenses.as_slice()),
            (Some("pkg:pypi/certifi@2026.10.18"), &["MPL-2.0".to_owned()][..])
        );
        assert_eq!(normal.dependencies.as_ref().unwrap()["SPDXRef-1-requests"].len(), 4);
    }

    #[test]
    fn broken_documents_are_refused_with_their_place() {
        refused("spdx", "SPDXVersion: SPDX-2.3\nPackageName: a\nnonsense\n", "line 3, column 1");
        refused("spdx", "SPDXVersion: SPDX-2.3\nPackageComment: <text>no end\n", "does not end");
        refused("spdx", "SPDXVersion: SPDX-2.0\n", "`SPDX-2.0` is not read");
        refused("spdx", r#"{"packages":[]}"#, "`spdxVersion` is missing");
        refused("spdx", r#"{"@graph":[]}"#, "no `CreationInfo`");
    }
}

mod vex {
    use super::*;

    fn statements(normal: &Normal) -> &[Statement] {
        normal.statements.as_deref().expect("it has statements")
    }

    #[test]
    fn openvex_states_products_and_what_is_within() {
        let normal = fixture("openvex/cart.json");
        let [zlib, log4j, bare] = statements(&normal) else { panic!("three statements") };
        assert_eq!(
            (zlib.vulnerability.as_str(), zlib.vex.status),
            ("CVE-2023-45853", VexStatus::NotAffected)
        );
        assert_eq!(zlib.subcomponents, ["pkg:deb/debian/zlib1g@1.2.13"]);
        assert_eq!(zlib.at.as_deref(), Some("2026-03-02T10:00:00Z"), "the document's time");
        assert_eq!(
            (log4j.products.as_slice(), log4j.at.as_deref()),
            (&["sha-256:6b86b273".to_owned()][..], Some("2026-02-01T00:00:00Z"))
        );
        assert_eq!(bare.vex.justification, None);
        assert!(normal.remarks.iter().any(|it| it.contains("give no reason")));
        let early = fixture("openvex/early.json");
        let [fixed] = statements(&early) else { panic!("one statement") };
        assert_eq!((fixed.vex.status, fixed.vulnerability.as_str()), (VexStatus::Fixed, "CVE-2014-123456"));
        assert_eq!(fixed.subcomponents, ["pkg:apk/distro/curl@7"]);
    }

    #[test]
    fn documents_that_libraries_write_are_read() {
        let said = |path: &str| {
            let normal = fixture(path);
            let all = statements(&normal).iter();
            all.map(|it| (it.vulnerability.clone(), it.vex.status, it.products.join(" "))).collect::<Vec<_>>()
        };
        let expect = |product: &str, first: VexStatus| {
            let of = |id: &str, status| (id.to_owned(), status, product.to_owned());
            vec![
                of("CVE-2021-44228", first),
                of("CVE-2022-42003", VexStatus::Fixed),
                of("CVE-2023-1234", VexStatus::UnderInvestigation),
            ]
        };
        let log4j = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1";
        assert_eq!(said("openvex/lib4vex.json"), expect(log4j, VexStatus::NotAffected));
        // Its products have no package URLs.
        assert_eq!(said("csaf/csaf-tool.json"), expect("CSAFPID_0001", VexStatus::UnderInvestigation));
    }

    #[test]
    fn openvex_without_a_known_status_is_refused() {
        let of = |status: &str| {
            let statement = format!(r#"{{"vulnerability":"CVE-1","products":["x"],"status":"{status}"}}"#);
            format!(r#"{{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{statement}]}}"#)
        };
        assert!(forced("openvex", &of("fixed")).is_ok());
        refused("openvex", &of("harmless"), "unknown variant `harmless`");
        refused("openvex", r#"{"@context":"https://example.org","statements":[]}"#, "not OpenVEX's");
    }

    #[test]
    fn csaf_resolves_its_product_tree() {
        let normal = fixture("csaf/cart.json");
        let [not_affected, affected, fixed] = statements(&normal) else { panic!("three statements") };
        assert_eq!(not_affected.vex.status, VexStatus::NotAffected);
        assert_eq!(not_affected.products, ["pkg:oci/shop-cart@1.4.0"]);
        assert_eq!(not_affected.subcomponents, ["pkg:generic/zlib@1.2.13"]);
        assert_eq!(not_affected.vex.justification.as_deref(), Some("vulnerable_code_not_present"));
        assert_eq!(not_affected.vex.detail.as_deref(), Some("MiniZip is not built."));
        assert_eq!(
            (affected.products.as_slice(), affected.vex.detail.as_deref()),
            (&["CART-130".to_owned()][..], Some("Update to 1.4.0."))
        );
        assert_eq!(
            (fixed.vex.status, fixed.aliases.as_slice()),
            (VexStatus::Fixed, &["SHOP-77".to_owned()][..])
        );
        let told = normal.remarks.join("; ");
        assert!(
            told.contains("`interim`") && told.contains("1 vulnerabilities have no product status"),
            "{told}"
        );
    }
}
