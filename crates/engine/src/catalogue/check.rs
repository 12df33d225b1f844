//! What must hold between declarations before any of them is accepted.

use std::collections::BTreeSet;
use std::sync::Arc;

use shipway_model::Name;
use shipway_model::event::Body;
use shipway_model::resource::pipeline::{Run, Stage};
use shipway_model::resource::{Environment, Key, Kind, Resource, Service, Spec};

use super::{Catalogue, graph};
use crate::{Code, Rejection};

/// The events that bring the catalogue to the declared state; nothing for what is declared already.
pub(crate) fn apply(catalogue: &Catalogue, resources: &[Resource]) -> Result<Vec<Body>, Rejection> {
    let mut after = catalogue.clone();
    let mut events = Vec::new();
    for resource in resources {
        let digest = resource.digest();
        if after.digest(&resource.key()) != Some(digest) {
            let resource = Arc::new(resource.clone());
            after.apply(&resource, digest);
            events.push(Body::ResourceApplied { resource, digest });
        }
    }
    let faults = faults(&after);
    if faults.is_empty() {
        return Ok(events);
    }
    Err(Rejection::new(Code::InvalidDeclarations, "the declarations do not fit together")
        .faults(faults)
        .hint(
            "mend the files and apply them together: everything in one `shipway apply` is checked as a whole",
        ))
}

fn faults(catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Faults { catalogue, found: Vec::new() };
    for (key, resource) in catalogue.iter() {
        match &resource.spec {
            Spec::Service(service) => faults.service(key, service),
            Spec::Library(library) => faults.refer(key, "owner", Kind::Team, &library.owner),
            Spec::Environment(environment) => faults.environment(key, environment),
            Spec::Pipeline(pipeline) => faults.stages(key, &pipeline.stages),
            Spec::Template(template) => faults.stages(key, &template.stages),
            Spec::Journey(journey) => faults.refer(key, "service", Kind::Service, &journey.service),
            Spec::Budget(budget) => {
                for name in &budget.environments {
                    faults.refer(key, "environments", Kind::Environment, name);
                }
            }
            Spec::Team(_) | Spec::Vendor(_) | Spec::Regulation(_) | Spec::Strategy(_) => {}
        }
        for needed in graph::needs(&resource.spec).into_iter().flatten() {
            faults.refer(key, "dependsOn", needed.kind, &needed.name);
        }
    }
    if let Some(path) = graph::cycle(&graph::graph(catalogue)) {
        let path: Vec<_> = path.iter().map(|key| key.name.as_str()).collect();
        faults.found.push(format!("dependsOn has a cycle: {}", path.join(" → ")));
    }
    faults.found
}

struct Faults<'a> {
    catalogue: &'a Catalogue,
    found: Vec<String>,
}

impl Faults<'_> {
    fn refer(&mut self, from: &Key, field: &str, kind: Kind, name: &Name) {
        let wanted = Key { kind, name: name.clone() };
        if self.catalogue.digest(&wanted).is_none() {
            self.found.push(format!("{from}: {field} names {wanted}, which is not declared"));
        }
    }

    fn service(&mut self, key: &Key, service: &Service) {
        self.refer(key, "owner", Kind::Team, &service.owner);
        for (_, resource) in self.catalogue.iter() {
            let Spec::Regulation(regulation) = &resource.spec else { continue };
            let class = service.data_classes.intersection(&regulation.data_classes).next();
            if let Some(class) = class
                && regulation.forbids_release_models.contains(&service.release_model)
            {
                let model = format!("{:?}", service.release_model).to_lowercase();
                self.found.push(format!(
                    "{key}: the release model `{model}` is forbidden for {class} by {}: {}",
                    resource.metadata.name, regulation.reason
                ));
            }
        }
    }

    fn environment(&mut self, key: &Key, environment: &Environment) {
        for (field, kind, name) in [
            ("extends", Kind::Environment, &environment.extends),
            ("promotesFrom", Kind::Environment, &environment.promotes_from),
            ("pipeline", Kind::Pipeline, &environment.pipeline),
            ("strategy", Kind::Strategy, &environment.strategy),
        ] {
            if let Some(name) = name {
                self.refer(key, field, kind, name);
            }
        }
        for (service, strategy) in &environment.strategies {
            self.refer(key, "strategies", Kind::Service, service);
            self.refer(key, "strategies", Kind::Strategy, strategy);
        }
        let listening = environment.router.iter().flat_map(|router| router.listen.keys());
        let services = listening.chain(environment.variables.keys()).chain(environment.secrets.keys());
        for service in services.collect::<BTreeSet<_>>() {
            self.refer(key, "services", Kind::Service, service);
        }
        if self.catalogue.environment(&key.name).is_none()
            && environment
                .extends
                .as_ref()
                .is_some_and(|it| self.catalogue.declared_environment(it).is_some())
        {
            self.found.push(format!("{key}: extends leads in a circle, or deeper than 8 environments"));
        }
    }

    fn stages(&mut self, key: &Key, stages: &[Stage]) {
        for stage in stages {
            match &stage.run {
                Run::Deploy(deploy) => {
                    for service in &deploy.services {
                        self.refer(key, "deploy.services", Kind::Service, service);
                    }
                    if let Some(strategy) = &deploy.strategy {
                        self.refer(key, "deploy.strategy", Kind::Strategy, strategy);
                    }
                }
                Run::Journey(journey) => self.refer(key, "journey.name", Kind::Journey, &journey.name),
                Run::Template(template) => self.refer(key, "template.name", Kind::Template, &template.name),
                Run::Approval(approval) => {
                    if let Some(team) = &approval.team {
                        self.refer(key, "approval.team", Kind::Team, team);
                    }
                }
                Run::Verify(_) | Run::Command(_) | Run::Migration(_) | Run::Http(_) | Run::Wait(_) => {}
            }
        }
    }
}
