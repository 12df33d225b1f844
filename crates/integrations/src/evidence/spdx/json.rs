//! SPDX 2 as JSON; a document with `@graph` is handed on to the reader of version 3.

use serde::Deserialize;
use shipway_model::evidence::Component;

use super::graph::Graph;
use super::{Document, Relation, asserted, party};
use crate::evidence::gathered::{Gather, Gathered, Kept};
use crate::evidence::{Fault, Source, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    spdx_version: Option<String>,
    name: Option<String>,
    creation_info: Option<CreationInfo>,
    document_describes: Option<Vec<String>>,
    packages: Option<Gathered<Packages>>,
    relationships: Option<Gathered<Relations>>,
    #[serde(rename = "@graph")]
    graph: Option<Gathered<Graph>>,
}

#[derive(Deserialize)]
struct CreationInfo {
    created: Option<String>,
    creators: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    version_info: Option<String>,
    supplier: Option<String>,
    license_concluded: Option<String>,
    license_declared: Option<String>,
    primary_package_purpose: Option<String>,
    checksums: Option<Vec<Checksum>>,
    external_refs: Option<Vec<ExternalRef>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: String,
    checksum_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_type: String,
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: String,
    related_spdx_element: String,
}

#[derive(Default)]
struct Packages(Kept<Component>);

impl Gather for Packages {
    type Item = Package;

    fn gather(&mut self, package: Package) {
        let references = package.external_refs.unwrap_or_default();
        self.0.push(Component {
            purl: references
                .into_iter()
                .find(|it| it.reference_type == "purl")
                .map(|it| it.reference_locator),
            reference: Some(package.id),
            name: package.name,
            version: package.version_info.filter(|it| !it.is_empty()),
            licenses: asserted(package.license_concluded)
                .or(asserted(package.license_declared))
                .into_iter()
                .collect(),
            digests: package
                .checksums
                .into_iter()
                .flatten()
                .map(|it| (it.algorithm.to_lowercase().replace('-', ""), it.checksum_value.to_lowercase()))
                .collect(),
            kind: package.primary_package_purpose.map(|it| it.to_lowercase()),
            supplier: package.supplier.as_deref().and_then(party),
        });
    }
}

#[derive(Default)]
struct Relations {
    kept: Kept<Relation>,
    described: Vec<String>,
}

impl Gather for Relations {
    type Item = Relationship;

    fn gather(&mut self, it: Relationship) {
        let (from, kind, to) = (&it.spdx_element_id, it.relationship_type.as_str(), &it.related_spdx_element);
        match kind {
            "DESCRIBES" => self.described.push(to.clone()),
            "DESCRIBED_BY" => self.described.push(from.clone()),
            _ => Relation::of(from, kind, to).into_iter().for_each(|it| self.kept.push(it)),
        }
    }
}

pub(super) fn read(source: Source<'_>) -> Result<Document, Fault> {
    let written: Written = json::read(source)?;
    if let Some(Gathered(graph)) = written.graph {
        return graph.document();
    }
    let relations = written.relationships.unwrap_or_default().0;
    let mut describes = written.document_describes.unwrap_or_default();
    describes.extend(relations.described);
    let mut document = Document {
        version: written.spdx_version.ok_or_else(|| Fault::new("`spdxVersion` is missing"))?,
        name: written.name,
        describes,
        packages: written.packages.unwrap_or_default().0.0,
        relations: relations.kept,
        ..Document::default()
    };
    if let Some(info) = written.creation_info {
        document.created_at = info.created;
        document.tool = info
            .creators
            .into_iter()
            .flatten()
            .find_map(|it| Some(it.strip_prefix("Tool:")?.trim().to_owned()));
    }
    Ok(document)
}
