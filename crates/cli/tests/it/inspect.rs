//! `shipway evidence inspect`, `formats` and `schema`: no control plane, no folder of data.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::run;

const REPORT: &str = "<testsuites><testsuite name='cart'>
<testcase name='adds'/>
<testcase name='ships'><failure message='&#27;[31mrefused'/></testcase>
</testsuite></testsuites>";

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let said = run(folder, args);
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn one_file_is_an_object_and_several_are_a_list() {
    let folder = folder_with(&[("junit.xml", REPORT), ("c.out", "mode: set\na.go:1.1,2.2 3 1\n")]);
    let one = json(folder.path(), &["evidence", "inspect", "junit.xml", "-o", "json"]);
    assert_eq!(one["format"], "junit");
    assert_eq!(one["tests"]["failed"], 1);
    assert_eq!(one["tests"]["cases"][1]["message"], "refused");
    let two = json(folder.path(), &["evidence", "inspect", "junit.xml", "c.out", "-o", "json"]);
    assert_eq!((&two[0]["format"], &two[1]["coverage"]["lines"]["covered"]), (&"junit".into(), &3.into()));
    let page = run(folder.path(), &["evidence", "inspect", "junit.xml"]);
    assert!(page.out.contains("2: 1 passed (0 flaky), 1 failed, 0 in error, 0 skipped"), "{}", page.out);
    assert!(page.out.contains("cart :: ships  refused"), "{}", page.out);
}

#[test]
fn what_is_broken_is_refused_with_its_place_and_nothing_is_shown() {
    let folder = folder_with(&[("junit.xml", REPORT), ("cut.xml", &REPORT[..70]), ("x.bin", "what")]);
    let said =
        run(folder.path(), &["evidence", "inspect", "junit.xml", "cut.xml", "x.bin", "gone", "-o", "json"]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("3 documents were refused"), "{}", said.err);
    assert!(said.err.contains("cut.xml: line 3, column 1: syntax error"), "{}", said.err);
    assert!(said.err.contains("x.bin: the format is not known"), "{}", said.err);
    assert!(said.err.contains("next: shipway evidence formats"), "{}", said.err);
    let said = run(folder.path(), &["evidence", "inspect", "x.bin", "--format", "junot"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("there is no format `junot`") && said.err.contains("junit"), "{}", said.err);
}

#[test]
fn formats_and_the_schema_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let formats = json(folder.path(), &["evidence", "formats", "-o", "json"]);
    let names: Vec<_> = formats.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(["cobertura", "junit", "k6", "stryker"].iter().all(|it| names.contains(it)), "{names:?}");
    let schema = json(folder.path(), &["evidence", "schema"]);
    assert_eq!(schema["properties"]["format"]["type"], "string");
}
