//! CycloneDX 1.2 to 1.7, JSON and XML: components, what depends on what, vulnerabilities and what was decided on them.
//!
//! Components within components stand beside each other; the subject (`metadata.component`) is the first of them and
//! named in `about`. A vulnerability is one finding for each component that it affects. Its analysis becomes the VEX of
//! the finding and a statement: `exploitable` is affected, `in_triage` under investigation, `resolved` and
//! `resolved_with_pedigree` fixed, `not_affected` and `false_positive` not affected. Such findings are not suppressed:
//! whether the author's word counts is the gate's decision.
//!
//! Severity is the word of the rating that has the newest CVSS score, else the band of that score, else the worst
//! word of any rating.

mod json;
mod vulnerability;
mod xml;

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead as _;

use shipway_model::evidence::{Component, Normal};

use self::vulnerability::Vulnerabilities;
use super::gathered::{Kept, excerpt};
use super::remarks::remark;
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "cyclonedx",
    summary: "CycloneDX 1.2 to 1.7, JSON and XML: SBOM, VEX and VDR.",
    sniff,
    read,
};

/// Versions that are read.
const MINOR_VERSIONS: std::ops::RangeInclusive<u32> = 2..=7;

fn sniff(head: &Head<'_>) -> Sniff {
    let is_xml = head.text.starts_with('<') && head.root() == Some("bom");
    match () {
        () if is_xml || head.has_keys(&["bomFormat"]) => Sniff::Sure,
        // Python's tools write `bomFormat` last.
        () if head.has_keys(&["bom-ref"]) => Sniff::Maybe,
        () => Sniff::No,
    }
}

/// What both spellings of a document are read into.
#[derive(Default)]
struct Bom {
    version: String,
    created_at: Option<String>,
    tool: Option<(String, Option<String>)>,
    subject: Option<Component>,
    components: Option<Kept<Component>>,
    dependencies: Option<Edges>,
    vulnerabilities: Option<Vulnerabilities>,
    remarks: Vec<String>,
}

/// What depends on what, by reference.
#[derive(Default)]
struct Edges(Kept<(String, Vec<String>)>);

/// Name of a digest's algorithm as the normal form has it: `SHA-256` is `sha256`.
fn algorithm(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

fn read(mut source: Source<'_>) -> Result<Normal, Fault> {
    let first = source.fill_buf().map_err(|it| Fault::new(it.to_string()))?;
    let is_xml = first.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b'<');
    let bom = if is_xml { xml::read(source)? } else { json::read(source)? };
    bom.normal()
}

impl Bom {
    fn check_version(&self) -> Result<(), Fault> {
        let minor = self.version.strip_prefix("1.").and_then(|it| it.parse().ok());
        match minor {
            Some(minor) if MINOR_VERSIONS.contains(&minor) => Ok(()),
            _ => Err(Fault::new(format!("CycloneDX `{}` is not read; 1.2 to 1.7 are", self.version))),
        }
    }

    fn normal(self) -> Result<Normal, Fault> {
        self.check_version()?;
        let mut normal = Normal {
            format: FORMAT.name.to_owned(),
            format_version: Some(self.version),
            created_at: self.created_at,
            about: self.subject.as_ref().map(about),
            remarks: self.remarks,
            ..Normal::default()
        };
        (normal.tool, normal.tool_version) =
            self.tool.map_or((None, None), |(name, version)| (Some(name), version));

        let listed = self.components.is_some();
        let mut components = self.components.unwrap_or_default();
        self.subject.into_iter().for_each(|it| components.begin_with(it));
        let components = components.finish("components", &mut normal);
        if let Some(Edges(edges)) = self.dependencies {
            let edges = edges.finish("dependencies", &mut normal);
            let mut dependencies = BTreeMap::<String, Vec<String>>::new();
            edges.into_iter().for_each(|(from, to)| dependencies.entry(from).or_default().extend(to));
            normal.dependencies = Some(dependencies);
        }
        if let Some(vulnerabilities) = self.vulnerabilities {
            let by_reference: HashMap<&str, &Component> =
                components.iter().filter_map(|it| Some((it.reference.as_deref()?, it))).collect();
            vulnerabilities.settle(&by_reference, &mut normal);
        }
        normal.components = (listed || !components.is_empty()).then_some(components);
        if !listed {
            normal.remarks.push(
                "the document lists no components: it shows nothing, not that there are none".to_owned(),
            );
        }
        Ok(normal)
    }

    /// Notes a part that the normal form has no place for.
    fn notice(&mut self, part: &str, count: usize) {
        if count > 0 {
            remark(&mut self.remarks, || format!("{count} {part} are in the document only"));
        }
    }

    /// Notes what the author says on the completeness of the lists.
    fn notice_composition(&mut self, aggregate: &str) {
        if aggregate != "complete" {
            let told = format!("by its own word the composition is `{}`", excerpt(aggregate));
            if !self.remarks.contains(&told) {
                remark(&mut self.remarks, || told);
            }
        }
    }
}

/// What a component is called where it is the subject.
fn about(subject: &Component) -> String {
    subject.purl.clone().unwrap_or_else(|| match &subject.version {
        Some(version) => format!("{}@{version}", subject.name),
        None => subject.name.clone(),
    })
}
