//! What must hold between declarations before any of them is accepted.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_model::Name;
use shipway_model::event::Body;
use shipway_model::resource::pipeline::{Run, Stage};
use shipway_model::resource::{
    Board, Booking, Calendar, ChangePolicy, Environment, Key, Kind, Resource, Service, Spec, Train,
};

use super::{Catalogue, graph};
use crate::calendar::{self, Fault, compile, hours};
use crate::{Code, Rejection, train};

/// Something declared that does not fit together with the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    pub about: Key,
    /// The field that says it; names from the outside in, separated by dots.
    pub field: &'static str,
    /// What it says there, where that tells it from others.
    pub value: Option<String>,
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Everything that would not fit together if `resources` were declared.
pub fn misfits(catalogue: &Catalogue, resources: &[Resource]) -> Vec<Misfit> {
    let mut after = catalogue.clone();
    for resource in resources {
        after.apply(&Arc::new(resource.clone()), resource.digest());
    }
    new_faults(catalogue, &after, resources)
}

/// The rejection of declarations that do not fit together.
pub fn rejection(misfits: &[Misfit]) -> Rejection {
    Rejection::new(Code::InvalidDeclarations, "the declarations do not fit together")
        .faults(misfits.iter().map(|it| it.message.clone()).collect())
        .hint(
            "mend the files and apply them together: everything in one `shipway apply` is checked as a whole",
        )
}

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
    match new_faults(catalogue, &after, resources) {
        none if none.is_empty() => Ok(events),
        some => Err(rejection(&some)),
    }
}

/// The faults of what is declared now, and those that it brings to what stands. What stood before and was taken then may not fit
/// any more, by a stricter check of a later version or another database of time zones: that is for whoever mends it, and keeps
/// nobody from declaring something else.
fn new_faults(before: &Catalogue, after: &Catalogue, declared: &[Resource]) -> Vec<Misfit> {
    let mut found = faults(after);
    if found.is_empty() {
        return found;
    }
    let known = faults(before);
    let is_known = |it: &Misfit| {
        let is_same = |other: &Misfit| {
            (&other.about, other.field, &other.message) == (&it.about, it.field, &it.message)
        };
        !declared.iter().any(|resource| resource.key() == it.about) && known.iter().any(is_same)
    };
    found.retain(|it| !is_known(it));
    found
}

fn faults(catalogue: &Catalogue) -> Vec<Misfit> {
    let mut faults = Faults { catalogue, found: Vec::new() };
    for (key, resource) in catalogue.iter() {
        match &resource.spec {
            Spec::Service(service) => faults.service(key, service),
            Spec::Library(library) => faults.refer(key, "owner", Kind::Team, &library.owner),
            Spec::Environment(environment) => faults.environment(key, environment),
            Spec::Pipeline(pipeline) => faults.stages(key, &pipeline.stages),
            Spec::Template(template) => faults.stages(key, &template.stages),
            Spec::Journey(journey) => {
                faults.refer(key, "service", Kind::Service, &journey.service);
                for service in &journey.through {
                    faults.refer(key, "through", Kind::Service, service);
                }
            }
            Spec::Budget(budget) => {
                for name in &budget.environments {
                    faults.refer(key, "environments", Kind::Environment, name);
                }
            }
            Spec::Policy(policy) => {
                for owner in policy.gates.iter().filter_map(|it| it.owner.as_ref()) {
                    faults.refer(key, "owner", Kind::Team, owner);
                }
            }
            Spec::Calendar(calendar) => faults.calendar(key, calendar),
            Spec::Board(board) => faults.board(key, board),
            Spec::Repository(repository) => {
                for team in &repository.mergers.teams {
                    faults.refer(key, "mergers", Kind::Team, team);
                }
            }
            Spec::ChangePolicy(policy) => faults.change_policy(key, policy),
            Spec::Team(team) => faults.zone(key, team.zone.as_deref()),
            Spec::Person(person) => faults.zone(key, person.zone.as_deref()),
            Spec::Booking(booking) => faults.booking(key, booking),
            Spec::Train(train) => faults.train(key, train),
            Spec::Strategy(strategy) => {
                for name in strategy.log_rules().flat_map(|it| &it.known) {
                    faults.refer(key, "known", Kind::LogSignatures, name);
                }
            }
            Spec::Runbook(runbook) => {
                for service in &runbook.services {
                    faults.refer(key, "services", Kind::Service, service);
                }
            }
            Spec::CalendarFeed(feed) => faults.zone(key, Some(&feed.time_zone)),
            Spec::Vendor(_)
            | Spec::Mirror(_)
            | Spec::Webhook(_)
            | Spec::Channel(_)
            | Spec::Regulation(_)
            | Spec::LogSignatures(_)
            | Spec::AccessPolicy(_)
            | Spec::TrustRoot(_) => {}
        }
        for needed in graph::needs(&resource.spec).into_iter().flatten() {
            faults.refer(key, "dependsOn", needed.kind, &needed.name);
        }
    }
    faults.people();
    faults.found.extend(graph::cycle(&graph::graph(catalogue)).and_then(|it| of_cycle(&it)));
    faults.found
}

/// `cycle` closes on its first node.
pub fn of_cycle(cycle: &[Key]) -> Option<Misfit> {
    let [first, second, ..] = cycle else { return None };
    let path: Vec<_> = cycle.iter().map(|key| key.name.as_str()).collect();
    Some(Misfit {
        about: first.clone(),
        field: "dependsOn",
        value: Some(second.name.to_string()),
        message: format!("dependsOn has a cycle: {}", path.join(" → ")),
        help: "what provides cannot need what it provides for: cut one of these".to_owned(),
    })
}

struct Faults<'a> {
    catalogue: &'a Catalogue,
    found: Vec<Misfit>,
}

impl Faults<'_> {
    fn refer(&mut self, from: &Key, field: &'static str, kind: Kind, name: &Name) {
        let wanted = Key { kind, name: name.clone() };
        if self.catalogue.digest(&wanted).is_some() {
            return;
        }
        self.found.push(Misfit {
            about: from.clone(),
            field,
            value: Some(name.to_string()),
            message: format!("{from}: {field} names {wanted}, which is not declared"),
            help: self.known(kind, &wanted),
        });
    }

    fn known(&self, kind: Kind, wanted: &Key) -> String {
        /// More would be a wall of names.
        const NAMES_MAX: usize = 8;
        let names = self.catalogue.iter().map(|(key, _)| key).filter(|key| key.kind == kind);
        let names: Vec<_> = names.map(|it| format!("`{}`", it.name)).collect();
        match names.len() {
            0 => format!("declare {wanted}"),
            1..=NAMES_MAX => format!("declare {wanted}, or name {}", names.join(" or ")),
            _ => format!(
                "declare {wanted}, or name one that `shipway get {}` shows",
                kind.as_str().to_lowercase()
            ),
        }
    }

    /// Nothing that tells who somebody is may be said of two Persons.
    fn people(&mut self) {
        let mut owners: BTreeMap<(&'static str, String), &Key> = BTreeMap::new();
        for (key, resource) in self.catalogue.iter() {
            let Spec::Person(person) = &resource.spec else { continue };
            let names = std::iter::once(key.name.to_string()).chain(person.accounts.iter().cloned());
            let claims = names.map(|it| ("accounts", it));
            let claims = claims.chain(person.emails.iter().map(|it| ("emails", it.to_lowercase())));
            let claims = claims.chain(person.subjects.iter().map(|it| ("subjects", it.clone())));
            for (field, value) in claims {
                match owners.get(&(field, value.clone())) {
                    Some(other) if *other != key => self.found.push(Misfit {
                        about: key.clone(),
                        field,
                        value: Some(value.clone()),
                        message: format!("{key}: `{value}` belongs to {other} already"),
                        help: "one of the two is somebody else, or they are one Person".to_owned(),
                    }),
                    _ => drop(owners.insert((field, value), key)),
                }
            }
        }
    }

    fn change_policy(&mut self, key: &Key, policy: &ChangePolicy) {
        let workflows = [&policy.standard, &policy.normal, &policy.major, &policy.emergency];
        let rules = || workflows.into_iter().flat_map(|it| &it.approvals);
        let escalations = rules().filter_map(|it| it.sla.as_ref()).map(|it| &it.escalate_to);
        let asked = rules().map(|it| &it.from).chain(policy.thresholds.iter().map(|it| &it.from));
        for team in asked.chain(escalations).flat_map(|it| &it.teams) {
            self.refer(key, "teams", Kind::Team, team);
        }
    }

    fn board(&mut self, key: &Key, board: &Board) {
        for team in &board.teams {
            self.refer(key, "teams", Kind::Team, team);
        }
        if let Some(escalation) = &board.escalation {
            self.refer(key, "escalation", Kind::Board, &escalation.to);
        }
        if let Some(meets) = &board.meets {
            self.rules(key, calendar::meeting::faults(&key.name, meets));
        }
    }

    fn service(&mut self, key: &Key, service: &Service) {
        self.refer(key, "owner", Kind::Team, &service.owner);
        if let Some(repository) = &service.repository {
            self.refer(key, "repository", Kind::Repository, repository);
        }
        for (_, resource) in self.catalogue.iter() {
            let Spec::Regulation(regulation) = &resource.spec else { continue };
            let class = service.data_classes.intersection(&regulation.data_classes).next();
            if let Some(class) = class
                && regulation.forbids_release_models.contains(&service.release_model)
            {
                let model = format!("{:?}", service.release_model).to_lowercase();
                self.found.push(Misfit {
                    about: key.clone(),
                    field: "releaseModel",
                    value: None,
                    message: format!(
                        "{key}: the release model `{model}` is forbidden for {class} by {}: {}",
                        resource.metadata.name, regulation.reason
                    ),
                    help: "choose another `releaseModel` (continuous when none is named)".to_owned(),
                });
            }
        }
    }

    fn environment(&mut self, key: &Key, environment: &Environment) {
        for (field, kind, name) in [
            ("extends", Kind::Environment, &environment.extends),
            ("promotesFrom", Kind::Environment, &environment.promotes_from),
            ("pipeline", Kind::Pipeline, &environment.pipeline),
            ("strategy", Kind::Strategy, &environment.strategy),
            ("changePolicy", Kind::ChangePolicy, &environment.change_policy),
        ] {
            if let Some(name) = name {
                self.refer(key, field, kind, name);
            }
        }
        for (service, strategy) in &environment.strategies {
            self.refer(key, "strategies", Kind::Service, service);
            self.refer(key, "strategies", Kind::Strategy, strategy);
        }
        for service in environment.router.iter().flat_map(|router| router.listen.keys()) {
            self.refer(key, "router.listen", Kind::Service, service);
        }
        for service in environment.variables.keys() {
            self.refer(key, "variables", Kind::Service, service);
        }
        for service in environment.secrets.keys() {
            self.refer(key, "secrets", Kind::Service, service);
        }
        if self.catalogue.environment(&key.name).is_none()
            && environment
                .extends
                .as_ref()
                .is_some_and(|it| self.catalogue.declared_environment(it).is_some())
        {
            self.found.push(Misfit {
                about: key.clone(),
                field: "extends",
                value: None,
                message: format!("{key}: extends leads in a circle, or deeper than 8 environments"),
                help: "extend one that does not lead back here".to_owned(),
            });
        }
    }

    /// Names in scopes need not be declared: a freeze may stand before what it covers.
    fn calendar(&mut self, key: &Key, calendar: &Calendar) {
        self.rules(key, compile(&key.name, calendar).err().unwrap_or_default());
    }

    fn zone(&mut self, key: &Key, zone: Option<&str>) {
        let Some((message, help)) = hours::fault(zone) else { return };
        self.found.push(Misfit {
            about: key.clone(),
            field: if matches!(key.kind, Kind::CalendarFeed) { "timeZone" } else { "zone" },
            value: zone.map(str::to_owned),
            message: format!("{key}: {message}"),
            help,
        });
    }

    fn train(&mut self, key: &Key, train: &Train) {
        self.refer(key, "environment", Kind::Environment, &train.environment);
        for service in &train.services {
            self.refer(key, "services", Kind::Service, service);
        }
        for promise in &train.promises {
            self.refer(key, "promises.vendor", Kind::Vendor, &promise.vendor);
        }
        self.rules(key, train::faults(&key.name, train));
    }

    /// Equal claims to the same thing at the same time are for people to settle.
    fn booking(&mut self, key: &Key, booking: &Booking) {
        self.refer(key, "environment", Kind::Environment, &booking.environment);
        self.refer(key, "team", Kind::Team, &booking.team);
        if let Some(vendor) = &booking.vendor {
            self.refer(key, "vendor", Kind::Vendor, vendor);
        }
        self.rules(key, calendar::booking_fault(&key.name, booking).into_iter().collect());
        let catalogue = self.catalogue;
        let others = catalogue.of_kind(Kind::Booking).take_while(|it| it.0 != key);
        for (other, resource) in others {
            let Spec::Booking(first) = &resource.spec else { continue };
            if first.priority != booking.priority || !first.overlaps(booking) {
                continue;
            }
            self.found.push(Misfit {
                about: key.clone(),
                field: "from",
                value: None,
                message: format!(
                    "{key} overlaps {other} of team {}, which has {} until {} with the same priority",
                    first.team, first.environment, first.until
                ),
                help: format!(
                    "book from {} on, or agree with team {} on another `priority`",
                    first.until, first.team
                ),
            });
        }
    }

    fn rules(&mut self, key: &Key, faults: Vec<Fault>) {
        self.found.extend(faults.into_iter().map(|it| Misfit {
            about: key.clone(),
            field: it.field,
            value: Some(it.value),
            message: format!("{key}: {}", it.message),
            help: it.help,
        }));
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
                Run::Gates(gates) => {
                    for policy in &gates.policies {
                        self.refer(key, "gates.policies", Kind::Policy, policy);
                    }
                }
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
