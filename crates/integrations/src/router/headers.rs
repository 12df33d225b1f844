//! What a proxy takes off and puts on the heads of messages (RFC 9110, section 7.6).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Uri, request, response};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Fields that a `Connection` field may not take off: they frame or route the message.
const KEPT: [HeaderName; 3] = [header::HOST, header::CONTENT_LENGTH, header::COOKIE];

/// Why a head is refused: a request's with 400 before any backend sees it, an answer's with 502.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHead {
    #[error("the request has no Host field")]
    NoHost,
    #[error("the request has more than one Host field")]
    ManyHosts,
    #[error("the request's target is not a path")]
    NoPath,
    #[error("the message has a transfer coding other than `chunked`")]
    TransferCoding,
}

/// Turns a client's request head into one for a backend over HTTP/1.1: origin-form target, one `Host`, one
/// `Cookie`, no hop-by-hop fields, and the forwarding fields of `peer`. Proxies in front are trusted to have set
/// `X-Forwarded-Proto` and `-Host`; the last entry of `X-Forwarded-For` is always ours.
///
/// Returns whether the client asks for a websocket; then the upgrade fields stay. No other upgrade passes:
/// tunnelling h2c would let requests by unseen.
pub(super) fn prepare_request(head: &mut request::Parts, peer: &HeaderValue) -> Result<Upgrade, BadHead> {
    let upgrade =
        if head.version == http::Version::HTTP_11 { Upgrade::of(&head.headers) } else { Upgrade::None };
    set_host(head)?;
    check_framing(&mut head.headers)?;
    to_origin_form(&mut head.uri)?;
    strip_hop_by_hop(&mut head.headers);
    if head.version == http::Version::HTTP_2 {
        join_cookies(&mut head.headers);
    }
    head.version = http::Version::HTTP_11;
    // The server side has answered or will answer `100 Continue` itself, when the body is asked for.
    head.headers.remove(header::EXPECT);
    forwarded(&mut head.headers, peer);
    if upgrade == Upgrade::Websocket {
        head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(upgrade)
}

/// Takes the hop-by-hop fields off a backend's answer.
pub(super) fn prepare_response(head: &mut response::Parts) -> Result<(), BadHead> {
    check_framing(&mut head.headers)?;
    strip_hop_by_hop(&mut head.headers);
    head.version = http::Version::HTTP_11;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upgrade {
    None,
    Websocket,
}

impl Upgrade {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(protocol) = headers.get(header::UPGRADE) else { return Self::None };
        let asked = tokens(headers, &header::CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"));
        if asked && protocol.as_bytes().eq_ignore_ascii_case(b"websocket") {
            Self::Websocket
        } else {
            Self::None
        }
    }
}

fn set_host(head: &mut request::Parts) -> Result<(), BadHead> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next().is_some(), hosts.next().is_some());
    if second {
        return Err(BadHead::ManyHosts);
    }
    // The authority of the target overrides the field (RFC 9112, section 3.2.2).
    match head.uri.authority() {
        Some(authority) => {
            let host = HeaderValue::from_str(authority.as_str()).map_err(|_| BadHead::NoHost)?;
            head.headers.insert(header::HOST, host);
            Ok(())
        }
        None if first => Ok(()),
        None => Err(BadHead::NoHost),
    }
}

fn to_origin_form(uri: &mut Uri) -> Result<(), BadHead> {
    if uri.authority().is_none() && uri.scheme().is_none() {
        return Ok(());
    }
    let path = uri.path_and_query().cloned().ok_or(BadHead::NoPath)?;
    *uri = Uri::from(path);
    Ok(())
}

/// A body in chunks has no length beside them (RFC 9112, section 6.3): passed on, it would frame another message
/// than the one that was read. Other codings would be lost with the field, and nobody uses them.
fn check_framing(headers: &mut HeaderMap) -> Result<(), BadHead> {
    if !headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(());
    }
    headers.remove(header::CONTENT_LENGTH);
    let mut codings = tokens(headers, &header::TRANSFER_ENCODING);
    match (codings.next(), codings.next()) {
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Ok(()),
        _ => Err(BadHead::TransferCoding),
    }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> = tokens(headers, &header::CONNECTION)
            .filter_map(|token| token.parse().ok())
            .filter(|name| !KEPT.contains(name))
            .collect();
        for name in named {
            headers.remove(name);
        }
        headers.remove(header::CONNECTION);
    }
    for name in
        [header::TRANSFER_ENCODING, header::UPGRADE, header::TE, PROXY_CONNECTION, KEEP_ALIVE, HTTP2_SETTINGS]
    {
        headers.remove(name);
    }
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

/// HTTP/2 may send one cookie per field; HTTP/1.1 has one field (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if lines.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&lines.join(b"; ".as_slice()))
    {
        headers.insert(header::COOKIE, joined);
    }
}

fn forwarded(headers: &mut HeaderMap, peer: &HeaderValue) {
    let before: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    let chain = if before.is_empty() {
        peer.clone()
    } else {
        let chain = [before.as_slice(), &[peer.as_bytes()]].concat().join(b", ".as_slice());
        HeaderValue::from_bytes(&chain).unwrap_or_else(|_| peer.clone())
    };
    headers.insert(FORWARDED_FOR, chain);
    if !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !headers.contains_key(FORWARDED_HOST)
        && let Some(host) = headers.get(header::HOST).cloned()
    {
        headers.insert(FORWARDED_HOST, host);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn prepare(request: http::request::Builder) -> (Result<Upgrade, BadHead>, request::Parts) {
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        (prepare_request(&mut head, &HeaderValue::from_static("192.0.2.7")), head)
    }

    #[test]
    fn hop_by_hop_fields_go_and_forwarding_fields_come() {
        let (upgrade, head) = prepare(
            Request::get("http://shop.example/cart?id=1")
                .header("host", "other.example")
                .header("connection", "keep-alive, x-secret, content-length")
                .header("x-secret", "1")
                .header("content-length", "0")
                .header("keep-alive", "timeout=5")
                .header("te", "trailers")
                .header("upgrade", "h2c")
                .header("x-forwarded-for", "198.51.100.1"),
        );
        assert_eq!(upgrade, Ok(Upgrade::None));
        assert_eq!(head.uri, "/cart?id=1");
        for gone in ["connection", "x-secret", "keep-alive", "te", "upgrade"] {
            assert!(!head.headers.contains_key(gone), "{gone}");
        }
        for (name, value) in [
            ("host", "shop.example"),
            ("content-length", "0"),
            ("x-forwarded-for", "198.51.100.1, 192.0.2.7"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.example"),
        ] {
            assert_eq!(head.headers[name], value, "{name}");
        }
    }

    #[test]
    fn only_websockets_upgrade() {
        let ask = |protocol| {
            let request = Request::get("/").header("host", "a").header("connection", "Upgrade");
            prepare(request.header("upgrade", protocol))
        };
        let (upgrade, head) = ask("WebSocket");
        assert_eq!(upgrade, Ok(Upgrade::Websocket));
        assert_eq!(head.headers["upgrade"], "websocket");
        assert_eq!(ask("h2c").0, Ok(Upgrade::None));
    }

    #[test]
    fn requests_without_one_host_are_refused() {
        assert_eq!(prepare(Request::get("/")).0, Err(BadHead::NoHost));
        let two = Request::get("/").header("host", "a").header("host", "b");
        assert_eq!(prepare(two).0, Err(BadHead::ManyHosts));
    }

    #[test]
    fn chunks_have_no_length_beside_them() {
        let answer = |coding| {
            let answer =
                http::Response::builder().header("transfer-encoding", coding).header("content-length", "1");
            let (mut head, ()) = answer.body(()).unwrap().into_parts();
            (prepare_response(&mut head), head.headers.len())
        };
        assert_eq!(answer("Chunked"), (Ok(()), 0));
        assert_eq!(answer("gzip, chunked").0, Err(BadHead::TransferCoding));
    }

    #[test]
    fn http2_cookies_become_one_field() {
        let request = Request::get("http://a/").version(http::Version::HTTP_2);
        let (_, head) = prepare(request.header("cookie", "a=1").header("cookie", "b=2"));
        assert_eq!(head.headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2"]);
    }
}
