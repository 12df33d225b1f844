use shipway_integrations::evidence::{self, Source};
use shipway_model::evidence::CaseResult;

use super::*;

/// A shop whose orders are lines of a file: the release puts a currency behind each, and the way back takes it off again.
const PACKAGE: &str = "
services: {}
scripts: [down.sh]
rehearsal:
  before: ['printf \"1 10\\n2 20\\n\" > orders']
  forward: ['sed -i s/$/\\ EUR/ orders']
  write: ['echo 3 30 EUR >> orders']
  run: sh $SCRIPT
  rows: cat orders
  newRows: sed s/.EUR$// orders
  checks: ['test $(wc -l < orders) = 3']
";

async fn rehearsed(package: &str, script: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("down.sh"), script).unwrap();
    let read: RollbackPackage = serde_saphyr::from_str(package).unwrap();
    let rehearsal = read.rehearsal.clone().unwrap();
    rehearse(Digest::of(package.as_bytes()), &read, &rehearsal, folder.path(), &BTreeMap::new()).await
}

fn faults(report: &Report) -> Vec<(&str, &str)> {
    report.cases.iter().filter_map(|it| Some((it.name.as_str(), it.fault.as_deref()?))).collect()
}

#[tokio::test]
async fn a_way_back_that_keeps_every_row_passes_and_its_report_is_read_as_tests() {
    let report = rehearsed(PACKAGE, "sed -i s/.EUR$// orders").await;
    assert_eq!(faults(&report), []);
    assert!(report.passed && report.cases.len() == 11, "{report:?}");
    let xml = junit(&report);
    let normal = evidence::read(Source::new(&mut xml.as_bytes()), Some("rehearsal.xml"), None).unwrap();
    let tests = normal.tests.unwrap();
    assert_eq!((tests.total, tests.passed), (11, 11));
    let of_rows = tests.cases.iter().filter(|it| [ROWS_BEFORE, ROWS_WRITTEN].contains(&it.name.as_str()));
    assert!(of_rows.clone().all(|it| it.suite == report.suite() && it.result == CaseResult::Passed));
    assert_eq!(of_rows.count(), 2);
}

#[tokio::test]
async fn rows_that_the_way_back_loses_are_named() {
    let report = rehearsed(PACKAGE, "sed -i '/EUR/!d; s/.EUR$//; /^3/d' orders").await;
    assert!(!report.passed);
    let [(name, fault), (check, _)] = &faults(&report)[..] else { panic!("{report:?}") };
    assert_eq!((*name, *check), (ROWS_WRITTEN, "check 1"));
    assert!(fault.contains("`3 30`"), "{fault}");
    let report = rehearsed(PACKAGE, "printf '1 10\\n3 30\\n9 9\\n' > orders").await;
    let [(name, fault)] = &faults(&report)[..] else { panic!("{report:?}") };
    assert!(*name == ROWS_BEFORE && fault.contains("`2 20`"), "{fault}");
}

#[tokio::test]
async fn a_step_that_fails_ends_it_and_the_rows_count_as_lost() {
    let report = rehearsed(PACKAGE, "echo 'no such <table>' >&2; exit 3").await;
    let found = faults(&report);
    assert_eq!(found[0], ("script down.sh", "it ended with status 3: no such <table>"));
    assert_eq!(found[1..].iter().map(|it| it.0).collect::<Vec<_>>(), [ROWS_BEFORE, ROWS_WRITTEN]);
    assert!(junit(&report).contains("no such &lt;table&gt;"));
    let gone = rehearsed(&PACKAGE.replace("[down.sh]", "[up.sh]"), "").await;
    assert_eq!(faults(&gone)[0], ("script up.sh", "up.sh is not in the package's folder"));
}

#[tokio::test]
async fn a_rehearsal_in_which_nothing_new_was_written_says_nothing() {
    let idle = PACKAGE.replace("echo 3 30 EUR >> orders", "true");
    let report = rehearsed(&idle, "sed -i s/.EUR$// orders").await;
    assert_eq!(faults(&report)[0].0, "the new version wrote rows");
}

#[tokio::test]
async fn what_takes_too_long_is_ended_with_everything_that_it_started() {
    let slow =
        PACKAGE.replace("  checks:", "  timeout: 1s\n  checks:").replace("cat orders", "sleep 600 & wait");
    let report = rehearsed(&slow, "").await;
    assert!(faults(&report)[0].1.contains("did not end within 1s"), "{report:?}");
}

#[test]
fn rows_are_told_apart_as_often_as_they_are_there() {
    let rows = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without(&rows("a a b d"), &rows("a c d")), rows("a b"));
    assert_eq!(without(&rows("a"), &rows("a a")), Vec::<String>::new());
}
