//! LCOV tracefiles: lcov, geninfo, Istanbul, coverage.py, cargo-llvm-cov, Bazel.

use std::collections::BTreeMap;

use shipway_model::evidence::{Normal, Ratio};

use super::lines::Lines;
use super::tally::{File, Tally};
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "lcov",
    summary: "LCOV tracefiles, versions 1 and 2, of lcov, Istanbul, coverage.py, cargo-llvm-cov and Bazel.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let starts = |it: &&str| it.starts_with("SF:") || it.starts_with("TN:");
    let first = head.text.lines().find(|it| !it.starts_with('#') && !it.trim().is_empty());
    match first {
        Some(first) if starts(&first) && head.text.lines().any(|it| it.starts_with("SF:")) => Sniff::Sure,
        _ => Sniff::No,
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut normal = Normal { format: FORMAT.name.to_owned(), ..Normal::default() };
    let mut lines = Lines::new(source);
    let mut tally = Tally::default();
    let mut record: Option<Record> = None;
    let mut n_records = 0;
    while let Some(line) = lines.next()? {
        let taken = match (line, &mut record) {
            ("end_of_record", open) => match open.take() {
                Some(record) => {
                    n_records += 1;
                    let path = record.path.clone();
                    record.finish().and_then(|it| tally.add(&path, it))
                }
                None => Err("a record ends that did not begin".to_owned()),
            },
            (line, open) => take(line, open),
        };
        taken.map_err(|it| lines.fault(it))?;
    }
    match record {
        Some(Record { path, .. }) => {
            Err(lines.fault(format!("the document ends within the record of `{path}`")))
        }
        None if n_records == 0 => Err(lines.fault("there is no record")),
        None => {
            tally.finish(&mut normal);
            Ok(normal)
        }
    }
}

/// One `SF:` … `end_of_record`.
#[derive(Default)]
struct Record {
    path: String,
    file: File,
    lines_counted: (Option<u64>, Option<u64>),
    branches_counted: (Option<u64>, Option<u64>),
    functions_counted: (Option<u64>, Option<u64>),
    /// Names by the index that LCOV 2 gives them.
    names: BTreeMap<u64, (bool, bool)>,
    n_lines: u64,
    n_branches: u64,
    n_functions: u64,
}

fn take(line: &str, record: &mut Option<Record>) -> Result<(), String> {
    let Some((tag, rest)) = line.split_once(':') else {
        let is_ignorable = line.trim().is_empty() || line.starts_with('#');
        return if is_ignorable {
            Ok(())
        } else {
            Err(format!("`{}` is no line of a tracefile", clip(line)))
        };
    };
    match (tag, record) {
        ("TN", _) => Ok(()),
        ("SF", open @ None) => {
            *open = Some(Record { path: rest.to_owned(), ..Record::default() });
            Ok(())
        }
        ("SF", Some(open)) => Err(format!("the record of `{}` has not ended", open.path)),
        (tag, _) if tag.starts_with('#') => Ok(()),
        (tag, None) => Err(format!("`{}` stands outside of any record", clip(tag))),
        (tag, Some(record)) => record.take(tag, rest),
    }
}

impl Record {
    fn take(&mut self, tag: &str, rest: &str) -> Result<(), String> {
        let mut fields = rest.split(',');
        let mut field = || fields.next().unwrap_or_default();
        match tag {
            "DA" => {
                let (line, hits) = (number(field())?, count(field())?);
                self.n_lines += 1;
                self.file.add_hits(line, hits);
            }
            "BRDA" => {
                let line = number(field())?;
                // Block and branch may be any words, with commas in them; the count is what stands last.
                let hits = rest.rsplit(',').next().unwrap_or_default();
                if rest.split(',').count() < 4 {
                    return Err(format!("`BRDA:{}` has too few parts", clip(rest)));
                }
                self.n_branches += 1;
                self.file.add_branch(line, hits != "-" && count(hits)? > 0);
            }
            "FNDA" => {
                let (hits, name) =
                    rest.split_once(',').ok_or_else(|| format!("`FNDA:{}` has no name", clip(rest)))?;
                self.n_functions += 1;
                self.file.see_function(name, count(hits)? > 0);
            }
            // A function, and the lines it is on; whether it ran follows by `FNDA`.
            "FN" => {
                let name = rest.splitn(3, ',').last().unwrap_or_default();
                let name = if name.is_empty() { rest } else { name };
                number::<u32>(field())?;
                self.file.see_function(name, false);
                self.n_functions += 1;
            }
            "FNL" => {
                self.names.entry(number(field())?).or_default().0 = true;
            }
            "FNA" => {
                let (index, hits) = (number(field())?, count(field())?);
                self.names.entry(index).or_default().1 |= hits > 0;
            }
            "LF" => self.lines_counted.1 = Some(number(rest)?),
            "LH" => self.lines_counted.0 = Some(number(rest)?),
            "BRF" => self.branches_counted.1 = Some(number(rest)?),
            "BRH" => self.branches_counted.0 = Some(number(rest)?),
            "FNF" => self.functions_counted.1 = Some(number(rest)?),
            "FNH" => self.functions_counted.0 = Some(number(rest)?),
            // `VER`, MC/DC, and what versions to come may add.
            tag if tag.bytes().all(|it| it.is_ascii_uppercase()) => {}
            tag => return Err(format!("`{}` is no line of a tracefile", clip(tag))),
        }
        Ok(())
    }

    /// What was listed holds; where nothing was, the record's own counts.
    fn finish(mut self) -> Result<File, String> {
        for (index, (_, is_covered)) in &self.names {
            self.file.see_function(&index.to_string(), *is_covered);
            self.n_functions += 1;
        }
        let counted = |n_listed: u64, pair: (Option<u64>, Option<u64>)| match pair {
            (Some(covered), Some(total)) if covered > total => {
                Err(format!("`{}`: {covered} covered of {total}", self.path))
            }
            (Some(covered), Some(total)) if n_listed == 0 && total > 0 => Ok(Some(Ratio { covered, total })),
            _ => Ok(None),
        };
        self.file.counted.lines = counted(self.n_lines, self.lines_counted)?;
        self.file.counted.branches = counted(self.n_branches, self.branches_counted)?;
        self.file.counted.functions = counted(self.n_functions, self.functions_counted)?;
        Ok(self.file)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("`{}` is no such number", clip(text)))
}

/// Runs. Compilers have been seen to write negative ones where a counter overflowed: nobody knows then that it ran.
fn count(text: &str) -> Result<u64, String> {
    match text.trim().strip_prefix('-') {
        Some(rest) => number::<u64>(rest).map(|_| 0),
        None => number(text),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<[Option<(u64, u64)>; 3], &str>) {
        let told = read(Source::new(&mut text.as_bytes())).map(|it| {
            let it = it.coverage.unwrap();
            [it.lines, it.branches, it.functions].map(|it| it.map(|it| (it.covered, it.total)))
        });
        match (told, expect) {
            (Ok(told), expect) => assert_eq!(Ok(told), expect),
            (Err(fault), expect) => assert_eq!(Err(fault.to_string().as_str()), expect),
        }
    }

    #[test]
    fn lines_branches_and_functions_are_counted_over_all_records() {
        let one = "TN:one\nSF:a.c\nFN:1,f\nFNDA:0,f\nDA:1,0\nDA:2,4,sum\nBRDA:1,0,0,-\nBRDA:1,0,1,2\nend_of_record\n";
        check(one, Ok([Some((1, 2)), Some((1, 2)), Some((0, 1))]));
        let again = format!("{one}TN:two\r\nSF:a.c\r\nFN:1,9,f\r\nFNDA:3,f\r\nDA:1,1\r\nend_of_record\r\n");
        check(&again, Ok([Some((2, 2)), Some((1, 2)), Some((1, 1))]));
        check(
            "SF:a\nFNL:0,1,9\nFNA:0,5,f\nFNL:1,10\nFNA:1,0,g\nend_of_record",
            Ok([None, None, Some((1, 2))]),
        );
        check("SF:a\nLF:10\nLH:7\nend_of_record", Ok([Some((7, 10)), None, None]));
        check("SF:a\nDA:1,-3\nMCDC:1,2,t,0,0,x\nend_of_record", Ok([Some((0, 1)), None, None]));
    }

    #[test]
    fn half_records_are_refused() {
        check("SF:a\nDA:1,1\n", Err("line 3, column 1: the document ends within the record of `a`"));
        check("TN:\n", Err("line 2, column 1: there is no record"));
        check("SF:a\nDA:x,1\n", Err("line 2, column 1: `x` is no such number"));
        check("SF:a\nBRDA:1,0\n", Err("line 2, column 1: `BRDA:1,0` has too few parts"));
        check("DA:1,1\n", Err("line 1, column 1: `DA` stands outside of any record"));
        check("SF:a\nSF:b\n", Err("line 2, column 1: the record of `a` has not ended"));
        check("SF:a\nwhat\n", Err("line 2, column 1: `what` is no line of a tracefile"));
        check("SF:a\nLF:1\nLH:2\nend_of_record\n", Err("line 4, column 1: `a`: 2 covered of 1"));
    }
}
