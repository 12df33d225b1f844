//! An archive in object storage, over a stand-in of our own that knows of S3's protocol what an archive needs: objects that
//! are put, got and deleted whole, and put on conditions. It does not check signatures, only that requests are signed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use shipway_model::Digest;
use shipway_store::archive::{Manifest, Retention, Unsound, due, move_out, prune, verify};
use shipway_store::{Place, PlaceError};

use crate::archive::{File, Home, all, archive, grow, policy};
use shipway_runtime::suite::World;

/// Tells the test binary that its environment names the stand-in.
const INNER: &str = "SHIPWAY_TEST_OBJECT_STORAGE";
const ADDRESS: &str = "s3://bucket/ledgers/default";

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

#[test]
fn an_archive_lies_in_object_storage_as_in_a_folder() {
    if std::env::var_os(INNER).is_some() {
        return keep_an_archive();
    }
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
    // Credentials come from the environment, and this process has one environment for all tests.
    let mut inner = Command::new(std::env::current_exe().expect("a test knows its own binary"));
    inner.args(["--exact", "object_storage::an_archive_lies_in_object_storage_as_in_a_folder"]);
    inner.env(INNER, "1").env("AWS_ENDPOINT", endpoint).env("AWS_ALLOW_HTTP", "true");
    inner.env("AWS_ACCESS_KEY_ID", "one").env("AWS_SECRET_ACCESS_KEY", "two").env("AWS_REGION", "nowhere");
    let ended = inner.output().expect("the child starts");
    assert!(ended.status.success(), "{}{}", text(&ended.stdout), text(&ended.stderr));
    let objects = objects.lock().expect("nobody panicked");
    assert!(objects.contains_key("/bucket/ledgers/default/archive.json"), "{:?}", objects.keys());
    assert!(!objects.contains_key("/bucket/ledgers/default/records/000.zst"), "it was pruned");
}

fn keep_an_archive() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime starts").block_on(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ledger.db");
        let home = File(&path);
        let place = Place::make(ADDRESS).expect("is named");
        let world = World::fresh(home.open());
        grow(&world, 300).await;
        let trusted = policy(&world.runtime);
        let lock = place.lock().expect("nobody writes there");
        let meanwhile = Place::make(ADDRESS).expect("is named");
        assert!(matches!(meanwhile.lock(), Err(PlaceError::Locked { .. })), "its holder renews it");
        assert!(matches!(verify(&place, &trusted), Err(Unsound::NoArchive { .. })));
        let manifest = archive(&home, &place, &world.runtime).expect("is archived").manifest;
        verify(&place, &trusted).expect("is sound");
        let due = due(&place, &Retention { years: 0, holds: Vec::new() }, jiff::Timestamp::MAX);
        assert_eq!(prune(&place, due.expect("nothing asks for it")).expect("is pruned").deleted, 256);
        assert_eq!(verify(&place, &trusted).expect("is sound").0.pruned, 256);
        drop(lock);
        drop(meanwhile.lock().expect("it was let go"));

        // Another one, from which the ledger is read.
        let place = Place::make("s3://bucket/live").expect("is named");
        archive(&home, &place, &world.runtime).expect("is archived");
        let records = all(&world.runtime).await;
        let live = Manifest::read(&place).expect("reads").expect("is there");
        assert_eq!((live.size, live.root), (manifest.size, manifest.root));
        move_out(home.shrink().as_mut(), home.look().reader.as_ref(), &place, &live).expect("moves");
        assert_eq!(all(&world.runtime).await, records);
        let world = world.reopen(|| home.open()).await;
        assert_eq!(all(&world.runtime).await, records);
        world.runtime.shutdown().await;
    });
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
