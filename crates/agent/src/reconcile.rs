//! After a time without the control plane: what runs here and should not is stopped, what should and does not is
//! started.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use shipway_api::view::agent::OrderedInstance;
use shipway_model::effect::Order;
use shipway_model::plan::Instance;
use tracing::{error, warn};

use crate::fleet;
use crate::host::Host;
use crate::link::LinkError;

pub(crate) async fn reconcile(host: &Arc<Host>) -> Result<(), LinkError> {
    let orders = host.link.orders().await?;
    let ordered: BTreeSet<&Instance> = orders.instances.iter().map(|it| &it.instance).collect();
    let (here, in_hand, retired) = host.journal.read(|state| {
        let here: BTreeSet<Instance> = state.instances.keys().cloned().collect();
        let in_hand: BTreeSet<Instance> =
            state.unfinished().filter_map(|(effect, _)| instance(&effect.order)).cloned().collect();
        let retired: BTreeSet<Instance> = state.retired.iter().map(|(it, _)| it.clone()).collect();
        (here, in_hand, retired)
    });
    let strays = here.iter().filter(|it| !ordered.contains(it) && !in_hand.contains(it));
    join_all(strays.map(|it| stop(host, it))).await;
    // What was retired here stays so: its retirement, or the failure of its placement, has just been reported.
    let is_missing = |it: &Instance| !here.contains(it) && !in_hand.contains(it) && !retired.contains(it);
    for missing in orders.instances.iter().filter(|it| is_missing(&it.instance)) {
        start(host, missing).await;
    }
    Ok(())
}

async fn stop(host: &Arc<Host>, instance: &Instance) {
    warn!(%instance, "is not among the orders any more: stopping it");
    if let Err(fault) = fleet::remove(host, instance).await {
        error!(%instance, "not stopped: {fault}");
    }
}

async fn start(host: &Arc<Host>, ordered: &OrderedInstance) {
    let OrderedInstance { instance, artifact, contract } = ordered;
    warn!(%instance, "is among the orders and not here: starting it");
    if let Err(fault) = fleet::ensure(host, instance, *artifact, contract, None).await {
        error!(%instance, "not started: {fault}");
    }
}

/// The instance that an order is about.
pub(crate) const fn instance(order: &Order) -> Option<&Instance> {
    match order {
        Order::Place { instance, .. } | Order::Retire { instance, .. } | Order::Verify { instance } => {
            Some(instance)
        }
        Order::Command { .. }
        | Order::Route { .. }
        | Order::Bake { .. }
        | Order::Analyse { .. }
        | Order::Watch { .. }
        | Order::Http { .. }
        | Order::Journey { .. }
        | Order::Gates { .. } => None,
    }
}
