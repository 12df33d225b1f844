//! A stand-in for object storage, which knows of S3's protocol what places need: objects that are put, got and deleted whole, and
//! put on conditions. It does not check signatures, only that requests are signed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use shipway_model::Digest;

/// By their paths, bucket and all.
pub(crate) type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

pub(crate) struct Bucket {
    endpoint: String,
    pub(crate) objects: Objects,
}

impl Bucket {
    /// On a free port of the loopback, for as long as the process lives.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let endpoint = format!("http://{}", listener.local_addr().expect("it has an address"));
        let objects = Objects::default();
        let kept = objects.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = kept.clone();
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { endpoint, objects }
    }

    /// Has a program find it.
    pub(crate) fn name_to(&self, program: &mut Command) {
        program
            .env("AWS_ENDPOINT", &self.endpoint)
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "nowhere");
        program.env("AWS_ACCESS_KEY_ID", "one").env("AWS_SECRET_ACCESS_KEY", "two");
    }
}

/// Answers one connection's requests until it ends.
fn serve(stream: TcpStream, objects: &Objects) {
    let mut answers = stream.try_clone().expect("a handle");
    let mut requests = BufReader::new(stream);
    while let Some(request) = Request::read(&mut requests) {
        let (status, tag, body) = answer(request, &mut objects.lock().expect("nobody panicked"));
        let head = format!(
            "HTTP/1.1 {status}\r\nETag: {tag}\r\nLast-Modified: Sat, 14 Mar 2026 09:26:53 GMT\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if answers.write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

/// Status, entity tag and body.
fn answer(request: Request, objects: &mut BTreeMap<String, Vec<u8>>) -> (&'static str, String, Vec<u8>) {
    let Request { method, path, is_signed, if_match, if_none_match, body } = request;
    let there = objects.get(&path);
    let tag = |content: &[u8]| format!("\"{}\"", Digest::of(content).hex());
    let is_refused = match (if_match, if_none_match) {
        (Some(expected), _) => there.is_none_or(|it| tag(it) != expected),
        (None, true) => there.is_some(),
        (None, false) => false,
    };
    match (is_signed, method.as_str(), there) {
        (false, ..) => ("403 Forbidden", String::new(), Vec::new()),
        (true, "PUT", _) if is_refused => ("412 Precondition Failed", String::new(), Vec::new()),
        (true, "PUT", _) => {
            let tag = tag(&body);
            objects.insert(path, body);
            ("200 OK", tag, Vec::new())
        }
        (true, "GET", Some(object)) => ("200 OK", tag(object), object.clone()),
        (true, "DELETE", _) => {
            objects.remove(&path);
            ("204 No Content", String::new(), Vec::new())
        }
        _ => ("404 Not Found", String::new(), Vec::new()),
    }
}

struct Request {
    method: String,
    path: String,
    is_signed: bool,
    if_match: Option<String>,
    /// With any other than none.
    if_none_match: bool,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &mut BufReader<TcpStream>) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.split('?').next()?.to_owned());
        let (mut n_bytes, mut is_signed, mut if_match, mut if_none_match) = (0, false, None, false);
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            let value = value.trim();
            match name.to_lowercase().as_str() {
                "content-length" => n_bytes = value.parse().ok()?,
                "authorization" => is_signed = value.starts_with("AWS4-HMAC-SHA256"),
                "if-match" => if_match = Some(value.to_owned()),
                "if-none-match" => if_none_match = value == "*",
                _ => {}
            }
        }
        let mut body = vec![0; n_bytes];
        stream.read_exact(&mut body).ok()?;
        Some(Self { method, path, is_signed, if_match, if_none_match, body })
    }
}
