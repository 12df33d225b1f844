//! What has to be on the table before a board can say yes.

use std::collections::BTreeSet;

use shipway_model::release::Document;
use shipway_model::resource::board::Material;

use crate::change::{Case, owner, services, standing};
use crate::{State, gate};

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// For people, for example `the runbook` or `evidence of the format junit`.
    pub what: String,
    /// Who can supply it: people, or Teams.
    pub who: BTreeSet<String>,
    /// The command that supplies it.
    pub next: String,
}

pub(super) fn lacking(state: &State, case: &Case, material: &Material) -> Vec<Lack> {
    let Some(release) = super::release(state, case) else { return Vec::new() };
    let missing = material.documents.iter().filter(|it| !release.bundle.brings(**it));
    let documents = missing.map(|it| Lack {
        what: format!("the {}", standing::document(*it)),
        who: BTreeSet::from([release.created_by.clone()]),
        next: format!(
            "shipway release create {} NEXT-VERSION --document {}=FILE …",
            release.bundle.name,
            word(*it)
        ),
    });
    let subjects = gate::subjects(release);
    let attached: BTreeSet<&str> = subjects
        .iter()
        .flat_map(|it| state.evidence.about(it))
        .map(|it| it.evidence.format.as_str())
        .collect();
    let owners: BTreeSet<String> = services(state, case)
        .into_iter()
        .filter_map(|it| owner(state, it))
        .map(|it| format!("team {it}"))
        .collect();
    let missing = material.evidence.iter().filter(|it| !attached.contains(it.as_str()));
    let evidence = missing.map(|it| Lack {
        what: format!("evidence of the format {it}"),
        who: owners.clone(),
        next: format!(
            "shipway evidence attach FILE --format {it} --subject {}@{}",
            release.bundle.name, release.bundle.version
        ),
    });
    documents.chain(evidence).collect()
}

const fn word(document: Document) -> &'static str {
    match document {
        Document::Runbook => "runbook",
        Document::Notes => "notes",
        Document::RollbackPackage => "rollback-package",
        Document::Migrations => "migrations",
        Document::Flags => "flags",
    }
}
