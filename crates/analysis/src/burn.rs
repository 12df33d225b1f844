//! How fast an error budget burns: rules of a long and a short window (Beyer, Murphy, Rensin, Kawahara & Thorne, "The Site
//! Reliability Workbook", 2018, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts").
//!
//! A burn rate of 1 spends the budget exactly by the end of the objective's period. A rule fires when both of its windows
//! burn at its rate or faster: the long one says that it matters, the short one that it still goes on. It is a rule, not
//! a test: there is no control, and a shared incident burns the budget as much as a bad release does.
//!
//! Start at [`Burn`].

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// An objective and the rules over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objective {
    /// Share of requests that are to be good: above 0, below 1; 0.999.
    pub objective: f64,
    /// Days over which it holds; 30.
    pub period_days: f64,
    /// The workbook's when left out: 14.4 over 1 h and 5 min and 6 over 6 h and 30 min take back, 1 over 3 days and 6 h
    /// tells.
    pub rules: Vec<Rule>,
}

/// One pair of windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub long_s: f64,
    pub short_s: f64,
    pub burn_rate: f64,
    /// So many failures in the long window at least: one of ten requests at night is no burning budget; 5.
    #[serde(default = "five")]
    pub failures_min: u64,
    pub action: Action,
}

/// What a trigger asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Say so.
    Tell,
    /// Go no further until someone says so.
    Hold,
    /// Take the release back.
    Rollback,
}

/// A rule that has begun to fire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trigger {
    /// Place of the rule among those of the objective.
    pub rule: usize,
    pub action: Action,
    /// End of the block that made it fire.
    pub at_s: f64,
    pub long_burn_rate: f64,
    pub short_burn_rate: f64,
    /// At the long window's rate the budget of a whole period is gone in so many hours.
    pub hours_to_exhaustion: f64,
}

/// Why an objective or a block is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidBurn {
    #[error("`{field}` is {value}; it goes from {least} to {greatest}")]
    OutOfRange { field: &'static str, value: f64, least: f64, greatest: f64 },
    #[error("the short window of {short_s} s is longer than the long one of {long_s} s")]
    ShortAboveLong { short_s: f64, long_s: f64 },
    #[error("there are {0} rules; an objective has 1 to {RULES_MAX}")]
    Rules(usize),
    #[error("the block has {bad} failures of {total} requests")]
    MoreFailuresThanRequests { bad: u64, total: u64 },
    #[error("the block ends at {end}, before the one ahead of it at {previous}")]
    BackInTime { end: f64, previous: f64 },
}

const RULES_MAX: usize = 20;

/// A window is counted in so many parts, so that memory does not depend on the length of blocks.
const PARTS_PER_SHORT_WINDOW: f64 = 20.0;

/// Bounds the parts of the longest window.
const PARTS_MAX: usize = 100_000;

fn five() -> u64 {
    5
}

impl Default for Objective {
    fn default() -> Self {
        let rule = |long_s, short_s, burn_rate, action| Rule {
            long_s,
            short_s,
            burn_rate,
            failures_min: five(),
            action,
        };
        Self {
            objective: 0.999,
            period_days: 30.0,
            rules: vec![
                rule(3600.0, 300.0, 14.4, Action::Rollback),
                rule(21_600.0, 1800.0, 6.0, Action::Rollback),
                rule(259_200.0, 21_600.0, 1.0, Action::Tell),
            ],
        }
    }
}

impl Objective {
    /// # Errors
    /// The first number out of its range.
    pub fn check(&self) -> Result<(), InvalidBurn> {
        within("objective", self.objective, 1e-6, 1.0 - 1e-9)?;
        within("period_days", self.period_days, 1.0, 366.0)?;
        if self.rules.is_empty() || self.rules.len() > RULES_MAX {
            return Err(InvalidBurn::Rules(self.rules.len()));
        }
        for &Rule { long_s, short_s, burn_rate, .. } in &self.rules {
            within("long_s", long_s, 1.0, 31.0 * 86_400.0)?;
            within("short_s", short_s, 1.0, 31.0 * 86_400.0)?;
            within("burn_rate", burn_rate, 0.01, 1e6)?;
            if short_s > long_s {
                return Err(InvalidBurn::ShortAboveLong { short_s, long_s });
            }
        }
        Ok(())
    }
}

/// The budget as it burns. Memory does not grow with time.
#[derive(Debug, Clone)]
pub struct Burn {
    objective: Objective,
    /// Seconds per part.
    part_s: f64,
    /// Oldest first.
    parts: VecDeque<Part>,
    /// What was counted up to the last part that was forgotten.
    forgotten: Part,
    end: f64,
    is_firing: Vec<bool>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Number of the part since time zero.
    place: i64,
    /// Requests and failures from the beginning to the end of the part, so that a window is a difference.
    total: u64,
    bad: u64,
}

impl Burn {
    /// # Errors
    /// What [`Objective::check`] finds.
    pub fn new(objective: Objective) -> Result<Self, InvalidBurn> {
        objective.check()?;
        let shortest = objective.rules.iter().map(|it| it.short_s).fold(f64::INFINITY, f64::min);
        let longest = objective.rules.iter().map(|it| it.long_s).fold(0.0, f64::max);
        let part_s = (shortest / PARTS_PER_SHORT_WINDOW).max(longest / PARTS_MAX as f64).max(1.0);
        Ok(Self {
            is_firing: vec![false; objective.rules.len()],
            objective,
            part_s,
            parts: VecDeque::new(),
            forgotten: Part::default(),
            end: f64::NEG_INFINITY,
        })
    }

    /// Takes in a block that ended at `end`, in seconds of any epoch, and tells the rules that begin to fire with it.
    /// Parts of a window before the first block count as if nothing had been asked of the service.
    ///
    /// # Errors
    /// The block is impossible or comes late; nothing has changed then.
    pub fn observe(&mut self, end: f64, total: u64, bad: u64) -> Result<Vec<Trigger>, InvalidBurn> {
        within("end", end, -1e12, 1e12)?;
        if bad > total {
            return Err(InvalidBurn::MoreFailuresThanRequests { bad, total });
        }
        if end < self.end {
            return Err(InvalidBurn::BackInTime { end, previous: self.end });
        }
        self.end = end;
        let place = self.place_of(end);
        let last = self.parts.back().unwrap_or(&self.forgotten);
        let part = Part { place, total: last.total.saturating_add(total), bad: last.bad.saturating_add(bad) };
        match self.parts.back_mut() {
            Some(open) if open.place == place => *open = part,
            _ => self.parts.push_back(part),
        }
        self.forget();
        Ok(self.triggers())
    }

    /// The burn rate over so many seconds up to now; none without a request.
    pub fn rate(&self, window_s: f64) -> Option<f64> {
        let (total, bad) = self.count(window_s);
        (total > 0).then(|| bad as f64 / total as f64 / (1.0 - self.objective.objective))
    }

    fn count(&self, window_s: f64) -> (u64, u64) {
        let first = self.place_of(self.end - window_s);
        let n_before = self.parts.partition_point(|it| it.place <= first);
        let before = n_before.checked_sub(1).map_or(&self.forgotten, |idx| &self.parts[idx]);
        let last = self.parts.back().unwrap_or(&self.forgotten);
        (last.total - before.total, last.bad - before.bad)
    }

    fn place_of(&self, t: f64) -> i64 {
        (t / self.part_s).ceil() as i64
    }

    fn forget(&mut self) {
        let longest = self.objective.rules.iter().map(|it| it.long_s).fold(0.0, f64::max);
        let first = self.place_of(self.end - longest);
        while let Some(part) = self.parts.pop_front_if(|it| it.place <= first) {
            self.forgotten = part;
        }
    }

    fn triggers(&mut self) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        for (idx, rule) in self.objective.rules.clone().into_iter().enumerate() {
            let rates = (self.rate(rule.long_s).unwrap_or(0.0), self.rate(rule.short_s).unwrap_or(0.0));
            let (long_burn_rate, short_burn_rate) = rates;
            let fires = long_burn_rate >= rule.burn_rate
                && short_burn_rate >= rule.burn_rate
                && self.count(rule.long_s).1 >= rule.failures_min;
            if fires && !self.is_firing[idx] {
                triggers.push(Trigger {
                    rule: idx,
                    action: rule.action,
                    at_s: self.end,
                    long_burn_rate,
                    short_burn_rate,
                    hours_to_exhaustion: self.objective.period_days * 24.0 / long_burn_rate,
                });
            }
            self.is_firing[idx] = fires;
        }
        triggers
    }
}

/// Also refuses what is no number.
fn within(field: &'static str, value: f64, least: f64, greatest: f64) -> Result<(), InvalidBurn> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(InvalidBurn::OutOfRange { field, value, least, greatest })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of ten seconds and a thousand requests; what fires, and when.
    fn fired(bad: impl Fn(f64) -> u64, hours: f64) -> Vec<(usize, f64)> {
        let mut burn = Burn::new(Objective::default()).unwrap();
        let mut fired = Vec::new();
        for block_idx in 1..=(hours * 360.0) as u32 {
            let end = f64::from(block_idx) * 10.0;
            fired.extend(burn.observe(end, 1000, bad(end)).unwrap().iter().map(|it| (it.rule, it.at_s)));
        }
        fired
    }

    #[test]
    fn a_budget_that_lasts_is_left_alone() {
        assert!(fired(|_| 0, 8.0).is_empty());
        // Nine tenths of the budget.
        assert!(fired(|end| u64::from(end % 100.0 != 10.0), 80.0).is_empty());
    }

    #[test]
    fn an_outage_fires_within_seconds_and_once() {
        let found = fired(|end| if end > 7200.0 { 200 } else { 0 }, 4.0);
        // 200 times the rate: the window of one hour is at 14.4 after 260 s of it. The longer ones hold no more than two
        // hours yet.
        assert_eq!(found, [(2, 7240.0), (1, 7430.0), (0, 7460.0)]);
    }

    #[test]
    fn what_is_over_fires_no_more() {
        let burst = |end: f64| if (7200.0..7260.0).contains(&end) { 100 } else { 0 };
        assert!(fired(burst, 4.0).is_empty());
    }

    #[test]
    fn a_slow_leak_is_told_and_no_more() {
        let rules: Vec<usize> = fired(|_| 2, 24.0).iter().map(|it| it.0).collect();
        assert_eq!(rules, [2]);
    }

    #[test]
    fn memory_does_not_grow_and_nonsense_is_refused() {
        let mut burn = Burn::new(Objective::default()).unwrap();
        for block_idx in 0..100_000 {
            burn.observe(f64::from(block_idx) * 10.0, 10, 0).unwrap();
        }
        assert!(burn.parts.len() as f64 <= 259_200.0 / burn.part_s + 1.0);
        assert!(matches!(burn.observe(0.0, 1, 0), Err(InvalidBurn::BackInTime { .. })));
        assert!(matches!(burn.observe(f64::NAN, 1, 0), Err(InvalidBurn::OutOfRange { .. })));
        assert!(matches!(burn.observe(2e6, 1, 2), Err(InvalidBurn::MoreFailuresThanRequests { .. })));
        let upside_down = Rule { long_s: 1.0, short_s: 2.0, ..Objective::default().rules[0] };
        let objective = Objective { rules: vec![upside_down], ..Objective::default() };
        assert!(matches!(objective.check(), Err(InvalidBurn::ShortAboveLong { .. })));
    }
}
