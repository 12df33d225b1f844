//! Declarations: each with its revision, what a new one changes, and the graph that they make.

use std::collections::BTreeSet;

use serde_json::Value;
use shipway_api::view::resource::{
    Change, Edge, FieldChange, Graph, Node, Relation, ResourceChange, ResourceView,
};
use shipway_engine::{Catalogue, catalogue};
use shipway_model::resource::{Key, Kind, Resource, Spec};

pub(crate) fn view(catalogue: &Catalogue, resource: &Resource) -> ResourceView {
    let key = resource.key();
    ResourceView {
        resource: resource.clone(),
        digest: resource.digest(),
        revision: catalogue.revision_count(&key).into(),
    }
}

/// What declaring `resource` would change.
pub(crate) fn change(catalogue: &Catalogue, resource: &Resource) -> ResourceChange {
    let (key, digest) = (resource.key(), resource.digest());
    let before = catalogue.get(&key);
    let change = match before {
        None => Change::Created,
        Some(it) if it.digest() == digest => Change::Unchanged,
        Some(_) => Change::Updated,
    };
    let diff = match before {
        Some(before) if change == Change::Updated => difference(before, resource),
        _ => Vec::new(),
    };
    ResourceChange { key, change, digest, diff }
}

fn difference(before: &Resource, after: &Resource) -> Vec<FieldChange> {
    let json = |it: &Resource| serde_json::to_value(it).expect("declarations have string keys");
    let mut changes = Vec::new();
    compare("", Some(&json(before)), Some(&json(after)), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                compare(&format!("{path}/{escaped}"), old.get(name), new.get(name), changes);
            }
        }
        (before, after) if before == after => {}
        (before, after) => changes.push(FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

pub(crate) fn graph(catalogue: &Catalogue) -> Graph {
    let nodes = catalogue
        .iter()
        .map(|(key, it)| Node { key: key.clone(), description: it.metadata.description.clone() });
    Graph {
        nodes: nodes.collect(),
        edges: catalogue.iter().flat_map(|(key, it)| edges(key, &it.spec)).collect(),
    }
}

fn edges(from: &Key, spec: &Spec) -> Vec<Edge> {
    let edge = |to: Key, relation| Edge { from: from.clone(), to, relation };
    let named = |kind, name: &shipway_model::Name| Key { kind, name: name.clone() };
    let needed = if from.kind == Kind::Vendor { Relation::FailsOverTo } else { Relation::DependsOn };
    let needs = catalogue::graph::needs(spec).unwrap_or_default();
    let mut edges: Vec<_> = needs.into_iter().map(|to| edge(to, needed)).collect();
    match spec {
        Spec::Service(it) => edges.push(edge(named(Kind::Team, &it.owner), Relation::OwnedBy)),
        Spec::Environment(it) => {
            let environment = |name: &shipway_model::Name| named(Kind::Environment, name);
            edges.extend(it.extends.iter().map(|name| edge(environment(name), Relation::Extends)));
            edges.extend(it.promotes_from.iter().map(|name| edge(environment(name), Relation::PromotesFrom)));
        }
        _ => {}
    }
    edges
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_pointer() {
        let mut changes = Vec::new();
        let before = json!({ "a": { "b/c": 1, "same": true }, "gone": 2 });
        let after = json!({ "a": { "b/c": 3, "same": true }, "new": [4] });
        compare("", Some(&before), Some(&after), &mut changes);
        let told: Vec<_> =
            changes.iter().map(|it| (it.path.as_str(), it.before.is_some(), it.after.is_some())).collect();
        assert_eq!(told, [("/a/b~1c", true, true), ("/gone", true, false), ("/new", false, true)]);
    }
}
