//! Cobertura XML: coverage.py, Istanbul, gcovr, Coverlet and Cobertura itself.

use shipway_model::evidence::{Coverage, Normal, Ratio};

use super::tally::{File, Tally};
use super::xml::{Node, Reader};
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "cobertura",
    summary: "Cobertura XML, as coverage.py, Istanbul, gcovr, Coverlet and cargo-llvm-cov write it.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let marks = ["line-rate=", "lines-valid=", "<packages", "<sources"];
    match head.root() {
        Some("coverage") if marks.iter().any(|it| head.text.contains(it)) => Sniff::Sure,
        Some("coverage") => Sniff::Maybe,
        _ => Sniff::No,
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut xml = Reader::new(source);
    let mut normal = Normal { format: FORMAT.name.to_owned(), ..Normal::default() };
    let mut tally = Tally::default();
    let mut declared = Coverage::default();
    while let Some(node) = xml.next()? {
        match (node, xml.depth()) {
            (Node::Start, 1) => {
                if xml.name() != "coverage" {
                    return Err(xml.fault(format!("`<{}>` is no coverage", xml.name())));
                }
                normal.format_version = xml.attribute("version").map(str::to_owned);
                declared.lines = pair(&xml, "lines-covered", "lines-valid")?;
                declared.branches = pair(&xml, "branches-covered", "branches-valid")?;
            }
            (Node::Start, _) if xml.name() == "class" => {
                let path = xml.attribute("filename").map(str::to_owned);
                let path = path.ok_or_else(|| xml.fault("the class has no `filename`"))?;
                let file = read_class(&mut xml)?;
                tally.add(&path, file).map_err(|it| xml.fault(it))?;
            }
            _ => {}
        }
    }
    tally.finish(&mut normal);
    settle(&mut normal, &declared);
    Ok(normal)
}

/// Lines stand below their methods, and again below the class, with the same counts.
fn read_class(xml: &mut Reader<'_>) -> Result<File, Fault> {
    let mut file = File::default();
    let mut method: Option<(String, bool)> = None;
    let depth = xml.depth();
    while let Some(node) = xml.next()? {
        match (node, xml.name()) {
            (Node::Start, "method") => {
                let part = |name| xml.attribute(name).unwrap_or_default();
                let name = format!("{}{}", part("name"), part("signature"));
                method = Some((name, xml.number("hits")?.unwrap_or(0_u64) > 0));
            }
            (Node::End, "method") => {
                if let Some((name, is_covered)) = method.take() {
                    file.see_function(&name, is_covered);
                }
            }
            (Node::Start, "line") => {
                let number = xml.number("number")?.ok_or_else(|| xml.fault("the line has no `number`"))?;
                let hits = xml.number("hits")?.ok_or_else(|| xml.fault("the line has no `hits`"))?;
                file.see_hits(number, hits);
                if let Some(ratio) = xml.attribute("condition-coverage").and_then(condition) {
                    file.see_branches(number, ratio);
                }
                if let Some((_, is_covered)) = &mut method {
                    *is_covered |= hits > 0;
                }
            }
            (Node::End, _) if xml.depth() == depth => break,
            _ => {}
        }
    }
    Ok(file)
}

/// `50% (1/2)`
fn condition(text: &str) -> Option<Ratio> {
    let (covered, total) = text.split_once('(')?.1.strip_suffix(')')?.split_once('/')?;
    Some(Ratio { covered: covered.trim().parse().ok()?, total: total.trim().parse().ok()? })
}

fn pair(xml: &Reader<'_>, covered: &str, total: &str) -> Result<Option<Ratio>, Fault> {
    let pair = xml.number(covered)?.zip(xml.number(total)?);
    match pair {
        Some((covered, total)) if covered > total => {
            Err(xml.fault(format!("{covered} covered of {total}: that is more than there are")))
        }
        pair => Ok(pair.map(|(covered, total)| Ratio { covered, total })),
    }
}

/// What was counted holds; where nothing could be counted, what the document says.
fn settle(normal: &mut Normal, declared: &Coverage) {
    let coverage = normal.coverage.get_or_insert_default();
    if let (Some(counted), Some(declared)) = (coverage.lines, declared.lines)
        && counted != declared
    {
        let text = |it: Ratio| format!("{} of {} lines", it.covered, it.total);
        let (says, shows) = (text(declared), text(counted));
        normal.remarks.push(format!("the document says {says} are covered, its lines show {shows}"));
    }
    let is_silent = declared.branches.is_none_or(|it| it.total == 0);
    coverage.lines = coverage.lines.or(declared.lines);
    coverage.branches = coverage.branches.or(if is_silent { None } else { declared.branches });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<Normal, String> {
        read(Source::new(&mut text.as_bytes())).map_err(|it| it.to_string())
    }

    #[test]
    fn a_file_in_several_classes_counts_its_lines_once() {
        let line = |number, hits| format!("<line number='{number}' hits='{hits}'/>");
        let class = |lines: String| format!("<class filename='a.cs'><lines>{lines}</lines></class>");
        let text = format!("<coverage>{}{}</coverage>", class(line(1, 0) + &line(2, 3)), class(line(1, 1)));
        let coverage = normal(&text).unwrap().coverage.unwrap();
        assert_eq!(coverage.lines, Some(Ratio { covered: 2, total: 2 }));
        assert_eq!((coverage.branches, coverage.functions, coverage.files.len()), (None, None, 1));
    }

    #[test]
    fn conditions_and_methods_are_counted() {
        let text = "<coverage><class filename='a'><methods><method name='f' signature='()'><lines><line number='1' hits='0'/></lines></method></methods>
            <lines><line number='1' hits='0' branch='true' condition-coverage='75% (3/4)'/></lines></class></coverage>";
        let coverage = normal(text).unwrap().coverage.unwrap();
        assert_eq!(coverage.branches, Some(Ratio { covered: 3, total: 4 }));
        assert_eq!(coverage.functions, Some(Ratio { covered: 0, total: 1 }));
    }

    #[test]
    fn totals_that_contradict_are_remarked_upon() {
        let text = "<coverage lines-covered='9' lines-valid='10'><class filename='a'><lines><line number='1' hits='0'/></lines></class></coverage>";
        let remarks = normal(text).unwrap().remarks;
        assert_eq!(remarks, ["the document says 9 of 10 lines are covered, its lines show 0 of 1 lines"]);
        let silent = normal("<coverage lines-covered='9' lines-valid='10'/>").unwrap();
        assert_eq!(silent.coverage.unwrap().lines, Some(Ratio { covered: 9, total: 10 }));
        assert!(
            normal("<coverage lines-covered='11' lines-valid='10'/>")
                .unwrap_err()
                .contains("more than there are")
        );
        assert!(
            normal("<coverage><class/></coverage>").unwrap_err().starts_with("line 1, column 11: the class")
        );
    }
}
