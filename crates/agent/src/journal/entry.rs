//! The lines of the journal. Their JSON form is read by later agents: fields are added with a default, never renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipway_model::effect::{Effect, EffectKey, Outcome};
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, Name, RolloutId};

use crate::process::ProcessId;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum Entry {
    /// The control plane handed out an effect.
    Leased {
        key: EffectKey,
        generation: u32,
    },
    /// Performing it begins. Written once for each effect, before anything is done.
    Begun {
        effect: Box<Effect>,
    },
    /// The process of a command.
    Ran {
        key: EffectKey,
        process: ProcessId,
    },
    /// It has ended; the outcome is still to be reported.
    Ended {
        key: EffectKey,
        outcome: Outcome,
    },
    /// The control plane has the outcome, or does not want it.
    Reported {
        key: EffectKey,
        generation: u32,
    },
    /// From here on the instance shall run, whatever happens.
    Desired {
        instance: Instance,
        artifact: Digest,
        contract: Box<Deployment>,
        ports: BTreeMap<Name, u16>,
        /// The rollout that placed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollout: Option<RolloutId>,
        /// Only where a compacted journal sums up what came after.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<Condition>,
    },
    /// Its process is about to be started for the `run`th time.
    Starting {
        instance: Instance,
        run: u32,
    },
    Started {
        instance: Instance,
        run: u32,
        process: ProcessId,
    },
    /// It became healthy for the first time.
    Placed {
        instance: Instance,
    },
    /// Its condition changed afterwards, which is still to be reported.
    Changed {
        sequence: u64,
        instance: Instance,
        condition: Condition,
        detail: String,
    },
    /// The control plane has the changes up to this one.
    Told {
        through: u64,
    },
    /// It was stopped and shall not run any more.
    Retired {
        instance: Instance,
        artifact: Digest,
    },
}
