//! What runs where, and who receives the traffic.

use shipway_api::view::traffic::{TargetView, TrafficView};
use shipway_model::Name;

use super::{Paint, Table};

/// A row per instance.
pub(crate) fn targets(targets: &[TargetView], paint: Paint) -> String {
    let mut table = Table::new(["TARGET", "ZONE", "SERVICE", "VERSION", "CONDITION", "ADDRESS", "DETAIL"]);
    for it in targets {
        let address = it.address.map(|it| it.to_string()).unwrap_or_default();
        let detail = match it.crashes {
            0 => it.detail.clone(),
            crashes => format!("{} (crashed {crashes} times)", it.detail).trim_start().to_owned(),
        };
        let (target, service, version) = (it.target.as_str(), it.service.as_str(), it.version.as_str());
        table.row([target, &it.zone, service, version, it.condition.word(), &address, &detail]);
    }
    table.render(paint, "Nothing runs here.")
}

/// A row per version that could receive traffic.
pub(crate) fn traffic(traffic: &[TrafficView], paint: Paint) -> String {
    let mut table = Table::new(["SERVICE", "LISTENS AT", "VERSION", "SHARE", "TARGETS"]);
    for service in traffic {
        let listen = service.listen.map(|it| it.to_string()).unwrap_or_default();
        for pool in &service.pools {
            let targets: Vec<&str> = pool.targets.iter().map(Name::as_str).collect();
            let share = pool.weight_bp.to_string();
            table.row([
                service.service.as_str(),
                &listen,
                pool.version.as_str(),
                &share,
                &targets.join(", "),
            ]);
        }
    }
    table.render(paint, "No traffic is routed.")
}
