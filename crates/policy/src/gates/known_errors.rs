//! Defects that are carried on: accepted by somebody else, and not for ever.

use shipway_model::resource::policy::KnownErrors;

use super::listed;
use crate::facts::Facts;
use crate::found::Found;

pub(crate) fn judge(rule: &KnownErrors, facts: &Facts) -> Found {
    let carried = &facts.known_errors;
    let mut faults = Vec::new();
    let mut waits_for_a_word = false;
    for (name, it) in carried {
        if it.error.expires <= facts.at {
            faults.push(format!("{name} may be carried on only until {}", it.error.expires));
        }
        if it.accepted_by.is_none() {
            waits_for_a_word = true;
            let owner = &it.error.owner;
            faults
                .push(format!("nobody but those who made the release has accepted {name}, of team {owner}"));
        }
    }
    if !rule.may_drop {
        let dropped = facts.dropped_errors.iter();
        faults.extend(dropped.map(|it| {
            format!("what runs now has the known error {it}, and the release neither carries nor mends it")
        }));
    }
    if let Some(max) = rule.max.filter(|max| carried.len() as u64 > *max) {
        faults.push(format!("{} known errors are carried on, and {max} may be", carried.len()));
    }
    let well = match carried.len() {
        0 => "no known error is carried on".to_owned(),
        1 => "its one known error is accepted".to_owned(),
        n => format!("its {n} known errors are accepted"),
    };
    let (name, version) = (&facts.release.name, &facts.release.version);
    let mut found = Found::unless(listed(faults), well);
    if waits_for_a_word {
        found.next = Some(format!("shipway release accept {name}@{version}"));
    }
    // The first to expire closes the gate again.
    found.until = carried.values().map(|it| it.error.expires).filter(|it| *it > facts.at).min();
    found
}
