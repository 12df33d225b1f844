//! Release trains.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::train::{ManifestView, TrainView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrainPath {
    pub train: Name,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DepartureQuery {
    /// The first departure at or after this instant; the next one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
}

operations! {
    /// List trains, when they leave next and how they left last.
    ListTrains "listTrains": Get "/api/v1/trains", Viewer {
        answer: Json<Page<TrainView>>,
    }

    /// Say what a departure would take, what stays behind and why.
    PlanTrain "planTrain": Get "/api/v1/trains/{train}/manifest", Viewer {
        path: TrainPath,
        query: DepartureQuery,
        answer: Json<ManifestView>,
        errors: [UnknownTrain],
    }
}
