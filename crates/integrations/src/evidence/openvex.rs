//! OpenVEX 0.0.1 and 0.2.0: statements on whether vulnerabilities affect products.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipway_model::evidence::{Normal, Statement, Vex, VexStatus};

use super::gathered::{Gather, Gathered, Kept, excerpt};
use super::{Fault, Format, Head, Sniff, Source, advisory, json};

pub(super) const FORMAT: Format = Format {
    name: "openvex",
    summary: "OpenVEX 0.0.1 and 0.2.0, as `vexctl` and others write it.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    match () {
        () if !head.text.starts_with('{') => Sniff::No,
        () if head.text.contains("openvex.dev/ns") => Sniff::Sure,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@id")]
    id: Option<String>,
    timestamp: Option<String>,
    tooling: Option<String>,
    statements: Gathered<Statements>,
}

#[derive(Deserialize)]
struct Written {
    vulnerability: Vulnerability,
    products: Option<Vec<Product>>,
    /// Of 0.0.1, where they stand beside the products.
    subcomponents: Option<Vec<Product>>,
    status: VexStatus,
    justification: Option<String>,
    impact_statement: Option<String>,
    action_statement: Option<String>,
    status_notes: Option<String>,
    timestamp: Option<String>,
    last_updated: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Vulnerability {
    Name(String),
    Described {
        #[serde(rename = "@id")]
        id: Option<String>,
        name: Option<String>,
        aliases: Option<Vec<String>>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Product {
    Id(String),
    Described {
        #[serde(rename = "@id")]
        id: Option<String>,
        identifiers: Option<BTreeMap<String, String>>,
        hashes: Option<BTreeMap<String, String>>,
        subcomponents: Option<Vec<Product>>,
    },
}

#[derive(Default)]
struct Statements {
    kept: Kept<Statement>,
    nameless: u64,
    contradicted: u64,
}

impl Gather for Statements {
    type Item = Written;

    fn gather(&mut self, written: Written) {
        let (vulnerability, aliases) = written.vulnerability.names();
        self.nameless += u64::from(vulnerability.is_empty());
        // The specification asks for a reason; without one the statement is a bare claim, which a person should know.
        let bare = written.justification.is_none() && written.impact_statement.is_none();
        self.contradicted += u64::from(written.status == VexStatus::NotAffected && bare);
        let products = written.products.unwrap_or_default();
        let within = products.iter().flat_map(Product::subcomponents);
        let subcomponents =
            within.chain(written.subcomponents.iter().flatten()).filter_map(Product::id).collect();
        self.kept.push(Statement {
            vulnerability,
            aliases,
            products: products.iter().filter_map(Product::id).collect(),
            subcomponents,
            vex: Vex {
                status: written.status,
                justification: written.justification,
                detail: written
                    .impact_statement
                    .or(written.action_statement)
                    .or(written.status_notes)
                    .map(|it| excerpt(&it)),
            },
            at: written.last_updated.or(written.timestamp),
        });
    }
}

impl Vulnerability {
    fn names(self) -> (String, Vec<String>) {
        match self {
            Self::Name(name) => (name, Vec::new()),
            Self::Described { id, name, aliases } => {
                advisory::name(name.or(id).into_iter().chain(aliases.into_iter().flatten()))
            }
        }
    }
}

impl Product {
    /// The package URL where there is one, else the name, else a digest.
    fn id(&self) -> Option<String> {
        match self {
            Self::Id(id) => Some(id.clone()),
            Self::Described { id, identifiers, hashes, .. } => {
                let identified = identifiers.as_ref().and_then(|it| it.get("purl").or(it.values().next()));
                let digest = || hashes.as_ref()?.iter().next().map(|(name, value)| format!("{name}:{value}"));
                identified.or(id.as_ref()).cloned().or_else(digest)
            }
        }
    }

    fn subcomponents(&self) -> impl Iterator<Item = &Self> {
        let within = match self {
            Self::Id(_) => None,
            Self::Described { subcomponents, .. } => subcomponents.as_ref(),
        };
        within.into_iter().flatten()
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let document: Document = json::read(source)?;
    if !document.context.contains("openvex.dev/ns") {
        return Err(Fault::new(format!("`@context` is `{}`, which is not OpenVEX's", document.context)));
    }
    let Gathered(statements) = document.statements;
    if statements.nameless > 0 {
        return Err(Fault::new(format!("{} statements name no vulnerability", statements.nameless)));
    }
    let version = document.context.rsplit_once("/v").map_or("0.0.1", |(_, version)| version);
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some(version.to_owned()),
        tool: document.tooling,
        created_at: document.timestamp.clone(),
        about: document.id,
        ..Normal::default()
    };
    if statements.contradicted > 0 {
        normal.remarks.push(format!("{} statements of not_affected give no reason", statements.contradicted));
    }
    let mut kept = statements.kept.finish("statements", &mut normal);
    // A statement without a time of its own has the document's.
    for statement in &mut kept {
        statement.at = statement.at.take().or_else(|| document.timestamp.clone());
    }
    normal.statements = Some(kept);
    Ok(normal)
}
