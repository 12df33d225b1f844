//! Archives to be placed.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use shipway_model::Digest;
use tar::{Builder, EntryType, Header};

/// Answers `/health`, `/environment` and `/exit`, and notes each of its starts by a clock that nobody sets. Files beside
/// it change how it behaves: `exit-at-once`, `hang`, `sick`, and `chatty`: it prints a line, with its secret, per request, and
/// writes one into `log/app.log`.
const SERVE: &str = r#"#!/usr/bin/env python3
import http.server, json, os, socket, sys, time
here = os.path.dirname(os.path.abspath(__file__))
def told(name): return os.path.exists(os.path.join(here, name))
with open(os.path.join(here, "starts"), "a") as f: f.write(f"{time.monotonic()}\n")
print("argument", *sys.argv[1:], flush=True)
if told("exit-at-once"): sys.exit(7)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/exit": os._exit(3)
        if told("chatty") and self.path.startswith("/say"):
            print("ERROR cannot reach the stock with", os.environ["KEY"], file=sys.stderr, flush=True)
            os.makedirs(os.path.join(here, "log"), exist_ok=True)
            with open(os.path.join(here, "log/app.log"), "a") as f: f.write("said " + self.path + "\n")
        if told("hang"): time.sleep(600)
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(500 if told("sick") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
Server((os.environ["ADDRESS"], int(os.environ["PORT"])), Handler).serve_forever()
"#;

/// A `.tar.gz` and its digest.
#[derive(Clone)]
pub(crate) struct Artifact {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
}

/// The test service, with further empty files that tell it how to behave.
pub(crate) fn service(told: &[&str]) -> Artifact {
    let mut entries = vec![("serve", SERVE.as_bytes())];
    entries.extend(told.iter().map(|it| (*it, &b""[..])));
    archive(&entries)
}

/// Names are written as they stand.
pub(crate) fn archive(entries: &[(&str, &[u8])]) -> Artifact {
    let mut tar = Builder::new(Vec::new());
    for (name, content) in entries {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, *content).expect("writes to memory");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&tar.into_inner().expect("writes to memory")).expect("writes to memory");
    let bytes = gzip.finish().expect("writes to memory");
    Artifact { digest: Digest::of(&bytes), bytes }
}
