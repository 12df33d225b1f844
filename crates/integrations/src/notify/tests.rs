//! Against a receiver of ours that can refuse, and that checks what Standard Webhooks asks it to check.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shipway_model::resource::channel::Occasion;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// The test vector that the authors of the specification publish with their libraries.
#[test]
fn a_signature_is_the_one_that_standard_webhooks_makes() {
    let key = message::key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let body = br#"{"test": 2432232314}"#;
    let signature = message::sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
    assert_eq!(signature, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn keys_are_base64_or_plain_and_never_empty() {
    assert_eq!(message::key("geheim").unwrap(), b"geheim");
    assert_eq!(message::key("whsec_Z2VoZWlt").unwrap(), b"geheim");
    for bad in ["", "whsec_", "whsec_?"] {
        assert!(message::key(bad).is_err(), "{bad}");
    }
}

#[test]
fn pauses_grow_and_end_at_a_quarter_of_an_hour() {
    assert_eq!([1, 2, 3].map(pause), [5, 10, 20].map(Duration::from_secs));
    assert_eq!(pause(9), RETRY_MAX);
    assert_eq!(pause(u32::MAX), RETRY_MAX);
}

/// What came: the headers in lower case, and the body.
type Came = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Answers with each status in turn, and with the last one from then on.
async fn receiver(came: Came, statuses: Vec<u16>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut piece = [0; 4096];
                let n = stream.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..n]);
                let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length = head.lines().find_map(|it| it.strip_prefix("content-length: ")?.parse().ok());
                if bytes.len() >= end + 4 + length.unwrap_or(0) {
                    break (head, bytes[end + 4..].to_vec());
                }
            };
            let n = {
                let mut came = came.lock().unwrap();
                came.push((head, body));
                came.len()
            };
            let status = statuses[(n - 1).min(statuses.len() - 1)];
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/hook")
}

fn reminder() -> Message {
    Message {
        channel: "duty".parse().unwrap(),
        id: Digest::of(b"reminder"),
        occasion: Occasion::Reminder,
        at: Timestamp::from_second(1_800_000_000).unwrap(),
        text: "shop@1.2.0 into production still waits for owners (shop)".to_owned(),
        about: BTreeMap::from([("release", "shop@1.2.0".to_owned())]),
        people: BTreeSet::from(["ben".to_owned()]),
        teams: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_message_that_was_refused_comes_again_under_the_same_id_and_each_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "geheim\n").unwrap();
    let came = Came::default();
    let url = receiver(came.clone(), vec![503, 204]).await;
    let channel: Channel = serde_json::from_value(json!({ "url": url, "secret": { "file": file } })).unwrap();
    let (outbound, message) = (Outbound::new(), reminder());
    let at = |second| Timestamp::from_second(second).unwrap();
    let refused = leave(&outbound, &channel, &message, at(1_800_000_001)).await.unwrap_err();
    assert_eq!(refused, "the receiver answered 503 Service Unavailable");
    leave(&outbound, &channel, &message, at(1_800_000_011)).await.unwrap();
    let came = came.lock().unwrap().clone();
    let header = |head: &str, name: &str| {
        head.lines().find_map(|it| it.strip_prefix(&format!("{name}: "))).unwrap().to_owned()
    };
    let ids: BTreeSet<String> = came.iter().map(|(head, _)| header(head, "webhook-id")).collect();
    assert_eq!((came.len(), ids.len()), (2, 1));
    for (head, body) in &came {
        let (id, at) = (header(head, "webhook-id"), header(head, "webhook-timestamp"));
        let expected = format!("v1,{}", message::sign(b"geheim", &id, &at, body)).to_lowercase();
        assert_eq!(header(head, "webhook-signature"), expected);
        let body: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(body["type"], "shipway.reminder");
        assert_eq!(
            (&body["data"]["release"], &body["data"]["people"]),
            (&json!("shop@1.2.0"), &json!(["ben"]))
        );
    }
    fs::remove_file(&file).unwrap();
    let unread = leave(&outbound, &channel, &message, at(1_800_000_012)).await.unwrap_err();
    assert!(unread.starts_with("the secret cannot be read from "), "{unread}");
}
