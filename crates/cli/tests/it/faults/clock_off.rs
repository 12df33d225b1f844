//! Agents whose clocks are an hour off, one ahead and one behind.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn by_an_hour_a_rollout_goes_on_as_always() {
    let mut site = Site::without_hosts(strategy::CANARY).await;
    for (host, offset) in [("host-a", "+1h"), ("host-b", "-1h")] {
        site.add_host(host, site.url(), fake_clock(offset)).await;
    }
    site.agents_are_ready().await;
    for (host, offset) in [("host-a", 60), ("host-b", -60)] {
        let log = fs::read_to_string(site.path().join(format!("logs/agent-{host}.log"))).expect("it logs");
        let said: Timestamp = log.split_whitespace().next().and_then(|it| it.parse().ok()).expect("a time");
        let heard = site.heard(host).await;
        let minutes = said.duration_since(heard).as_secs_f64() / 60.0;
        assert!((minutes - f64::from(offset)).abs() < 2.0, "{host} is {minutes} minutes off");
    }
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "succeeded");
    site.look().await;
    let times: Vec<Timestamp> = site
        .witness
        .events
        .iter()
        .map(|it| it.event["at"].as_str().and_then(|it| it.parse().ok()).expect("a time"))
        .collect();
    assert!(times.is_sorted(), "the ledger goes by one clock");
    assert!(times.last().expect("events").duration_since(times[0]).as_secs() < 600);
    site.conclude(id, "1.1.0").await;
}

/// By libfaketime, of the Debian package `faketime`.
fn fake_clock(offset: &str) -> Vec<(&'static str, String)> {
    let library = library().expect("libfaketime is missing: install the Debian package `faketime`");
    vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME", offset.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        // What older versions of it call the same.
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten().map(|it| it.path());
    folders.map(|it| it.join("faketime/libfaketimeMT.so.1")).find(|it| it.is_file())
}
