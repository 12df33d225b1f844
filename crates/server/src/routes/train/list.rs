//! All trains.

use shipway_api::operations::train::ListTrains;
use shipway_api::page::Page;
use shipway_api::view::train::{DepartedView, TrainView};
use shipway_engine::train::departures;
use shipway_model::resource::{Kind, Spec};

use crate::incoming::{Incoming, Outcome};

/// Departures that are shown of each.
const NEXT_MAX: usize = 3;

pub(super) async fn handle(it: Incoming<ListTrains>) -> Outcome<ListTrains> {
    let (state, now) = (it.state(), it.now());
    let trains = state.catalogue.of_kind(Kind::Train).filter_map(|(key, resource)| match &resource.spec {
        Spec::Train(train) => Some((&key.name, train)),
        _ => None,
    });
    let view = |(name, train): (&shipway_model::Name, &shipway_model::resource::Train)| TrainView {
        name: name.clone(),
        environment: train.environment.clone(),
        services: train.services.clone(),
        next: departures(name, train, now).into_iter().take(NEXT_MAX).collect(),
        last: state.trains.last(name).map(|it| DepartedView {
            departure: it.departure,
            rollouts: it.rollouts.clone(),
            left: it.left.clone(),
        }),
    };
    Ok(Page { items: trains.map(view).collect(), next: None })
}
