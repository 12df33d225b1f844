//! Known failures that a strategy names: the plan holds what they look like, so that nothing is left to look up.

use std::borrow::Cow;
use std::collections::BTreeSet;

use shipway_model::resource::strategy::{LogRule, SIGNATURES_MAX};
use shipway_model::resource::{Key, Kind, Strategy};

use super::build::Builder;
use crate::{Code, Rejection};

/// The strategy with the signatures of every LogSignatures that it names.
///
/// # Errors
/// One is not declared, or there are more than one analysis may have.
pub(super) fn fill_in<'a>(
    builder: &mut Builder<'a>,
    strategy: Cow<'a, Strategy>,
) -> Result<Cow<'a, Strategy>, Rejection> {
    if strategy.log_rules().all(|it| it.known.is_empty()) {
        return Ok(strategy);
    }
    let mut strategy = strategy.into_owned();
    for rule in strategy.log_rules_mut() {
        add(builder, rule)?;
    }
    Ok(Cow::Owned(strategy))
}

fn add(builder: &mut Builder<'_>, rule: &mut LogRule) -> Result<(), Rejection> {
    let catalogue = &builder.ground.state.catalogue;
    let mut names: BTreeSet<String> = rule.signatures.iter().map(|it| it.name.clone()).collect();
    for name in &rule.known {
        let key = Key { kind: Kind::LogSignatures, name: name.clone() };
        let (Some(known), Some(digest)) = (catalogue.log_signatures(name), catalogue.digest(&key)) else {
            let message = format!("no LogSignatures {name} is declared");
            return Err(Rejection::new(Code::Unplannable, message));
        };
        builder.declarations.insert(key.to_string(), digest);
        // Findings are told by the name, and the strategy's own words go first.
        rule.signatures.extend(known.signatures.iter().filter(|it| names.insert(it.name.clone())).cloned());
    }
    if rule.signatures.len() > SIGNATURES_MAX {
        let n_signatures = rule.signatures.len();
        let message = format!(
            "an analysis would look for {n_signatures} known failures, and at most {SIGNATURES_MAX} are"
        );
        return Err(
            Rejection::new(Code::Unplannable, message).hint("name fewer LogSignatures under `logs.known`")
        );
    }
    Ok(())
}
