//! SPDX 2 as tag-value: `Tag: value` on each line, and `<text>…</text>` over several.

use shipway_model::evidence::Component;

use super::{Document, Relation, asserted, party};
use crate::evidence::lines::Lines;
use crate::evidence::{Fault, Source};

/// The package that is being read.
struct Package {
    component: Component,
    concluded: Option<String>,
    declared: Option<String>,
}

pub(super) fn read(source: Source<'_>) -> Result<Document, Fault> {
    let mut lines = Lines::new(source);
    let mut document = Document::default();
    let mut package: Option<Package> = None;
    let mut within_text = false;
    while let Some(line) = lines.next()? {
        let line = line.trim();
        if within_text {
            within_text = !line.ends_with("</text>");
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else {
            return Err(lines.fault("it is no `Tag: value`"));
        };
        let value = value.trim();
        within_text = value.starts_with("<text>") && !value.ends_with("</text>");
        let value = value.strip_prefix("<text>").unwrap_or(value);
        let value = value.strip_suffix("</text>").unwrap_or(value).to_owned();
        let fault = take(tag, value, &mut document, &mut package).err();
        if let Some(message) = fault {
            return Err(lines.fault(message));
        }
    }
    if within_text {
        return Err(lines.fault("a `<text>` does not end"));
    }
    lines.whole()?;
    close(package, &mut document);
    if document.version.is_empty() {
        return Err(Fault::new("`SPDXVersion` is missing"));
    }
    Ok(document)
}

fn take(
    tag: &str,
    value: String,
    document: &mut Document,
    package: &mut Option<Package>,
) -> Result<(), &'static str> {
    match (tag, &mut *package) {
        ("SPDXVersion", _) => document.version = value,
        ("DocumentName", _) => document.name = Some(value),
        ("Created", _) => document.created_at = Some(value),
        ("Creator", _) => {
            let tool = value.strip_prefix("Tool:").map(|it| it.trim().to_owned());
            document.tool = document.tool.take().or(tool);
        }
        ("Relationship", _) => relate(&value, document)?,
        ("PackageName", _) => {
            let component = Component { name: value, ..Component::default() };
            close(package.replace(Package { component, concluded: None, declared: None }), document);
        }
        // What follows belongs to a file, a snippet or a licence.
        ("FileName" | "SnippetSPDXID" | "LicenseID", _) => close(package.take(), document),
        (tag, Some(package)) => package.take(tag, value)?,
        (_, None) => (),
    }
    Ok(())
}

impl Package {
    fn take(&mut self, tag: &str, value: String) -> Result<(), &'static str> {
        let component = &mut self.component;
        match tag {
            "SPDXID" => component.reference = Some(value),
            "PackageVersion" => component.version = Some(value).filter(|it| !it.is_empty()),
            "PackageSupplier" => component.supplier = party(&value),
            "PackageLicenseConcluded" => self.concluded = asserted(Some(value)),
            "PackageLicenseDeclared" => self.declared = asserted(Some(value)),
            "PrimaryPackagePurpose" => component.kind = Some(value.to_lowercase()),
            "PackageChecksum" => {
                let (name, digest) = value.split_once(':').ok_or("the checksum is no `ALGORITHM: digest`")?;
                component
                    .digests
                    .insert(name.trim().to_lowercase().replace('-', ""), digest.trim().to_lowercase());
            }
            "ExternalRef" => {
                let mut parts = value.split_whitespace();
                if let (_, Some("purl"), Some(purl)) = (parts.next(), parts.next(), parts.next()) {
                    component.purl = Some(purl.to_owned());
                }
            }
            _ => (),
        }
        Ok(())
    }
}

fn close(package: Option<Package>, document: &mut Document) {
    if let Some(Package { mut component, concluded, declared }) = package {
        component.licenses = concluded.or(declared).into_iter().collect();
        document.packages.push(component);
    }
}

fn relate(value: &str, document: &mut Document) -> Result<(), &'static str> {
    let mut parts = value.split_whitespace();
    let (Some(from), Some(kind), Some(to)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("the relationship is no `element KIND element`");
    };
    match kind {
        "DESCRIBES" => document.describes.push(to.to_owned()),
        "DESCRIBED_BY" => document.describes.push(from.to_owned()),
        _ => Relation::of(from, kind, to).into_iter().for_each(|it| document.relations.push(it)),
    }
    Ok(())
}
