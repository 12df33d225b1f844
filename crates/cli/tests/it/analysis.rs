//! Analyses of files, without a control plane.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::{Value, json};

use shipway_runtime::{Clock as _, SystemClock};

use crate::program::{run, said, shipway};
use crate::site::Site;

/// Blocks of ten seconds, control's line first.
fn blocks(n_blocks: u64, errors_of_canary: u64) -> String {
    let line = |block_idx: u64, arm: &str, errors: u64| json!({"t": block_idx * 10, "dt_s": 10, "arm": arm, "instance": "a-1", "requests": 500, "errors": errors});
    let block = |idx| format!("{}\n{}\n", line(idx, "control", 1), line(idx, "canary", errors_of_canary));
    (0..n_blocks).map(block).collect()
}

fn write(folder: &Path, files: &[(&str, String)]) {
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
}

fn answer(folder: &Path, args: &[&str]) -> Value {
    let said = run(folder, &[&["analysis", "judge"], args, &["-o", "json"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn a_canary_is_judged_by_its_lines_and_nothing_behind_the_decision_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = "metrics: [{name: errors, kind: proportion, critical: true, margin: 1.2}]\n".to_owned();
    let bad = blocks(4, 25) + "neither JSON nor later\n";
    write(folder.path(), &[("c.yaml", config), ("bad.jsonl", bad), ("good.jsonl", blocks(360, 1))]);
    let bad = answer(folder.path(), &["--config", "c.yaml", "--data", "bad.jsonl"]);
    assert_eq!(bad["decision"], "harmful", "{bad}");
    let (at_s, requests) = (bad["decided_at_s"].as_f64().unwrap(), bad["canary_requests"].as_f64().unwrap());
    assert!(at_s <= 40.0 && requests == at_s * 50.0, "{bad}");
    let metric = &bad["metrics"][0];
    assert!(metric["name"] == "errors" && metric["e_value"].as_f64() > Some(100.0), "{metric}");
    assert!(
        metric["effect"]["estimate"].as_f64() > Some(10.0) && metric["decided_at_s"] == bad["decided_at_s"],
        "{metric}"
    );
    assert!(!bad["reasons"].as_array().unwrap().is_empty(), "{bad}");
    assert_eq!(answer(folder.path(), &["--config", "c.yaml", "--data", "good.jsonl"])["decision"], "healthy");
}

/// Who pipes a log into it hears of harm while the log goes on.
#[test]
fn lines_are_judged_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = shipway(folder.path());
    command.args(["analysis", "judge", "--data", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin: ChildStdin = child.stdin.take().unwrap();
    // It may be gone before the last line; what matters is that it goes before the pipe is closed.
    let _ = stdin.write_all(blocks(20, 50).as_bytes());
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it waits for more than it needs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(stdin);
    let said = said(&child.wait_with_output().unwrap());
    assert!(said.code == 0 && said.out.starts_with("harmful at "), "{}{}", said.out, said.err);
}

#[test]
fn a_line_that_makes_no_sense_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let twice = blocks(1, 1) + &blocks(1, 1);
    let nan = blocks(1, 1) + "{\"t\":10,\"arm\":\"canary\",\"requests\":NaN}\n";
    write(folder.path(), &[("twice.jsonl", twice), ("nan.jsonl", nan), ("none.jsonl", String::new())]);
    for file in ["twice.jsonl", "nan.jsonl"] {
        let said = run(folder.path(), &["analysis", "judge", "--data", file]);
        let named = format!("{file}: line 3: ");
        assert!(said.code != 0 && said.err.contains(&named), "{}{}", said.out, said.err);
    }
    assert_eq!(answer(folder.path(), &["--data", "none.jsonl"])["decision"], "no_verdict");
}

#[test]
fn kayentas_configuration_is_judged_as_kayenta_does() {
    let folder = tempfile::tempdir().unwrap();
    let config = |critical: bool| {
        json!({
            "name": "shop", "configVersion": "1", "applications": ["shop"],
            "judge": {"name": "NetflixACAJudge-v1.0", "judgeConfigurations": {}},
            "metrics": [
                {"name": "Error Rate", "groups": ["errors"], "query": {"type": "prometheus", "metricName": "errors"},
                 "analysisConfigurations": {"canary": {"direction": "increase", "critical": critical,
                    "nanStrategy": "remove", "effectSize": {"allowedIncrease": 1.1, "criticalIncrease": 2}}}},
                {"name": "CPU", "groups": ["system"], "scopeName": "default"},
                {"name": "Gone", "groups": ["system"], "analysisConfigurations": {"canary": {"mustHaveData": true}}},
            ],
            "classifier": {"groupWeights": {"errors": 30, "system": 70}, "scoreThresholds": {"pass": 90, "marginal": 30}},
            "templates": {},
        })
    };
    let values = |times: f64| {
        let errors: Vec<Value> = (0..30).map(|it| json!(times * (1.0 + f64::from(it % 7) / 10.0))).collect();
        let mut with_gaps = errors.clone();
        (with_gaps[3], with_gaps[9]) = (Value::Null, json!("NaN"));
        let cpu: Vec<Value> = (0..30).map(|it| json!(40 + it % 5)).collect();
        json!({"Error Rate": with_gaps, "CPU": cpu, "Gone": []}).to_string()
    };
    write(
        folder.path(),
        &[
            ("critical.json", config(true).to_string()),
            ("lenient.json", config(false).to_string()),
            ("control.json", values(1.0)),
            ("worse.json", values(3.0)),
        ],
    );
    let judged = |config: &str, experiment: &str| {
        answer(folder.path(), &["--kayenta", config, "--control", "control.json", "--experiment", experiment])
    };
    let labels = |judgement: &Value| {
        let of = |it: &Value| format!("{} {}", it["name"], it["label"]).replace('"', "");
        judgement["metrics"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let critical = judged("critical.json", "worse.json");
    assert_eq!(
        (&critical["classification"], critical["score"].as_f64()),
        (&json!("Fail"), Some(0.0)),
        "{critical}"
    );
    assert_eq!(labels(&critical), ["Error Rate High", "CPU Pass", "Gone NodataFailMetric"]);
    // Errors nothing of 30, and of the system's metrics one of two.
    let lenient = judged("lenient.json", "worse.json");
    assert_eq!(
        (&lenient["classification"], lenient["score"].as_f64()),
        (&json!("Marginal"), Some(35.0)),
        "{lenient}"
    );
    let same = judged("critical.json", "control.json");
    assert_eq!((&same["classification"], same["score"].as_f64()), (&json!("Marginal"), Some(65.0)), "{same}");
}

#[test]
fn the_past_is_a_control_too() {
    let folder = tempfile::tempdir().unwrap();
    let arm = |arm: &str, errors: u64| {
        let line = |idx: u64| json!({"t": idx * 10, "dt_s": 10, "arm": arm, "instance": "a", "requests": 500, "errors": errors});
        (0..60).map(|idx| format!("{}\n", line(idx))).collect::<String>()
    };
    write(
        folder.path(),
        &[
            ("now.jsonl", arm("canary", 25)),
            ("before.jsonl", arm("control", 2)),
            ("bad-monday.jsonl", arm("control", 26)),
            ("previous.yaml", "baseline: previous\n".to_owned()),
            ("seasonal.yaml", "baseline: seasonal\n".to_owned()),
        ],
    );
    let judged = |config: &str, past: &[&str]| {
        let past = past.iter().flat_map(|it| ["--baseline", it]);
        let args: Vec<&str> = ["--config", config, "--data", "now.jsonl"].into_iter().chain(past).collect();
        answer(folder.path(), &args)["decision"].clone()
    };
    assert_eq!(judged("previous.yaml", &["before.jsonl"]), "harmful");
    assert_eq!(judged("seasonal.yaml", &["before.jsonl", "before.jsonl"]), "harmful");
    // One Monday was as bad: it has to be worse than every period.
    assert_ne!(judged("seasonal.yaml", &["before.jsonl", "bad-monday.jsonl"]), "harmful");
}

#[test]
fn the_rule_is_tried_before_anything_is_shipped() {
    let folder = tempfile::tempdir().unwrap();
    let labelled = |truth: &str, errors: u64| format!("{{\"truth\": \"{truth}\"}}\n{}", blocks(60, errors));
    let short = "traffic: {control_per_s: 50, canary_per_s: 50, control_instances: 1, canary_instances: 1, duration_s: 120}\n\
                 analysis: {metrics: [{name: errors, kind: proportion}]}\n";
    write(
        folder.path(),
        &[
            ("traffic.yaml", short.to_owned()),
            ("monday.jsonl", blocks(60, 1)),
            ("tuesday.jsonl", blocks(60, 1)),
            ("bad.jsonl", labelled("harmful", 25)),
            ("good.jsonl", labelled("harmless", 1)),
        ],
    );
    let said = |args: &[&str]| -> Value {
        let said = run(folder.path(), &[&["analysis"], args, &["-o", "json"]].concat());
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        serde_json::from_str(&said.out).unwrap()
    };
    let power = said(&["power", "traffic.yaml", "-n", "4"]);
    let rows = power.as_array().unwrap();
    let found =
        |name: &str| rows.iter().find(|it| it["regression"] == name).unwrap_or_else(|| panic!("{power:#}"));
    assert_eq!(found("none")["takenBack"]["estimate"], 0.0, "{power:#}");
    let gross = found("errors 0.100 % → 5.000 %");
    assert_eq!(gross["takenBack"]["estimate"], 1.0, "{power:#}");
    assert!(
        gross["minutesToDecision"].as_f64() <= Some(1.0) && gross["harmed"].as_f64() > Some(0.0),
        "{gross}"
    );

    let aa = said(&["aa", "monday.jsonl", "tuesday.jsonl"]);
    assert_eq!(
        (&aa["falseRollbacks"]["estimate"], aa["periods"].as_array().unwrap().len()),
        (&json!(0.0), 2),
        "{aa:#}"
    );

    let backtest = said(&["backtest", "bad.jsonl", "good.jsonl"]);
    assert_eq!(backtest["confusion"]["harmful"]["harmful"], 1, "{backtest:#}");
    assert_eq!(backtest["confusion"]["harmless"]["harmful"], 0, "{backtest:#}");

    let unknown = run(folder.path(), &["analysis", "simulate", "errors-7"]);
    assert!(unknown.code != 0 && unknown.err.contains("errors-0.5"), "{}{}", unknown.out, unknown.err);
    let simulated = said(&["simulate", "low-traffic-5", "-n", "2", "--seed", "3"]);
    let ours = simulated.as_array().unwrap().iter().find(|it| it["judge"] == "Shipway").cloned();
    let ours = ours.unwrap_or_else(|| panic!("{simulated:#}"));
    assert_eq!((&ours["isNull"], &ours["takenBack"]["estimate"]), (&json!(false), &json!(1.0)), "{ours:#}");
}

/// Rollouts and an alert of a control plane, beside incidents of weeks before and a ticket of the week after.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_asked_whether_incidents_follow_it() {
    let site = Site::start(&["host-a"], "{recreate: {}}").await;
    site.ship("1.0.0").await;
    site.ship("1.0.1").await;
    let now = SystemClock.now();
    let alert = |name: &str, service: &str| {
        json!({
            "status": "firing", "labels": {"alertname": name, "service": service, "environment": "production"},
            "annotations": {}, "startsAt": now, "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": name,
        })
    };
    let told = json!({
        "receiver": "shipway", "status": "firing", "version": "4", "groupKey": "g", "truncatedAlerts": 0, "externalURL": "",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "alerts": [alert("FailedOrders", "web"), alert("DiskFull", "nobody-declared-this")],
    });
    let request =
        reqwest::Client::new().post(format!("{}/api/v1/alerts", site.url())).bearer_auth(site.token());
    let answer = request.json(&told).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());

    let on = |days: i64, kind: &str| json!({"at": now + SignedDuration::from_hours(24 * days), "kind": kind, "service": "web"});
    let lines = [on(-15, "deployment"), on(-15, "incident"), on(-9, "deployment"), on(7, "ticket")];
    let text: String = lines.iter().map(|it| format!("{it}\n")).collect();
    let file = site.path().join("happened.jsonl");
    fs::write(&file, text).unwrap();
    let said = site.shipway(&[
        "analysis",
        "correlate",
        "--recorded",
        "production",
        file.to_str().unwrap(),
        "-o",
        "json",
    ]);
    assert_eq!(said.code, 0, "{}", said.err);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let follows = |it: &&Value| it["question"] == "incidents_follow" && it["service"] == "web";
    let finding =
        report["findings"].as_array().unwrap().iter().find(follows).unwrap_or_else(|| panic!("{report:#}"));
    // Two rollouts and two lines; an incident follows all of them but the second line.
    assert_eq!((&finding["deployments"], &finding["observed"]), (&json!(4), &json!(3)), "{report:#}");
    let remark = report["remarks"][0].as_str().unwrap();
    assert!(remark.contains("2 rollouts") && remark.contains("1 alerts"), "{remark}");
    let none = site.shipway(&["analysis", "correlate", "--recorded", "nowhere"]);
    assert!(none.out.contains("Nothing could be asked"), "{}{}", none.out, none.err);
}
