//! What a question of access is about, as people write it: `environment/production`.

use clap::Args;
use shipway_api::ReleaseSelector;
use shipway_model::{Name, RolloutId};

/// Any of these may be given once, and together: a rollout of a release into an environment names both.
#[derive(Debug, Args)]
pub(super) struct ResourceArgs {
    /// environment/NAME, service/NAME, release/NAME@VERSION, rollout/ID; several narrow it down
    #[arg(value_name = "RESOURCE", value_parser = parse)]
    resources: Vec<Resource>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    Environment(Name),
    Service(Name),
    Release(ReleaseSelector),
    Rollout(RolloutId),
}

#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) environment: Option<Name>,
    pub(super) service: Option<Name>,
    pub(super) release: Option<ReleaseSelector>,
    pub(super) rollout: Option<RolloutId>,
}

impl ResourceArgs {
    /// The last of each kind.
    pub(super) fn named(self) -> Named {
        let mut named = Named::default();
        for resource in self.resources {
            match resource {
                Resource::Environment(it) => named.environment = Some(it),
                Resource::Service(it) => named.service = Some(it),
                Resource::Release(it) => named.release = Some(it),
                Resource::Rollout(it) => named.rollout = Some(it),
            }
        }
        named
    }
}

fn parse(text: &str) -> Result<Resource, String> {
    let help = "write environment/NAME, service/NAME, release/NAME@VERSION or rollout/ID";
    let (kind, name) = text.split_once('/').ok_or(help)?;
    match kind.to_lowercase().as_str() {
        "environment" | "env" => name.parse().map(Resource::Environment).map_err(|it| it.to_string()),
        "service" => name.parse().map(Resource::Service).map_err(|it| it.to_string()),
        "release" => name.parse().map(Resource::Release).map_err(|it| it.to_string()),
        "rollout" => name.parse().map(Resource::Rollout).map_err(|it| it.to_string()),
        _ => Err(help.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_taken_as_people_write_them() {
        assert_eq!(parse("env/production"), Ok(Resource::Environment("production".parse().unwrap())));
        assert_eq!(parse("Service/web"), Ok(Resource::Service("web".parse().unwrap())));
        assert!(matches!(parse("release/shop@1.0.0"), Ok(Resource::Release(_))));
        for bad in ["production", "env/", "pod/a", "env/../x", "rollout/1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
