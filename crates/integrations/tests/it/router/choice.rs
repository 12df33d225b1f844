//! Which version and backend answers.

use http::Request;
use serde_json::json;

use super::bed::{Backend, Bed, tally};

#[tokio::test(flavor = "multi_thread")]
async fn traffic_splits_by_weight() {
    let bed = Bed::start().await;
    let (stable, canary) = (Backend::start("stable").await, Backend::start("canary").await);
    bed.set(&bed.route(1, &[("1.0.0", 9000, &[&stable]), ("2.0.0", 1000, &[&canary])])).await;
    let mut client = bed.client().await;
    let n_requests = 4000;
    let mut versions = Vec::new();
    for _ in 0..n_requests {
        versions.push(client.get("/").await.version().to_owned());
    }
    // The mean is 400 and the standard deviation 19; six of them are missed once in a thousand million runs.
    let n_canary = tally(versions)["2.0.0"];
    assert!((286..=514).contains(&n_canary), "{n_canary} of {n_requests} went to the canary");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_moves_at_most_once_as_the_canary_grows() {
    let bed = Bed::start().await;
    let (stable, canary) = (Backend::start("stable").await, Backend::start("canary").await);
    let route = |revision, weight| {
        let mut route =
            bed.route(revision, &[("1.0.0", 10_000 - weight, &[&stable]), ("2.0.0", weight, &[&canary])]);
        route["sticky"] = json!({"cookie": "shop", "ttl": "1h"});
        route
    };
    bed.set(&route(1, 500)).await;
    let mut client = bed.client().await;
    let mut sessions = Vec::new();
    for _ in 0..200 {
        let first = client.get("/").await;
        let set = first.headers["set-cookie"].to_str().unwrap();
        assert!(set.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"), "{set}");
        sessions.push((first.cookie().unwrap(), vec![first.version().to_owned()]));
    }
    for (revision, weight) in [(2, 500), (3, 2500), (4, 5000), (5, 10_000)] {
        bed.set(&route(revision, weight)).await;
        for (cookie, versions) in &mut sessions {
            let request = Request::get("/").header("cookie", &*cookie).body(String::new()).unwrap();
            let reply = client.send(request).await;
            assert_eq!(reply.cookie(), None, "a session keeps its cookie");
            versions.push(reply.version().to_owned());
        }
    }
    for (cookie, versions) in &sessions {
        assert_eq!(versions[0], versions[1], "{cookie} moved without a change");
        assert!(versions.is_sorted(), "{cookie} went back: {versions:?}");
        assert_eq!(versions[4], "2.0.0");
    }
    let moved_early = sessions.iter().filter(|(_, versions)| versions[3] == "2.0.0").count();
    assert!((50..150).contains(&moved_early), "{moved_early} of 200 sessions in a canary of 50 %");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_its_backend() {
    let bed = Bed::start().await;
    let backends = [Backend::start("a").await, Backend::start("b").await, Backend::start("c").await];
    let mut route = bed.route(1, &[("1.0.0", 10_000, &backends.each_ref())]);
    route["sticky"] = json!({"cookie": "shop", "ttl": "1h"});
    bed.set(&route).await;
    let mut client = bed.client().await;
    let mut homes = Vec::new();
    for bucket in 0..60 {
        let ask = || {
            Request::get("/").header("cookie", format!("shop={}", bucket * 150)).body(String::new()).unwrap()
        };
        let home = client.send(ask()).await.text;
        for _ in 0..3 {
            assert_eq!(client.send(ask()).await.text, home);
        }
        homes.push(home);
    }
    assert_eq!(tally(homes).len(), 3, "all backends serve sessions");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_header_asks_for_a_version_by_name() {
    let bed = Bed::start().await;
    let (stable, preview) = (Backend::start("stable").await, Backend::start("preview").await);
    bed.set(&bed.route(1, &[("1.0.0", 10_000, &[&stable]), ("2.0.0", 0, &[&preview])])).await;
    let mut client = bed.client().await;
    for (asked, answered) in [("2.0.0", "preview"), ("1.0.0", "stable"), ("3.0.0", "stable")] {
        for _ in 0..20 {
            let request = Request::get("/").header("x-shipway-version", asked).body(String::new()).unwrap();
            assert_eq!(client.send(request).await.text, answered);
        }
    }
    for _ in 0..50 {
        assert_eq!(client.get("/").await.version(), "1.0.0");
    }
}
