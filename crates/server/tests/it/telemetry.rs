//! OTLP that is pushed: who may, in which encodings, and what is handed on.

use std::sync::{Arc, Mutex};

use shipway_model::event::Role;
use shipway_runtime::telemetry::{Encoding, Receive, Signal};

use crate::bed::Bed;

/// Keeps what it is given, and answers `taken`.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Vec<Pushed>>);

/// Whether it was packed is the third.
type Pushed = (Signal, Encoding, bool, Vec<u8>);

impl Receive for Kept {
    fn take(
        &self,
        signal: Signal,
        encoding: Encoding,
        is_gzip: bool,
        body: &[u8],
    ) -> Result<Vec<u8>, String> {
        if body == b"broken" {
            return Err("it is broken".to_owned());
        }
        self.0.lock().unwrap().push((signal, encoding, is_gzip, body.to_vec()));
        Ok(b"taken".to_vec())
    }
}

async fn push(
    bed: &Bed,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut request = bed.http.post(format!("http://{}{path}", bed.server.address())).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn telemetry_is_taken_from_whoever_may_push_it() {
    let kept = Arc::new(Kept::default());
    let bed = Bed::with_telemetry(kept.clone()).await;
    let (json, protobuf) = (("content-type", "application/json"), ("content-type", "application/x-protobuf"));
    let admin = bed.admin_token.clone();
    let viewer = bed.token("eve", Role::Viewer).await;
    let agent = bed.token("host-a", Role::Agent).await;
    assert_eq!(push(&bed, "/v1/metrics", Some(&admin), &[json], "{}").await, (200, "taken".to_owned()));
    let packed = [protobuf, ("content-encoding", "gzip")];
    assert_eq!(push(&bed, "/v1/logs", Some(&agent), &packed, "x").await.0, 200);
    assert_eq!(push(&bed, "/v1/traces", Some(&agent), &[protobuf], "y").await.0, 200);
    assert_eq!(push(&bed, "/v1/metrics", None, &[json], "{}").await.0, 401);
    assert_eq!(push(&bed, "/v1/metrics", Some(&viewer), &[json], "{}").await.0, 403);
    let (status, told) = push(&bed, "/v1/metrics", Some(&admin), &[json], "broken").await;
    assert!(status == 400 && told.contains("it is broken"), "{told}");
    assert_eq!(push(&bed, "/v1/metrics", Some(&admin), &[("content-type", "text/plain")], "x").await.0, 400);
    let strange = [json, ("content-encoding", "br")];
    assert_eq!(push(&bed, "/v1/metrics", Some(&admin), &strange, "x").await.0, 400);
    let taken = kept.0.lock().unwrap();
    let expected = [
        (Signal::Metrics, Encoding::Json, false, b"{}".to_vec()),
        (Signal::Logs, Encoding::Protobuf, true, b"x".to_vec()),
        (Signal::Traces, Encoding::Protobuf, false, b"y".to_vec()),
    ];
    assert_eq!(*taken, expected);
}
