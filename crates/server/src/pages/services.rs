//! Services, and what needs what.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_engine::{State, catalogue};
use shipway_model::resource::{Key, Kind, Spec};
use shipway_model::{Name, Version};

use super::document::{Area, Motion};
use super::drawing::Svg;
use super::drawing::graph::{self, Node};
use super::visit::{Asked, Shown, Visit};
use crate::access::sight::Sight;

/// A whole graph of more than this is a thicket; a service's page draws its neighbourhood.
const NODES_MAX: usize = 80;
/// Services on one page.
const PAGE: usize = 100;

#[derive(Template)]
#[template(path = "services.html")]
struct Services {
    rows: Vec<Row>,
    graph: Option<Svg>,
    n_all: usize,
    q: String,
    /// The name after which the list goes on.
    next: Option<String>,
}

struct Row {
    name: String,
    description: String,
    owner: String,
    tier: u8,
    /// Versions by environment.
    runs: Vec<(String, String)>,
    needs: usize,
    needed_by: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    after: String,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked);
        Shown { title: "Services".into(), area: Area::Services, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter) -> Services {
    let mut all = catalogue::graph::graph(&state.catalogue);
    all.retain(|key, _| sight.resource(key));
    let services: Vec<_> = state
        .catalogue
        .iter()
        .filter_map(|(key, resource)| match &resource.spec {
            Spec::Service(spec) if sight.resource(key) => {
                Some((&key.name, &resource.metadata.description, spec.as_ref()))
            }
            _ => None,
        })
        .collect();
    let n_all = services.len();
    let mut needed_by: BTreeMap<&Key, usize> = BTreeMap::new();
    for key in all.values().flatten() {
        *needed_by.entry(key).or_default() += 1;
    }
    let q = asked.q.to_lowercase();
    let wanted = services.into_iter().filter(|(name, description, spec)| {
        let found = |text: &str| text.to_lowercase().contains(&q);
        name.as_str() > asked.after.as_str()
            && (q.is_empty() || found(name.as_str()) || found(description) || found(spec.owner.as_str()))
    });
    let mut wanted = wanted.peekable();
    let row = |(name, description, spec): (&Name, &String, &shipway_model::resource::Service)| Row {
        name: name.to_string(),
        description: description.clone(),
        owner: spec.owner.to_string(),
        tier: spec.tier,
        runs: runs(state, name).into_iter().filter(|it| sight.environment(it.0)).map(shown).collect(),
        needs: spec.depends_on.len(),
        needed_by: needed_by.get(&Key { kind: Kind::Service, name: name.clone() }).copied().unwrap_or(0),
    };
    let rows: Vec<Row> = wanted.by_ref().take(PAGE).map(row).collect();
    let next = wanted.peek().and_then(|_| rows.last()).map(|it| it.name.clone());
    let graph = (!all.is_empty() && all.len() <= NODES_MAX && asked.q.is_empty() && asked.after.is_empty())
        .then(|| picture(&all, all.keys().collect()));
    Services { rows, graph, n_all, q: asked.q, next }
}

/// Which version runs where.
pub(super) fn runs<'s>(state: &'s State, service: &Name) -> Vec<(&'s Name, &'s Version)> {
    let shipped = state.environments.iter().filter_map(|(name, it)| Some((name, it.services.get(service)?)));
    shipped.map(|(name, it)| (name, &it.deployed.version)).collect()
}

pub(super) fn shown((place, version): (&Name, &Version)) -> (String, String) {
    (place.to_string(), version.to_string())
}

/// The part of the graph that lies between `keys`.
pub(super) fn picture(all: &catalogue::graph::Graph, keys: BTreeSet<&Key>) -> Svg {
    let keys: Vec<&Key> = keys.into_iter().collect();
    let idx: BTreeMap<&Key, usize> = keys.iter().enumerate().map(|(idx, key)| (*key, idx)).collect();
    let edges = keys.iter().enumerate().flat_map(|(from, key)| {
        let needs = all.get(*key).into_iter().flatten();
        needs.filter_map(|to| idx.get(to).map(|to| (from, *to))).collect::<Vec<_>>()
    });
    let edges: Vec<(usize, usize)> = edges.collect();
    let node = |key: &&Key| Node {
        title: key.name.to_string(),
        path: (key.kind == Kind::Service).then(|| format!("/services/{}", key.name)),
        class: match key.kind {
            Kind::Vendor => "vendor",
            Kind::Library => "library",
            _ => "service",
        },
    };
    let nodes: Vec<Node> = keys.iter().map(node).collect();
    graph::draw("Services, libraries and vendors, and what needs what", &nodes, &edges)
}
