//! A document at its issuer's word.

use shipway_model::gate::Status;
use shipway_model::resource::policy::Statement;

use crate::counting::View;
use crate::facts::Evidence;
use crate::found::Found;

pub(crate) fn judge(rule: &Statement, view: &View<'_>) -> Found {
    let mut set_aside = Vec::new();
    let mut latest: Option<(&Evidence, jiff::Timestamp)> = None;
    for it in view.attached() {
        let Some(word) = it.statement.as_ref().filter(|word| word.kind == rule.kind) else { continue };
        let objection = match () {
            () if word.expires <= view.facts.at => Some(format!("it expired at {}", word.expires)),
            () if !rule.issuers.is_empty() && !rule.issuers.contains(&word.issuer) => {
                Some("its issuer is not among those that count".to_owned())
            }
            () if rule.signed && it.seal.is_none() => Some(match &it.unsealed {
                Some(why) => format!("its signature holds no more: {why}"),
                None => "nobody whom a TrustRoot lets sign for its issuer has signed it".to_owned(),
            }),
            () => view.objection(it),
        };
        match objection {
            Some(why) => set_aside.push(format!("{} does not count: {why}", it.id)),
            None if latest.is_none_or(|(_, expires)| expires < word.expires) => {
                latest = Some((it, word.expires))
            }
            None => {}
        }
    }
    match latest {
        Some((it, expires)) => {
            let word = it.statement.as_ref().expect("only statements were looked at");
            let signed = it.seal.as_ref().map_or_else(String::new, |it| {
                format!(", signed with {} of {}", it.signer.identity, it.signer.root)
            });
            let said = format!("{} for {}, until {expires}{signed}", word.kind, word.scope);
            Found::new(Status::Satisfied, vec![said]).shown_by([it.id])
        }
        None => {
            let artifact = view.facts.services.get(view.service).and_then(|it| it.artifacts.first());
            let subject = artifact.map(ToString::to_string).unwrap_or_default();
            let sign = if rule.signed { " --sign KEY" } else { "" };
            let next = format!(
                "shipway evidence attach FILE --subject {subject} --statement {} --issuer WHO --scope WHAT --expires INSTANT{sign}",
                rule.kind
            );
            let mut found = Found::missing(format!("no {} for {} counts", rule.kind, view.service), next);
            found.reasons.extend(set_aside);
            found
        }
    }
}
