//! How deep brackets nest, before a recursive parser finds out on its stack.

use crate::evidence::Fault;

/// Real descriptions stay below 20.
const DEPTH_MAX: usize = 64;

/// How a language writes comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// `//` to the end of the line, and `/* … */`.
    Slashes,
    /// `#` to the end of the line.
    Hashes,
}

/// # Errors
/// Brackets outside of texts and comments nest too deep.
pub(super) fn check(text: &str, comments: Comments) -> Result<(), Fault> {
    let (mut depth, mut line) = (0_usize, 1);
    let mut rest = text;
    while let Some(it) = rest.chars().next() {
        let skipped = match (it, comments) {
            ('/', Comments::Slashes) if rest.starts_with("//") => until(rest, 2, "\n"),
            ('/', Comments::Slashes) if rest.starts_with("/*") => until(rest, 2, "*/"),
            ('#', Comments::Hashes) => until(rest, 1, "\n"),
            ('"', Comments::Hashes) if rest.starts_with("\"\"\"") => until(rest, 3, "\"\"\""),
            ('"', _) => quoted(rest, '"'),
            ('\'', Comments::Slashes) => quoted(rest, '\''),
            _ => it.len_utf8(),
        };
        match it {
            '{' | '[' | '(' | '<' => depth += 1,
            '}' | ']' | ')' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        line += rest[..skipped].matches('\n').count() as u64;
        if depth > DEPTH_MAX {
            return Err(Fault::at(line, 1, format!("brackets nest deeper than {DEPTH_MAX}")));
        }
        rest = &rest[skipped..];
    }
    Ok(())
}

/// The length up to and with the end mark; to the end of the text where there is none.
fn until(text: &str, start: usize, end: &str) -> usize {
    text[start..].find(end).map_or(text.len(), |at| start + at + end.len())
}

fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            // A text that is not closed on its line is broken, which the parser will say.
            it if it == quote || it == '\n' => return at + it.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_and_comments_do_not_count() {
        let deep = "{".repeat(DEPTH_MAX + 1);
        assert!(check(&deep, Comments::Slashes).is_err());
        assert!(check(&"{}".repeat(1_000), Comments::Slashes).is_ok());
        for (text, comments) in [
            (format!("// {deep}\n"), Comments::Slashes),
            (format!("/* {deep} */"), Comments::Slashes),
            (format!("\"{deep}\\\"{deep}\""), Comments::Slashes),
            (format!("# {deep}"), Comments::Hashes),
            (format!("\"\"\" {deep} \"\"\""), Comments::Hashes),
        ] {
            assert_eq!(check(&text, comments), Ok(()), "{text}");
        }
    }
}
