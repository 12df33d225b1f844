//! The components of a bill of materials, each with the way by which it got in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shipway_model::evidence::{Component, Normal};

/// Longest way that is kept; what lies deeper is told by its last part.
const PATH_MAX: usize = 20;
/// What a bill names that is no package of any registry.
const NO_PACKAGES: &[&str] =
    &["application", "container", "file", "firmware", "device", "data", "operating-system", "platform"];

/// A component to be compared.
pub(super) struct Row<'a> {
    pub(super) component: &'a Component,
    /// Names, from what the bill is about down to the component.
    pub(super) path: Vec<String>,
}

/// Everything in the bill that is a package of something.
pub(super) fn rows(normal: &Normal) -> Vec<Row<'_>> {
    let components = normal.components.as_deref().unwrap_or_default();
    let ways = ways(components, normal.dependencies.as_ref());
    let is_package = |it: &&Component| {
        it.purl.is_some() || !it.kind.as_deref().is_some_and(|kind| NO_PACKAGES.contains(&kind))
    };
    let row = |component| {
        let path = component_reference(component).and_then(|it| ways.get(it).cloned()).unwrap_or_default();
        Row { component, path }
    };
    components.iter().filter(is_package).map(row).collect()
}

fn component_reference(component: &Component) -> Option<&str> {
    component.reference.as_deref().or(component.purl.as_deref())
}

/// The shortest way to each component, from those on which nothing depends.
fn ways<'a>(
    components: &'a [Component],
    dependencies: Option<&'a BTreeMap<String, Vec<String>>>,
) -> BTreeMap<&'a str, Vec<String>> {
    let mut ways: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let Some(dependencies) = dependencies else { return ways };
    let names: BTreeMap<&str, &str> =
        components.iter().filter_map(|it| Some((component_reference(it)?, it.name.as_str()))).collect();
    let needed: BTreeSet<&str> = dependencies.values().flatten().map(String::as_str).collect();
    let mut queue: VecDeque<&str> = VecDeque::new();
    for root in dependencies.keys().map(String::as_str).filter(|it| !needed.contains(it)) {
        ways.insert(root, vec![names.get(root).copied().unwrap_or(root).to_owned()]);
        queue.push_back(root);
    }
    while let Some(from) = queue.pop_front() {
        let before = ways[from].clone();
        for to in dependencies.get(from).into_iter().flatten().map(String::as_str) {
            if !ways.contains_key(to) {
                let mut way = before.clone();
                way.truncate(PATH_MAX - 1);
                way.push(names.get(to).copied().unwrap_or(to).to_owned());
                ways.insert(to, way);
                queue.push_back(to);
            }
        }
    }
    ways
}
