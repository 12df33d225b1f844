//! Change policies: names of their own, orders without circles, and ways that lead through the rollout.

use std::collections::BTreeSet;

use super::{Segment, Site, way};
use crate::Name;
use crate::release::Class;
use crate::resource::ChangePolicy;
use crate::resource::change_policy::{ApprovalRule, Approvers, Until, Workflow};

pub(super) fn check(policy: &ChangePolicy, site: &mut Site<'_, '_, '_, '_>) {
    unique(policy.rules.iter().map(|it| &it.name), way!["rules"], site);
    unique(policy.templates.iter().map(|it| &it.name), way!["templates"], site);
    for (idx, rule) in policy.rules.iter().enumerate() {
        if rule.class == Class::Emergency {
            let message = format!("the rule `{}` would make an emergency of a change", rule.name);
            site.fault(
                way!["rules", idx, "class"],
                message,
                "an emergency is asked for by a person: write major",
            );
        }
        if rule.when.is_always() {
            let message = format!("the rule `{}` names nothing, so it always speaks", rule.name);
            site.fault(way!["rules", idx, "when"], message, "name what makes the change stricter");
        }
    }
    for (class, workflow) in [
        ("standard", &policy.standard),
        ("normal", &policy.normal),
        ("major", &policy.major),
        ("emergency", &policy.emergency),
    ] {
        check_workflow(class, workflow, site);
    }
}

fn check_workflow(class: &str, workflow: &Workflow, site: &mut Site<'_, '_, '_, '_>) {
    let states = [Segment::from(class), Segment::from("states")];
    let states = &states[..];
    unique(workflow.states.iter().map(|it| &it.name), states, site);
    let place = |until: Until| workflow.states.iter().position(|it| it.until == until);
    let (Some(begun), Some(ended)) = (place(Until::Begun), place(Until::Ended)) else {
        let message = format!("the states of {class} changes do not lead through the rollout");
        return site.fault(states, message, "one state lasts until `begun`, and a later one until `ended`");
    };
    let out_of_order = ended < begun || place(Until::Reviewed).is_some_and(|it| it < ended);
    if out_of_order {
        let message = format!("the states of {class} changes are not in an order in which they can be done");
        site.fault(states, message, "`begun` comes before `ended`, and `ended` before `reviewed`");
    }
    if !workflow.approvals.is_empty() && place(Until::Approvals).is_none_or(|it| it > begun) {
        let message = format!("{class} changes ask for approvals, and none of their states waits for them");
        site.fault(states, message, "put a state until `approvals` before the one until `begun`");
    }
    if !workflow.documents.is_empty() && place(Until::Documents).is_none() {
        let message = format!("{class} changes ask for documents, and none of their states waits for them");
        site.fault(states, message, "add a state until `documents`");
    }
    check_approvals(class, &workflow.approvals, site);
}

fn check_approvals(class: &str, rules: &[ApprovalRule], site: &mut Site<'_, '_, '_, '_>) {
    unique(rules.iter().map(|it| &it.name), way![class, "approvals"], site);
    let mut before: BTreeSet<&Name> = BTreeSet::new();
    for (idx, rule) in rules.iter().enumerate() {
        if rule.from == Approvers::default() {
            let message = format!("the rule `{}` asks nobody", rule.name);
            site.fault(
                way![class, "approvals", idx, "from"],
                message,
                "name teams, roles or people, or write `owners: true`",
            );
        }
        if let Some(unknown) = rule.after.iter().find(|it| !before.contains(it)) {
            let message = format!("`{}` comes after `{unknown}`, which does not stand above it", rule.name);
            site.fault(
                way![class, "approvals", idx, "after"],
                message,
                "rules are asked in the order written",
            );
        }
        before.insert(&rule.name);
    }
}

fn unique<'n>(names: impl Iterator<Item = &'n Name>, base: &[Segment<'_>], site: &mut Site<'_, '_, '_, '_>) {
    let mut seen = BTreeSet::new();
    for (idx, name) in names.enumerate() {
        if !seen.insert(name) {
            let message = format!("another one is called `{name}` already");
            site.fault(way![base; idx, "name"], message, "give it a name of its own");
        }
    }
}
