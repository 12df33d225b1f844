//! CycloneDX as XML: the same structures, element by element.

use shipway_model::evidence::Component;

use super::vulnerability::{Affected, Analysis, Rating, Reference, Vulnerabilities, Vulnerability};
use super::{Bom, Edges, algorithm};
use crate::evidence::gathered::{Gather as _, Kept};
use crate::evidence::xml::{Node, Reader};
use crate::evidence::{Fault, MESSAGE_CHARS_MAX, Source};

pub(super) fn read(source: Source<'_>) -> Result<Bom, Fault> {
    let mut reader = Reader::new(source);
    let mut bom = Bom::default();
    while let Some(node) = reader.next()? {
        if node == Node::Start {
            if reader.name() != "bom" {
                return Err(
                    reader.fault(format!("the root is `<{}>`, which is not CycloneDX's", reader.name()))
                );
            }
            bom.version = version(&reader)?;
            children(&mut reader, |reader, name| document_part(reader, name, &mut bom))?;
        }
    }
    Ok(bom)
}

/// Prefixes under which tools bind the name space; mostly it is the default.
const PREFIXES: [&str; 4] = ["xmlns", "bom", "cdx", "ns0"];

/// The version stands in the name space alone.
fn version(reader: &Reader<'_>) -> Result<String, Fault> {
    let spaces = PREFIXES.iter().filter_map(|it| reader.attribute(it));
    let version = spaces.filter_map(|it| it.strip_prefix("http://cyclonedx.org/schema/bom/")).next();
    version.map(str::to_owned).ok_or_else(|| reader.fault("the name space is not CycloneDX's"))
}

/// Calls `visit` with each element directly within the one that has just begun, which it reads to its end.
fn children(
    reader: &mut Reader<'_>,
    mut visit: impl FnMut(&mut Reader<'_>, &str) -> Result<(), Fault>,
) -> Result<(), Fault> {
    while let Some(node) = reader.next()? {
        match node {
            Node::Start => {
                let name = reader.name().to_owned();
                visit(reader, &name)?;
            }
            Node::End => return Ok(()),
            Node::Text => (),
        }
    }
    Ok(())
}

fn text(reader: &mut Reader<'_>) -> Result<String, Fault> {
    Ok(reader.text_within(MESSAGE_CHARS_MAX + 1)?.trim().to_owned())
}

fn document_part(reader: &mut Reader<'_>, name: &str, bom: &mut Bom) -> Result<(), Fault> {
    match name {
        "metadata" => children(reader, |reader, name| metadata(reader, name, bom)),
        "components" => {
            let mut components = bom.components.take().unwrap_or_default();
            list(reader, &mut components)?;
            bom.components = Some(components);
            Ok(())
        }
        "dependencies" => {
            let edges = bom.dependencies.get_or_insert_default();
            children(reader, |reader, _| dependency(reader, edges))
        }
        "vulnerabilities" => {
            let mut all = Vulnerabilities::default();
            children(reader, |reader, _| vulnerability(reader).map(|it| all.gather(it)))?;
            bom.vulnerabilities = Some(all);
            Ok(())
        }
        "compositions" => children(reader, |reader, _| {
            children(reader, |reader, name| {
                match name {
                    "aggregate" => bom.notice_composition(&text(reader)?),
                    _ => reader.skip()?,
                }
                Ok(())
            })
        }),
        "declarations" => children(reader, |reader, name| {
            let mut count = 0;
            children(reader, |reader, _| {
                count += 1;
                reader.skip()
            })?;
            match name {
                "attestations" | "claims" => bom.notice(name, count),
                "evidence" => bom.notice("pieces of evidence", count),
                _ => (),
            }
            Ok(())
        }),
        _ => reader.skip(),
    }
}

fn metadata(reader: &mut Reader<'_>, name: &str, bom: &mut Bom) -> Result<(), Fault> {
    match name {
        "timestamp" => bom.created_at = Some(text(reader)?),
        "tools" => tools(reader, &mut bom.tool)?,
        "component" => {
            let (subject, within) = component(reader)?;
            bom.subject = Some(subject);
            if !within.entries.is_empty() {
                bom.components.get_or_insert_default().append(within);
            }
        }
        _ => reader.skip()?,
    }
    Ok(())
}

/// `tool` elements until 1.4, since 1.5 also lists of components and services.
fn tools(reader: &mut Reader<'_>, tool: &mut Option<(String, Option<String>)>) -> Result<(), Fault> {
    children(reader, |reader, name| match name {
        "components" | "services" => tools(reader, tool),
        _ => {
            let (mut name, mut version) = (None, None);
            children(reader, |reader, part| {
                match part {
                    "name" => name = Some(text(reader)?),
                    "version" => version = Some(text(reader)?),
                    _ => reader.skip()?,
                }
                Ok(())
            })?;
            if let (None, Some(name)) = (&tool, name) {
                *tool = Some((name, version));
            }
            Ok(())
        }
    })
}

fn list(reader: &mut Reader<'_>, components: &mut Kept<Component>) -> Result<(), Fault> {
    children(reader, |reader, name| {
        if name != "component" {
            return reader.skip();
        }
        let (part, within) = component(reader)?;
        components.push(part);
        components.append(within);
        Ok(())
    })
}

/// The component and those within it.
fn component(reader: &mut Reader<'_>) -> Result<(Component, Kept<Component>), Fault> {
    let place = reader.place();
    let mut within = Kept::default();
    let mut group = None;
    let mut publisher = None;
    let mut part = Component {
        kind: reader.attribute("type").map(str::to_owned),
        reference: reader.attribute("bom-ref").map(str::to_owned),
        ..Component::default()
    };
    children(reader, |reader, name| {
        match name {
            "group" => group = Some(text(reader)?).filter(|it| !it.is_empty()),
            "name" => part.name = text(reader)?,
            "version" => part.version = Some(text(reader)?).filter(|it| !it.is_empty()),
            "purl" => part.purl = Some(text(reader)?),
            "publisher" => publisher = Some(text(reader)?),
            "supplier" => children(reader, |reader, name| {
                match name {
                    "name" => part.supplier = Some(text(reader)?),
                    _ => reader.skip()?,
                }
                Ok(())
            })?,
            "hashes" => children(reader, |reader, _| {
                let name = algorithm(reader.attribute("alg").unwrap_or_default());
                part.digests.insert(name, text(reader)?.to_lowercase());
                Ok(())
            })?,
            "licenses" => licences(reader, &mut part.licenses)?,
            "components" => list(reader, &mut within)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    if part.name.is_empty() {
        return Err(Fault { place: Some(place), message: "the component has no name".to_owned() });
    }
    if let Some(group) = group {
        part.name = format!("{group}/{}", part.name);
    }
    part.supplier = part.supplier.or(publisher);
    Ok((part, within))
}

fn licences(reader: &mut Reader<'_>, licences: &mut Vec<String>) -> Result<(), Fault> {
    children(reader, |reader, name| match name {
        "expression" => {
            licences.push(text(reader)?);
            Ok(())
        }
        _ => {
            let mut named = None;
            children(reader, |reader, name| {
                match name {
                    "id" | "name" if named.is_none() => named = Some(text(reader)?),
                    _ => reader.skip()?,
                }
                Ok(())
            })?;
            licences.extend(named);
            Ok(())
        }
    })
}

/// A dependency holds what it depends on as elements of the same name.
fn dependency(reader: &mut Reader<'_>, edges: &mut Edges) -> Result<(), Fault> {
    let reference = |reader: &Reader<'_>| {
        let found = reader.attribute("ref").map(str::to_owned);
        found.ok_or_else(|| reader.fault("the dependency has no `ref`"))
    };
    let from = reference(reader)?;
    let mut to = Vec::new();
    children(reader, |reader, name| {
        if name == "dependency" {
            to.push(reference(reader)?);
        }
        reader.skip()
    })?;
    edges.0.push((from, to));
    Ok(())
}

fn vulnerability(reader: &mut Reader<'_>) -> Result<Vulnerability, Fault> {
    let mut found = Vulnerability::default();
    children(reader, |reader, name| {
        match name {
            "id" => found.id = Some(text(reader)?),
            "description" => found.description = Some(text(reader)?),
            "detail" => found.detail = Some(text(reader)?),
            "published" => found.published = Some(text(reader)?),
            "references" => children(reader, |reader, _| {
                children(reader, |reader, name| {
                    if name != "id" {
                        return reader.skip();
                    }
                    let id = Some(text(reader)?);
                    found.references.get_or_insert_default().push(Reference { id });
                    Ok(())
                })
            })?,
            "cwes" => children(reader, |reader, _| {
                let number = text(reader)?.parse().map_err(|_| reader.fault("`cwe` is no number"))?;
                found.cwes.get_or_insert_default().push(number);
                Ok(())
            })?,
            "ratings" => children(reader, |reader, _| {
                let rating = rating(reader)?;
                found.ratings.get_or_insert_default().push(rating);
                Ok(())
            })?,
            "analysis" => found.analysis = Some(analysis(reader)?),
            "affects" => children(reader, |reader, _| {
                children(reader, |reader, name| {
                    if name != "ref" {
                        return reader.skip();
                    }
                    let reference = text(reader)?;
                    found.affects.get_or_insert_default().push(Affected { reference });
                    Ok(())
                })
            })?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}

fn rating(reader: &mut Reader<'_>) -> Result<Rating, Fault> {
    let mut rating = Rating::default();
    children(reader, |reader, name| {
        match name {
            "score" => {
                let score = text(reader)?.parse().map_err(|_| reader.fault("`score` is no number"))?;
                rating.score = Some(score);
            }
            "severity" => rating.severity = Some(text(reader)?),
            "method" => rating.method = Some(text(reader)?),
            "vector" => rating.vector = Some(text(reader)?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(rating)
}

fn analysis(reader: &mut Reader<'_>) -> Result<Analysis, Fault> {
    let mut analysis = Analysis::default();
    children(reader, |reader, name| {
        match name {
            "state" => analysis.state = Some(text(reader)?),
            "justification" => analysis.justification = Some(text(reader)?),
            "detail" => analysis.detail = Some(text(reader)?),
            "lastUpdated" => analysis.last_updated = Some(text(reader)?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(analysis)
}
