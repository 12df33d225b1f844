//! Documents that travel with the release.

use shipway_model::release::Document;
use shipway_model::resource::policy::Documents;

use crate::facts::Facts;
use crate::found::Found;

pub(crate) fn judge(rule: &Documents, facts: &Facts) -> Found {
    let missing: Vec<&str> = rule.all.difference(&facts.documents).map(word).collect();
    if missing.is_empty() && rule.rollback_fits {
        return way_back(facts);
    }
    if missing.is_empty() {
        return Found::unless(Vec::new(), "every document that is asked for travels with it");
    }
    let arguments: Vec<String> = missing.iter().map(|it| format!("--document {it}=FILE")).collect();
    Found::missing(
        format!("the release was sealed without: {}", missing.join(", ")),
        format!("shipway release create {} VERSION … {}", facts.release.name, arguments.join(" ")),
    )
}

/// Whether the package names, for every service that would be replaced, the version and the artifact that runs.
fn way_back(facts: &Facts) -> Found {
    let Some(content) = facts.contents.get(&Document::RollbackPackage) else {
        return Found::missing(
            "the release was sealed without: rollback-package",
            format!(
                "shipway release create {} VERSION … --document rollback-package=FILE",
                facts.release.name
            ),
        );
    };
    let Some(package) = &content.rollback else {
        let why = content.fault.as_deref().unwrap_or("it names no service");
        return Found::unless(vec![format!("the rollback package cannot be read: {why}")], "");
    };
    let mut faults = Vec::new();
    let mut n_named = 0;
    for (name, service) in &facts.services {
        let Some(running) = &service.running else { continue };
        if running.artifacts == service.artifacts {
            continue;
        }
        let runs = running.artifacts.first().map(ToString::to_string).unwrap_or_default();
        match package.services.get(name) {
            None => faults.push(format!("it does not name {name}, of which {} runs", running.version)),
            Some(part) if part.version != running.version => {
                faults.push(format!("it goes back to {name} {}, and {} runs", part.version, running.version))
            }
            Some(part) if !running.artifacts.contains(&part.artifact) => faults.push(format!(
                "it goes back to {} of {name} {}, and {runs} runs",
                part.artifact, part.version
            )),
            Some(_) => n_named += 1,
        }
    }
    let well = match n_named {
        0 => "nothing that runs would be replaced, so there is nothing to go back to".to_owned(),
        n => format!("the rollback package names the builds that run: {n} services"),
    };
    Found::unless(faults, well)
}

fn word(document: &Document) -> &'static str {
    match document {
        Document::Runbook => "runbook",
        Document::Notes => "notes",
        Document::RollbackPackage => "rollback-package",
        Document::Migrations => "migrations",
        Document::Flags => "flags",
    }
}
