//! Journeys: each step uses only what an earlier one has extracted.

use std::collections::BTreeSet;

use super::{Segment, Site, texts, way};
use crate::Name;
use crate::resource::Journey;
use crate::resource::file::shape::quoted;
use crate::resource::journey::{Extract, JourneyStep};

pub(super) fn check(journey: &Journey, site: &mut Site<'_, '_, '_, '_>) {
    let mut names = BTreeSet::new();
    let mut extracted: BTreeSet<&Name> = BTreeSet::new();
    for (idx, step) in journey.steps.iter().enumerate() {
        let path = way!["steps", idx];
        if !names.insert(&step.name) {
            site.fault(
                way!(path; "name"),
                format!("a step above is named `{}` too", step.name),
                "rename one of them",
            );
        }
        check_request(path, step, &extracted, site);
        check_answer(path, step, site);
        extracted.extend(step.extract.keys());
    }
}

fn check_request(
    path: &[Segment<'_>],
    step: &JourneyStep,
    extracted: &BTreeSet<&Name>,
    site: &mut Site<'_, '_, '_, '_>,
) {
    if !step.path.starts_with('/') {
        let help = format!("write `path: /{}`", step.path.trim_start_matches("http://"));
        site.fault(way!(path; "path"), "the path does not begin with `/`", help);
    }
    let known = |it: &str| match extracted.iter().any(|name| name.as_str() == it) {
        true => Ok(()),
        false if extracted.is_empty() => Err("extract it in an earlier step".to_owned()),
        false => Err(format!(
            "extract it in an earlier step; there are {}",
            quoted(extracted.iter().map(|it| it.as_str()))
        )),
    };
    site.check_placeholders(way!(path; "path"), &step.path, known);
    for (header, value) in &step.headers {
        site.check_placeholders(way!(path; "headers", header), value, known);
    }
    if let Some(json) = &step.json {
        for (way, text) in texts(json, way!(path; "json")) {
            site.check_placeholders(&way, text, known);
        }
    }
}

fn check_answer(path: &[Segment<'_>], step: &JourneyStep, site: &mut Site<'_, '_, '_, '_>) {
    site.check_status(way!(path; "expect", "status"), step.expect.status);
    let is_pointer = |it: &str| it.is_empty() || it.starts_with('/');
    let help = "write a JSON pointer, for example `/cart/id`";
    for pointer in step.expect.json.keys().filter(|it| !is_pointer(it)) {
        site.fault_in_key(way!(path; "expect", "json", pointer), "this is not a JSON pointer", help);
    }
    for (name, extract) in &step.extract {
        match extract {
            Extract::Json(pointer) if !is_pointer(pointer) => {
                site.fault(way!(path; "extract", name, "json"), "this is not a JSON pointer", help);
            }
            Extract::Json(_) | Extract::Header(_) => {}
        }
    }
}
