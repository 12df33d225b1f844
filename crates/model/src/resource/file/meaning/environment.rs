//! Environments: no inheritance from itself, and no two services at one address.

use std::collections::{BTreeMap, BTreeSet};

use super::{Site, way};
use crate::Name;
use crate::resource::Environment;
use crate::resource::metric::Source;

pub(super) fn check(name: &Name, environment: &Environment, site: &mut Site<'_, '_, '_, '_>) {
    for (field, other) in [("extends", &environment.extends), ("promotesFrom", &environment.promotes_from)] {
        if other.as_ref() == Some(name) {
            site.fault(
                way![field],
                format!("`{field}` names the environment itself"),
                "name another one, or remove it",
            );
        }
    }
    let mut zones = BTreeSet::new();
    for (idx, zone) in environment.zones.iter().enumerate() {
        if !zones.insert(zone) {
            site.fault(way!["zones", idx], "the zone stands above already", "remove the entry");
        }
    }
    check_router(environment, site);
    check_sources(environment, site);
    check_tools(environment, site);
    check_variables(environment, site);
}

fn check_router(environment: &Environment, site: &mut Site<'_, '_, '_, '_>) {
    let Some(router) = &environment.router else { return };
    site.check_url(way!["router", "admin"], &router.admin, &["http://"]);
    let mut taken = BTreeMap::new();
    for (service, address) in &router.listen {
        let path = way!["router", "listen", service];
        if address.port() == 0 {
            site.fault(path, "the router needs a fixed port", "write for example `127.0.0.1:8080`");
        } else if let Some(other) = taken.insert(address, service) {
            site.fault(
                path,
                format!("`{other}` listens at {address} already"),
                "give each service a port of its own",
            );
        }
    }
}

fn check_sources(environment: &Environment, site: &mut Site<'_, '_, '_, '_>) {
    for (name, source) in &environment.metrics {
        match source {
            Source::Prometheus(it) | Source::Http(it) => {
                site.check_url(way!["metrics", name, source.word(), "url"], &it.url, &["http://"]);
            }
            Source::Csv(it) if !it.path.starts_with('/') => {
                let path = way!["metrics", name, "csv", "path"];
                site.fault(path, "the path is not absolute", "begin it with `/`");
            }
            Source::Csv(_) | Source::Sql(_) | Source::Otlp(_) => {}
        }
    }
}

fn check_tools(environment: &Environment, site: &mut Site<'_, '_, '_, '_>) {
    if let Some(it) = &environment.grafana {
        site.check_url(way!["grafana", "url"], &it.url, &["http://"]);
    }
}

fn check_variables(environment: &Environment, site: &mut Site<'_, '_, '_, '_>) {
    let (no_variables, no_secrets) = (BTreeMap::new(), BTreeMap::new());
    let services: BTreeSet<&Name> = environment.variables.keys().chain(environment.secrets.keys()).collect();
    for service in services {
        site.check_variables(
            (way!["variables", service], environment.variables.get(service).unwrap_or(&no_variables)),
            (way!["secrets", service], environment.secrets.get(service).unwrap_or(&no_secrets)),
        );
    }
}
