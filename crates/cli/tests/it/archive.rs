//! Old events leave the control plane's store for an archive, and every read is as before

use std::fs;
use std::path::Path;

use crate::live::Live;
use crate::program::{Said, run};

const KEY: &str = "data/checkpoint.pub";
const N_TEAMS: usize = 300;

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Adds an event for each.
fn declare_teams(live: &Live<'_>, folder: &Path) {
    let team =
        |nth| format!("apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {{name: team-{nth}}}\nspec: {{}}\n");
    let teams: Vec<_> = (0..N_TEAMS).map(team).collect();
    fs::write(folder.join("teams.yaml"), teams.join("---\n")).unwrap();
    live.ok(&["apply", "teams.yaml"]);
}

fn archive(folder: &Path, more: &[&str]) -> Said {
    let args = ["ledger", "archive", "--data", "data", "--before", "2999-01-01", "-o", "json"];
    run(folder, &[&args[..], more].concat())
}

fn fails(said: &Said, expected: &str) {
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    assert!(said.err.contains(expected), "`{expected}` in {}", said.err);
}

#[test]
fn old_events_move_out_beside_a_running_control_plane_and_read_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut live = Live::start(folder);
    assert!(archive(folder, &["--to", "archive"]).err.contains("whole bundles of 256"));
    declare_teams(&live, folder);
    let show = ["ledger", "show", "--limit", "1000", "-o", "json"];
    let before = live.ok(&show);
    let moved = archive(folder, &["--to", "archive"]);
    assert_eq!(moved.code, 0, "{}", moved.err);
    let moved = json(&moved.out);
    assert_eq!((&moved["size"], &moved["added"], &moved["dropped"]), (&256.into(), &256.into(), &256.into()));
    assert_eq!(live.ok(&show), before, "while it runs");
    live.kill_and_start_again();
    assert_eq!(live.ok(&show), before, "and after a start that folds from the archive");
    assert!(live.ok(&["get", "team", "team-7"]).contains("team-7"));
    assert!(live.ok(&["ledger", "verify", "--key", KEY]).contains("sound: "));
    fs::write(folder.join("old.tlog-proof"), live.ok(&["ledger", "prove", "7", "--key", KEY])).unwrap();
    let sound = run(folder, &["verify", "archive", "old.tlog-proof", "--key", KEY]);
    assert_eq!(sound.code, 0, "{}{}", sound.out, sound.err);
    assert!(
        sound.out.contains("its 256 events in bundles and in 1 tables are the beginning of"),
        "{}",
        sound.out
    );
    fails(&archive(folder, &["--to", "archive", "--compact"]), "a control plane has the ledger open");
    let at = json(&before)[200]["event"]["at"].as_str().unwrap().to_owned();
    assert!(live.ok(&["get", "teams", "--as-of", &at]).contains("team-7"));

    // Retention decides what may be deleted, and every refusal says why.
    let prune = |place: &str| live.run(&["ledger", "prune", place]);
    fails(&prune("archive"), "reads its own old events from this archive");
    assert_eq!(archive(folder, &["--to", "copy", "--copy"]).code, 0);
    fails(&prune("copy"), "events are kept for 7 years");
    let regulation = "apiVersion: shipway.dev/v1\nkind: Regulation\nmetadata: {name: papers}\n\
                      spec: {dataClasses: [audit], reason: the law, retentionYears: 9}\n";
    fs::write(folder.join("papers.yaml"), regulation).unwrap();
    live.ok(&["apply", "papers.yaml"]);
    fails(&prune("copy"), "events are kept for 9 years");
    live.ok(&["ledger", "hold", "place", "case-17", "--reason", "the court asked"]);
    fails(&prune("copy"), "the hold `case-17` stands");
    fails(&prune("data"), "there is no archive");
    drop(live);

    // With nobody at work the file itself gets smaller.
    let backup = run(folder, &["store", "backup", "--data", "data", "backup"]);
    assert_eq!(backup.code, 0, "{}", backup.err);
    let whole = ["ledger.sqlite", "ledger.sqlite-wal"].map(|it| folder.join("backup").join(it));
    let whole: u64 = whole.iter().filter_map(|it| fs::metadata(it).ok()).map(|it| it.len()).sum();
    let compacted = json(&archive(folder, &["--to", "archive", "--compact"]).out);
    assert_eq!(compacted["dropped"], 0);
    assert!(compacted["storeBytes"].as_u64().unwrap() < whole, "{compacted} of {whole} bytes");
    assert_eq!(run(folder, &["ledger", "verify", "--data", "data"]).code, 0);

    // Without its archive the ledger does not start, and says what it lacks; a backup needs none.
    fs::rename(folder.join("archive"), folder.join("moved")).unwrap();
    fails(&run(folder, &["ledger", "verify", "--data", "data"]), "the archive of old events");
    fails(&run(folder, &["serve", "--data", "data", "--listen", "127.0.0.1:0"]), "the archive of old events");
    assert_eq!(run(folder, &["ledger", "verify", "--data", "backup"]).code, 0);
    assert_eq!(archive(folder, &["--to", "moved"]).code, 0, "it may be moved");
    assert_eq!(run(folder, &["ledger", "verify", "--data", "data"]).code, 0);
}
