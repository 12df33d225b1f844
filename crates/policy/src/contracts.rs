//! Two versions of an interface compared: what changed, whom it breaks, and by which rule.
//!
//! Rules have the ids of the tools that people know them by: oasdiff's for OpenAPI, buf's for Protobuf,
//! graphql-inspector's for GraphQL. A comparison is pure, bounded, and says so when it gave up.

mod asyncapi;
pub(crate) mod deploy;
mod graphql;
mod openapi;
mod pact;
mod protobuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Version;
use shipway_model::contract::Contract;

pub use deploy::can_deploy;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub severity: Severity,
    /// Such as `response-required-property-removed` or `FIELD_SAME_TYPE`.
    pub rule: String,
    /// Where in the interface: `GET /orders/{id} 200`, `shop.Order.total`, `Query.orders`.
    pub place: String,
    pub message: String,
}

/// The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It breaks somebody who kept to the old interface.
    Error,
    /// It may break somebody.
    Warning,
    Info,
}

/// Most differences that one comparison lists; what is beyond is one more that says so.
pub const CHANGES_MAX: usize = 5_000;

/// What changed from one contract to the next, the worst first.
pub fn diff(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Changes::default();
    match (old, new) {
        (Contract::Openapi(old), Contract::Openapi(new)) => openapi::diff(old, new, &mut changes),
        (Contract::Protobuf(old), Contract::Protobuf(new)) => protobuf::diff(old, new, &mut changes),
        (Contract::Graphql(old), Contract::Graphql(new)) => graphql::diff(old, new, &mut changes),
        (Contract::Asyncapi(old), Contract::Asyncapi(new)) => asyncapi::diff(old, new, &mut changes),
        (Contract::Pact(old), Contract::Pact(new)) => pact::diff(old, new, &mut changes),
        (Contract::PactVerification(_), Contract::PactVerification(_)) => {}
        _ => changes.error(
            "contract-kind-changed",
            "",
            format!("it was {} and is {} now", old.word(), new.word()),
        ),
    }
    changes.finish()
}

/// What changed from all contracts of one build to those of another: each is compared with the one of its name.
pub fn compare(old: &[&Contract], new: &[&Contract]) -> Vec<Change> {
    let mut all = Vec::new();
    for before in old.iter().filter(|it| promises(it)) {
        let same: Vec<_> = new.iter().filter(|it| promises(it) && it.word() == before.word()).collect();
        let named = same.iter().find(|it| name(it) == name(before));
        // The only one of its kind on both sides may have been given another title.
        let n_before = old.iter().filter(|it| it.word() == before.word()).count();
        let after = named.or_else(|| (same.len() == 1 && n_before == 1).then(|| &same[0]));
        match after {
            Some(after) => all.extend(diff(before, after)),
            None => all.push(Change {
                severity: Severity::Error,
                rule: "contract-removed".to_owned(),
                place: name(before).to_owned(),
                message: format!("the {} contract is no longer there", before.word()),
            }),
        }
    }
    all.sort();
    all
}

/// Whether somebody may rely on it: what a service expects of others is its own affair.
pub(crate) fn promises(it: &Contract) -> bool {
    !matches!(it, Contract::Pact(_) | Contract::PactVerification(_))
}

/// What tells it from other contracts of its kind.
pub fn name(it: &Contract) -> &str {
    match it {
        Contract::Openapi(it) => &it.title,
        Contract::Protobuf(it) => &it.package,
        Contract::Graphql(_) => "schema",
        Contract::Asyncapi(it) => &it.title,
        Contract::Pact(it) => &it.provider,
        Contract::PactVerification(it) => &it.consumer,
    }
}

/// Whether the step from one version to the next announces that something breaks: a new major version, and before 1.0.0
/// a new minor one (Semantic Versioning 2.0.0, items 4 and 8).
///
/// # Errors
/// One of them is not a semantic version, so it announces nothing.
pub fn announces_a_break(from: &Version, to: &Version) -> Result<bool, String> {
    let parse = |it: &Version| {
        semver::Version::parse(it.as_str()).map_err(|_| format!("`{it}` is not a semantic version"))
    };
    let (from, to) = (parse(from)?, parse(to)?);
    Ok(to.major > from.major || (from.major == 0 && to.major == 0 && to.minor > from.minor))
}

/// Differences as they are found.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    found: Vec<Change>,
    more: usize,
}

impl Changes {
    fn add(&mut self, severity: Severity, rule: impl Into<String>, place: &str, message: impl Into<String>) {
        if self.found.len() >= CHANGES_MAX {
            self.more += 1;
            return;
        }
        let (rule, place, message) = (rule.into(), place.to_owned(), message.into());
        self.found.push(Change { severity, rule, place, message });
    }

    fn error(&mut self, rule: impl Into<String>, place: &str, message: impl Into<String>) {
        self.add(Severity::Error, rule, place, message);
    }

    fn warning(&mut self, rule: impl Into<String>, place: &str, message: impl Into<String>) {
        self.add(Severity::Warning, rule, place, message);
    }

    fn info(&mut self, rule: impl Into<String>, place: &str, message: impl Into<String>) {
        self.add(Severity::Info, rule, place, message);
    }

    fn finish(mut self) -> Vec<Change> {
        if self.more > 0 {
            // What was not looked at may break: it may not pass for harmless.
            self.found.push(Change {
                severity: Severity::Error,
                rule: "too-many-changes".to_owned(),
                place: String::new(),
                message: format!("{} further differences are not listed", self.more),
            });
        }
        self.found.sort();
        self.found.dedup();
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majors_and_minors_before_the_first_major_announce_a_break() {
        let check = |from: &str, to: &str, expect: Option<bool>| {
            let said = announces_a_break(&from.parse().unwrap(), &to.parse().unwrap());
            assert_eq!(said.ok(), expect, "{from} → {to}");
        };
        check("1.2.3", "2.0.0", Some(true));
        check("1.2.3", "1.3.0", Some(false));
        check("0.2.3", "0.3.0", Some(true));
        check("0.2.3", "0.2.4", Some(false));
        check("0.9.0", "1.0.0", Some(true));
        check("2.0.0", "1.9.0", Some(false));
        check("2026_11", "2026_12", None);
    }
}
