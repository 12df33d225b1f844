//! Tests that notice when the code is broken.

use shipway_model::evidence::Kind;
use shipway_model::resource::policy::Mutation;

use super::{missing, percent};
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(rule: &Mutation, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Mutation);
    let reports: Vec<_> = counted.documents.iter().filter_map(|(_, it)| it.mutation.as_ref()).collect();
    if reports.is_empty() {
        return missing("report of mutation testing", &counted, view);
    }
    let noticed: u64 = reports.iter().map(|it| it.killed + it.timeout).sum();
    let all: u64 = reports.iter().map(|it| it.killed + it.timeout + it.survived + it.no_coverage).sum();
    let score = percent(noticed, all);
    let faults = if all == 0 {
        vec!["no mutant was tried".to_owned()]
    } else if (noticed as f64) * 100.0 < rule.score * all as f64 {
        vec![format!(
            "{noticed} of {all} mutants were noticed ({score} %), and {} % are asked for",
            rule.score
        )]
    } else {
        Vec::new()
    };
    Found::unless(faults, format!("{noticed} of {all} mutants were noticed ({score} %)"))
        .shown_by(counted.ids())
}
