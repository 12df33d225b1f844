//! Maven's version order: tokens between dots, hyphens and changes from digits to letters; qualifiers with a rank of
//! their own; nothing at the end counts as zero.

use std::cmp::Ordering;

use super::compare_digits;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Version {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    /// `.`, or `-` also where digits and letters meet.
    separator: char,
    text: String,
}

pub(super) fn parse(text: &str) -> Option<Version> {
    let text = text.trim().to_ascii_lowercase();
    if text.is_empty() || text.chars().any(|it| it.is_whitespace() || it.is_control()) {
        return None;
    }
    let mut tokens = Vec::new();
    let mut current = Token { separator: '.', text: String::new() };
    let mut previous: Option<char> = None;
    for it in text.chars() {
        match it {
            '.' | '-' | '_' => {
                push(&mut tokens, current);
                current = Token { separator: if it == '.' { '.' } else { '-' }, text: String::new() };
            }
            it => {
                let turns = previous.is_some_and(|before| {
                    !".-_".contains(before) && before.is_ascii_digit() != it.is_ascii_digit()
                });
                if turns {
                    // `a1` is `alpha-1`; only a letter that stands right before its number is short for a word.
                    if it.is_ascii_digit() {
                        current.text = long_form(&current.text);
                    }
                    push(&mut tokens, current);
                    current = Token { separator: '-', text: String::new() };
                }
                current.text.push(it);
            }
        }
        previous = Some(it);
    }
    push(&mut tokens, current);
    Some(Version { tokens: trimmed(tokens) })
}

fn long_form(text: &str) -> String {
    match text {
        "a" => "alpha",
        "b" => "beta",
        "m" => "milestone",
        other => other,
    }
    .to_owned()
}

fn push(tokens: &mut Vec<Token>, mut token: Token) {
    if token.text.is_empty() {
        token.text = "0".to_owned();
    }
    tokens.push(token);
}

fn is_null(token: &Token) -> bool {
    matches!(token.text.as_str(), "" | "final" | "ga" | "release") || token.text.bytes().all(|it| it == b'0')
}

/// Without what counts as nothing, at the end and before each hyphen.
fn trimmed(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    for token in tokens {
        if token.separator == '-' {
            while kept.last().is_some_and(is_null) {
                kept.pop();
            }
        }
        kept.push(token);
    }
    while kept.last().is_some_and(is_null) {
        kept.pop();
    }
    kept
}

/// What a token weighs before its own text is looked at: qualifiers, then numbers behind a hyphen, then behind a dot.
fn kind(token: &Token) -> u8 {
    match (is_number(token), token.separator) {
        (false, _) => 0,
        (true, '-') => 1,
        (true, _) => 2,
    }
}

fn is_number(token: &Token) -> bool {
    token.text.starts_with(|it: char| it.is_ascii_digit())
}

fn rank(qualifier: &str) -> u8 {
    match qualifier {
        "alpha" => 0,
        "beta" => 1,
        "milestone" => 2,
        "rc" | "cr" => 3,
        "snapshot" => 4,
        "" | "final" | "ga" | "release" => 5,
        "sp" => 6,
        _ => 7,
    }
}

fn compare(one: &Token, other: &Token) -> Ordering {
    kind(one).cmp(&kind(other)).then_with(|| {
        if is_number(one) {
            return compare_digits(&one.text, &other.text);
        }
        let by_rank = rank(&one.text).cmp(&rank(&other.text));
        by_rank.then_with(|| if rank(&one.text) == 7 { one.text.cmp(&other.text) } else { Ordering::Equal })
    })
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let n_tokens = self.tokens.len().max(other.tokens.len());
        for idx in 0..n_tokens {
            let (one, other) = (self.tokens.get(idx), other.tokens.get(idx));
            let order = match (one, other) {
                (Some(one), Some(other)) => compare(one, other),
                (Some(one), None) => compare(one, &nothing(one)),
                (None, Some(other)) => compare(&nothing(other), other),
                (None, None) => Ordering::Equal,
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

/// What stands where the shorter version has ended: of the kind of what it meets.
fn nothing(met: &Token) -> Token {
    let text = if is_number(met) { "0" } else { "" };
    Token { separator: met.separator, text: text.to_owned() }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
