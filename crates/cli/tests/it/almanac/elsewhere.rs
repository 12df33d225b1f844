//! A small server of somebody else's: fixed answers by path, and what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Told {
    answers: BTreeMap<String, (u16, String)>,
    /// Method and path, and the body.
    asked: Vec<(String, String)>,
}

pub(crate) struct Elsewhere {
    address: String,
    told: Arc<Mutex<Told>>,
}

impl Elsewhere {
    /// It answers until the process ends; 404 where nothing was said.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let told: Arc<Mutex<Told>> = Arc::default();
        let own = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever hangs up early is not answered.
                let _ = answer(stream, &own);
            }
        });
        Self { address, told }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    pub(crate) fn answer(&self, path: &str, status: u16, body: &str) {
        self.told.lock().unwrap().answers.insert(path.to_owned(), (status, body.to_owned()));
    }

    pub(crate) fn asked(&self) -> Vec<(String, String)> {
        self.told.lock().unwrap().asked.clone()
    }
}

fn answer(stream: TcpStream, told: &Mutex<Told>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let (status, text) = {
        let mut told = told.lock().unwrap();
        told.asked.push((format!("{method} {path}"), String::from_utf8_lossy(&body).into_owned()));
        told.answers.get(path).cloned().unwrap_or((404, String::new()))
    };
    // A table that is asked for what it holds has nothing yet.
    let text =
        if method == "GET" && path.contains("/table/") { r#"{"result": []}"#.to_owned() } else { text };
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
    reader.get_mut().write_all(format!("{head}{text}").as_bytes())
}
