//! PIT's mutations.xml.

use shipway_model::evidence::{Location, Normal};

use super::mutants::{Fate, Mutants};
use super::xml::{Node, Reader};
use super::{Fault, Format, Head, MESSAGE_CHARS_MAX, Sniff, Source};

pub(super) const FORMAT: Format =
    Format { name: "pit", summary: "The `mutations.xml` of PIT (Java).", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    if head.root() == Some("mutations") { Sniff::Sure } else { Sniff::No }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut xml = Reader::new(source);
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("PIT".to_owned()), ..Normal::default() };
    let mut mutants = Mutants::default();
    while let Some(node) = xml.next()? {
        match (node, xml.name()) {
            (Node::Start, "mutations") if xml.depth() == 1 && xml.attribute("partial") == Some("true") => {
                normal.remarks.push("the run says it was partial".to_owned());
            }
            (Node::Start, "mutation") if xml.depth() == 2 => {
                let fate = fate(&xml)?;
                let (location, what) = mutation(&mut xml)?;
                mutants.take(fate, || (location, what));
            }
            (Node::Start, name) if xml.depth() == 1 && name != "mutations" => {
                return Err(xml.fault(format!("`<{name}>` is no `<mutations>`")));
            }
            _ => {}
        }
    }
    mutants.finish(&mut normal);
    Ok(normal)
}

/// A mutant that broke the machine or ran out of memory was noticed: PIT counts it as detected, and so is it here.
fn fate(xml: &Reader<'_>) -> Result<Fate, Fault> {
    Ok(match xml.attribute("status") {
        Some("KILLED" | "MEMORY_ERROR" | "RUN_ERROR") => Fate::Killed,
        Some("SURVIVED") => Fate::Survived,
        Some("TIMED_OUT") => Fate::Timeout,
        Some("NO_COVERAGE") => Fate::NoCoverage,
        Some("NON_VIABLE" | "NOT_STARTED" | "STARTED") => Fate::Ignored,
        status => return Err(xml.fault(format!("the status `{}` is not known", status.unwrap_or_default()))),
    })
}

fn mutation(xml: &mut Reader<'_>) -> Result<(Location, String), Fault> {
    let depth = xml.depth();
    let mut location = Location::default();
    let (mut class, mut what) = (String::new(), String::new());
    while let Some(node) = xml.next()? {
        match node {
            Node::End if xml.depth() == depth => break,
            Node::Start => {
                let name = xml.name().to_owned();
                let text = xml.text_within(MESSAGE_CHARS_MAX)?.trim().to_owned();
                match name.as_str() {
                    "sourceFile" => location.file = text,
                    "mutatedClass" => class = text,
                    "lineNumber" => {
                        let line = text.parse().map_err(|_| xml.fault(format!("`{text}` is no line")))?;
                        location.line = Some(line);
                    }
                    "description" => what = text,
                    "mutator" if what.is_empty() => what = text,
                    _ => {}
                }
            }
            Node::Text | Node::End => {}
        }
    }
    // The file has no folder; the class's package is one.
    if let Some((package, _)) = class.rsplit_once('.') {
        location.file = format!("{}/{}", package.replace('.', "/"), location.file);
    }
    Ok((location, what))
}
