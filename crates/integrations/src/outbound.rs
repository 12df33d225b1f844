//! HTTP calls that go out from the control plane: one connection each, bounded in time and size, without redirects and
//! without the proxies of the process's environment. HTTPS is spoken where the feature `tls` is built in.

use std::error::Error;
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode};
use reqwest::{Client, Url, redirect};

/// Longest URL or text of somebody else's that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 200;

/// Makes calls. Clones share nothing but the settings. Where it cannot be, each call says why: with TLS, a machine may have no
/// roots of trust, and everything else works there all the same.
#[derive(Debug, Clone)]
pub(crate) struct Outbound(Result<Client, String>);

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Vec<u8>>,
    /// For the whole exchange, from the connection to the end of the body.
    pub(crate) timeout: Duration,
    /// Of the answer. What is beyond is not read.
    pub(crate) body_bytes_max: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The body was longer than what was read of it.
    pub(crate) is_cut: bool,
    /// Until the end of what was read.
    pub(crate) duration: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("`{url}` is not a URL that can be called: {reason}")]
    InvalidUrl { url: String, reason: String },
    #[error(
        "`{url}` needs {scheme}, which this build does not speak: use http, or for https a build with the feature `tls`"
    )]
    Scheme { url: String, scheme: String },
    #[error("`{url}` did not answer within {limit:?}")]
    TimedOut { url: String, limit: Duration },
    #[error("`{url}` cannot be called: {reason}")]
    Failed { url: String, reason: String },
}

impl Outbound {
    pub(crate) fn new() -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            // A kept connection may be closed at the moment it is used, and not every call may be made twice.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(client.map_err(|error| chain(&error)))
    }

    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let url = parse(call.url)?;
        let (shown, limit) = (shown_url(call.url), call.timeout);
        let client = match &self.0 {
            Ok(client) => client,
            Err(reason) => return Err(CallError::Failed { url: shown, reason: reason.clone() }),
        };
        match tokio::time::timeout(limit, exchange(client, url, call)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(CallError::Failed { url: shown, reason: chain(&error.without_url()) }),
            Err(_) => Err(CallError::TimedOut { url: shown, limit }),
        }
    }
}

async fn exchange(client: &Client, url: Url, call: Call<'_>) -> Result<Answer, reqwest::Error> {
    let started = Instant::now();
    let mut request = client.request(call.method, url).headers(call.headers);
    if let Some(body) = call.body {
        request = request.body(body);
    }
    let mut response = request.send().await?;
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let (mut body, mut is_cut) = (Vec::new(), false);
    while let Some(chunk) = response.chunk().await? {
        let room = call.body_bytes_max - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            is_cut = true;
            break;
        }
    }
    Ok(Answer { status, headers, body, is_cut, duration: started.elapsed() })
}

impl<'a> Call<'a> {
    /// A GET without headers.
    pub(crate) fn get(url: &'a str, timeout: Duration, body_bytes_max: usize) -> Self {
        let (method, headers) = (Method::GET, HeaderMap::new());
        Self { method, url, headers, body: None, timeout, body_bytes_max }
    }
}

impl Answer {
    /// The beginning of the body on one line, for a sentence.
    pub(crate) fn excerpt(&self) -> String {
        excerpt(&String::from_utf8_lossy(&self.body))
    }
}

impl CallError {
    /// Whether the same call may go well at another time.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::InvalidUrl { .. } | Self::Scheme { .. } => false,
            Self::TimedOut { .. } | Self::Failed { .. } => true,
        }
    }
}

/// At most 200 characters of a text that somebody else has written, control characters escaped.
pub(crate) fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown = String::new();
    for char in chars.by_ref().take(SHOWN_CHARS_MAX) {
        match char.is_control() {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

fn parse(text: &str) -> Result<Url, CallError> {
    let url = text
        .parse::<Url>()
        .map_err(|error| CallError::InvalidUrl { url: shown_url(text), reason: error.to_string() })?;
    match url.scheme() {
        "http" => Ok(url),
        "https" if cfg!(feature = "tls") => Ok(url),
        scheme => Err(CallError::Scheme { url: shown_url(text), scheme: excerpt(scheme) }),
    }
}

/// Without its query, which may hold what is nobody's business.
fn shown_url(text: &str) -> String {
    excerpt(text.split(['?', '#']).next().unwrap_or_default())
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_is_called_and_https_where_it_is_built_in() {
        assert!(parse("http://127.0.0.1:80/x?y").is_ok());
        let refused = |text: &str| parse(text).unwrap_err().to_string();
        match cfg!(feature = "tls") {
            true => assert!(parse("https://shop.example/?token=1").is_ok()),
            false => assert!(
                refused("https://shop.example/?token=1").starts_with("`https://shop.example/` needs https")
            ),
        }
        assert!(refused("file:///etc/passwd").contains("needs file"));
        assert!(refused("shop.example/x").contains("is not a URL"));
        assert!(refused("http://").contains("is not a URL"));
    }

    #[test]
    fn excerpts_are_short_and_hold_no_control_characters() {
        assert_eq!(excerpt("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(excerpt(&"é".repeat(201)), "é".repeat(200) + "…");
    }
}
