//! Which format a document is of, by its first bytes.

use super::{ALL, Fault, Format, Head, Sniff};

/// The surest format.
///
/// # Errors
/// There is none, or there are two.
pub(super) fn detect(head: &Head<'_>) -> Result<&'static Format, Fault> {
    let looks = || ALL.iter().map(|format| (format, (format.sniff)(head)));
    let surest = looks().map(|it| it.1).max().unwrap_or(Sniff::No);
    if surest == Sniff::No {
        let what = if head.text.is_empty() { "the document is empty" } else { "the format is not known" };
        return Err(Fault::new(what));
    }
    let found: Vec<&Format> = looks().filter(|it| it.1 == surest).map(|it| it.0).collect();
    match *found {
        [format] => Ok(format),
        _ => {
            let names: Vec<_> = found.iter().map(|it| format!("--format {}", it.name)).collect();
            Err(Fault::new(format!("it may be of several formats: say {}", names.join(" or "))))
        }
    }
}

impl<'a> Head<'a> {
    /// Of text that has been decoded.
    pub(super) fn new(text: &'a str, file_name: Option<&'a str>) -> Self {
        Self { text: text.trim_start_matches(|it: char| it.is_whitespace() || it == '\u{feff}'), file_name }
    }

    /// The name of the root element without its prefix, if this is XML.
    pub(super) fn root(&self) -> Option<&'a str> {
        let mut rest = self.text;
        loop {
            rest = rest.trim_start();
            let passed = match rest.strip_prefix('<')? {
                it if it.starts_with('?') => it.split_once("?>")?.1,
                it if it.starts_with("!--") => it.split_once("-->")?.1,
                it if it.starts_with('!') => it.split_once('>')?.1,
                it => {
                    let name = it.split(|it: char| it.is_whitespace() || matches!(it, '>' | '/')).next()?;
                    return Some(name.rsplit(':').next().unwrap_or(name)).filter(|it| !it.is_empty());
                }
            };
            rest = passed;
        }
    }

    /// Whether this is a JSON object and all these keys stand in its beginning, at any depth.
    pub(super) fn has_keys(&self, keys: &[&str]) -> bool {
        self.text.starts_with('{') && keys.iter().all(|key| self.has_key(key))
    }

    fn has_key(&self, key: &str) -> bool {
        self.text
            .split('"')
            .zip(self.text.split('"').skip(1))
            .any(|(name, after)| name == key && after.trim_start().starts_with(':'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_found_behind_its_prolog() {
        let root = |text| Head::new(text, None).root();
        assert_eq!(
            root("\u{feff}\n<?xml version='1.0'?><!-- <x> --><!DOCTYPE r SYSTEM 'r.dtd'>\n<r a='1'/>"),
            Some("r")
        );
        assert_eq!(root("<x:bom>"), Some("bom"));
        assert_eq!(root("< a"), None);
        assert_eq!(root("{}"), None);
    }

    #[test]
    fn keys_are_no_values() {
        let head = Head::new(r#" {"a" : {"b": "c"}, "d": "e: f"}"#, None);
        assert!(head.has_keys(&["a", "b", "d"]));
        assert!(!head.has_keys(&["c"]) && !head.has_keys(&["e"]));
        assert!(!Head::new(r#"[{"a": 1}]"#, None).has_keys(&["a"]));
    }
}
