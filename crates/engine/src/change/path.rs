//! Patterns of paths: `*` and `?` within a folder, `**` across folders.

/// Whether the whole path is as the pattern says.
///
/// `**/x` is `x` in any folder and at the top, `x/**` everything below `x`. A pattern is tried in time that grows with
/// its length times the path's, whatever it holds.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    // reachable[n]: the pattern so far can be the first n folders.
    let mut reachable = vec![false; path.len() + 1];
    reachable[0] = true;
    for (idx, part) in pattern.iter().enumerate() {
        let mut next = vec![false; path.len() + 1];
        if *part == "**" {
            // At the end it stands for at least one name.
            let least = usize::from(idx + 1 == pattern.len());
            let mut seen = false;
            for n in 0..=path.len() {
                seen |= n >= least && reachable[n - least];
                next[n] = seen;
            }
        } else {
            for n in 0..path.len() {
                next[n + 1] = reachable[n] && matches_name(part.as_bytes(), path[n].as_bytes());
            }
        }
        reachable = next;
    }
    reachable[path.len()]
}

/// One name, with `*` for any run of bytes and `?` for one.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    let mut reachable = vec![false; name.len() + 1];
    reachable[0] = true;
    for &wanted in pattern {
        let mut next = vec![false; name.len() + 1];
        if wanted == b'*' {
            let mut seen = false;
            for n in 0..=name.len() {
                seen |= reachable[n];
                next[n] = seen;
            }
        } else {
            for n in 0..name.len() {
                next[n + 1] = reachable[n] && (wanted == b'?' || wanted == name[n]);
            }
        }
        reachable = next;
    }
    reachable[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_people_expect() {
        for (pattern, path, expected) in [
            ("**/*.sql", "db/2026/add.sql", true),
            ("**/*.sql", "add.sql", true),
            ("**/*.sql", "add.sql.md", false),
            ("src/*.rs", "src/lib.rs", true),
            ("src/*.rs", "src/a/lib.rs", false),
            ("texts/**", "texts/de/hello.txt", true),
            ("texts/**", "texts", false),
            ("**/audit/**", "server/audit/log.rs", true),
            ("**/audit/**", "audit/log.rs", true),
            ("**/audit/**", "server/auditor/log.rs", false),
            ("**/openapi*", "api/openapi.json", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("**", "anything/at/all", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_more_time() {
        let pattern = "a*".repeat(100) + "b";
        assert!(!matches(&pattern, &"a".repeat(1000)));
    }
}
