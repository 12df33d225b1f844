//! What `git diff --numstat` writes: lines added, lines removed and the file, separated by tabs.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;

use shipway_model::release::{Churn, TOUCHED_FILES_MAX, Touches};

use crate::failure::Failure;

const NEXT: &str = "git diff --numstat FROM..TO";

/// # Errors
/// When the file cannot be read, or is not what git writes.
pub(super) fn read(path: &Path) -> Result<Touches, Failure> {
    let unreadable =
        |error: io::Error| Failure::new(format!("{} cannot be read: {error}", path.display()), NEXT);
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(path).map_err(unreadable)?
    };
    parse(&text).map_err(|fault| Failure::new(format!("{}: {fault}", path.display()), NEXT))
}

fn parse(text: &str) -> Result<Touches, String> {
    let mut files = BTreeMap::new();
    for (idx, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || format!("line {} is not `ADDED\tREMOVED\tFILE`", idx + 1);
        let mut columns = line.splitn(3, '\t');
        let mut lines = || -> Option<u32> {
            match columns.next()? {
                // Not text.
                "-" => Some(0),
                number => number.parse().ok(),
            }
        };
        let (added, removed) = lines().zip(lines()).ok_or_else(wrong)?;
        let file = columns.next().filter(|it| !it.is_empty()).ok_or_else(wrong)?;
        for name in renamed(file) {
            files.insert(name, Churn { added, removed });
        }
    }
    if files.len() > TOUCHED_FILES_MAX {
        return Err(format!("{} files are more than {TOUCHED_FILES_MAX}", files.len()));
    }
    Ok(Touches { files })
}

/// Both names of a file that was renamed (`src/{old => new}/lib.rs`), the first of which a rule may be about.
fn renamed(file: &str) -> Vec<String> {
    let whole = |before: &str, name: &str, after: &str| format!("{before}{name}{after}").replace("//", "/");
    if let Some((before, rest)) = file.split_once('{')
        && let Some((names, after)) = rest.split_once('}')
        && let Some((old, new)) = names.split_once(" => ")
    {
        return vec![whole(before, old, after), whole(before, new, after)];
    }
    match file.split_once(" => ") {
        Some((old, new)) => vec![old.to_owned(), new.to_owned()],
        None => vec![file.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_writes_is_read() {
        let text = "10\t2\tsrc/till.rs\n-\t-\tlogo.png\n1\t1\tsrc/{old => new}/lib.rs\n0\t0\ta.rs => b.rs\n";
        let touches = parse(text).unwrap();
        let names: Vec<_> = touches.files.keys().map(String::as_str).collect();
        assert_eq!(names, ["a.rs", "b.rs", "logo.png", "src/new/lib.rs", "src/old/lib.rs", "src/till.rs"]);
        assert_eq!(touches.files["src/till.rs"], Churn { added: 10, removed: 2 });
        assert_eq!(touches.files["logo.png"], Churn::default());
    }

    #[test]
    fn what_it_does_not_write_is_refused() {
        for wrong in ["src/till.rs\n", "10\tsrc/till.rs\n", "ten\t2\tsrc/till.rs\n", "1\t2\t\n"] {
            assert!(parse(wrong).unwrap_err().starts_with("line 1"), "{wrong:?}");
        }
    }
}
