//! One thing that is compared between the arms, and the evidence on it in both directions.

use shipway_model::analysis::MetricVerdict;

use crate::evidence::Evidence;
use crate::kernel::Table;

/// A share of requests, hits among all, with the evidence that canary has more of them than the margin allows (`harm`)
/// and the evidence that it has fewer of them than harm would bring (`health`).
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    pub(crate) name: String,
    /// Everything seen so far, added up. Only for people to read: the evidence is gathered block by block.
    pub(crate) seen: Table,
    harm: Evidence,
    health: Evidence,
}

impl Metric {
    pub(crate) fn new(name: String, harm: Evidence, health: Evidence) -> Self {
        Self { name, seen: Table::default(), harm, health }
    }

    pub(crate) fn observe(&mut self, table: &Table) {
        self.harm.observe(table);
        self.health.observe(table);
        let seen = &mut self.seen;
        seen.canary_total = seen.canary_total.saturating_add(table.canary_total);
        seen.canary_hits = seen.canary_hits.saturating_add(table.canary_hits);
        seen.control_total = seen.control_total.saturating_add(table.control_total);
        seen.control_hits = seen.control_hits.saturating_add(table.control_hits);
    }

    pub(crate) fn log_harm(&self) -> f64 {
        self.harm.log_e_value()
    }

    pub(crate) fn log_health(&self) -> f64 {
        self.health.log_e_value()
    }

    pub(crate) fn verdict(&self) -> MetricVerdict {
        MetricVerdict {
            name: self.name.clone(),
            log_e_value: self.log_harm(),
            control: share(self.seen.control_hits, self.seen.control_total),
            canary: share(self.seen.canary_hits, self.seen.canary_total),
        }
    }
}

/// Zero for nothing of nothing, so that a verdict is always finite.
pub(crate) fn share(hits: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { hits as f64 / total as f64 }
}
