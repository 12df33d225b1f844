//! Mirrors: an address, a project where the tool needs one, and placeholders that mean something.

use super::{Site, way};
use crate::resource::Mirror;
use crate::resource::mirror::Tool;

/// What can stand in a field.
const KNOWN: [&str; 8] =
    ["change", "release", "environment", "class", "state", "risk", "services", "requester"];

pub(super) fn check(mirror: &Mirror, site: &mut Site<'_, '_, '_, '_>) {
    site.check_url(way!["url"], &mirror.url, &["https://", "http://"]);
    if mirror.tool == Tool::JiraServiceManagement && mirror.project.is_none() {
        let help = "write the key of the project in which changes are opened, for example `project: OPS`";
        site.fault(way!["tool"], "a Jira opens changes in a project, and none is named", help);
    }
    for (field, text) in &mirror.fields {
        site.check_placeholders(way!["fields", field], text, |name| match KNOWN.contains(&name) {
            true => Ok(()),
            false => Err(format!("known here are {}", KNOWN.map(|it| format!("`{it}`")).join(", "))),
        });
    }
}
