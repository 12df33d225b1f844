//! Documents that travel with a release, as far as machines read them: a runbook's headings, a rollback package's builds.

use shipway_model::Digest;
use shipway_model::gate::facts::Content;
use shipway_model::release::{Document, RollbackPackage};

/// Largest document that is read, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// Most headings that are kept, and the longest one in characters.
const HEADINGS_MAX: usize = 500;
const HEADING_CHARS_MAX: usize = 200;

/// What stands in a document. One that cannot be read says why.
pub fn read(kind: Document, bytes: &[u8]) -> Content {
    let empty = Content { digest: Digest::of(bytes), headings: Vec::new(), rollback: None, fault: None };
    let fault = |why: String| Content { fault: Some(why), ..empty.clone() };
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return fault(format!("it is longer than {DOCUMENT_BYTES_MAX} bytes"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return fault("it is not UTF-8 text".to_owned()) };
    match kind {
        Document::Runbook => Content { headings: headings(text), ..empty },
        Document::RollbackPackage => match serde_saphyr::from_str::<RollbackPackage>(text) {
            Ok(package) => Content { rollback: Some(package), ..empty },
            Err(why) => {
                let why = why.to_string();
                fault(why.lines().next().unwrap_or("it is no YAML").chars().take(HEADING_CHARS_MAX).collect())
            }
        },
        Document::Notes | Document::Migrations | Document::Flags => empty,
    }
}

/// Headings of Markdown (`#` and underlined) that have something below them before the next one of their level or above.
fn headings(text: &str) -> Vec<String> {
    struct Open {
        level: usize,
        title: String,
        has_text: bool,
    }
    let mut all: Vec<Open> = Vec::new();
    let mut is_code = false;
    let lines: Vec<&str> = text.lines().collect();
    let mut idx = 0;
    while let Some(line) = lines.get(idx) {
        idx += 1;
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            is_code = !is_code;
        }
        let heading = if is_code { None } else { heading(trimmed, lines.get(idx).copied()) };
        match heading {
            Some((level, title, n_lines)) => {
                idx += n_lines;
                all.push(Open { level, title, has_text: false });
            }
            None if !trimmed.is_empty() => {
                // It stands under its heading and under those around that.
                let mut level = usize::MAX;
                for open in all.iter_mut().rev() {
                    if open.level < level {
                        level = open.level;
                        open.has_text = true;
                    }
                }
            }
            None => {}
        }
        if all.len() >= HEADINGS_MAX {
            break;
        }
    }
    all.into_iter().filter(|it| it.has_text).map(|it| it.title).collect()
}

/// Its level, what it says, and how many further lines it takes.
fn heading(line: &str, next: Option<&str>) -> Option<(usize, String, usize)> {
    let cut = |it: &str| it.trim().chars().filter(|it| !it.is_control()).take(HEADING_CHARS_MAX).collect();
    let level = line.bytes().take_while(|it| *it == b'#').count();
    if (1..=6).contains(&level) && line[level..].starts_with([' ', '\t']) {
        return Some((level, cut(line[level..].trim_end_matches('#')), 0));
    }
    let is_underline =
        |mark: char| next.is_some_and(|it| it.len() >= 3 && it.trim_end().chars().all(|it| it == mark));
    match () {
        () if line.is_empty() => None,
        () if is_underline('=') => Some((1, cut(line), 1)),
        () if is_underline('-') => Some((2, cut(line), 1)),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_with_nothing_below_them_do_not_count() {
        let text = "# Shop\n\nWhat it is.\n\n## Start\n\n### By hand\nturn the key\n\n## Rollback\n\n## Contacts ##\n\nCalls\n---\nAna\n\n```sh\n# not a heading\n```\n";
        assert_eq!(read(Document::Runbook, text.as_bytes()).headings, ["Shop", "Start", "By hand", "Calls"]);
    }

    #[test]
    fn a_rollback_package_names_builds_or_says_why_not() {
        let digest = Digest::of(b"web 1.0.0");
        let text =
            format!("services:\n  web: {{version: 1.0.0, artifact: '{digest}'}}\nscripts: [down.sql]\n");
        let package = read(Document::RollbackPackage, text.as_bytes()).rollback.unwrap();
        assert_eq!(package.services.values().next().unwrap().artifact, digest);
        for bad in ["", "hello", "services: {web: {version: 1.0.0}}", "services: []"] {
            let content = read(Document::RollbackPackage, bad.as_bytes());
            assert!(content.fault.is_some() && content.rollback.is_none(), "{bad}: {content:?}");
        }
        assert!(read(Document::Runbook, &[0xff, 0xfe]).fault.is_some());
        assert!(
            read(Document::Runbook, &vec![b'a'; DOCUMENT_BYTES_MAX + 1]).fault.unwrap().contains("longer")
        );
    }
}
