//! The tests that a page of promises names are there: whoever renames one mends the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = "docs/testing.md";
const SECTION: &str = "## Promises, and what shows each";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Names of tests and of modules: words in backquotes that are joined by underscores.
fn named() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join(PAGE)).expect("the page is there");
    let (_, section) = page.split_once(SECTION).expect("the page has the section");
    let section = section.split("\n## ").next().expect("a text has a first part");
    let quoted = section.split('`').skip(1).step_by(2);
    let names = quoted.map(|it| it.rsplit("::").next().expect("a text has a last part"));
    let is_name = |it: &&str| {
        it.contains('_') && it.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
    };
    names.filter(is_name).map(str::to_owned).collect()
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder is readable") {
        let path = entry.expect("an entry is readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(fs::read_to_string(path).expect("a source is a text"));
        }
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let names = named();
    assert!(names.len() > 40, "the page names {names:?} alone");
    let mut texts = Vec::new();
    sources(&root().join("crates"), &mut texts);
    let is_there = |name: &str| {
        let forms = [format!("fn {name}("), format!("mod {name};")];
        texts.iter().any(|text| forms.iter().any(|it| text.contains(it)))
    };
    let missing: Vec<_> = names.iter().filter(|it| !is_there(it)).collect();
    assert!(missing.is_empty(), "{PAGE} names tests that are not there: {missing:?}");
}
