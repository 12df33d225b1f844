//! The environment that a release comes from is like the one that it goes to.

use shipway_model::Name;
use shipway_model::gate::Status;
use shipway_model::resource::policy::{Gate, Parity};

use super::listed;
use crate::facts::{Difference, Facts};
use crate::found::Found;

pub(crate) fn judge(policy: &Name, gate: &Gate, rule: &Parity, facts: &Facts) -> Found {
    let Some(comparison) = &facts.surroundings.parity else {
        return Found::missing(
            format!(
                "{} names no environment that releases come from, so there is nothing to compare",
                facts.environment
            ),
            "shipway apply ENVIRONMENT.yaml  # with `promotesFrom`",
        );
    };
    let (mut faults, mut accepted, mut waivers) = (Vec::new(), Vec::new(), Vec::new());
    for it in comparison.differences.iter().filter(|it| !is_meant(rule, &it.name)) {
        let waiver = facts.waivers.iter().find(|granted| {
            let waiver = &granted.waiver;
            waiver.policy == *policy
                && waiver.gate == gate.name
                && waiver.finding.as_ref() == Some(&it.name)
                && waiver.package.is_none()
                && waiver.service.is_none()
                && waiver.expires > facts.at
        });
        match waiver {
            Some(granted) => {
                accepted.push(format!("{}: {}", it.name, crate::decide::said(granted)));
                if !waivers.contains(&granted.id) {
                    waivers.push(granted.id);
                }
            }
            None => faults.push(told(it, &comparison.with, &facts.environment)),
        }
    }
    let well = format!("{} is like {}", comparison.with, facts.environment);
    let mut found = Found::unless(listed(faults), well);
    if found.status == Status::Satisfied && !accepted.is_empty() {
        found.status = Status::Waived;
    }
    found.reasons.extend(accepted);
    found.waivers = waivers;
    found
}

fn is_meant(rule: &Parity, name: &str) -> bool {
    rule.ignore.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    })
}

fn told(it: &Difference, there: &Name, here: &Name) -> String {
    let shown = |value: &Option<String>| value.as_deref().unwrap_or("absent").to_owned();
    format!("{}: {} in {there}, {} in {here}", it.name, shown(&it.there), shown(&it.here))
}
