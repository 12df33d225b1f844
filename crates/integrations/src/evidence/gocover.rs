//! Go cover profiles.

use std::collections::BTreeMap;

use shipway_model::evidence::{Normal, Ratio};

use super::lines::Lines;
use super::tally::{File, Tally};
use super::{ENTRIES_MAX, Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "gocover",
    summary: "The profile of `go test -coverprofile`, in the modes set, count and atomic.",
    sniff,
    read,
};

/// Most lines that one block may span; a source file with more is none that anybody wrote.
const BLOCK_LINES_MAX: u32 = 100_000;

fn sniff(head: &Head<'_>) -> Sniff {
    let first = head.text.lines().next().unwrap_or_default().trim_end();
    let is_profile = matches!(first, "mode: set" | "mode: count" | "mode: atomic");
    if is_profile { Sniff::Sure } else { Sniff::No }
}

/// A block of statements: where it is within its file, as the profile says it, with its statements and runs.
type Blocks = BTreeMap<String, (Block, u64, u64)>;

#[derive(Clone, Copy)]
struct Block {
    first_line: u32,
    last_line: u32,
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut lines = Lines::new(source);
    let mut files: BTreeMap<String, Blocks> = BTreeMap::new();
    let mut mode: Option<String> = None;
    let mut n_blocks = 0;
    while let Some(line) = lines.next()? {
        let said = line.strip_prefix("mode: ").map(str::to_owned);
        let taken = match (said, &mode) {
            // Profiles that were put together keep their first lines.
            (Some(said), Some(mode)) if said != *mode => {
                Err(format!("the mode changes from {mode} to {said}"))
            }
            (Some(said), _) if matches!(said.as_str(), "set" | "count" | "atomic") => {
                mode = Some(said);
                Ok(())
            }
            (Some(said), _) => Err(format!("the mode `{said}` is not known")),
            (None, None) => Err("the first line is no `mode:`".to_owned()),
            (None, Some(mode)) => {
                n_blocks += 1;
                take(line, mode == "set", &mut files)
            }
        };
        let taken =
            if n_blocks > ENTRIES_MAX * 4 { Err("there are too many blocks".to_owned()) } else { taken };
        taken.map_err(|it| lines.fault(it))?;
    }
    lines.whole()?;
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("go".to_owned()), ..Normal::default() };
    let mut tally = Tally::default();
    for (path, blocks) in files {
        tally.add(&path, summed(&blocks)).map_err(Fault::new)?;
    }
    tally.finish(&mut normal);
    Ok(normal)
}

/// `example.com/shop/shop.go:3.26,4.13 1 7`: from line and column to line and column, statements, runs.
fn take(line: &str, is_set: bool, files: &mut BTreeMap<String, Blocks>) -> Result<(), String> {
    if line.trim().is_empty() {
        return Ok(());
    }
    let parsed = || {
        let (path, rest) = line.rsplit_once(':')?;
        let (range, counts) = rest.split_once(' ')?;
        let (from, to) = range.split_once(',')?;
        let line_of = |it: &str| it.split_once('.').filter(|it| it.1.parse::<u32>().is_ok())?.0.parse().ok();
        let (statements, runs) = counts.split_once(' ')?;
        let block = Block { first_line: line_of(from)?, last_line: line_of(to)? };
        Some((path, range, block, statements.parse().ok()?, runs.parse().ok()?))
    };
    let (path, range, block, n_statements, n_runs): (_, _, _, u64, u64) =
        parsed().ok_or_else(|| format!("`{}` is no block", line.chars().take(120).collect::<String>()))?;
    let n_lines = block.last_line.checked_sub(block.first_line);
    if n_lines.is_none_or(|it| it > BLOCK_LINES_MAX) {
        return Err(format!("a block goes from line {} to {}", block.first_line, block.last_line));
    }
    if !files.contains_key(path) {
        files.insert(path.to_owned(), Blocks::new());
    }
    let blocks = files.get_mut(path).expect("it was inserted");
    let (_, _, known) = blocks.entry(range.to_owned()).or_insert((block, n_statements, 0));
    *known = if is_set { n_runs.max(*known) } else { known.saturating_add(n_runs) };
    Ok(())
}

/// Go counts statements, so these are the totals, as `go tool cover -func` has them; a line ran as often as the block
/// on it that ran most.
fn summed(blocks: &Blocks) -> File {
    let mut file = File::default();
    let mut statements = Ratio::default();
    for (Block { first_line, last_line }, n_statements, n_runs) in blocks.values() {
        statements.total = statements.total.saturating_add(*n_statements);
        if *n_runs > 0 {
            statements.covered = statements.covered.saturating_add(*n_statements);
        }
        (*first_line..=*last_line).for_each(|it| file.see_hits(it, *n_runs));
    }
    file.counted.lines = (statements.total > 0).then_some(statements);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<(u64, u64), &str>) {
        let told = read(Source::new(&mut text.as_bytes())).map(|it| {
            let lines = it.coverage.unwrap().lines.unwrap_or_default();
            (lines.covered, lines.total)
        });
        match (told, expect) {
            (Ok(told), expect) => assert_eq!(Ok(told), expect),
            (Err(fault), expect) => assert_eq!(Err(fault.to_string().as_str()), expect),
        }
    }

    #[test]
    fn statements_count_once_however_many_profiles_tell_of_them() {
        check("mode: set\na.go:1.1,2.2 3 0\na.go:1.1,2.2 3 1\nb.go:1.1,2.2 1 0\n", Ok((3, 4)));
        check("mode: count\na.go:1.1,2.2 3 0\nmode: count\na.go:1.1,2.2 3 5\n", Ok((3, 3)));
        check("mode: atomic\n", Ok((0, 0)));
        check("mode: set\nC:/a b.go:1.1,2.2 3 1\n", Ok((3, 3)));
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        check(
            "mode: set\na.go:1.1,2.2 3 1",
            Err("line 2, column 1: the last line has no end: the document was cut"),
        );
        check("mode: set\na.go:1,2 3 1\n", Err("line 2, column 1: `a.go:1,2 3 1` is no block"));
        check("mode: set\nmode: count\n", Err("line 2, column 1: the mode changes from set to count"));
        check(
            "mode: set\na.go:1.1,4294967295.2 3 1\n",
            Err("line 2, column 1: a block goes from line 1 to 4294967295"),
        );
        check("a.go:1.1,2.2 3 1\n", Err("line 1, column 1: the first line is no `mode:`"));
    }
}
