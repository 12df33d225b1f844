//! OTLP that is pushed: who may, in which encodings, and what is handed on.

use std::sync::{Arc, Mutex};

use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_model::access::TokenScope;
use shipway_model::event::Role;
use shipway_runtime::telemetry::{About, Encoding, Pushed, Receive, Signal};

use crate::bed::Bed;

/// Keeps what it is given, and answers `taken`. A body of `of NAME` is of that service.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Vec<Taken>>);

/// Whether it was packed is the third.
type Taken = (Signal, Encoding, bool, Vec<u8>);

struct Waiting(Arc<Kept>, Taken);

impl Receive for Kept {
    fn read(
        self: Arc<Self>,
        signal: Signal,
        encoding: Encoding,
        is_gzip: bool,
        body: &[u8],
    ) -> Result<Box<dyn Pushed>, String> {
        if body == b"broken" {
            return Err("it is broken".to_owned());
        }
        Ok(Box::new(Waiting(self, (signal, encoding, is_gzip, body.to_vec()))))
    }
}

impl Pushed for Waiting {
    fn about(&self) -> About {
        let text = String::from_utf8_lossy(&self.1.3).into_owned();
        let services = text.strip_prefix("of ").into_iter().map(str::to_owned).collect();
        About { services, ..About::default() }
    }

    fn keep(self: Box<Self>) -> Result<Vec<u8>, String> {
        self.0.0.lock().unwrap().push(self.1);
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

#[tokio::test]
async fn a_token_that_is_limited_pushes_of_its_own_services_and_under_the_policies() {
    let kept = Arc::new(Kept::default());
    let bed = Bed::with_telemetry(kept.clone()).await;
    let protobuf = ("content-type", "application/x-protobuf");
    let token = async |scope: TokenScope| {
        let new = NewToken { name: "ci".to_owned(), role: Role::Builder, expires: None, scope: Some(scope) };
        bed.admin.call::<IssueToken>((), (), new).await.unwrap().value.secret
    };
    let of_web =
        token(TokenScope { services: ["web".parse().unwrap()].into(), ..TokenScope::default() }).await;
    assert_eq!(push(&bed, "/v1/logs", Some(&of_web), &[protobuf], "of web").await.0, 200);
    let (status, told) = push(&bed, "/v1/logs", Some(&of_web), &[protobuf], "of checkout").await;
    assert!(status == 403 && told.contains("shipway/scope-of-services"), "{told}");
    assert_eq!(push(&bed, "/v1/logs", Some(&of_web), &[protobuf], "of nobody in particular").await.0, 403);
    let of_traces =
        token(TokenScope { operations: ["pushTraces".to_owned()].into(), ..TokenScope::default() });
    let of_traces = of_traces.await;
    assert_eq!(push(&bed, "/v1/traces", Some(&of_traces), &[protobuf], "of web").await.0, 200);
    assert_eq!(push(&bed, "/v1/metrics", Some(&of_traces), &[protobuf], "of web").await.0, 403);
    let policy = "forbid (principal, action == Action::\"pushMetrics\", resource);";
    let policy = format!(
        "apiVersion: shipway.dev/v1\nkind: AccessPolicy\nmetadata: {{ name: quiet }}\nspec: {{ cedar: '{policy}' }}\n"
    );
    bed.apply(&policy).await;
    let admin = bed.admin_token.clone();
    assert_eq!(push(&bed, "/v1/metrics", Some(&admin), &[protobuf], "of web").await.0, 403);
    assert_eq!(kept.0.lock().unwrap().len(), 2, "what was refused was not kept");
}
