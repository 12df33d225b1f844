//! Licences of everything in it.

use shipway_model::evidence::{Component, Kind};
use shipway_model::resource::policy::Licences;
use spdx::{Expression, ParseMode};

use super::{CutShort, listed, missing};
use crate::counting::View;
use crate::found::Found;

/// As files write them: deprecated names and slashes are read, and never refused for that.
const MODE: ParseMode = ParseMode::LAX;

pub(crate) fn judge(rule: &Licences, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Components);
    let components: Vec<&Component> =
        counted.documents.iter().flat_map(|(_, it)| it.components.iter().flatten()).collect();
    if components.is_empty() {
        return missing("bill of materials with components", &counted, view);
    }
    let faults = components.iter().filter_map(|it| fault(rule, it)).collect();
    let mut faults = listed(faults);
    let cut = CutShort::of(&counted.documents, "components", view);
    faults.extend(cut.faults);
    Found::unless(faults, format!("the licences of {} components are allowed", components.len()))
        .shown_by(counted.ids())
        .helped_by(cut.next)
}

/// Several entries must all be allowed: the document lists what applies, not what one may choose from.
fn fault(rule: &Licences, component: &Component) -> Option<String> {
    let name = match &component.version {
        Some(version) => format!("{} {version}", component.name),
        None => component.name.clone(),
    };
    let said: Vec<&String> = component.licenses.iter().filter(|it| !is_silence(it)).collect();
    if said.is_empty() {
        return rule.unknown_blocks.then(|| format!("{name} does not say its licence"));
    }
    said.into_iter().find_map(|licence| match is_allowed(rule, licence) {
        true => None,
        false => Some(format!("{name} is under {licence}")),
    })
}

fn is_silence(licence: &str) -> bool {
    matches!(licence.trim(), "" | "NOASSERTION" | "NONE" | "UNKNOWN")
}

/// Whether it can be had under allowed licences alone. A name that is no expression is compared as it stands.
fn is_allowed(rule: &Licences, licence: &str) -> bool {
    let fits = |name: &str| !rule.deny.contains(name) && (rule.allow.is_empty() || rule.allow.contains(name));
    match Expression::parse_mode(licence, MODE) {
        Ok(expression) => expression.evaluate(|requirement| {
            let whole = requirement.to_string();
            let bare = requirement.license.to_string();
            // `GPL-2.0-only WITH Classpath-exception-2.0` may be allowed as such while the bare licence is not.
            match requirement.addition {
                Some(_) if rule.allow.contains(&whole) => !rule.deny.contains(&whole),
                _ => fits(&bare),
            }
        }),
        Err(_) => fits(licence),
    }
}
