//! Every folder of kinds agrees with its table: one file per kind, in the order of their names.

use std::fs;
use std::path::Path;

use shipway_integrations::{drivers, evidence, metrics, traffic};

fn check(folder: &str, kinds: &[&str], summaries: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> = names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    files.sort();
    assert_eq!(files, kinds, "the files of `{folder}` and its table");
    for summary in summaries {
        assert!(summary.ends_with('.') && summary.len() > 20, "`{summary}` says what it does");
    }
}

#[test]
fn tables_list_what_the_folders_hold() {
    let of = |specs: Vec<drivers::Spec>| -> (Vec<&str>, Vec<&str>) {
        specs.iter().map(|it| (it.kind, it.summary)).unzip()
    };
    let (kinds, summaries) = of(drivers::ALL.iter().map(|it| it.spec).collect());
    check("drivers", &kinds, &summaries);
    let (kinds, summaries) = of(traffic::ALL.to_vec());
    check("traffic", &kinds, &summaries);
    let (kinds, summaries) = of(metrics::ALL.to_vec());
    check("metrics", &kinds, &summaries);
    assert_eq!(drivers::all(drivers::Config::default()).len(), drivers::ALL.len());
}

/// The folder also holds what the formats share, so a file is a format's by what it declares.
#[test]
fn every_format_of_evidence_is_in_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/evidence");
    let mut names = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && fs::read_to_string(&path).unwrap().contains("const FORMAT: Format") {
            names.push(path.file_stem().unwrap().to_str().unwrap().replace('_', "-"));
        }
    }
    names.sort();
    let listed: Vec<_> = evidence::ALL.iter().map(|it| it.name).collect();
    assert_eq!(names, listed, "the formats' files and their table, in the order of their names");
    for format in evidence::ALL {
        assert!(format.summary.ends_with('.') && format.summary.len() > 20, "{}", format.summary);
    }
}
