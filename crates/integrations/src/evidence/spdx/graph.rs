//! SPDX 3.0 as JSON-LD: a flat list of elements that point at each other.
//!
//! Elements may come in any order, so that what points is kept until all are read. VEX relations become statements.

use std::collections::HashMap;

use serde::Deserialize;
use shipway_model::evidence::{Component, Digests, Statement, Vex, VexStatus};

use super::{Document, Relation, asserted};
use crate::evidence::Fault;
use crate::evidence::gathered::{Gather, Kept, excerpt};
use crate::evidence::weight::Weigh;

/// Any element, as far as it is of interest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Element {
    #[serde(rename = "type", alias = "@type")]
    kind: String,
    #[serde(alias = "@id")]
    spdx_id: Option<String>,
    name: Option<String>,
    // CreationInfo
    spec_version: Option<String>,
    created: Option<String>,
    // SpdxDocument, software_Sbom
    root_element: Option<Vec<String>>,
    // software_Package
    #[serde(rename = "software_packageVersion")]
    version: Option<String>,
    #[serde(rename = "software_packageUrl")]
    purl: Option<String>,
    #[serde(rename = "software_primaryPurpose")]
    purpose: Option<String>,
    supplied_by: Option<String>,
    external_identifier: Option<Vec<ExternalIdentifier>>,
    verified_using: Option<Vec<Hash>>,
    // Relationship and its kinds
    from: Option<String>,
    to: Option<Vec<String>>,
    relationship_type: Option<String>,
    #[serde(rename = "security_assessedElement")]
    assessed: Option<String>,
    // lib4vex leaves the name of the profile out.
    #[serde(rename = "security_justificationType", alias = "justificationType")]
    justification: Option<String>,
    #[serde(rename = "security_impactStatement", alias = "impactStatement")]
    impact: Option<String>,
    #[serde(rename = "security_actionStatement")]
    action: Option<String>,
    #[serde(rename = "security_publishedTime")]
    published: Option<String>,
    // Licences
    #[serde(rename = "simplelicensing_licenseExpression")]
    expression: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExternalIdentifier {
    external_identifier_type: String,
    identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hash {
    algorithm: Option<String>,
    hash_value: Option<String>,
}

#[derive(Default)]
pub(super) struct Graph {
    version: Option<String>,
    created_at: Option<String>,
    name: Option<String>,
    roots: Vec<String>,
    packages: Kept<Component>,
    relationships: Kept<Pointer>,
    /// Names of agents, tools and vulnerabilities, and texts of licences, by id.
    names: HashMap<String, String>,
    tool: Option<String>,
}

/// A relationship before its ends are known.
struct Pointer {
    kind: String,
    from: String,
    to: Vec<String>,
    vex: Option<Vex>,
    /// The part in which the vulnerability is.
    within: Option<String>,
    at: Option<String>,
}

impl Weigh for Pointer {
    fn heap_bytes(&self) -> usize {
        self.kind.heap_bytes()
            + self.from.heap_bytes()
            + self.to.heap_bytes()
            + self.vex.heap_bytes()
            + self.within.heap_bytes()
            + self.at.heap_bytes()
    }
}

impl Gather for Graph {
    type Item = Element;

    fn gather(&mut self, element: Element) {
        let kind = element.kind.clone();
        match kind.as_str() {
            "CreationInfo" => {
                self.version = self.version.take().or(element.spec_version);
                self.created_at = self.created_at.take().or(element.created);
            }
            "SpdxDocument" => {
                self.name = element.name;
                self.roots.extend(element.root_element.into_iter().flatten());
            }
            // A document's root may be a bill of materials, whose roots are packages.
            "software_Sbom" | "Bom" => self.roots.extend(element.root_element.into_iter().flatten()),
            "software_Package" | "dataset_DatasetPackage" | "ai_AIPackage" => {
                self.packages.push(element.component())
            }
            "security_Vulnerability" => {
                let cve = element
                    .external_identifier
                    .into_iter()
                    .flatten()
                    .find(|it| it.external_identifier_type == "cve");
                self.call(element.spdx_id, cve.map(|it| it.identifier).or(element.name));
            }
            "Tool" => {
                self.tool = self.tool.take().or(element.name);
            }
            "Person" | "Organization" | "SoftwareAgent" | "Agent" => self.call(element.spdx_id, element.name),
            "simplelicensing_LicenseExpression" => self.call(element.spdx_id, element.expression),
            "expandedlicensing_ListedLicense" | "expandedlicensing_CustomLicense" => {
                self.call(element.spdx_id, element.name);
            }
            kind if kind.ends_with("Relationship") => self.relate(kind, element),
            _ => (),
        }
    }
}

impl Element {
    fn component(self) -> Component {
        let identifiers = self.external_identifier.into_iter().flatten();
        let identified = identifiers
            .filter(|it| it.external_identifier_type == "packageUrl")
            .map(|it| it.identifier)
            .next();
        let hashes = self.verified_using.into_iter().flatten();
        let digests: Digests = hashes
            .filter_map(|it| Some((it.algorithm?.replace('_', ""), it.hash_value?.to_lowercase())))
            .collect();
        Component {
            reference: self.spdx_id,
            purl: self.purl.or(identified),
            name: self.name.unwrap_or_default(),
            version: self.version.filter(|it| !it.is_empty()),
            licenses: Vec::new(),
            digests,
            kind: self.purpose,
            supplier: self.supplied_by,
        }
    }
}

impl Graph {
    fn call(&mut self, id: Option<String>, name: Option<String>) {
        if let (Some(id), Some(name)) = (id, name) {
            self.names.insert(id, name);
        }
    }

    fn relate(&mut self, kind: &str, element: Element) {
        let status = match kind {
            "security_VexAffectedVulnAssessmentRelationship" => Some(VexStatus::Affected),
            "security_VexNotAffectedVulnAssessmentRelationship" => Some(VexStatus::NotAffected),
            "security_VexFixedVulnAssessmentRelationship" => Some(VexStatus::Fixed),
            "security_VexUnderInvestigationVulnAssessmentRelationship" => Some(VexStatus::UnderInvestigation),
            _ => None,
        };
        let Some(from) = element.from else { return };
        self.relationships.push(Pointer {
            kind: element.relationship_type.unwrap_or_default(),
            from,
            to: element.to.unwrap_or_default(),
            vex: status.map(|status| Vex {
                status,
                justification: element.justification,
                detail: element.impact.or(element.action).as_deref().map(excerpt),
            }),
            within: element.assessed,
            at: element.published,
        });
    }

    /// Puts the elements together.
    pub(super) fn document(self) -> Result<Document, Fault> {
        let Self { names, mut packages, relationships, .. } = self;
        let mut document = Document {
            version: self.version.ok_or_else(|| Fault::new("no `CreationInfo` gives a `specVersion`"))?,
            created_at: self.created_at,
            tool: self.tool,
            name: self.name,
            describes: self.roots,
            ..Document::default()
        };
        let mut licences: HashMap<String, (Option<String>, Option<String>)> = HashMap::new();
        let by_id: HashMap<String, String> = packages
            .entries
            .iter()
            .filter_map(|it| {
                Some((it.reference.clone()?, it.purl.clone().unwrap_or_else(|| it.name.clone())))
            })
            .collect();
        let mut statements = Kept::default();
        let unread = relationships.omitted();
        for pointer in relationships.entries {
            let Pointer { kind, from, to, vex, within, at } = pointer;
            let named = |id: &String| names.get(id).or(by_id.get(id)).unwrap_or(id).clone();
            if let Some(vex) = vex {
                statements.push(Statement {
                    vulnerability: names.get(&from).map_or_else(|| vulnerability(&from), Clone::clone),
                    aliases: Vec::new(),
                    products: to.iter().map(named).collect(),
                    subcomponents: within.iter().map(named).collect(),
                    vex,
                    at,
                });
                continue;
            }
            match kind.as_str() {
                "dependsOn" | "hasStaticLink" | "hasDynamicLink" | "hasPrerequisite" => {
                    to.into_iter()
                        .for_each(|to| document.relations.push(Relation { from: from.clone(), to }));
                }
                "hasConcludedLicense" => {
                    licences.entry(from).or_default().0 = to.first().and_then(|it| licence(named(it)))
                }
                "hasDeclaredLicense" => {
                    licences.entry(from).or_default().1 = to.first().and_then(|it| licence(named(it)))
                }
                _ => (),
            }
        }
        for package in &mut packages.entries {
            let found = package.reference.as_ref().and_then(|it| licences.remove(it)).unwrap_or_default();
            package.licenses = found.0.or(found.1).into_iter().collect();
            package.supplier = package.supplier.take().map(|it| names.get(&it).cloned().unwrap_or(it));
        }
        if unread > 0 {
            document.remarks.push(format!("{unread} relationships are beyond what is kept"));
            document.relations.omit(unread);
        }
        document.packages = packages;
        document.statements = (!statements.entries.is_empty()).then_some(statements);
        Ok(document)
    }
}

/// What the id of a vulnerability ends in, where that is its name: documents of VEX alone do not describe it.
fn vulnerability(id: &str) -> String {
    let is_name = |it: &&str| it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    let ends = ["CVE-", "GHSA-"].iter().filter_map(|name| id.rfind(name).map(|at| &id[at..]));
    ends.filter(is_name).min_by_key(|it| it.len()).unwrap_or(id).to_owned()
}

/// What an id of a licence stands for: its expression, or the name within SPDX's own list.
fn licence(named: String) -> Option<String> {
    let listed =
        named.strip_prefix("https://spdx.org/licenses/").or(named.strip_prefix("http://spdx.org/licenses/"));
    let individual =
        ["/NoAssertion", "/None", "NoAssertionLicense", "NoneLicense"].iter().any(|it| named.ends_with(it));
    asserted(Some(listed.map_or_else(|| named.clone(), str::to_owned))).filter(|_| !individual)
}
