//! JaCoCo XML reports.

use shipway_model::evidence::{Normal, Ratio};

use super::tally::{File, Tally};
use super::xml::{Node, Reader};
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "jacoco",
    summary: "The XML report of JaCoCo, from Maven, Gradle or its own tools.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let marks = ["-//JACOCO//DTD", "jacoco.org/", "<sessioninfo", "<counter type=\"INSTRUCTION\""];
    match head.root() {
        Some("report") if marks.iter().any(|it| head.text.contains(it)) => Sniff::Sure,
        Some("report") => Sniff::Maybe,
        _ => Sniff::No,
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut xml = Reader::new(source);
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("JaCoCo".to_owned()), ..Normal::default() };
    let mut tally = Tally::default();
    let mut package = String::new();
    let mut declared = File::default();
    while let Some(node) = xml.next()? {
        match (node, xml.name()) {
            (Node::Start, name) if xml.depth() == 1 && name != "report" => {
                return Err(xml.fault(format!("`<{name}>` is no JaCoCo report")));
            }
            (Node::Start, "package") => package = xml.attribute("name").unwrap_or_default().to_owned(),
            (Node::Start, "sourcefile") => {
                let name = xml.attribute("name").ok_or_else(|| xml.fault("the source file has no `name`"))?;
                let path = if package.is_empty() { name.to_owned() } else { format!("{package}/{name}") };
                let file = read_file(&mut xml)?;
                tally.add(&path, file).map_err(|it| xml.fault(it))?;
            }
            (Node::Start, "counter") if xml.depth() == 2 => take_counter(&xml, &mut declared)?,
            _ => {}
        }
    }
    tally.finish(&mut normal);
    // The report's own sums know classes without source files, too.
    let coverage = normal.coverage.get_or_insert_default();
    coverage.lines = declared.counted.lines.or(coverage.lines);
    coverage.branches = declared.counted.branches.or(coverage.branches);
    coverage.functions = declared.counted.functions.or(coverage.functions);
    Ok(normal)
}

/// Lines tell of instructions: a line counts as run once if any of its instructions was. Others than JaCoCo write lines that tell of none:
/// then it is not known which of them were run, and the counters alone hold.
fn read_file(xml: &mut Reader<'_>) -> Result<File, Fault> {
    let mut file = File::default();
    let depth = xml.depth();
    let mut tells_lines_apart = true;
    while let Some(node) = xml.next()? {
        match (node, xml.name()) {
            (Node::Start, "line") => {
                let number = xml.number("nr")?.ok_or_else(|| xml.fault("the line has no `nr`"))?;
                let (missed, covered) = (xml.number::<u64>("mi")?, xml.number::<u64>("ci")?);
                tells_lines_apart &= missed.or(covered).is_some();
                file.see_hits(number, u64::from(covered.is_some_and(|it| it > 0)));
                let (missed, covered) = (xml.number("mb")?.unwrap_or(0), xml.number("cb")?.unwrap_or(0));
                if let Some(ratio) = ratio(missed, covered) {
                    file.see_branches(number, ratio);
                }
            }
            (Node::Start, "counter") => take_counter(xml, &mut file)?,
            (Node::End, _) if xml.depth() == depth => break,
            _ => {}
        }
    }
    if !tells_lines_apart {
        file.forget_hits();
    }
    Ok(file)
}

fn take_counter(xml: &Reader<'_>, file: &mut File) -> Result<(), Fault> {
    let count = |name| xml.number(name)?.ok_or_else(|| xml.fault(format!("the counter has no `{name}`")));
    let ratio = ratio(count("missed")?, count("covered")?);
    match xml.attribute("type") {
        Some("LINE") => file.counted.lines = ratio,
        Some("BRANCH") => file.counted.branches = ratio,
        Some("METHOD") => file.counted.functions = ratio,
        _ => {}
    }
    Ok(())
}

fn ratio(missed: u64, covered: u64) -> Option<Ratio> {
    let total = missed.saturating_add(covered);
    (total > 0).then_some(Ratio { covered, total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_covered_by_any_of_its_instructions() {
        let text = "<report><group name='g'><package name='p'><class name='p/A'><counter type='LINE' missed='9' covered='9'/></class>
            <sourcefile name='A.java'><line nr='3' mi='2' ci='1' mb='1' cb='1'/><line nr='4' mi='2' ci='0' mb='0' cb='0'/></sourcefile></package></group></report>";
        let coverage = read(Source::new(&mut text.as_bytes())).unwrap().coverage.unwrap();
        assert_eq!(coverage.lines, Some(Ratio { covered: 1, total: 2 }));
        assert_eq!(coverage.branches, Some(Ratio { covered: 1, total: 2 }));
        assert_eq!(coverage.files[0].path, "p/A.java");
        assert_eq!(coverage.files[0].hits, [(3, 1), (4, 0)].into());
    }
}
