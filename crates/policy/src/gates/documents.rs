//! Documents that travel with the release.

use shipway_model::release::Document;
use shipway_model::resource::policy::Documents;

use crate::facts::Facts;
use crate::found::Found;

pub(crate) fn judge(rule: &Documents, facts: &Facts) -> Found {
    let missing: Vec<&str> = rule.all.difference(&facts.documents).map(word).collect();
    if missing.is_empty() {
        return Found::unless(Vec::new(), "every document that is asked for travels with it");
    }
    let arguments: Vec<String> = missing.iter().map(|it| format!("--document {it}=FILE")).collect();
    Found::missing(
        format!("the release was sealed without: {}", missing.join(", ")),
        format!("shipway release create {} VERSION … {}", facts.release.name, arguments.join(" ")),
    )
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
