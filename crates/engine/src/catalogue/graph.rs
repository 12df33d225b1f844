//! The dependency graph: services, shared libraries and vendors, and what needs what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shipway_model::Name;
use shipway_model::resource::service::Dependency;
use shipway_model::resource::{Key, Kind, Resource, Spec};

use super::Catalogue;

/// What each node needs directly. Every node is a key of the map.
pub type Graph = BTreeMap<Key, BTreeSet<Key>>;

pub fn graph(catalogue: &Catalogue) -> Graph {
    nodes(catalogue).filter_map(|(key, resource)| Some((key.clone(), needs(&resource.spec)?))).collect()
}

/// What may need something: environments, of which there may be far more, are none of it.
fn nodes(catalogue: &Catalogue) -> impl Iterator<Item = (&Key, &Arc<Resource>)> {
    [Kind::Service, Kind::Vendor, Kind::Library].into_iter().flat_map(|it| catalogue.of_kind(it))
}

/// What a declaration needs directly; None for kinds that are no nodes of the graph.
pub fn needs(spec: &Spec) -> Option<BTreeSet<Key>> {
    let dependencies = match spec {
        Spec::Service(service) => &service.depends_on,
        Spec::Library(library) => &library.depends_on,
        Spec::Vendor(vendor) => {
            return Some(vendor.failover.iter().map(|it| key(Kind::Vendor, it)).collect());
        }
        _ => return None,
    };
    Some(dependencies.iter().map(dependency_key).collect())
}

/// Those that need `wanted` directly, without laying the whole graph out.
pub fn consumers<'a>(catalogue: &'a Catalogue, wanted: &'a Key) -> impl Iterator<Item = &'a Key> {
    let is_wanted = move |it: &Dependency| match (it, wanted.kind) {
        (Dependency::Service(name), Kind::Service)
        | (Dependency::Vendor(name), Kind::Vendor)
        | (Dependency::Library(name), Kind::Library) => *name == wanted.name,
        _ => false,
    };
    nodes(catalogue).filter_map(move |(key, resource)| {
        let needs = match &resource.spec {
            Spec::Service(service) => service.depends_on.iter().any(is_wanted),
            Spec::Library(library) => library.depends_on.iter().any(is_wanted),
            Spec::Vendor(vendor) => {
                wanted.kind == Kind::Vendor && vendor.failover.as_ref() == Some(&wanted.name)
            }
            _ => false,
        };
        needs.then_some(key)
    })
}

fn dependency_key(dependency: &Dependency) -> Key {
    match dependency {
        Dependency::Service(name) => key(Kind::Service, name),
        Dependency::Vendor(name) => key(Kind::Vendor, name),
        Dependency::Library(name) => key(Kind::Library, name),
    }
}

fn key(kind: Kind, name: &Name) -> Key {
    Key { kind, name: name.clone() }
}

/// A cycle as the path that closes on its first node, if there is one. Vendors may name each other as failover.
pub fn cycle(graph: &Graph) -> Option<Vec<Key>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        Open,
        Done,
    }
    let mut marks: BTreeMap<&Key, Mark> = BTreeMap::new();
    for root in graph.keys().filter(|key| key.kind != Kind::Vendor) {
        // Depth first without recursion: deep graphs must not end the process.
        let mut path: Vec<(&Key, std::collections::btree_set::Iter<'_, Key>)> = Vec::new();
        if marks.contains_key(root) {
            continue;
        }
        marks.insert(root, Mark::Open);
        path.push((root, graph[root].iter()));
        while let Some((node, rest)) = path.last_mut() {
            let Some(next) = rest.find(|key| key.kind != Kind::Vendor && graph.contains_key(key)) else {
                marks.insert(node, Mark::Done);
                path.pop();
                continue;
            };
            match marks.get(next) {
                Some(Mark::Done) => {}
                Some(Mark::Open) => {
                    let start = path.iter().position(|(key, _)| *key == next).unwrap_or(0);
                    let closing = path[start..].iter().map(|(key, _)| (*key).clone()).chain([next.clone()]);
                    return Some(closing.collect());
                }
                None => {
                    marks.insert(next, Mark::Open);
                    path.push((next, graph[next].iter()));
                }
            }
        }
    }
    None
}

/// `names` with every provider before its consumers, and for each the providers among them, directly or through
/// services that are not among them.
pub fn order(catalogue: &Catalogue, names: &BTreeSet<Name>) -> Vec<(Name, BTreeSet<Name>)> {
    let mut ordered: Vec<(Name, BTreeSet<Name>)> = Vec::new();
    let mut rest: BTreeMap<Name, BTreeSet<Name>> =
        names.iter().map(|name| (name.clone(), providers(catalogue, name, names))).collect();
    while !rest.is_empty() {
        let done: BTreeSet<&Name> = ordered.iter().map(|(name, _)| name).collect();
        let ready = rest.iter().find(|(_, needs)| needs.iter().all(|it| done.contains(it)));
        // The catalogue has no cycle, so something is always ready.
        let Some(name) = ready.or_else(|| rest.iter().next()).map(|(name, _)| name.clone()) else { break };
        let needs = rest.remove(&name).unwrap_or_default();
        ordered.push((name, needs));
    }
    ordered
}

/// Looks at what `of` leads to alone: a plan for one service is not to lay out the graph of a thousand.
fn providers(catalogue: &Catalogue, of: &Name, among: &BTreeSet<Name>) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![key(Kind::Service, of)];
    while let Some(node) = open.pop() {
        for next in catalogue.get(&node).and_then(|it| needs(&it.spec)).into_iter().flatten() {
            if next.kind == Kind::Service && next.name != *of && among.contains(&next.name) {
                found.insert(next.name);
            } else if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}
