//! The core never does I/O, reads no clock and draws no random number.

use std::path::{Path, PathBuf};

use crate::workspace::{Package, packages};

/// Levels 1 and 2.
const CORE: [&str; 4] = ["model", "ledger", "engine", "analysis"];

const IMPURE_CRATES: [&str; 11] = [
    "async-std",
    "axum",
    "getrandom",
    "hyper",
    "hyper-util",
    "mio",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "tokio",
];

/// What no source of the core mentions. Addresses are values and may be named; sockets are not.
const IMPURE_WORDS: [&str; 20] = [
    "std::fs",
    "std::io::stdin",
    "std::io::stdout",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "now_v7",
    "new_v4",
    "println!",
    "async fn",
];

fn core() -> Vec<Package> {
    let core: Vec<Package> = packages().into_iter().filter(|it| CORE.contains(&it.name.as_str())).collect();
    assert_eq!(core.len(), CORE.len());
    core
}

#[test]
fn the_core_depends_on_nothing_that_does_io() {
    for package in core() {
        let impure = package
            .dependencies
            .iter()
            .find(|it| !it.is_for_tests && IMPURE_CRATES.contains(&it.name.as_str()));
        assert!(impure.is_none(), "{} depends on {}", package.name, impure.unwrap().name);
    }
}

#[test]
fn the_core_mentions_nothing_that_does_io() {
    let mut found = Vec::new();
    for package in core() {
        let files = rust_files(&package.dir.join("src"));
        assert!(!files.is_empty(), "{} has no sources", package.name);
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            found.extend(impurities(&text).map(|fault| format!("{}:{fault}", file.display())));
        }
    }
    assert!(found.is_empty(), "the core is pure, but:\n{}", found.join("\n"));
}

#[test]
fn impurities_are_seen_in_code_and_not_in_comments_or_tests() {
    let text =
        "//! Never std::fs.\nuse std::fs;\nlet now = Instant::now(); // TcpStream\n#[cfg(test)]\nstd::env\n";
    let found: Vec<String> = impurities(text).collect();
    assert_eq!(found, ["2: std::fs", "3: Instant::now"]);
}

/// `line: word` for each impure word before the file's unit tests, which may read fixtures.
fn impurities(text: &str) -> impl Iterator<Item = String> {
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    code.enumerate().flat_map(|(idx, line)| {
        let line = line.split("//").next().unwrap_or_default();
        let words = IMPURE_WORDS.iter().filter(move |word| line.contains(**word));
        words.map(move |word| format!("{}: {word}", idx + 1))
    })
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files
}
