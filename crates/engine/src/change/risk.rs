//! An explained score of risk: thirteen factors, each a share of its weight; their points add up to the score, exactly.
//!
//! The built-in weights are agreed on and add up to 100; a ChangePolicy may set others, such as those that a refit over
//! what came of earlier changes proposes. What nobody said is
//! never taken for harmless: a factor without information has a share of its own, which each function below names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use shipway_model::Name;
use shipway_model::change::{Contribution, Factor, Risk};
use shipway_model::event::End;
use shipway_model::plan::{Plan, Reversibility};
use shipway_model::release::{Bundle, Document};
use shipway_model::resource::service::Criticality;
use shipway_model::resource::{Kind, Spec};

use super::class::Ground;
use super::key;
use crate::catalogue::graph;
use crate::{State, Summary};

mod experience;

/// A failure counts half after this many days.
const HALF_LIFE_DAYS: f64 = 90.0;
/// Lines from which on churn has its full share.
const LINES_FULL: f64 = 5000.0;
const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// A part of a factor's weight, in thousandths, and the sentence that goes with it.
type Share = (u32, String);

/// The most points of a factor, where no policy says otherwise.
pub const fn weight(factor: Factor) -> u32 {
    match factor {
        Factor::Churn | Factor::History => 12,
        Factor::Criticality | Factor::UserImpact => 10,
        Factor::FanOut | Factor::Data | Factor::Irreversibility => 8,
        Factor::Size | Factor::Timing | Factor::EvidenceGaps | Factor::Experience => 6,
        Factor::Depth | Factor::Novelty => 4,
    }
}

/// The risk of carrying out `plan` for the release of `bundle`, as things stand at `now`.
pub fn assess(
    state: &State,
    plan: &Plan,
    bundle: &Bundle,
    weights: &BTreeMap<Factor, u32>,
    now: Timestamp,
) -> Risk {
    let ground = Ground { state, plan, bundle, protected: &plan.environment, risk: 0 };
    let mut factors: Vec<Contribution> = Factor::ALL
        .into_iter()
        .map(|factor| {
            let (share, why) = ground.share(factor, now);
            let of = weights.get(&factor).copied().unwrap_or(weight(factor));
            // To the nearest point; a share is at most 1000.
            let points = (of.saturating_mul(share.min(1000)).saturating_add(500)) / 1000;
            Contribution { factor, points, of, why }
        })
        .collect();
    factors.sort_by_key(|it| (std::cmp::Reverse(it.points), it.factor));
    Risk { score: factors.iter().map(|it| it.points).fold(0, u32::saturating_add), factors }
}

impl Ground<'_> {
    fn share(&self, factor: Factor, now: Timestamp) -> Share {
        match factor {
            Factor::Churn => self.churn(),
            Factor::Size => self.size(),
            Factor::Criticality => self.criticality(),
            Factor::FanOut => self.fan_out(),
            Factor::Depth => self.depth(),
            Factor::History => self.history(now),
            Factor::UserImpact => self.user_impact(),
            Factor::Data => self.data(),
            Factor::Timing => timing(now),
            Factor::Irreversibility => self.irreversibility(),
            Factor::EvidenceGaps => self.evidence_gaps(),
            Factor::Novelty => self.novelty(now),
            Factor::Experience => experience::share(self.state, self.plan, self.bundle),
        }
    }

    /// log(1 + lines) / log(1 + 5000), and 600 where nobody said.
    fn churn(&self) -> Share {
        let Some(touches) = &self.bundle.touches else {
            return (600, "the release does not say what it touches".to_owned());
        };
        let lines = touches.lines();
        #[expect(clippy::cast_precision_loss, reason = "no release has 2^52 lines")]
        let share = (lines as f64).ln_1p() / LINES_FULL.ln_1p();
        (thousandths(share), format!("{lines} lines in {} files", touches.files.len()))
    }

    /// 100 for each service.
    fn size(&self) -> Share {
        let n = self.bundle.parts.len();
        (100_u32.saturating_mul(count(n)), format!("{n} {} at once", plural(n, "service")))
    }

    fn criticality(&self) -> Share {
        let most = self.services().max_by_key(|it| it.1.criticality);
        let Some((name, service)) = most else { return (500, "no service of it is declared".to_owned()) };
        let (share, word) = match service.criticality {
            Criticality::Low => (100, "low"),
            Criticality::Medium => (400, "medium"),
            Criticality::High => (700, "high"),
            Criticality::Critical => (1000, "critical"),
        };
        (share, format!("{name} is declared as {word}"))
    }

    /// 100 for each service or library that needs what ships, directly or through others.
    fn fan_out(&self) -> Share {
        let graph = graph::graph(&self.state.catalogue);
        let mut reached: BTreeSet<_> = self.bundle.parts.keys().map(|it| key(Kind::Service, it)).collect();
        let n_shipped = reached.len();
        loop {
            let next: Vec<_> = graph
                .iter()
                .filter(|(from, needs)| !reached.contains(from) && !needs.is_disjoint(&reached))
                .map(|(from, _)| from.clone())
                .collect();
            if next.is_empty() {
                break;
            }
            reached.extend(next);
        }
        let n = reached.len() - n_shipped;
        (
            100_u32.saturating_mul(count(n)),
            format!("{n} {} on what ships", if n == 1 { "depends" } else { "depend" }),
        )
    }

    /// 200 for each link of the longest chain of what it needs.
    fn depth(&self) -> Share {
        let graph = graph::graph(&self.state.catalogue);
        let mut level: BTreeSet<_> = self.bundle.parts.keys().map(|it| key(Kind::Service, it)).collect();
        let mut depth = 0;
        // The graph has no circle but among vendors, so as many levels as there are nodes are enough.
        while depth < graph.len() {
            level = level.iter().filter_map(|it| graph.get(it)).flatten().cloned().collect();
            if level.is_empty() {
                break;
            }
            depth += 1;
        }
        (
            200_u32.saturating_mul(count(depth)),
            format!("the longest chain of what it needs has {depth} links"),
        )
    }

    /// (failures + 1) / (rollouts + 2) over past rollouts of the same services, each halved every 90 days: with none, 500.
    fn history(&self, now: Timestamp) -> Share {
        let (mut failed, mut all, mut n) = (0.0, 0.0, 0_usize);
        for (summary, at) in self.past() {
            let counts = 0.5_f64.powf(days_between(at, now) / HALF_LIFE_DAYS);
            n += 1;
            all += counts;
            if !matches!(summary.end, Some(End::Succeeded { .. })) {
                failed += counts;
            }
        }
        let share = (failed + 1.0) / (all + 2.0);
        let why = match n {
            0 => "nothing of it was rolled out before".to_owned(),
            _ => format!("of {n} earlier rollouts, {failed:.1} of {all:.1} failed, older ones counted less"),
        };
        (thousandths(share), why)
    }

    /// Ended rollouts of the same services, in every environment.
    fn past(&self) -> impl Iterator<Item = (&Summary, Timestamp)> {
        let ships = |it: &&Summary| {
            let release = self.state.releases.get(it.release.id);
            release.is_some_and(|it| it.bundle.parts.keys().any(|it| self.bundle.parts.contains_key(it)))
        };
        // What never began, or shipped nothing, says nothing of shipping.
        let cancelled =
            |it: &&Summary| it.fallback.is_some() || matches!(it.end, Some(End::Cancelled { .. }));
        let ended = self.state.rollouts.summaries.values().filter(move |it| !cancelled(it)).filter(ships);
        ended.filter_map(|it| Some((it, it.ended?)))
    }

    fn user_impact(&self) -> Share {
        let Some((name, service)) = self.services().min_by_key(|it| it.1.tier) else {
            return (500, "no service of it is declared".to_owned());
        };
        let share = match service.tier {
            0 | 1 => 1000,
            2 => 600,
            3 => 300,
            _ => 100,
        };
        match &service.slo {
            Some(_) => (share, format!("{name} is of tier {}", service.tier)),
            None => (share + 100, format!("{name} is of tier {} and promises no objective", service.tier)),
        }
    }

    /// 1000 for what a regulation is about, 500 for other classes of data, 200 where none is declared.
    fn data(&self) -> Share {
        let classes: BTreeSet<&Name> = self.services().flat_map(|it| &it.1.data_classes).collect();
        let mut regulations = self.state.catalogue.of_kind(Kind::Regulation);
        let regulated = regulations.find_map(|(key, resource)| match &resource.spec {
            Spec::Regulation(it) => Some((key, it.data_classes.iter().find(|it| classes.contains(it))?)),
            _ => None,
        });
        match (regulated, classes.iter().next()) {
            (Some((key, class)), _) => (1000, format!("it handles {class}, which {key} is about")),
            (None, Some(class)) => (500, format!("it handles {class}")),
            (None, None) => (200, "no class of data is declared".to_owned()),
        }
    }

    fn irreversibility(&self) -> Share {
        if let Some(step) = self.plan.unwind.point_of_no_return {
            return (1000, format!("step {step} is a point of no return"));
        }
        let forward_only = |it: &&shipway_model::plan::Step| it.reversibility == Reversibility::ForwardOnly;
        if let Some(step) = self.plan.steps.iter().find(forward_only) {
            return (500, format!("step {} cannot be undone", step.id));
        }
        let slow =
            self.plan.unwind.services.iter().find(|it| it.promised.is_some_and(|max| it.expected > max));
        match slow {
            Some(it) => (
                700,
                format!(
                    "taking {} back is expected to take {}, more than it promises",
                    it.service, it.expected
                ),
            ),
            None => (100, format!("all of it can be taken back, in about {}", self.plan.unwind.expected)),
        }
    }

    /// The part of what could have been shown and was not: evidence about each artifact, a runbook, a way back, and
    /// what it touches.
    fn evidence_gaps(&self) -> Share {
        let bare = |digest| self.state.evidence.about(digest).next().is_none();
        let mut missing: Vec<String> = self
            .bundle
            .parts
            .iter()
            .filter(|(_, part)| bare(&part.artifact))
            .map(|(service, _)| format!("evidence about {service}"))
            .collect();
        for (document, word) in
            [(Document::Runbook, "a runbook"), (Document::RollbackPackage, "a rollback package")]
        {
            if !self.bundle.brings(document) {
                missing.push(word.to_owned());
            }
        }
        if self.bundle.touches.is_none() {
            missing.push("what it touches".to_owned());
        }
        let all = self.bundle.parts.len() + 3;
        let share = count(missing.len()) * 1000 / count(all);
        match missing.as_slice() {
            [] => (share, "everything that is looked for is there".to_owned()),
            [..] => (share, format!("nobody has shown {}", missing.join(", "))),
        }
    }

    /// 10 for each day since it was last shipped here, and 1000 for what never was.
    fn novelty(&self, now: Timestamp) -> Share {
        let running = self.state.environments.get(&self.plan.environment);
        let mut oldest: Option<(f64, &Name)> = None;
        for service in self.bundle.parts.keys() {
            let Some(shipped) = running.and_then(|it| it.services.get(service)) else {
                return (1000, format!("{service} was never shipped to {}", self.plan.environment));
            };
            let days = days_between(shipped.since, now);
            if oldest.is_none_or(|it| days > it.0) {
                oldest = Some((days, service));
            }
        }
        let Some((days, service)) = oldest else { return (1000, "it has no services".to_owned()) };
        let share = thousandths(days * 10.0 / 1000.0).max(100);
        (share, format!("{service} was last shipped {days:.0} days ago"))
    }
}

/// By UTC, since nobody says where the people are: 200 on weekdays from 8 to 16, 1000 on weekends and on Fridays after
/// noon, 600 otherwise.
fn timing(now: Timestamp) -> Share {
    let at = now.to_zoned(TimeZone::UTC);
    let share = match (at.weekday(), at.hour()) {
        (Weekday::Saturday | Weekday::Sunday, _) | (Weekday::Friday, 12..) => 1000,
        (_, 8..16) => 200,
        _ => 600,
    };
    (share, format!("it is {} UTC", at.strftime("%A, %H:%M")))
}

fn days_between(from: Timestamp, to: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a span of milliseconds within centuries is below 2^52")]
    let millis = to.duration_since(from).as_millis() as f64;
    (millis / MILLIS_PER_DAY).max(0.0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to between 0 and 1000 before"
)]
fn thousandths(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u32
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { word.to_owned() } else { format!("{word}s") }
}
