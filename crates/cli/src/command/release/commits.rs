//! Who wrote what a release brings: from Git, or from a file with what Git says.

use std::path::Path;
use std::process::Command;

use shipway_model::access::Commit;

use crate::failure::Failure;

/// One commit in a line: its hash, the addresses of author and committer, and of co-authors, separated by commas.
const FORMAT: &str = "%H%x09%ae%x09%ce%x09%(trailers:key=Co-authored-by,valueonly,separator=%x2C)";

/// The commits of a file, or of a range of the repository here, for example `v1.1.0..v1.2.0`.
///
/// # Errors
/// When there is neither, Git fails, or a line is no commit.
pub(super) fn read(source: &str) -> Result<Vec<Commit>, Failure> {
    let path = Path::new(source);
    let text = if path.is_file() {
        std::fs::read_to_string(path).map_err(|error| wrong(&format!("{source} cannot be read: {error}")))?
    } else {
        log(source)?
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let commits: Vec<Commit> = lines
        .map(|(idx, line)| {
            parse(line).ok_or_else(|| wrong(&format!("line {} of {source} is no commit", idx + 1)))
        })
        .collect::<Result<_, _>>()?;
    match commits.is_empty() {
        true => Err(wrong(&format!("{source} names no commit"))),
        false => Ok(commits),
    }
}

fn log(range: &str) -> Result<String, Failure> {
    if range.starts_with('-') {
        return Err(wrong(&format!("`{range}` is no range of commits")));
    }
    let git = Command::new("git").args(["log", &format!("--format={FORMAT}"), range, "--"]).output();
    let output = git.map_err(|error| wrong(&format!("git cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(wrong(&format!("git log {range} failed: {}", said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse(line: &str) -> Option<Commit> {
    let mut fields = line.split('\t');
    let (id, author, committer) = (fields.next()?, fields.next()?, fields.next()?);
    let co_authors = fields.next().unwrap_or_default().split(',').filter_map(address).collect();
    let is_whole = id.len() >= 7 && !author.is_empty() && !committer.is_empty();
    is_whole.then(|| Commit {
        id: id.to_owned(),
        author: author.to_owned(),
        committer: committer.to_owned(),
        co_authors,
    })
}

/// Of `Dora Dean <dora@example.org>`, or as it stands.
fn address(text: &str) -> Option<String> {
    let inner =
        text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(inner, _)| inner);
    let address = inner.trim();
    (!address.is_empty()).then(|| address.to_owned())
}

fn wrong(message: &str) -> Failure {
    let format = format!("git log --format='{FORMAT}' RANGE > FILE");
    Failure::new(message, "shipway release create --help")
        .with_hint(format!("such a file is written by {format}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_git_are_read_with_all_who_took_part() {
        let line =
            "3fa2c41d00\tana@example.org\tci@example.org\tDora <dora@example.org>,Eve <eve@example.org>";
        let commit = parse(line).expect("it is a commit");
        assert_eq!((commit.id.as_str(), commit.author.as_str()), ("3fa2c41d00", "ana@example.org"));
        assert_eq!(commit.co_authors, ["dora@example.org", "eve@example.org"]);
        assert_eq!(
            parse("3fa2c41d00\tana@example.org\tci@example.org\t").expect("none helped").co_authors,
            [""; 0]
        );
        for bad in ["", "3fa2c41d00", "3fa2c41d00\tana@example.org", "3fa\ta@b\tc@d", "3fa2c41d00\t\tc@d"] {
            assert!(parse(bad).is_none(), "{bad:?}");
        }
    }
}
