//! CycloneDX as JSON.

use serde::Deserialize;
use serde::de::IgnoredAny;
use shipway_model::evidence::Component;

use super::vulnerability::Vulnerabilities;
use super::{Bom, Edges, algorithm};
use crate::evidence::gathered::{Gather, Gathered, Kept};
use crate::evidence::{Fault, Source, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: String,
    spec_version: String,
    metadata: Option<Metadata>,
    components: Option<Gathered<Components>>,
    dependencies: Option<Gathered<Edges>>,
    vulnerabilities: Option<Gathered<Vulnerabilities>>,
    compositions: Option<Vec<Composition>>,
    declarations: Option<Declarations>,
    definitions: Option<Definitions>,
}

#[derive(Deserialize)]
struct Metadata {
    timestamp: Option<String>,
    tools: Option<Tools>,
    component: Option<Written>,
}

/// A list until 1.4; since 1.5 also components and services.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tools {
    List(Vec<Tool>),
    Kinds { components: Option<Vec<Tool>>, services: Option<Vec<Tool>> },
}

#[derive(Deserialize)]
struct Tool {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Written {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    group: Option<String>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    supplier: Option<Organisation>,
    publisher: Option<String>,
    hashes: Option<Vec<Hash>>,
    licenses: Option<Vec<LicenceChoice>>,
    components: Option<Gathered<Components>>,
}

#[derive(Deserialize)]
struct Organisation {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Deserialize)]
struct LicenceChoice {
    expression: Option<String>,
    license: Option<Licence>,
}

#[derive(Deserialize)]
struct Licence {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Composition {
    aggregate: String,
}

#[derive(Deserialize)]
struct Declarations {
    attestations: Option<Vec<IgnoredAny>>,
    claims: Option<Vec<IgnoredAny>>,
    evidence: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Definitions {
    standards: Option<Vec<IgnoredAny>>,
}

#[derive(Default)]
pub(super) struct Components(Kept<Component>);

impl Gather for Components {
    type Item = Written;

    fn gather(&mut self, written: Written) {
        let (component, within) = written.part();
        self.0.push(component);
        self.0.append(within);
    }
}

impl Gather for Edges {
    type Item = Dependency;

    fn gather(&mut self, dependency: Dependency) {
        self.0.push((dependency.reference, dependency.depends_on.unwrap_or_default()));
    }
}

impl Written {
    /// The component and those within it.
    fn part(self) -> (Component, Kept<Component>) {
        let name = match self.group.filter(|it| !it.is_empty()) {
            Some(group) => format!("{group}/{}", self.name),
            None => self.name,
        };
        let licences = self
            .licenses
            .into_iter()
            .flatten()
            .filter_map(|it| it.expression.or_else(|| it.license.and_then(|it| it.id.or(it.name))));
        let mut licenses: Vec<String> = licences.collect();
        // Most have one, and there may be very many components.
        licenses.shrink_to_fit();
        let component = Component {
            reference: self.reference,
            purl: self.purl,
            name,
            version: self.version.filter(|it| !it.is_empty()),
            licenses,
            digests: self
                .hashes
                .into_iter()
                .flatten()
                .map(|it| (algorithm(&it.alg), it.content.to_lowercase()))
                .collect(),
            kind: self.kind,
            supplier: self.supplier.and_then(|it| it.name).or(self.publisher),
        };
        (component, self.components.unwrap_or_default().0.0)
    }
}

impl Tools {
    /// The first that has a name.
    fn named(self) -> Option<(String, Option<String>)> {
        let tools = match self {
            Self::List(tools) => tools,
            Self::Kinds { components, services } => {
                components.into_iter().chain(services).flatten().collect()
            }
        };
        tools.into_iter().find_map(|it| Some((it.name?, it.version)))
    }
}

pub(super) fn read(source: Source<'_>) -> Result<Bom, Fault> {
    let document: Document = json::read(source)?;
    if document.bom_format != "CycloneDX" {
        return Err(Fault::new(format!("`bomFormat` is `{}`, which is not CycloneDX", document.bom_format)));
    }
    let mut bom = Bom {
        version: document.spec_version,
        components: document.components.map(|it| it.0.0),
        dependencies: document.dependencies.map(|it| it.0),
        vulnerabilities: document.vulnerabilities.map(|it| it.0),
        ..Bom::default()
    };
    if let Some(metadata) = document.metadata {
        bom.created_at = metadata.timestamp;
        bom.tool = metadata.tools.and_then(Tools::named);
        if let Some((subject, within)) = metadata.component.map(Written::part) {
            bom.subject = Some(subject);
            if !within.entries.is_empty() {
                bom.components.get_or_insert_default().append(within);
            }
        }
    }
    for composition in document.compositions.into_iter().flatten() {
        bom.notice_composition(&composition.aggregate);
    }
    if let Some(Declarations { attestations, claims, evidence }) = document.declarations {
        for (part, list) in
            [("attestations", attestations), ("claims", claims), ("pieces of evidence", evidence)]
        {
            bom.notice(part, list.map_or(0, |it| it.len()));
        }
    }
    let standards = document.definitions.and_then(|it| it.standards);
    bom.notice("standards", standards.map_or(0, |it| it.len()));
    Ok(bom)
}
