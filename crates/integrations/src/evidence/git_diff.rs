//! Unified diffs as git writes them.

use shipway_model::evidence::{FileChange, LineRange, Normal};

use super::lines::Lines;
use super::{ENTRIES_MAX, Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "git-diff",
    summary: "What a change touches: the output of `git diff` and `git show`, with any number of context lines.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let is_diff = head.text.starts_with("diff --git ") || head.text.contains("\ndiff --git ");
    if is_diff { Sniff::Sure } else { Sniff::No }
}

/// The lines of a hunk that are still to come.
struct Hunk {
    next: u32,
    n_old: u32,
    n_new: u32,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut lines = Lines::new(source);
    let mut files: Vec<FileChange> = Vec::new();
    let mut n_left_out = 0;
    let mut hunk: Option<Hunk> = None;
    while let Some(line) = lines.next()? {
        let taken = match hunk.take() {
            Some(open) => take_line(line, open, files.last_mut()).map(|it| hunk = it),
            None if line.starts_with("diff --git ") => {
                if files.len() == ENTRIES_MAX {
                    files.pop();
                    n_left_out += 1;
                }
                name(line).map(|path| files.push(FileChange { path, ..FileChange::default() }))
            }
            None if line.starts_with("@@ ") => open(line, !files.is_empty()).map(|it| hunk = it),
            None => {
                if let Some(file) = files.last_mut() {
                    take_header(line, file);
                }
                Ok(())
            }
        };
        taken.map_err(|it| lines.fault(it))?;
    }
    lines.whole()?;
    if hunk.is_some() {
        return Err(lines.fault("a hunk has fewer lines than it says: the document was cut"));
    }
    if files.is_empty() {
        return Err(lines.fault("there is no `diff --git` in it"));
    }
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        tool: Some("git".to_owned()),
        changes: Some(files),
        ..Normal::default()
    };
    if n_left_out > 0 {
        normal.omitted.insert("changes".to_owned(), n_left_out);
    }
    Ok(normal)
}

/// The file's name after the change, as far as the first line tells: `--- ` and `+++ ` say it better, and are not there
/// for files without text.
fn name(line: &str) -> Result<String, String> {
    let both = line.trim_start_matches("diff --git ");
    let after = match both.rfind(" \"b/") {
        Some(at) => &both[at + 1..],
        None => both.rfind(" b/").map(|at| &both[at + 1..]).ok_or("this line names no file")?,
    };
    Ok(path(after))
}

fn take_header(line: &str, file: &mut FileChange) {
    if line.starts_with("deleted file mode") {
        file.removed = true;
    } else if let Some(said) = line.strip_prefix("+++ ").filter(|it| *it != "/dev/null") {
        file.path = path(said);
    } else if let Some(said) = line.strip_prefix("rename to ") {
        file.path = unquoted(said);
    }
}

/// Without git's `b/` in front, its quotes, and the tab that some tools put behind.
fn path(said: &str) -> String {
    let whole = unquoted(said.trim_end_matches('\t'));
    whole.strip_prefix("b/").map(str::to_owned).unwrap_or(whole)
}

/// Git quotes names with bytes beyond ASCII, writing them as octal numbers.
fn unquoted(said: &str) -> String {
    let Some(inner) = said.strip_prefix('"').and_then(|it| it.strip_suffix('"')) else {
        return said.to_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(first @ b'0'..=b'3') => {
                let octal =
                    [Some(first), rest.next(), rest.next()].map(|it| u32::from(it.unwrap_or(b'0') & 7));
                bytes.push(u8::try_from(octal[0] * 64 + octal[1] * 8 + octal[2]).unwrap_or(b'?'));
            }
            Some(b't') => bytes.push(b'\t'),
            Some(b'n') => bytes.push(b'\n'),
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `@@ -1,4 +1,5 @@ fn main()`: where the hunk stands before and after, a count of one left out.
fn open(line: &str, has_file: bool) -> Result<Option<Hunk>, String> {
    let parsed = || {
        let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = ranges.split_once(" +")?;
        let range = |it: &str| -> Option<(u32, u32)> {
            let (first, count) = it.split_once(',').unwrap_or((it, "1"));
            Some((first.parse().ok()?, count.parse().ok()?))
        };
        Some((range(old)?, range(new)?))
    };
    let ((_, n_old), (next, n_new)) = parsed().ok_or("this line begins no hunk")?;
    if !has_file {
        return Err("a hunk comes before the file that it is of".to_owned());
    }
    if next.checked_add(n_new).is_none() {
        return Err("no file has so many lines".to_owned());
    }
    Ok((n_old > 0 || n_new > 0).then_some(Hunk { next, n_old, n_new }))
}

fn take_line(line: &str, mut hunk: Hunk, file: Option<&mut FileChange>) -> Result<Option<Hunk>, String> {
    let too_many = || "a hunk has more lines than it says".to_owned();
    match line.bytes().next() {
        Some(b'+') => {
            hunk.n_new = hunk.n_new.checked_sub(1).ok_or_else(too_many)?;
            if let Some(file) = file {
                add(file, hunk.next);
            }
            hunk.next += 1;
        }
        Some(b'-') => hunk.n_old = hunk.n_old.checked_sub(1).ok_or_else(too_many)?,
        // Some editors and mailers strip the space of an empty line.
        Some(b' ') | None => {
            hunk.n_old = hunk.n_old.checked_sub(1).ok_or_else(too_many)?;
            hunk.n_new = hunk.n_new.checked_sub(1).ok_or_else(too_many)?;
            hunk.next += 1;
        }
        // `\ No newline at end of file`.
        Some(b'\\') => {}
        Some(_) => return Err("this is no line of a hunk".to_owned()),
    }
    Ok((hunk.n_old > 0 || hunk.n_new > 0).then_some(hunk))
}

fn add(file: &mut FileChange, line: u32) {
    match file.lines.last_mut() {
        Some(range) if range.last.checked_add(1) == Some(line) => range.last = line,
        _ => file.lines.push(LineRange { first: line, last: line }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&str, &str>) {
        let told = read(Source::new(&mut text.as_bytes())).map(|it| {
            let file = |it: &FileChange| {
                let lines = it.lines.iter().map(|it| format!("{}-{}", it.first, it.last));
                let removed = if it.removed { " removed" } else { "" };
                format!("{} {}{removed}", it.path, lines.collect::<Vec<_>>().join(","))
            };
            it.changes.unwrap().iter().map(file).collect::<Vec<_>>().join("; ")
        });
        let told = told.map_err(|it| it.to_string());
        assert_eq!(told.as_deref().map_err(String::as_str), expect);
    }

    const HEAD: &str =
        "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n";

    #[test]
    fn changed_lines_are_numbered_as_after_the_change() {
        let hunks = "@@ -1,3 +1,4 @@ fn main()\n a\n-b\n+B\n+C\n c\n@@ -10 +11 @@\n-x\n+--- y\n";
        check(&format!("{HEAD}{hunks}"), Ok("src/a.rs 2-3,11-11"));
    }

    #[test]
    fn removed_renamed_binary_and_quoted_files_have_their_names() {
        let removed = "diff --git a/old.rs b/old.rs\ndeleted file mode 100644\n--- a/old.rs\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n";
        check(removed, Ok("old.rs  removed"));
        check(
            "diff --git a/a.rs b/b.rs\nsimilarity index 100%\nrename from a.rs\nrename to b.rs\n",
            Ok("b.rs "),
        );
        check("diff --git a/x.png b/x.png\nBinary files a/x.png and b/x.png differ\n", Ok("x.png "));
        check("diff --git \"a/\\303\\244.rs\" \"b/\\303\\244.rs\"\nnew file mode 100644\n", Ok("ä.rs "));
    }

    #[test]
    fn a_cut_or_contradictory_diff_is_refused() {
        let cut = "line 7, column 1: a hunk has fewer lines than it says: the document was cut";
        check(&format!("{HEAD}@@ -1,2 +1,2 @@\n a\n"), Err(cut));
        check(
            &format!("{HEAD}@@ -1 +1 @@\n+a\n+b\n"),
            Err("line 7, column 1: a hunk has more lines than it says"),
        );
        check("@@ -1 +1 @@\n-a\n+b\n", Err("line 1, column 1: a hunk comes before the file that it is of"));
        check(&format!("{HEAD}@@ -1 +4294967295,9 @@\n"), Err("line 5, column 1: no file has so many lines"));
        check("hello\n", Err("line 2, column 1: there is no `diff --git` in it"));
    }
}
