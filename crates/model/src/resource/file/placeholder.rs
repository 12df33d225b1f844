//! `${NAME}` in texts.

/// What stands between the braces of each placeholder, or the malformed rest.
pub(super) fn placeholders(text: &str) -> Vec<Result<&str, Malformed>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let inside = &rest[start + 2..];
        match inside.find('}') {
            Some(end) if is_reference(&inside[..end]) => {
                found.push(Ok(&inside[..end]));
                rest = &inside[end + 1..];
            }
            Some(_) => {
                found.push(Err(Malformed::Characters));
                rest = inside;
            }
            None => {
                found.push(Err(Malformed::Open));
                rest = inside;
            }
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Malformed {
    /// No `}` follows.
    Open,
    /// Something other than letters, digits, `.`, `-` and `_` inside.
    Characters,
}

fn is_reference(inside: &str) -> bool {
    !inside.is_empty()
        && inside.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_in_order() {
        assert_eq!(placeholders("--port=${port.http} $HOME $$"), [Ok("port.http")]);
        assert_eq!(placeholders("${a}${b-2}"), [Ok("a"), Ok("b-2")]);
        assert_eq!(placeholders("${a ${b}"), [Err(Malformed::Characters), Ok("b")]);
        assert_eq!(placeholders("${}"), [Err(Malformed::Characters)]);
        assert_eq!(placeholders("${open"), [Err(Malformed::Open)]);
    }
}
