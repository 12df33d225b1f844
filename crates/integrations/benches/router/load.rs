//! Load: keep-alive connections that each send the next request when the answer is there.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Result;

const N_THREADS: usize = 2;

/// What one round showed.
pub(crate) struct Measured {
    pub(crate) requests_per_s: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

/// Where the load comes from.
pub(crate) fn source() -> &'static str {
    let found = Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_ok() { "wrk" } else { "the built-in client" }
}

/// Loads the address for so long.
pub(crate) fn run(address: SocketAddr, n_connections: usize, length: Duration) -> Result<Measured> {
    match source() {
        "wrk" => run_wrk(address, n_connections, length),
        _ => run_own(address, n_connections, length),
    }
}

fn run_wrk(address: SocketAddr, n_connections: usize, length: Duration) -> Result<Measured> {
    let output = Command::new("wrk")
        .args(["--latency", &format!("-t{N_THREADS}"), &format!("-c{n_connections}")])
        .args([format!("-d{}s", length.as_secs()), format!("http://{address}/")])
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(format!("requests failed:\n{text}").into());
    }
    let field = |label: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label));
        line.map(str::trim).ok_or_else(|| format!("no `{label}` in\n{text}"))
    };
    let requests_per_s = field("Requests/sec:")?.parse()?;
    Ok(Measured { requests_per_s, p50: parse_latency(field("50%")?)?, p99: parse_latency(field("99%")?)? })
}

/// wrk writes `12.30us`, `1.23ms` or `1.20s`.
fn parse_latency(text: &str) -> Result<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        unit => return Err(format!("unknown unit `{unit}` in `{text}`").into()),
    };
    Ok(Duration::from_secs_f64(digits.parse::<f64>()? * seconds))
}

fn run_own(address: SocketAddr, n_connections: usize, length: Duration) -> Result<Measured> {
    let until = Instant::now() + length;
    let work = move || -> std::io::Result<Vec<Duration>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            (0..n_connections / N_THREADS).for_each(|_| drop(tasks.spawn(ask_until(address, until))));
            let mut latencies = Vec::new();
            for latency in tasks.join_all().await {
                latencies.extend(latency?);
            }
            Ok(latencies)
        })
    };
    let threads: Vec<_> = (0..N_THREADS).map(|_| thread::spawn(work)).collect();
    let mut latencies = Vec::new();
    for thread in threads {
        latencies.extend(thread.join().map_err(|_| "a load thread panicked")??);
    }
    latencies.sort_unstable();
    let at = |share: f64| latencies[(latencies.len() as f64 * share) as usize];
    let requests_per_s = latencies.len() as f64 / length.as_secs_f64();
    Ok(Measured { requests_per_s, p50: at(0.5), p99: at(0.99) })
}

async fn ask_until(address: SocketAddr, until: Instant) -> std::io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let (mut buffer, mut latencies) = (vec![0; 4096], Vec::new());
    while Instant::now() < until {
        let started_at = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        // The server's answer ends with the only newline that no carriage return precedes.
        while filled < 2 || buffer[filled - 1] != b'\n' || buffer[filled - 2] == b'\r' {
            match stream.read(&mut buffer[filled..]).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                n_bytes => filled += n_bytes,
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 200") {
            return Err(std::io::Error::other("an answer was not 200"));
        }
        latencies.push(started_at.elapsed());
    }
    Ok(latencies)
}
