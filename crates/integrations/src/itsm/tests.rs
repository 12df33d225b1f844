//! Against a stand-in of ours that speaks what the tools document of their APIs, and can lose an answer.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::json;
use shipway_model::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Requests that came, and the records that they made.
#[derive(Default)]
struct StandIn {
    seen: Vec<String>,
    records: Vec<Value>,
    /// Answers of requests that open something are lost, this many times.
    loses: u32,
    /// The search knows of nothing that was opened.
    lags: bool,
    /// Answers of requests that open something never come.
    hangs: bool,
}

async fn stand_in(tool: Arc<Mutex<StandIn>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Some((head, body)) = request(&mut stream).await else { continue };
            let answer = answer(&mut tool.lock().unwrap(), &head, &body);
            // A lost answer: the connection just ends.
            if let Some((status, body)) = answer {
                let text = if status == 204 { String::new() } else { body.to_string() };
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    text.len()
                );
                let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
            }
        }
    });
    format!("http://{address}")
}

async fn request(stream: &mut tokio::net::TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).await.ok().filter(|it| *it > 0)?;
        bytes.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|it| it.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some((head.to_owned(), serde_json::from_str(body).unwrap_or_default()));
        }
    }
}

fn answer(tool: &mut StandIn, head: &str, body: &Value) -> Option<(u16, Value)> {
    let line = head.lines().next().unwrap();
    let (method, path) = line.split_once(' ').unwrap();
    let path = path.split(' ').next().unwrap();
    tool.seen.push(format!("{method} {path}"));
    if !head.to_lowercase().contains(
        &format!("authorization: basic {}", BASE64_STANDARD.encode("shipway:geheim")).to_lowercase(),
    ) {
        return Some((401, json!({"error": {"message": "User Not Authenticated"}})));
    }
    let n = tool.records.len();
    match (method, path.split('?').next().unwrap()) {
        ("POST", "/api/now/table/change_request" | "/rest/api/2/issue") => {
            tool.records.push(body.clone());
            if tool.hangs {
                return None;
            }
            if tool.loses > 0 {
                tool.loses -= 1;
                return None;
            }
            let record = json!({"sys_id": format!("46e1{n}"), "number": format!("CHG{n}")});
            Some((201, json!({"result": record, "id": format!("1000{n}"), "key": format!("OPS-{n}")})))
        }
        ("GET", "/api/now/table/change_request") => {
            let found =
                tool.records.iter().position(|it| path.contains(it["correlation_id"].as_str().unwrap()));
            let found = found.map(|n| json!({"sys_id": format!("46e1{n}"), "number": format!("CHG{n}")}));
            Some((200, json!({"result": Vec::from_iter(found)})))
        }
        ("GET", "/rest/api/2/search/jql") => {
            let label = |it: &Value| it["fields"]["labels"][0].as_str().unwrap().to_owned();
            let found = tool.records.iter().position(|it| path.contains(&label(it)) && !tool.lags);
            let found = found.map(|n| json!({"id": format!("1000{n}"), "key": format!("OPS-{n}")}));
            Some((200, json!({"issues": Vec::from_iter(found)})))
        }
        ("GET", "/rest/api/2/issue/OPS-0/transitions") => {
            Some((200, json!({"transitions": [{"id": "31", "name": "Go", "to": {"name": "Implementing"}}]})))
        }
        ("PATCH", _) => Some((200, json!({"result": {}}))),
        ("PUT", _) | ("POST", "/rest/api/2/issue/OPS-0/transitions") => Some((204, Value::Null)),
        _ => Some((404, json!({}))),
    }
}

fn mirror(tool: &str, url: &str, secret: &Path) -> Mirror {
    serde_json::from_value(json!({
        "tool": tool, "url": url, "user": "shipway", "secret": {"file": secret}, "project": "OPS",
        "fields": {"assignment_group": "Releases of ${environment}"}, "states": {"implement": "Implementing"},
    }))
    .unwrap()
}

fn change(mirrored: Option<Mirrored>) -> Wanted {
    let change: ChangeId = "chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01".parse().unwrap();
    let words = BTreeMap::from([
        ("change", change.to_string()),
        ("release", "shop@1.2.0".to_owned()),
        ("environment", "production".to_owned()),
        ("state", "implement".to_owned()),
    ]);
    Wanted { change, mirror: "tool".parse().unwrap(), words, digest: Digest::of(b"1"), mirrored }
}

async fn check(tool: &str) -> StandIn {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "geheim\n").unwrap();
    let state = Arc::new(Mutex::new(StandIn { loses: 1, ..StandIn::default() }));
    let url = stand_in(state.clone()).await;
    let mirror = mirror(tool, &url, &secret);
    let outbound = Outbound::new();
    // It is opened there, and we do not hear of it.
    let lost = bring(&outbound, &mirror, &change(None)).await;
    assert!(matches!(lost, Err(Fault::Call(_))), "{lost:?}");
    // So it is found, and not opened again.
    let mirrored = bring(&outbound, &mirror, &change(None)).await.unwrap();
    let again = bring(&outbound, &mirror, &change(Some(mirrored.clone()))).await.unwrap();
    assert_eq!(again, mirrored);
    fs::write(&secret, "falsch\n").unwrap();
    let refused = bring(&outbound, &mirror, &change(None)).await.unwrap_err().to_string();
    assert!(refused.starts_with("the tool answered 401"), "{refused}");
    fs::remove_file(&secret).unwrap();
    assert!(matches!(bring(&outbound, &mirror, &change(None)).await, Err(Fault::Secret(_))));
    let state = std::mem::take(&mut *state.lock().unwrap());
    assert_eq!(state.records.len(), 1, "{:?}", state.seen);
    state
}

#[tokio::test]
async fn service_now_shows_a_change_once_even_if_its_answer_was_lost() {
    let tool = check("service-now").await;
    let record = &tool.records[0];
    assert_eq!(record["correlation_id"], "chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01");
    assert_eq!(record["short_description"], "shop@1.2.0 into production");
    assert_eq!(
        (&record["assignment_group"], &record["state"]),
        (&json!("Releases of production"), &json!("Implementing"))
    );
    assert!(tool.seen.contains(&"PATCH /api/now/table/change_request/46e10".to_owned()), "{:?}", tool.seen);
}

#[tokio::test]
async fn jira_shows_a_change_once_even_if_its_answer_was_lost() {
    let tool = check("jira-service-management").await;
    let issue = &tool.records[0]["fields"];
    assert_eq!(issue["labels"], json!(["chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"]));
    assert_eq!(
        (&issue["project"]["key"], &issue["summary"]),
        (&json!("OPS"), &json!("shop@1.2.0 into production"))
    );
    assert!(tool.seen.contains(&"PUT /rest/api/2/issue/OPS-0".to_owned()), "{:?}", tool.seen);
    assert!(tool.seen.contains(&"POST /rest/api/2/issue/OPS-0/transitions".to_owned()), "{:?}", tool.seen);
}

#[tokio::test]
async fn who_dies_between_opening_and_recording_leaves_a_change_that_is_found_and_not_opened_twice() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "geheim\n").unwrap();
    // The issue is made there and its answer never comes; the search does not know of it yet.
    let tool = Arc::new(Mutex::new(StandIn { hangs: true, lags: true, ..StandIn::default() }));
    let url = stand_in(tool.clone()).await;
    let mirror = mirror("jira-service-management", &url, &secret);
    let outbound = Outbound::new();
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let openings = || Openings::new(folder.path().join("openings"));
    let dying = openings();
    let wanted = change(None);
    let opened = async {
        while tool.lock().unwrap().records.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    // Killed as soon as it is open there: nothing after the request is carried out.
    tokio::select! {
        biased;
        () = opened => {}
        ended = bring_once(&outbound, &dying, &mirror, &wanted, at(0)) => assert!(ended.is_some()),
    }
    tool.lock().unwrap().hangs = false;
    // The next process would not find it, and so it does not look yet.
    assert!(bring_once(&outbound, &openings(), &mirror, &change(None), at(1)).await.is_none());
    assert_eq!(tool.lock().unwrap().records.len(), 1);
    tool.lock().unwrap().lags = false;
    let found = bring_once(&outbound, &openings(), &mirror, &change(None), at(60)).await.unwrap().unwrap();
    assert_eq!(found.number, "OPS-0");
    assert_eq!(tool.lock().unwrap().records.len(), 1);
    let it = change(None);
    openings().settle(it.change, &it.mirror);
    assert!(!openings().waits(it.change, &it.mirror, at(1)));
}
