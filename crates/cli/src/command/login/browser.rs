//! Signing in through a browser: it is sent to the control plane, from there to the identity provider, and at the end back to a
//! port of this machine with a code (RFC 8252). The code is worth nothing without the verifier, which never leaves this process
//! but to the control plane itself (RFC 7636).

use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::Url;
use shipway_api::Client;
use shipway_api::operations::account::SignInByCode;
use shipway_api::view::token::IssuedToken;
use shipway_model::Digest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::connection::once;
use crate::failure::Failure;
use crate::output;

/// How long somebody may take at the provider: as long as the control plane gives them.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one request of a browser may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest head of a request that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Programs that open an address, the first that is there.
const OPENERS: [&str; 2] = ["xdg-open", "open"];

/// What the browser brings back.
enum Brought {
    Code(String),
    /// Nobody was signed in; the browser was told why.
    Nothing,
}

/// Signs in, and gives what the control plane gave.
pub(super) async fn sign_in(server: &str, no_browser: bool) -> Result<IssuedToken, Failure> {
    let unready = |error: std::io::Error| {
        Failure::new(format!("no port of this machine can be listened on: {error}"), "shipway login NAME")
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unready)?;
    let port = listener.local_addr().map_err(unready)?.port();
    let (verifier, state) = (draw()?, draw()?);
    let challenge = Digest::of(verifier.as_bytes());
    let address = format!(
        "{}/sign-in/oidc?port={port}&challenge={challenge}&state={state}",
        server.trim_end_matches('/')
    );
    if no_browser || !open(&address) {
        output::note(&format!("Open this address in a browser on this machine:\n\n  {address}\n\n"));
    } else {
        output::note(&format!("A browser was opened to sign in. Where none shows, open\n\n  {address}\n\n"));
    }
    let brought = tokio::time::timeout(PATIENCE, wait(&listener, &state)).await;
    match brought {
        Ok(Brought::Code(code)) => {
            let client = Client::by_password(server, &code, &verifier)?;
            Ok(once(client.call::<SignInByCode>((), (), ())).await?.value)
        }
        Ok(Brought::Nothing) => Err(Failure::new(
            "nobody was signed in; `access.refused` in the ledger says why",
            "shipway login --oidc",
        )),
        Err(_) => Err(Failure::new("nobody has signed in within ten minutes", "shipway login --oidc")),
    }
}

/// 256 random bits, plain in an address.
fn draw() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(format!("there are no random bytes: {error}"), "shipway login --oidc")
    })?;
    Ok(hex::encode(bytes))
}

/// Whether a program was found that opens addresses.
fn open(address: &str) -> bool {
    let own = std::env::var("BROWSER").ok().filter(|it| !it.is_empty());
    let programs = own.iter().map(String::as_str).chain(OPENERS);
    let quietly = |program: &str| {
        let mut command = Command::new(program);
        command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().is_ok()
    };
    programs.into_iter().any(quietly)
}

/// The answer to our own question. What else comes to the port, a browser's wish for an icon or somebody's guess, is sent away.
async fn wait(listener: &TcpListener, state: &str) -> Brought {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if let Ok(Some(brought)) = tokio::time::timeout(REQUEST_TIMEOUT, answer(stream, state)).await {
            return brought;
        }
    }
}

async fn answer(mut stream: TcpStream, state: &str) -> Option<Brought> {
    let target = target(&mut stream).await;
    let brought = target.as_deref().and_then(|it| read(it, state));
    let (status, text) = match &brought {
        Some(Brought::Code(_)) => ("200 OK", "You are signed in. This page may be closed."),
        Some(Brought::Nothing) => {
            ("403 Forbidden", "Nobody was signed in. The command line says how to go on.")
        }
        None => ("404 Not Found", "There is nothing here."),
    };
    let page = format!("<!doctype html><meta charset=utf-8><title>shipway</title><p>{text}</p>");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // Whoever does not read the answer is signed in all the same.
    let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    let _ = stream.shutdown().await;
    brought
}

/// What a GET asks for.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|it| it == b"\r\n\r\n") {
        let n = stream.read(&mut piece).await.ok().filter(|it| *it > 0)?;
        head.extend_from_slice(&piece[..n]);
        if head.len() > HEAD_BYTES_MAX {
            return None;
        }
    }
    let line = std::str::from_utf8(&head).ok()?.lines().next()?.to_owned();
    let mut words = line.split(' ');
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned)).flatten()
}

fn read(target: &str, state: &str) -> Option<Brought> {
    let url = Url::parse(&format!("http://127.0.0.1{target}")).ok()?;
    let value = |name: &str| url.query_pairs().find(|it| it.0 == name).map(|it| it.1.into_owned());
    if url.path() != "/" || value("state").as_deref() != Some(state) {
        return None;
    }
    match value("code") {
        Some(code) if !code.is_empty() => Some(Brought::Code(code)),
        _ => Some(Brought::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_our_own_question_counts() {
        assert!(matches!(read("/?code=c&state=s", "s"), Some(Brought::Code(it)) if it == "c"));
        assert!(matches!(read("/?error=refused&state=s", "s"), Some(Brought::Nothing)));
        for other in ["/?code=c&state=t", "/?code=c", "/favicon.ico", "/x?code=c&state=s", "//evil", "*"] {
            assert!(read(other, "s").is_none(), "{other}");
        }
    }
}
