//! From which branch or tag a release comes, and where a hotfix was merged back: as Git says it of the repository here.

use std::collections::BTreeSet;
use std::process::Command;

use shipway_model::Name;
use shipway_model::source::{Merge, Ref, Source};

use crate::failure::Failure;

/// One repository and what was built of it, as it is written on the command line: `REPOSITORY=REF`, or
/// `REPOSITORY=FROM..REF`, where `FROM` is what the release before was built of.
#[derive(Debug, Clone)]
pub(super) struct Given {
    repository: Name,
    from: Option<String>,
    reference: String,
}

pub(super) fn parse(text: &str) -> Result<Given, String> {
    let form = "write REPOSITORY=REF or REPOSITORY=FROM..REF, for example shop=v1.1.0..v1.2.0";
    let (repository, range) = text.split_once('=').ok_or(form)?;
    let (from, reference) = match range.split_once("..") {
        Some((from, reference)) => (Some(from.to_owned()), reference),
        None => (None, range),
    };
    let is_bad = |it: &str| it.is_empty() || it.starts_with('-') || it.chars().any(char::is_whitespace);
    if is_bad(reference) || from.as_deref().is_some_and(is_bad) {
        return Err(form.to_owned());
    }
    let repository = repository.parse().map_err(|error| format!("{error}"))?;
    Ok(Given { repository, from, reference: reference.to_owned() })
}

/// What Git says of it.
///
/// # Errors
/// When Git cannot be run, or knows no such branch, tag or commit.
pub(super) fn read(given: &Given) -> Result<Source, Failure> {
    let name = &given.reference;
    let is_there =
        |kind: &str| git(&["show-ref", "--verify", "--quiet", &format!("refs/{kind}/{name}")]).is_ok();
    let reference = match (is_there("tags"), is_there("heads")) {
        (true, _) => Ref::Tag(name.clone()),
        (_, true) => Ref::Branch(name.clone()),
        _ => return Err(wrong(&format!("`{name}` is neither a branch nor a tag here"))),
    };
    let kind = if matches!(reference, Ref::Tag(_)) { "tags" } else { "heads" };
    let commit = git(&["rev-parse", "--verify", &format!("refs/{kind}/{name}^{{commit}}")])?;
    let merges = match &given.from {
        Some(from) => merges(from, commit.trim())?,
        None => Vec::new(),
    };
    Ok(Source { repository: given.repository.clone(), reference, commit: commit.trim().to_owned(), merges })
}

/// Who merged into it since, along the branch itself.
fn merges(from: &str, to: &str) -> Result<Vec<Merge>, Failure> {
    let range = format!("{from}..{to}");
    let text = git(&["log", "--merges", "--first-parent", "--format=%H%x09%ce", &range, "--"])?;
    let merge = |line: &str| {
        let (commit, by) = line.split_once('\t')?;
        Some(Merge { commit: commit.to_owned(), by: by.to_owned() })
    };
    Ok(text.lines().filter_map(merge).collect())
}

/// The branches here that hold the commit.
///
/// # Errors
/// When Git cannot be run, or does not know the commit.
pub(super) fn branches_with(commit: &str) -> Result<BTreeSet<String>, Failure> {
    if commit.is_empty() || !commit.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Err(wrong(&format!("`{commit}` is not a commit's hash")));
    }
    let text = git(&["branch", "--contains", commit, "--format=%(refname:short)"])?;
    Ok(text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect())
}

fn git(args: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git").args(args).output();
    let output = output.map_err(|error| wrong(&format!("git cannot be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(wrong(&format!("git {} failed: {}", args.join(" "), said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn wrong(message: &str) -> Failure {
    Failure::new(message, "git branch --all").with_hint("it is asked of the repository in the current folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_repository_and_a_ref() {
        let given = parse("shop=v1.1.0..release/1.2").unwrap();
        assert_eq!((given.repository.as_str(), given.reference.as_str()), ("shop", "release/1.2"));
        assert_eq!(given.from.as_deref(), Some("v1.1.0"));
        assert_eq!(parse("shop=main").unwrap().from, None);
        for bad in
            ["main", "shop=", "=main", "shop=--upload-pack=x", "shop=a b", "shop=..main", "shop=-x..main"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
