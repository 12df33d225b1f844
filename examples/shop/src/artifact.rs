//! `shop.json`: the version, and the defect that this version was built with.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

/// What is in `shop.json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Artifact {
    pub version: String,
    #[serde(default)]
    pub defects: Defects,
}

/// The example's stand-in for a bug. It is part of the artifact, so that a bad release is bad in the same way wherever
/// it goes, and a rollback to another artifact really takes it away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Defects {
    /// Share of `POST /orders` that fail with status 500: 0 to 1.
    pub error_share: f64,
    /// Added to every `/orders` call.
    pub extra_latency_ms: u64,
    /// How long the process answers 503 to everything after its start.
    pub startup_ms: u64,
    /// Whether `/healthz` answers 503 for ever.
    pub never_healthy: bool,
    /// How long after its start the process dies.
    pub crash_after_ms: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum UnreadableArtifact {
    #[error("cannot read {path}: run the service in the directory that holds its shop.json")]
    Missing { path: String, source: std::io::Error },
    #[error("{path} is not a shop.json")]
    Malformed { path: String, source: serde_json::Error },
    #[error("errorShare {0} is no share: write a number from 0 to 1")]
    ErrorShare(f64),
}

impl Artifact {
    pub fn read(path: &Path) -> Result<Self, UnreadableArtifact> {
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| UnreadableArtifact::Missing { path: shown(), source })?;
        let artifact: Self = serde_json::from_str(&text)
            .map_err(|source| UnreadableArtifact::Malformed { path: shown(), source })?;
        let share = artifact.defects.error_share;
        if !(0.0..=1.0).contains(&share) {
            return Err(UnreadableArtifact::ErrorShare(share));
        }
        Ok(artifact)
    }
}

impl Defects {
    /// Whether the order with this number, counted from one, is among the share that fails.
    ///
    /// The numbers are spread by a Weyl sequence: the fractional part of n/φ is below `error_share` for exactly that
    /// share of all n in the long run, within a few of it in any stretch, and without the rhythm of every k-th.
    pub fn fails_order(&self, number: u64) -> bool {
        // 2⁶⁴/φ; the upper 53 bits are what a double holds exactly.
        let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
        (spread as f64) / ((1_u64 << 53) as f64) < self.error_share
    }

    pub fn extra_latency(&self) -> Duration {
        Duration::from_millis(self.extra_latency_ms)
    }

    pub fn startup(&self) -> Duration {
        Duration::from_millis(self.startup_ms)
    }

    pub fn crash_after(&self) -> Option<Duration> {
        self.crash_after_ms.map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_fail_in_the_declared_share() {
        for (error_share, expected) in [(0.0, 0), (0.04, 400), (0.5, 5000), (1.0, 10_000)] {
            let defects = Defects { error_share, ..Defects::default() };
            let n_failed = (1..=10_000).filter(|&number| defects.fails_order(number)).count();
            assert!(n_failed.abs_diff(expected) <= 3, "{error_share}: {n_failed}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        let error = serde_json::from_str::<Artifact>(r#"{"version":"1.0.0","defects":{"errorRate":0.1}}"#);
        assert!(error.unwrap_err().to_string().contains("errorRate"));
    }
}
