//! One question by gRPC's health checking protocol: `grpc.health.v1.Health/Check` over HTTP/2 without TLS.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap, TE};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;

/// An answer holds one number.
const ANSWER_BYTES_MAX: usize = 4096;
/// What stands before a message: whether it is compressed, and its length.
const FRAME_HEAD_BYTES: usize = 5;

#[derive(Clone, PartialEq, Eq, Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct HealthCheckResponse {
    #[prost(enumeration = "ServingStatus", tag = "1")]
    status: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum ServingStatus {
    Unknown = 0,
    Serving = 1,
    NotServing = 2,
    ServiceUnknown = 3,
}

/// Whether the server serves `service`, or serves at all when that is empty. The error goes on after its address.
pub(super) async fn ask(connection: TcpStream, authority: &str, service: &str) -> Result<(), String> {
    let (mut sender, driver) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(connection)).await.map_err(broken)?;
    let answer = async {
        let request = http::Request::post(format!("http://{authority}/grpc.health.v1.Health/Check"))
            .header(CONTENT_TYPE, "application/grpc")
            .header(TE, "trailers")
            .body(Full::new(frame(&HealthCheckRequest { service: service.to_owned() })))
            .map_err(|fault| format!("cannot be asked: {fault}"))?;
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        if !head.status.is_success() {
            return Err(format!("answered {}", head.status));
        }
        // Who refuses at once says so in the head, and sends nothing after it.
        refused(&head.headers)?;
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|fault| format!("did not end its answer: {fault}"))?;
        refused(body.trailers().unwrap_or(&HeaderMap::new()))?;
        served(&body.to_bytes())
    };
    tokio::select! {
        answer = answer => answer,
        ended = driver => Err(ended.map_or_else(broken, |()| "closed the connection".to_owned())),
    }
}

fn broken(fault: hyper::Error) -> String {
    format!("does not talk HTTP/2: {fault}")
}

fn frame(message: &impl Message) -> Bytes {
    let mut frame = BytesMut::with_capacity(FRAME_HEAD_BYTES + message.encoded_len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.encoded_len()).expect("a name is short"));
    message.encode(&mut frame).expect("the buffer grows");
    frame.freeze()
}

/// By gRPC's status codes: 0 is no failure, 5 an unknown service, 12 an unknown method.
fn refused(headers: &HeaderMap) -> Result<(), String> {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    match (text("grpc-status"), text("grpc-message")) {
        (None | Some("0"), _) => Ok(()),
        (Some(code), None | Some("")) => Err(format!("answered with gRPC status {code}")),
        (Some(code), Some(message)) => Err(format!("answered with gRPC status {code}: {message}")),
    }
}

fn served(body: &[u8]) -> Result<(), String> {
    let nonsense = || "answered with no health".to_owned();
    let (head, message) = body.split_at_checked(FRAME_HEAD_BYTES).ok_or_else(nonsense)?;
    let is_whole = head[0] == 0 && head[1..] == u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    let answer = is_whole.then(|| HealthCheckResponse::decode(message).ok()).flatten();
    match answer.ok_or_else(nonsense)?.status() {
        ServingStatus::Serving => Ok(()),
        ServingStatus::NotServing => Err("is not serving".to_owned()),
        ServingStatus::ServiceUnknown => Err("does not know the service".to_owned()),
        ServingStatus::Unknown => Err("does not know whether it serves".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &[u8], expect: Result<(), &str>) {
        assert_eq!(served(body), expect.map_err(str::to_owned), "{body:?}");
    }

    #[test]
    fn only_a_whole_answer_that_says_serving_is_health() {
        check(&[0, 0, 0, 0, 2, 8, 1], Ok(()));
        check(&[0, 0, 0, 0, 2, 8, 2], Err("is not serving"));
        check(&[0, 0, 0, 0, 2, 8, 3], Err("does not know the service"));
        check(&[0, 0, 0, 0, 0], Err("does not know whether it serves"));
        // A number that is none of the protocol's.
        check(&[0, 0, 0, 0, 2, 8, 9], Err("does not know whether it serves"));
        for cut in
            [&[][..], &[0, 0, 0, 0], &[0, 0, 0, 0, 2, 8], &[0, 0, 0, 0, 1, 8, 1], &[1, 0, 0, 0, 2, 8, 1]]
        {
            check(cut, Err("answered with no health"));
        }
    }
}
