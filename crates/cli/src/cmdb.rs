//! What runs where in the forms that configuration management databases import.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::{Value, json};
use shipway_api::view::inventory::{Installed, Inventory};
use shipway_api::view::resource::{Edge, Relation};
use shipway_model::resource::{Key, Kind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// As the API answers it
    Json,
    /// One line per service and environment (RFC 4180)
    Csv,
    /// For ServiceNow's Identification and Reconciliation API
    Servicenow,
}

impl Form {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Servicenow => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    pub(crate) fn write(self, inventory: &Inventory) -> String {
        match self {
            Self::Json => crate::output::json(inventory),
            Self::Csv => csv(inventory),
            Self::Servicenow => crate::output::json(&servicenow(inventory)),
        }
    }
}

const COLUMNS: [&str; 13] = [
    "environment",
    "service",
    "version",
    "release",
    "artifact",
    "configuration",
    "migrations",
    "since",
    "hosts",
    "owner",
    "tier",
    "description",
    "depends_on",
];

/// Lists within a field are separated by spaces, which no name has.
fn csv(inventory: &Inventory) -> String {
    let mut text = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let all = "a vector takes everything";
    text.write_record(COLUMNS).expect(all);
    for it in &inventory.items {
        let needs: Vec<String> =
            needs(inventory, it).map(|to| format!("{}/{}", to.kind.as_str(), to.name)).collect();
        let hosts: Vec<&str> = it.hosts.iter().map(|it| it.as_str()).collect();
        let migrations =
            it.migrations.as_ref().map(|it| format!("{}@{}", it.release.name, it.release.version));
        let row = [
            it.environment.to_string(),
            it.service.to_string(),
            it.version.to_string(),
            format!("{}@{}", it.release.name, it.release.version),
            it.artifact.to_string(),
            it.configuration.to_string(),
            migrations.unwrap_or_default(),
            it.since.to_string(),
            hosts.join(" "),
            it.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
            it.tier.map(|it| it.to_string()).unwrap_or_default(),
            it.description.clone(),
            needs.join(" "),
        ];
        text.write_record(row).expect(all);
    }
    String::from_utf8(text.into_inner().expect(all)).expect("fields are texts")
}

fn needs<'a>(inventory: &'a Inventory, it: &'a Installed) -> impl Iterator<Item = &'a Key> {
    let edges = inventory.relations.iter().filter(|edge| edge.relation == Relation::DependsOn);
    edges.filter(|edge| edge.from.kind == Kind::Service && edge.from.name == it.service).map(|edge| &edge.to)
}

/// The payload of `POST /api/now/identifyreconcile`: items with their class, relations between them by index.
///
/// A service is one application per environment, named `checkout (production)`; what it needs is looked for in the same
/// environment. `correlation_id` is how the database knows an item again.
fn servicenow(inventory: &Inventory) -> Value {
    let mut items: Vec<Value> = Vec::new();
    let mut index: BTreeMap<(Kind, String), usize> = BTreeMap::new();
    for it in &inventory.items {
        index.insert((Kind::Service, format!("{}/{}", it.environment, it.service)), items.len());
        items.push(application(it));
    }
    let vendors = inventory.relations.iter().map(|it| &it.to).filter(|it| it.kind != Kind::Team);
    for outside in vendors.filter(|it| it.kind != Kind::Service) {
        index.entry((outside.kind, outside.name.to_string())).or_insert_with(|| {
            items.push(beside(outside));
            items.len() - 1
        });
    }
    let mut relations: Vec<Value> = Vec::new();
    let of_installed =
        |it: &Installed| index.get(&(Kind::Service, format!("{}/{}", it.environment, it.service)));
    for it in &inventory.items {
        let Some(parent) = of_installed(it) else { continue };
        for to in needs(inventory, it) {
            let name = match to.kind {
                Kind::Service => format!("{}/{}", it.environment, to.name),
                _ => to.name.to_string(),
            };
            // What is needed and does not run there is nothing to point at.
            let Some(child) = index.get(&(to.kind, name)) else { continue };
            relations.push(relation(*parent, *child));
        }
    }
    let outside = |edge: &&Edge| edge.relation == Relation::FailsOverTo || edge.from.kind != Kind::Service;
    for edge in inventory.relations.iter().filter(outside) {
        let at = |key: &Key| index.get(&(key.kind, key.name.to_string()));
        if let (Some(parent), Some(child)) = (at(&edge.from), at(&edge.to)) {
            relations.push(relation(*parent, *child));
        }
    }
    json!({ "items": items, "relations": relations })
}

fn relation(parent: usize, child: usize) -> Value {
    json!({ "parent": parent, "child": child, "type": "Depends on::Used by" })
}

fn application(it: &Installed) -> Value {
    let migrations = it.migrations.as_ref().map(|it| format!("{}@{}", it.release.name, it.release.version));
    json!({
        "className": "cmdb_ci_appl",
        "values": {
            "name": format!("{} ({})", it.service, it.environment),
            "correlation_id": format!("shipway/{}/{}", it.environment, it.service),
            "environment": it.environment,
            "version": it.version,
            "short_description": it.description,
            "u_release": format!("{}@{}", it.release.name, it.release.version),
            "u_artifact": it.artifact,
            "u_configuration": it.configuration,
            "u_migrations": migrations,
            "u_owner": it.owner,
            "install_date": it.since.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        },
    })
}

/// A library or a vendor: it runs in no environment of ours.
fn beside(key: &Key) -> Value {
    json!({
        "className": "cmdb_ci_appl",
        "values": {
            "name": key.name,
            "correlation_id": format!("shipway/{}/{}", key.kind.as_str().to_lowercase(), key.name),
            "short_description": key.kind.as_str(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory() -> Inventory {
        let item = |environment: &str, service: &str, description: &str| {
            json!({
                "environment": environment, "service": service, "version": "1.0.0",
                "release": { "id": "rel_01a1fedaea5e771fbe7fa63846e847b7", "name": "shop", "version": "1.0.0",
                    "digest": format!("sha256:{}", "a".repeat(64)) },
                "artifact": format!("sha256:{}", "b".repeat(64)),
                "configuration": format!("sha256:{}", "c".repeat(64)),
                "since": "2026-03-01T12:00:00Z", "hosts": ["host-a", "host-b"],
                "owner": "payments", "tier": 1, "description": description,
            })
        };
        let edge = |from: &str, kind: &str, to: &str| json!({ "from": { "kind": "Service", "name": from }, "to": { "kind": kind, "name": to }, "relation": "dependsOn" });
        let all = json!({
            "at": "2026-03-01T12:30:00Z",
            "items": [item("staging", "checkout", "Orders, \"and\" money"), item("staging", "catalogue", "")],
            "relations": [edge("checkout", "Service", "catalogue"), edge("checkout", "Vendor", "bank"), edge("checkout", "Service", "gone")],
        });
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_line_per_service_and_environment_that_any_sheet_reads() {
        let text = Form::Csv.write(&inventory());
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next(), Some(COLUMNS.join(",").as_str()));
        let first = lines.next().unwrap();
        assert!(first.starts_with("staging,checkout,1.0.0,shop@1.0.0,sha256:bbb"), "{first}");
        let end = "host-a host-b,payments,1,\"Orders, \"\"and\"\" money\",Service/catalogue Vendor/bank Service/gone";
        assert!(first.ends_with(end), "{first}");
        assert_eq!(text.matches("\r\n").count(), 3);
    }

    #[test]
    fn relations_point_at_items_and_never_at_nothing() {
        let payload = servicenow(&inventory());
        let names: Vec<&str> = payload["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["values"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(names[..2], ["checkout (staging)", "catalogue (staging)"]);
        assert!(names.contains(&"bank"), "{names:?}");
        let pairs: Vec<(u64, u64)> = payload["relations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (it["parent"].as_u64().unwrap(), it["child"].as_u64().unwrap()))
            .collect();
        assert_eq!(pairs, [(0, 1), (0, 2)], "{payload}");
    }
}
