//! Every folder of kinds agrees with its table: one file per kind, in the order of their names.

use std::fs;
use std::path::Path;

use shipway_integrations::{drivers, metrics, traffic};

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
