//! An action in words.

use shipway_model::plan::{Action, PlannedPool};

/// For people, for example `place checkout 1.2.0 on host-a`.
pub(crate) fn describe(action: &Action) -> String {
    match action {
        Action::Place { instance: it, .. } => format!("place {} {} on {}", it.service, it.version, it.target),
        Action::Retire { instance: it, .. } => {
            format!("drain and stop {} {} on {}", it.service, it.version, it.target)
        }
        Action::Verify { instance: it } => format!("check {} {} on {}", it.service, it.version, it.target),
        Action::Route { service, pools } => format!("send the traffic of {service} to {}", split(pools)),
        Action::Wait { duration } => format!("wait {duration}"),
        Action::Pause {} => "wait for `shipway rollout resume`".to_owned(),
        Action::Bake { service, version, duration, requests } => {
            format!("let {service} {version} run for {duration} and {requests} requests")
        }
        Action::Analyse { service, control, canary, .. } => {
            format!("judge {service} {canary} against {control}")
        }
        Action::Watch { service, control, canary, rule } => {
            format!("watch {service} {canary} for {}, against what {control} did before", rule.duration)
        }
        Action::Command { target, command, .. } => format!("run `{}` on {target}", command.command.join(" ")),
        Action::Http { request } => format!("call {}", request.url),
        Action::Journey { name, version: Some(version), .. } => {
            format!("walk the journey {name} through {version}")
        }
        Action::Journey { name, version: None, .. } => format!("walk the journey {name}"),
        Action::Gates { policies } => {
            let names: Vec<&str> = policies.keys().map(shipway_model::Name::as_str).collect();
            format!("ask the gates of {}", names.join(", "))
        }
        Action::Approval { message, team: Some(team) } => format!("ask {team}: {message}"),
        Action::Approval { message, team: None } => format!("ask: {message}"),
    }
}

/// Versions and their shares of the traffic.
pub(crate) fn split(pools: &[PlannedPool]) -> String {
    let shares: Vec<String> = pools.iter().map(|it| format!("{} {}", it.version, it.weight_bp)).collect();
    if shares.is_empty() { "nobody".to_owned() } else { shares.join(", ") }
}
