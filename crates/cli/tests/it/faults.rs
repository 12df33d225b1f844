//! Faults to survive, each on real processes: no effect twice, no lost event, a known state, and the rollout goes on or
//! unwinds.

mod access_past_the_pipeline;
mod agent_killed;
mod artifact_corrupted;
mod clock_off;
mod control_plane_killed;
mod cut_off;
mod disk_full;
mod health_hangs;
mod replicas;
mod reports_repeated;
mod service_killed;
mod steps;
mod two_at_once;

/// Strategies that take a second or two.
mod strategy {
    pub(super) const ROLLING: &str = "{rolling: {maxSurge: 1, bake: 200ms}}";
    pub(super) const BLUE_GREEN: &str = "{blueGreen: {bake: 500ms, scaleDownDelay: 300ms}}";
    pub(super) const CANARY: &str = "{canary: {steps: [{weight: 20}, {bake: {duration: 300ms}}, {weight: 60}, {pause: {duration: 300ms}}, {weight: 100}]}}";
    /// Stops at 60 % until a person says something.
    pub(super) const CANARY_THAT_ASKS: &str =
        "{canary: {steps: [{weight: 20}, {weight: 60}, {pause: {}}, {weight: 100}]}}";
    pub(super) const LONG_BAKE: &str = "{blueGreen: {bake: 30s}}";
}
