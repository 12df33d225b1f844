//! PEP 440, with the spellings that its appendix allows: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.

use std::cmp::Ordering;

/// Ordered as the fields stand.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    epoch: u64,
    /// Without zeros at the end.
    release: Vec<u64>,
    pre: Pre,
    /// None is before every number.
    post: Option<u64>,
    dev: Dev,
    local: Vec<Local>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    /// A development release of what is not even an alpha.
    Before,
    Alpha(u64),
    Beta(u64),
    Candidate(u64),
    Final,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dev {
    Number(u64),
    Released,
}

/// Numbers after texts.
#[derive(Debug, PartialEq, Eq)]
enum Local {
    Text(String),
    Number(u64),
}

impl Ord for Local {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            (Self::Text(_), Self::Number(_)) => Ordering::Less,
            (Self::Number(_), Self::Text(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Local {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (text, local) = match text.split_once('+') {
        Some((public, local)) => (public, local_parts(local)?),
        None => (text, Vec::new()),
    };
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, rest)) => (epoch.parse().ok()?, rest),
        None => (0, text),
    };
    let (mut release, mut rest) = numbers(text)?;
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    let pre = suffix(&mut rest, &["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"]);
    let mut post = suffix(&mut rest, &["post", "rev", "r"]).map(|it| it.1);
    if post.is_none()
        && let Some(number) = rest.strip_prefix('-')
    {
        let (digits, after) = digits(number);
        post = Some(digits.parse().ok()?);
        rest = after;
    }
    let dev = suffix(&mut rest, &["dev"]).map(|it| it.1);
    if !rest.is_empty() {
        return None;
    }
    let pre = match pre {
        Some(("alpha" | "a", number)) => Pre::Alpha(number),
        Some(("beta" | "b", number)) => Pre::Beta(number),
        Some((_, number)) => Pre::Candidate(number),
        None if post.is_none() && dev.is_some() => Pre::Before,
        None => Pre::Final,
    };
    let dev = dev.map_or(Dev::Released, Dev::Number);
    Some(Version { epoch, release, pre, post, dev, local })
}

fn local_parts(text: &str) -> Option<Vec<Local>> {
    let part = |it: &str| match it.parse() {
        Ok(number) => Some(Local::Number(number)),
        Err(_) => (!it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric()))
            .then(|| Local::Text(it.to_owned())),
    };
    text.split(['.', '-', '_']).map(part).collect()
}

/// `1.2.3`, and what follows.
fn numbers(text: &str) -> Option<(Vec<u64>, &str)> {
    let (first, mut rest) = digits(text);
    let mut found = vec![first.parse().ok()?];
    while let Some(after) = rest.strip_prefix('.') {
        let (number, after) = digits(after);
        if number.is_empty() {
            break;
        }
        found.push(number.parse().ok()?);
        rest = after;
    }
    Some((found, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()))
}

/// One of the words with its number, which is 0 when it is left out, and any separators.
fn suffix<'w>(rest: &mut &str, words: &[&'w str]) -> Option<(&'w str, u64)> {
    let bare = rest.strip_prefix(['.', '-', '_']).unwrap_or(rest);
    let (word, after) = words.iter().find_map(|word| Some((*word, bare.strip_prefix(word)?)))?;
    let separated = after.strip_prefix(['.', '-', '_']);
    let (number, left) = match separated.map(digits) {
        Some((number, left)) if !number.is_empty() => (number, left),
        _ => digits(after),
    };
    *rest = left;
    Some((word, number.parse().unwrap_or(0)))
}
