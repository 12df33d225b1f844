//! Calendars from elsewhere and for calendar programs, trains, refits, and changes in an ITSM tool, against a served control plane.

pub(crate) mod elsewhere;

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shipway_runtime::{Clock as _, SystemClock};

use crate::live::Live;
use crate::program::run;
use crate::site::service::Behaviour;
use crate::site::{PATIENT, Site, wait_for};
use elsewhere::Elsewhere;

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
                        DTSTART;VALUE=DATE:20281225\r\nDTEND;VALUE=DATE:20281226\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\n\
                        END:VCALENDAR\r\n";

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn a_calendar_from_elsewhere_binds_and_keeps_binding_while_it_is_away() {
    let elsewhere = Elsewhere::start();
    elsewhere.answer("/holidays.ics", 200, HOLIDAYS);
    let folder = tempfile::tempdir().unwrap();
    let plane = Live::start(folder.path());
    let feed = |path: &str| {
        json!({
            "apiVersion": "shipway.dev/v1", "kind": "CalendarFeed", "metadata": {"name": "holidays"},
            "spec": {"url": elsewhere.url(path), "rules": "deny", "purpose": "holiday", "timeZone": "Europe/Zurich"},
        })
    };
    fs::write(folder.path().join("feed.yaml"), feed("/holidays.ics").to_string()).unwrap();
    plane.ok(&["apply", "feed.yaml"]);
    let fetched = || read(&plane.run(&["calendar", "feeds", "-o", "json"]).out)[0].clone();
    wait_for("the feed is fetched", async || fetched()["nRules"] == 1).await;
    let closed = plane.run(&["calendar", "check", "--at", "2028-12-25T09:00:00Z", "-o", "json"]);
    assert_eq!(read(&closed.out)["by"]["purpose"], "holiday", "{}{}", closed.out, closed.err);

    fs::write(folder.path().join("feed.yaml"), feed("/gone.ics").to_string()).unwrap();
    plane.ok(&["apply", "feed.yaml"]);
    wait_for("the failure is told", async || fetched()["fault"].is_string()).await;
    assert_eq!(
        (&fetched()["fault"], &fetched()["nRules"]),
        (&json!("the server answered 404 Not Found"), &json!(1))
    );
    assert_eq!(plane.run(&["calendar", "feeds"]).code, 1);
}

#[tokio::test]
async fn an_address_for_calendar_programs_reads_its_calendar_and_nothing_else_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let plane = Live::start(folder.path());
    let made = read(&plane.ok(&["calendar", "subscribe", "--env", "production", "-o", "json"]));
    let url = made["url"].as_str().unwrap();
    let get = async |url: String| {
        let answer = reqwest::get(url).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = get(url.to_owned()).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.starts_with("BEGIN:VCALENDAR") && text.contains("REFRESH-INTERVAL"), "{text}");
    // Another environment's, another operation, and a key that could do more.
    assert_eq!(get(url.replace("environment=production", "environment=staging")).await.0, 403);
    assert_eq!(get(url.replace("/calendars/releases.ics", "/releases")).await.0, 401);
    let (before, _) = url.split_once("key=").unwrap();
    let admin = fs::read_to_string(folder.path().join("token")).unwrap();
    assert_eq!(get(format!("{before}key={}", admin.trim())).await.0, 401);
    plane.ok(&["token", "revoke", made["token"].as_str().unwrap()]);
    assert_eq!(get(url.to_owned()).await.0, 401);
}

#[test]
fn a_refit_proposes_what_told_better_and_says_when_there_is_too_little() {
    let folder = tempfile::tempdir().unwrap();
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let outcome = |n: i64| {
        // Only novelty tells what fails, four times out of five.
        let (is_new, is_odd) = (n % 2 == 0, n % 5 == 0);
        json!({
            "change": format!("chg_{:032x}", 0x0198_f3c0_e1b2_7c3d_8a4f_5e6d_7c8b_0000_u128 + n as u128),
            "environment": "production", "ended": begin + SignedDuration::from_hours(n), "score": 40,
            "shares": {"novelty": if is_new { 1000 } else { 100 }, "timing": (n * 37) % 1000},
            "failed": is_new != is_odd,
        })
    };
    let write = |n: i64| {
        let all: Vec<Value> = (0..n).map(outcome).collect();
        fs::write(folder.path().join("outcomes.json"), json!(all).to_string()).unwrap();
    };
    write(300);
    let args = [
        "risk",
        "refit",
        "--from",
        "outcomes.json",
        "--out",
        "proposal.yaml",
        "--svg",
        "curve.svg",
        "-o",
        "json",
    ];
    let said = run(folder.path(), &args);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let proposal = read(&said.out);
    assert_eq!((&proposal["isBetter"], &proposal["nJudged"]), (&json!(true), &json!(90)));
    assert!(proposal["factors"]["novelty"]["proposed"].as_u64().unwrap() > 80, "{proposal}");
    assert_eq!(run(folder.path(), &["validate", "proposal.yaml"]).code, 0);
    assert!(fs::read_to_string(folder.path().join("curve.svg")).unwrap().contains("proposed: Brier score"));

    write(40);
    let said = run(folder.path(), &args);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("40 outcomes") && said.err.contains("too few"), "{}", said.err);
}

#[tokio::test]
async fn a_train_leaves_by_itself_with_what_is_ready() {
    let site = Site::start(&["host-a"], "{recreate: {}}").await;
    site.declare_limits(PATIENT).await;
    site.release("1.0.0", Behaviour::default()).await;
    let departure = SystemClock.now() + SignedDuration::from_secs(8);
    let train = json!({
        "apiVersion": "shipway.dev/v1", "kind": "Train", "metadata": {"name": "weekly"},
        "spec": {"environment": "production", "services": ["web"], "boarding": "0s",
                 "dtstart": departure.strftime("%Y-%m-%dT%H:%M:%S").to_string()},
    });
    fs::write(site.path().join("train.yaml"), train.to_string()).unwrap();
    assert_eq!(site.shipway(&["apply", "train.yaml"]).code, 0);
    let plan = read(&site.shipway(&["train", "plan", "weekly", "-o", "json"]).out);
    assert_eq!(plan["coaches"][0]["title"], "site@1.0.0", "{plan}");
    let left = || read(&site.shipway(&["train", "list", "-o", "json"]).out)[0]["last"]["rollouts"].clone();
    wait_for("the train leaves", async || left().as_array().is_some_and(|it| it.len() == 1)).await;
    site.ended(left()[0].as_str().unwrap().parse().unwrap()).await;
}

#[tokio::test]
async fn a_change_is_opened_in_the_tool_and_held_while_the_tool_says_so() {
    let tool = Elsewhere::start();
    let table = "/api/now/table/change_request";
    tool.answer(table, 200, r#"{"result": {"sys_id": "46e1", "number": "CHG0030042"}}"#);
    tool.answer(&format!("{table}/46e1"), 200, r#"{"result": {}}"#);
    let site = Site::start(&["host-a"], "{recreate: {}}").await;
    site.declare_limits(PATIENT).await;
    site.release("1.0.0", Behaviour::default()).await;
    fs::write(site.path().join("secret"), "geheim\n").unwrap();
    let documents = [
        json!({"apiVersion": "shipway.dev/v1", "kind": "Environment", "metadata": {"name": "audited"},
               "spec": {"extends": "production", "protected": true}}),
        json!({"apiVersion": "shipway.dev/v1", "kind": "Mirror", "metadata": {"name": "servicenow"}, "spec": {
            "tool": "service-now", "url": tool.url(""), "user": "shipway", "holds": ["On Hold"],
            "secret": {"file": site.path().join("secret")}}}),
    ];
    let text: Vec<String> = documents.iter().map(ToString::to_string).collect();
    fs::write(site.path().join("itsm.yaml"), text.join("\n---\n")).unwrap();
    let said = site.shipway(&["apply", "itsm.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = site.shipway(&["rollout", "start", "site@1.0.0", "--env", "audited"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let mirrored = || read(&site.shipway(&["itsm", "list", "-o", "json"]).out)[0].clone();
    wait_for("the change is opened in the tool", async || mirrored()["number"] == "CHG0030042").await;
    let asked = tool.asked();
    assert_eq!(asked.iter().filter(|it| it.0 == format!("POST {table}")).count(), 1, "{asked:?}");
    let opened = asked.iter().find(|it| it.0 == format!("POST {table}")).unwrap();
    assert_eq!(read(&opened.1)["short_description"], "site@1.0.0 into audited");

    let token = read(
        &site
            .shipway(&[
                "token",
                "issue",
                "servicenow",
                "--role",
                "builder",
                "--operation",
                "hearTool",
                "-o",
                "json",
            ])
            .out,
    );
    let say = async |state: &str, count: u32| {
        let body = json!({"sys_id": "46e1", "state": state, "sys_updated_by": "cab", "sys_mod_count": count});
        let url = format!("{}/api/v1/mirrors/servicenow/messages", site.url());
        let secret = token["secret"].as_str().unwrap();
        let answer = reqwest::Client::new().post(url).bearer_auth(secret).json(&body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{}", answer.text().await.unwrap());
    };
    let change = mirrored()["change"].as_str().unwrap().to_owned();
    let against = || site.shipway(&["change", "show", &change]).out;
    say("On Hold", 2).await;
    assert!(against().contains("servicenow shows it as `On Hold`, which holds it"), "{}", against());
    // Late and twice: what came first under that number counts.
    say("Approved", 2).await;
    assert_eq!(mirrored()["answer"]["state"], "On Hold");
    say("Approved", 3).await;
    assert!(!against().contains("which holds it"), "{}", against());
    assert!(!against().contains("approved by cab"), "a tool's word is no approval");
}
