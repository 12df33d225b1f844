//! What a question to a calendar is about.

use clap::Args;
use shipway_engine::calendar::Subject;
use shipway_model::Name;
use shipway_model::release::Class;
use shipway_model::resource::service::Dependency;
use shipway_model::resource::{Resource, Spec};

/// What is not said is not known, and rules that ask for it do not cover the question.
#[derive(Debug, Clone, Args)]
pub(super) struct About {
    /// The service; where the files declare it, its tier, team and vendors are known too
    #[arg(long, value_name = "SERVICE")]
    service: Option<Name>,
    /// The environment
    #[arg(long, value_name = "ENV")]
    env: Option<Name>,
    /// The release's class: standard, normal or emergency
    #[arg(long, default_value = "normal", value_parser = class)]
    class: Class,
    /// The service's tier, 1 to 4
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
    tier: Option<u8>,
    /// The team that owns the service
    #[arg(long, value_name = "TEAM")]
    team: Option<Name>,
    /// The targets' region
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// A vendor that the service depends on
    #[arg(long, value_name = "VENDOR")]
    vendor: Vec<Name>,
    /// Something is being taken back
    #[arg(long)]
    rollback: bool,
}

impl About {
    pub(super) fn subject(&self, declared: &[Resource]) -> Subject {
        let is_it = |it: &&Resource| Some(&it.metadata.name) == self.service.as_ref();
        let service = declared.iter().filter(is_it).find_map(|it| match &it.spec {
            Spec::Service(service) => Some(service),
            _ => None,
        });
        let vendors = service.into_iter().flat_map(|it| &it.depends_on).filter_map(|it| match it {
            Dependency::Vendor(vendor) => Some(vendor.clone()),
            Dependency::Service(_) | Dependency::Library(_) => None,
        });
        Subject {
            service: self.service.clone(),
            tier: self.tier.or(service.map(|it| it.tier)),
            team: self.team.clone().or(service.map(|it| it.owner.clone())),
            vendors: vendors.chain(self.vendor.iter().cloned()).collect(),
            environment: self.env.clone(),
            regions: self.region.iter().cloned().collect(),
            class: self.class,
            is_rollback: self.rollback,
        }
    }
}

fn class(text: &str) -> Result<Class, String> {
    serde_json::from_value(text.into())
        .map_err(|_| "the classes are standard, normal and emergency".to_owned())
}
