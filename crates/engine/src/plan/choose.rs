//! Which strategy, and why; and which are refused.

use std::borrow::Cow;

use shipway_model::Name;
use shipway_model::resource::pipeline::Deploy;
use shipway_model::resource::strategy::{Analysis, Canary, CanaryStep, OnUndecided, Percent, Rolling};
use shipway_model::resource::{Kind, Strategy};

use super::build::Builder;
use super::{Ground, Shipment};
use crate::{Code, Rejection};

/// Services of this tier or a more important one are recommended a canary.
const CANARY_TIER_MAX: u8 = 2;

pub(super) fn choose<'a>(
    builder: &mut Builder<'a>,
    deploy: &Deploy,
    shipment: &Shipment<'_>,
) -> Result<(Cow<'a, Strategy>, String), Rejection> {
    let ground: &'a Ground<'a> = builder.ground;
    let by_service = ground.environment.strategies.get(&shipment.name);
    let named = [
        (deploy.strategy.as_ref(), "the pipeline asks for it"),
        (by_service, "the environment asks for it for this service"),
        (ground.environment.strategy.as_ref(), "the environment asks for it"),
    ];
    for (name, why) in named {
        let Some(name) = name else { continue };
        let strategy = declared(builder, name)?;
        check_downtime(ground, shipment, strategy)?;
        check_route(ground, shipment, strategy)?;
        check_sources(ground, name, strategy)?;
        return Ok((Cow::Borrowed(strategy), format!("{why} ({name})")));
    }
    let (strategy, why) = recommend(ground, shipment);
    Ok((Cow::Owned(strategy), why))
}

fn declared<'a>(builder: &mut Builder<'a>, name: &Name) -> Result<&'a Strategy, Rejection> {
    let ground = builder.ground;
    let key = shipway_model::resource::Key { kind: Kind::Strategy, name: name.clone() };
    if let Some(digest) = ground.state.catalogue.digest(&key) {
        builder.declarations.insert(key.to_string(), digest);
    }
    ground
        .state
        .catalogue
        .strategy(name)
        .ok_or_else(|| Rejection::new(Code::Unplannable, format!("no Strategy {name} is declared")))
}

/// What is done when nobody said.
fn recommend(ground: &Ground<'_>, shipment: &Shipment<'_>) -> (Strategy, String) {
    let routed = ground.routes.contains_key(&shipment.name);
    let tier = shipment.service.tier;
    if routed && shipment.from.is_some() && tier <= CANARY_TIER_MAX {
        let weight = |percent| CanaryStep::Weight(Percent::try_from(percent).expect("1 to 100"));
        let rule = Analysis { on_undecided: OnUndecided::Hold, ..Analysis::default() };
        let analysis = || CanaryStep::Analysis(Box::new(rule.clone()));
        let steps = vec![weight(5), analysis(), weight(25), analysis(), weight(50), analysis(), weight(100)];
        let why =
            format!("recommended: tier {tier}, and a router can give the new version a small share first");
        return (Strategy::Canary(Canary { steps, max_failed: 0, watch: None }), why);
    }
    let why = match routed {
        true => format!("recommended: tier {tier}; each target is replaced while the others answer"),
        false => "recommended: no router carries its traffic, so shares cannot be shifted".to_owned(),
    };
    (Strategy::Rolling(Rolling::default()), why)
}

/// A share of the traffic can only be given where something carries it.
fn check_route(ground: &Ground<'_>, shipment: &Shipment<'_>, strategy: &Strategy) -> Result<(), Rejection> {
    let needs_route = matches!(strategy, Strategy::Canary(_) | Strategy::BlueGreen(_));
    if !needs_route || shipment.from.is_none() || ground.routes.contains_key(&shipment.name) {
        return Ok(());
    }
    Err(Rejection::new(
        Code::Unplannable,
        format!(
            "{} shifts traffic, and no router carries that of {} in {}",
            strategy.name(),
            shipment.name,
            ground.name
        ),
    )
    .hint(format!(
        "name {} under `router.listen` of Environment {}, or choose rolling",
        shipment.name, ground.name
    )))
}

/// An analysis can only ask sources that the environment declares, each in its own way.
fn check_sources(ground: &Ground<'_>, name: &Name, strategy: &Strategy) -> Result<(), Rejection> {
    let steps = match strategy {
        Strategy::Canary(canary) => canary.steps.as_slice(),
        Strategy::Recreate(_) | Strategy::Rolling(_) | Strategy::BlueGreen(_) => &[],
    };
    let of_steps = steps.iter().flat_map(|it| match it {
        CanaryStep::Analysis(rule) => rule.metrics.as_slice(),
        CanaryStep::Weight(_) | CanaryStep::Pause(_) | CanaryStep::Bake(_) => &[],
    });
    for metric in of_steps.chain(strategy.watch().into_iter().flat_map(|it| &it.metrics)) {
        let Some(query) = &metric.from else { continue };
        let source = query.source();
        let declared = ground.environment.metrics.get(source);
        if declared.is_some_and(|it| it.word() == query.word()) {
            continue;
        }
        let found = match declared {
            Some(other) => format!("there it is of kind {}", other.word()),
            None => "there is none of that name".to_owned(),
        };
        let (asked, environment) = (query.word(), &ground.name);
        return Err(Rejection::new(
            Code::Unplannable,
            format!(
                "{name} asks the {asked} source {source} of {environment} for {}, and {found}",
                metric.name
            ),
        )
        .hint(format!("name {source} under `metrics` of Environment {environment}")));
    }
    Ok(())
}

fn check_downtime(
    ground: &Ground<'_>,
    shipment: &Shipment<'_>,
    strategy: &Strategy,
) -> Result<(), Rejection> {
    if !shipment.service.zero_downtime || shipment.from.is_none() {
        return Ok(());
    }
    let why = match strategy {
        Strategy::Recreate(_) => "recreate stops every instance before the first new one starts".to_owned(),
        Strategy::Rolling(it) if it.max_surge == 0 && it.max_unavailable as usize >= ground.targets.len() => {
            format!(
                "maxUnavailable {} takes away all {} targets at once",
                it.max_unavailable,
                ground.targets.len()
            )
        }
        Strategy::Rolling(_) | Strategy::BlueGreen(_) | Strategy::Canary(_) => return Ok(()),
    };
    Err(Rejection::new(
        Code::BreaksZeroDowntime,
        format!("{} declares zeroDowntime, and {why}", shipment.name),
    )
    .hint(format!(
        "choose rolling with maxSurge, blueGreen or canary for {} in {}",
        shipment.name, ground.name
    )))
}
