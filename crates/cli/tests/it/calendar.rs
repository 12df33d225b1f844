//! `shipway calendar`, without a control plane.

use std::fs;

use serde_json::Value;

use crate::program::run;

const CALENDAR: &str = "\
apiVersion: shipway.dev/v1
kind: Calendar
metadata: {name: office}
spec:
  timeZone: Europe/Berlin
  rules:
    - name: nights
      kind: allow
      dtstart: 2026-01-01T02:30
      duration: 1h
      rrule: FREQ=DAILY
    - name: freeze
      kind: deny
      purpose: freeze
      reason: Nobody is here.
      dtstart: 2026-12-21
      duration: 14d
      scope: {tiers: [1], environments: [production]}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  tier: 1
  deployment: {command: [./web], health: {checks: [{name: up, probe: {tcp: {}}}]}}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("calendar.yaml"), CALENDAR).unwrap();
    folder
}

fn json(folder: &tempfile::TempDir, args: &[&str]) -> Value {
    let said = run(folder.path(), args);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn check_says_by_which_rule_and_when_next() {
    let folder = folder();
    let check = |at: &str, more: &[&str]| {
        let mut args = vec!["calendar", "check", "calendar.yaml", "--at", at, "-o", "json"];
        args.extend(more);
        json(&folder, &args)
    };
    let open = check("2026-07-01T03:00:00+02:00", &[]);
    assert_eq!((&open["allowed"], &open["by"]["rule"]), (&true.into(), &"nights".into()));
    assert_eq!(open["until"], "2026-07-01T01:30:00Z");
    assert_eq!(open["notAsked"][0]["needs"], serde_json::json!(["environments", "tiers"]));

    // The tier is known from the declared service.
    let closed = check("2026-12-24T03:00:00+01:00", &["--service", "web", "--env", "production"]);
    assert_eq!((&closed["allowed"], &closed["by"]["rule"]), (&false.into(), &"freeze".into()));
    assert_eq!(closed["next"]["from"], "2027-01-04T01:30:00Z");
    let text = closed["reasons"][0]["text"].as_str().unwrap();
    assert!(text.ends_with("holds until 2027-01-03T23:00:00Z (Nobody is here)"), "{text}");
    let lane = ["--service", "web", "--env", "production", "--class", "emergency"];
    assert_eq!(check("2026-12-24T03:00:00+01:00", &lane)["allowed"], true);
}

#[test]
fn expand_gives_instants_with_the_offset_of_their_zone() {
    let shown = json(
        &folder(),
        &[
            "calendar",
            "expand",
            "calendar.yaml",
            "--from",
            "2026-03-28T00:00:00Z",
            "--to",
            "2026-03-30T00:00:00Z",
            "-o",
            "json",
        ],
    );
    let all = shown["occurrences"].as_array().unwrap();
    let starts: Vec<&str> = all.iter().map(|it| it["from"].as_str().unwrap()).collect();
    assert_eq!(starts, ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00"]);
    assert_eq!((&all[1]["timeZone"], &all[1]["clash"]), (&"Europe/Berlin".into(), &"gap".into()));
}

#[test]
fn next_and_lint_look_ahead() {
    let folder = folder();
    let next = json(
        &folder,
        &[
            "calendar",
            "next",
            "calendar.yaml",
            "--after",
            "2026-07-01T03:00:00+02:00",
            "--count",
            "2",
            "-o",
            "json",
        ],
    );
    let slots: Vec<&Value> = next["slots"].as_array().unwrap().iter().map(|it| &it["from"]).collect();
    assert_eq!(slots, [&Value::from("2026-07-01T01:00:00Z"), &"2026-07-02T00:30:00Z".into()]);
    let lint =
        json(&folder, &["calendar", "lint", "calendar.yaml", "--from", "2026-01-01T00:00:00Z", "-o", "json"]);
    let problems: Vec<&str> =
        lint["findings"].as_array().unwrap().iter().map(|it| it["problem"].as_str().unwrap()).collect();
    assert_eq!(problems, ["moves", "moves", "doubles"]);
}

#[test]
fn what_goes_out_comes_in_again() {
    let folder = folder();
    let range = ["--from", "2026-12-01T00:00:00Z", "--to", "2026-12-31T00:00:00Z"];
    let feed = run(folder.path(), &[&["calendar", "export", "calendar.yaml"], &range[..]].concat());
    assert!(feed.out.starts_with("BEGIN:VCALENDAR\r\n"), "{}", feed.out);
    fs::write(folder.path().join("feed.ics"), &feed.out).unwrap();
    let read =
        run(folder.path(), &["calendar", "import", "feed.ics", "--name", "read", "--out", "read.yaml"]);
    assert_eq!((read.code, read.err.as_str()), (0, ""));
    let again = json(&folder, &[&["calendar", "expand", "read.yaml", "-o", "json"], &range[..]].concat());
    let first = json(&folder, &[&["calendar", "expand", "calendar.yaml", "-o", "json"], &range[..]].concat());
    let count = |it: &Value| it["occurrences"].as_array().unwrap().len();
    assert_eq!((count(&again), count(&first)), (31, 31));
}

#[test]
fn faults_have_their_place_and_a_way_out() {
    let folder = folder();
    let bad = CALENDAR.replace("FREQ=DAILY", "FREQ=SECONDLY").replace("Europe/Berlin", "Berlin");
    fs::write(folder.path().join("bad.yaml"), bad).unwrap();
    for verb in [&["validate", "bad.yaml"][..], &["calendar", "check", "bad.yaml"]] {
        let said = run(folder.path(), verb);
        assert_eq!(said.code, 1, "{verb:?}");
        assert!(said.err.contains("`Berlin` is no time zone"), "{}", said.err);
        assert!(said.err.contains("write `timeZone: Europe/Berlin`"), "{}", said.err);
    }
    let said = run(folder.path(), &["calendar", "check", "calendar.yaml", "--at", "2026-12-24T03:00"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("write an instant with its offset"), "{}", said.err);
}

/// Three weeks of hourly requests as Prometheus answers a range query, from Monday, 5 January 2026 in Berlin: busy by day, and
/// most of all on Friday evenings.
fn requests() -> String {
    let value = |hour: i64| match (hour / 24 % 7, hour % 24) {
        (4, 18..=20) => "900",
        (6, 3 | 4) => "1",
        (_, 0..=5) => "10",
        _ => "100",
    };
    let values: Vec<String> =
        (0..3 * 168).map(|hour| format!("[{}, \"{}\"]", 1_767_567_600 + hour * 3600, value(hour))).collect();
    format!(
        r#"{{"status": "success", "data": {{"resultType": "matrix", "result": [{{"metric": {{}}, "values": [{}]}}]}}}}"#,
        values.join(",")
    )
}

#[test]
fn quiet_windows_are_proposed_and_one_over_a_peak_is_named() {
    let folder = folder();
    fs::write(folder.path().join("requests.json"), requests()).unwrap();
    let services =
        CALENDAR.replace("  tier: 1\n  deploy", "  tier: 1\n  sla: {availability: 99.9}\n  deploy");
    let evenings = "\
---
apiVersion: shipway.dev/v1
kind: Calendar
metadata: {name: evenings}
spec:
  timeZone: Europe/Berlin
  rules: [{name: friday, kind: allow, dtstart: 2026-01-02T17:30, duration: 2h, rrule: FREQ=WEEKLY;BYDAY=FR}]
";
    fs::write(folder.path().join("all.yaml"), format!("{services}{evenings}")).unwrap();
    let args = ["calendar", "propose", "all.yaml", "--traffic", "requests.json", "--zone", "Europe/Berlin"];
    let said =
        run(folder.path(), &[&args[..], &["--service", "web", "--out", "quiet.yaml", "-o", "json"]].concat());
    assert_eq!((said.code, said.err.as_str()), (1, ""), "a declared window lies over a peak");
    let proposal: Value = serde_json::from_str(&said.out).unwrap();
    let first = &proposal["windows"][0];
    assert_eq!((&first["day"], &first["from"]), (&serde_json::json!("sun"), &serde_json::json!("03:00")));
    assert!(first["spends"].as_f64().unwrap() < 0.2, "{first}");
    let over = proposal["overPeak"].as_array().unwrap();
    assert_eq!(over.len(), 1, "{over:?}");
    assert_eq!(
        (&over[0]["rule"]["rule"], &over[0]["at"]),
        (&serde_json::json!("friday"), &serde_json::json!("2026-01-30T18:00:00"))
    );
    // What is proposed is a Calendar like any other.
    let check = |at: &str| {
        json(&folder, &["calendar", "check", "quiet.yaml", "--at", at, "--service", "web", "-o", "json"])
    };
    assert_eq!(check("2026-02-01T03:30:00+01:00")["allowed"], true);
    assert_eq!(check("2026-02-01T12:00:00+01:00")["allowed"], false);
    // Without calendars nothing can lie over a peak.
    let said =
        run(folder.path(), &["calendar", "propose", "--traffic", "requests.json", "--zone", "Europe/Berlin"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.out.contains("sun 03:00 for 2h"), "{}", said.out);
}
