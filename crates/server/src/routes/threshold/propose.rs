//! Proposing rules.

use shipway_api::operations::threshold::ProposeRules;
use shipway_api::view::threshold::{ProposalView, ProposalsView};
use shipway_engine::change::threshold::{self, Proposal};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ProposeRules>) -> Outcome<ProposeRules> {
    let found = threshold::propose(&it.state(), &it.path.policy)?;
    Ok(ProposalsView { proposals: found.proposals.into_iter().map(view).collect(), policy: found.policy })
}

fn view(it: Proposal) -> ProposalView {
    ProposalView {
        threshold: it.threshold,
        of: it.of,
        about: it.about,
        way: it.way.as_str().to_owned(),
        changes: it.changes,
        failures: it.failures,
        rule: it.rule,
    }
}
