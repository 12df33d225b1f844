//! What needs no token.

use shipway_api::operations;

use crate::bed::Bed;

async fn text(bed: &Bed, path: &str) -> String {
    let answer = bed.http.get(bed.url(path)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

#[tokio::test]
async fn it_says_that_it_is_alive_and_ready() {
    let bed = Bed::start().await;
    assert_eq!(text(&bed, "/healthz").await, r#"{"status":"alive"}"#);
    assert_eq!(text(&bed, "/readyz").await, r#"{"status":"ready"}"#);
}

#[tokio::test]
async fn the_document_that_is_served_is_the_tables() {
    let bed = Bed::start().await;
    let served: serde_json::Value = serde_json::from_str(&text(&bed, "/openapi.json").await).unwrap();
    assert_eq!(served, shipway_api::openapi::document());
    assert!(operations::all().all(|it| served["paths"][it.path].is_object()));
}

#[tokio::test]
async fn it_counts_what_it_does() {
    let bed = Bed::start().await;
    bed.token("ada", shipway_model::event::Role::Viewer).await;
    let metrics = text(&bed, "/metrics").await;
    for line in [
        format!("shipway_ledger_events {}", bed.size()),
        "shipway_event_streams_free 4".to_owned(),
        "shipway_effects{performer=\"agent\"} 0".to_owned(),
        "shipway_http_request_seconds_count{operation=\"issueToken\",status=\"201\"} 1".to_owned(),
        "shipway_http_request_seconds_bucket{operation=\"issueToken\",status=\"201\",le=\"+Inf\"} 1"
            .to_owned(),
    ] {
        assert!(metrics.lines().any(|it| it == line), "no `{line}` in\n{metrics}");
    }
    let resident = metrics.lines().find_map(|it| it.strip_prefix("process_resident_memory_bytes ")).unwrap();
    assert!(resident.parse::<u64>().unwrap() > 1_000_000);
}
