//! Policies: gates with names of their own that ask for something.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::resource::Policy;
use crate::resource::policy::Require;

pub(super) fn check(policy: &Policy, site: &mut Site<'_, '_, '_, '_>) {
    let mut names = BTreeSet::new();
    for (idx, gate) in policy.gates.iter().enumerate() {
        if !names.insert(&gate.name) {
            let message = format!("another gate is called `{}` already", gate.name);
            site.fault(way!["gates", idx, "name"], message, "give it a name of its own: waivers refer to it");
        }
        let asks_nothing = match &gate.require {
            Require::Coverage(it) => {
                it.lines.is_none()
                    && it.branches.is_none()
                    && it.functions.is_none()
                    && it.changed.is_none()
                    && it.max_drop.is_none()
            }
            Require::Debt(it) => it.max_effort.is_none() && it.max_issues.is_none(),
            Require::Documents(it) => it.all.is_empty(),
            Require::Load(it) => {
                it.max_error_rate.is_none()
                    && it.max_p99.is_none()
                    && it.max_p95.is_none()
                    && it.min_requests.is_none()
                    && it.regression.is_none()
            }
            Require::Versions(it) => {
                !it.semantic && !it.pinned && it.aligned.is_empty() && it.deprecated.is_empty()
            }
            Require::Monitoring(it) => !it.dashboards && !it.alerts && !it.traces,
            Require::Readiness(it) => {
                it.runbook.is_empty() && !it.thresholds && !it.vendors && it.statements.is_empty()
            }
            _ => false,
        };
        if asks_nothing {
            let message = format!("the gate `{}` asks for nothing, so it would always pass", gate.name);
            site.fault(way!["gates", idx, "require"], message, "name at least one bound");
        }
    }
}
