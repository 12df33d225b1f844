//! SPDX 2.2 and 2.3 (JSON and tag-value) and 3.0 (JSON-LD): packages and what depends on what.
//!
//! A package's licence is the one that was concluded, else the one that was declared; `NOASSERTION` is neither. Only
//! relations of dependency become `dependencies`; files, snippets and annotations stay in the document.

mod graph;
mod json;
mod tag_value;

use std::collections::BTreeMap;
use std::io::BufRead as _;

use shipway_model::evidence::{Component, Normal, Statement};

use super::gathered::Kept;
use super::weight::Weigh;
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "spdx",
    summary: "SPDX 2.2 and 2.3 as JSON and tag-value, and 3.0 as JSON-LD.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let tagged = || head.text.lines().any(|it| it.trim_start().starts_with("SPDXVersion:"));
    match () {
        () if head.has_keys(&["spdxVersion"]) => Sniff::Sure,
        () if head.has_keys(&["@context"]) && head.text.contains("spdx.org/rdf/3") => Sniff::Sure,
        () if head.has_keys(&["SPDXID"]) => Sniff::Maybe,
        () if !head.text.starts_with(['{', '[', '<']) && tagged() => Sniff::Sure,
        () => Sniff::No,
    }
}

/// What every spelling of a document is read into.
#[derive(Default)]
struct Document {
    version: String,
    created_at: Option<String>,
    tool: Option<String>,
    name: Option<String>,
    /// Ids of what the document describes.
    describes: Vec<String>,
    packages: Kept<Component>,
    relations: Kept<Relation>,
    statements: Option<Kept<Statement>>,
    remarks: Vec<String>,
}

/// One element depends on another.
struct Relation {
    from: String,
    to: String,
}

impl Weigh for Relation {
    fn heap_bytes(&self) -> usize {
        self.from.heap_bytes() + self.to.heap_bytes()
    }
}

impl Relation {
    /// The dependency that a relationship of SPDX 2 states, in either direction; `None` for the other kinds.
    fn of(from: &str, kind: &str, to: &str) -> Option<Self> {
        let (from, to) = match kind {
            "DEPENDS_ON" | "DYNAMIC_LINK" | "STATIC_LINK" | "HAS_PREREQUISITE" => (from, to),
            "PREREQUISITE_FOR" => (to, from),
            kind if kind.ends_with("DEPENDENCY_OF") => (to, from),
            _ => return None,
        };
        Some(Self { from: from.to_owned(), to: to.to_owned() })
    }
}

/// A licence that says something.
fn asserted(licence: Option<String>) -> Option<String> {
    licence.filter(|it| !matches!(it.as_str(), "NOASSERTION" | "NONE" | ""))
}

/// `Organization: Example (mail@example.org)` without the kind and the address.
fn party(text: &str) -> Option<String> {
    let name = text.split_once(':').map_or(text, |(_, name)| name);
    let name = name.split(" (").next().unwrap_or(name).trim();
    (!name.is_empty() && name != "NOASSERTION").then(|| name.to_owned())
}

fn read(mut source: Source<'_>) -> Result<Normal, Fault> {
    let first = source.fill_buf().map_err(|it| Fault::new(it.to_string()))?;
    let is_json = first.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b'{');
    let document = if is_json { json::read(source)? } else { tag_value::read(source)? };
    document.normal()
}

impl Document {
    fn normal(mut self) -> Result<Normal, Fault> {
        let version = self.version.strip_prefix("SPDX-").unwrap_or(&self.version);
        if !(matches!(version, "2.2" | "2.3") || version.starts_with("2.2.") || version.starts_with("3.0")) {
            return Err(Fault::new(format!("SPDX `{}` is not read; 2.2, 2.3 and 3.0 are", self.version)));
        }
        let described = |it: &&Component| it.reference.as_ref().is_some_and(|it| self.describes.contains(it));
        let subject = self.packages.entries.iter().find(described);
        let about = subject.map(|it| it.purl.clone().unwrap_or_else(|| it.name.clone())).or(self.name.take());
        let mut normal = Normal {
            format: FORMAT.name.to_owned(),
            format_version: Some(version.to_owned()),
            created_at: self.created_at,
            about,
            remarks: self.remarks,
            ..Normal::default()
        };
        // `Tool: npm/cli-11.19.1`, `Tool: syft-1.2.3`: the version is what follows the last dash, if it looks like one.
        if let Some(tool) = self.tool {
            let split = tool
                .rsplit_once('-')
                .filter(|it| it.1.starts_with(|it: char| it.is_ascii_digit() || it == 'v'));
            let (name, version) =
                split.map_or((tool.as_str(), None), |(name, version)| (name, Some(version)));
            normal.tool = Some(name.trim().to_owned());
            normal.tool_version = version.map(str::to_owned);
        }
        let packages = self.packages.finish("components", &mut normal);
        let mut dependencies = BTreeMap::<String, Vec<String>>::new();
        for Relation { from, to } in self.relations.finish("dependencies", &mut normal) {
            dependencies.entry(from).or_default().push(to);
        }
        normal.dependencies = (!dependencies.is_empty()).then_some(dependencies);
        if packages.is_empty() {
            normal
                .remarks
                .push("the document lists no packages: it shows nothing, not that there are none".to_owned());
        } else {
            normal.components = Some(packages);
        }
        normal.statements = self.statements.map(|it| it.finish("statements", &mut normal));
        Ok(normal)
    }
}
