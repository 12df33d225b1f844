//! Whether incidents and tickets have to do with deployments, their cadence and changes of process: tests that are honest about
//! the rhythm of the week, about what comes in clusters, and about how many questions were asked.
//!
//! Deployments and incidents both happen in working hours and in bad months, so that they keep company without any cause. Hence
//! every test compares the record with rearrangements of itself that leave that as it is:
//!
//! - *follow*: whole weeks of a service's deployments are dealt out anew among neighbouring weeks ([`Rule::stratum_weeks`] of
//!   them), each deployment keeping its minute of the week, while incidents stay. Every permutation is looked at, and the
//!   strata are added up by convolution, so the p-value is exact (Good, "Permutation, Parametric and Bootstrap Tests of
//!   Hypotheses", 3rd ed. 2005, on restricted permutations).
//! - *cadence*: the outcomes of a service's deployments are shifted around against their distances, so that runs of failures stay
//!   runs (Lotwick & Silverman, "Methods for analysing spatial processes of several types of points", JRSS B 44, 1982, on
//!   toroidal shifts).
//! - *process*: the date of the change is compared with every other date that it might have had (Edgington & Onghena,
//!   "Randomization Tests", 4th ed. 2007, chapter 11).
//!
//! All questions together keep their rate of false discoveries ([`crate::compare::discoveries`]). A p-value is for one look at a
//! record whose end was not chosen by looking; whoever looks again and again goes by the e-value, which multiplies over strata
//! and may be looked at after each. An association is no cause: what moved deployments and incidents within the same weeks, such
//! as a freeze, is not told from one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::compare::discoveries;

mod cadence;
mod follow;
mod law;
mod process;

/// Something that happened at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// Seconds of any epoch.
    pub t: f64,
    pub kind: Kind,
    /// What happens without a service happens to one without a name; a change of process without one is for all.
    #[serde(default)]
    pub service: String,
    /// For people, such as `shop@1.2.0`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Deployment,
    Incident,
    Ticket,
    /// A change of how is worked, such as an approval that is asked for from then on.
    Process,
}

/// How the questions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// So many seconds after a deployment an incident or a ticket follows it: 60 to 604,800; 86,400.
    pub window_s: f64,
    /// Among so many weeks in a row deployments are dealt out anew: 2 to 6; 4.
    pub stratum_weeks: usize,
    /// Share of the discoveries that may be false: above 0 and below 1; 0.05.
    pub false_discoveries: f64,
}

/// Why nothing is asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidRecord {
    #[error("`{field}` is {value}; it goes from {least} to {greatest}")]
    OutOfRange { field: &'static str, value: f64, least: f64, greatest: f64 },
    #[error("there are {0} occurrences; at most {OCCURRENCES_MAX} are read")]
    TooMany(usize),
    #[error("the record is {0:.1} weeks long; at most {WEEKS_MAX} are looked at")]
    TooLong(f64),
}

/// The answers, the surest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whole weeks that were looked at.
    pub weeks: usize,
    pub findings: Vec<Finding>,
    /// What a reader has to know.
    pub remarks: Vec<String>,
}

/// One question and its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub question: Question,
    /// None of all services together.
    pub service: Option<String>,
    /// What of: the name of a change of process.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub deployments: u64,
    /// Of the deployments: those that were followed; those that failed and had come soon; those after the change that failed.
    pub observed: u64,
    /// What the rearrangements have on average.
    pub expected: f64,
    pub p_value: f64,
    /// What the p-value could have been at best, with so much data.
    pub p_value_least: f64,
    /// Natural logarithm of the e-value, of questions whose evidence gathers with the weeks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_e_value: Option<f64>,
    pub is_discovery: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Do incidents follow deployments more often than the weeks explain?
    IncidentsFollow,
    TicketsFollow,
    /// Do deployments fail (have an incident follow) more or less often when they come soon after another?
    Cadence,
    /// Did deployments fail more or less often after a change of process?
    Process,
}

/// Bounds what is held.
const OCCURRENCES_MAX: usize = 1_000_000;

/// Ten years and a bit.
const WEEKS_MAX: f64 = 530.0;

const WEEK_S: f64 = 604_800.0;

impl Default for Rule {
    fn default() -> Self {
        Self { window_s: 86_400.0, stratum_weeks: 4, false_discoveries: 0.05 }
    }
}

impl Rule {
    /// # Errors
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), InvalidRecord> {
        within("window_s", self.window_s, 60.0, WEEK_S)?;
        within("stratum_weeks", self.stratum_weeks as f64, 2.0, 6.0)?;
        within("false_discoveries", self.false_discoveries, 1e-6, 1.0 - 1e-6)
    }
}

/// Also refuses what is no number.
fn within(field: &'static str, value: f64, least: f64, greatest: f64) -> Result<(), InvalidRecord> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(InvalidRecord::OutOfRange { field, value, least, greatest })
}

/// The instants of one service, in order.
#[derive(Debug, Default)]
struct Service {
    deployments: Vec<f64>,
    incidents: Vec<f64>,
    tickets: Vec<f64>,
}

impl Service {
    /// Per deployment, whether an incident follows it.
    fn failures(&self, window_s: f64) -> Vec<bool> {
        self.deployments.iter().map(|it| is_followed(*it, &self.incidents, window_s)).collect()
    }
}

/// Whether one of these instants, which are in order, is within the window after `t`.
fn is_followed(t: f64, instants: &[f64], window_s: f64) -> bool {
    let next = instants.partition_point(|it| *it < t);
    instants.get(next).is_some_and(|it| *it <= t + window_s)
}

/// Asks every question that the record has something to say about.
///
/// # Errors
/// The rule or an instant is out of its range, or the record is too large or too long.
pub fn correlate(occurrences: &[Occurrence], rule: &Rule) -> Result<Report, InvalidRecord> {
    rule.check()?;
    if occurrences.len() > OCCURRENCES_MAX {
        return Err(InvalidRecord::TooMany(occurrences.len()));
    }
    for it in occurrences {
        within("t", it.t, -1e12, 1e12)?;
    }
    let start = occurrences.iter().map(|it| it.t).fold(f64::INFINITY, f64::min);
    let end = occurrences.iter().map(|it| it.t).fold(f64::NEG_INFINITY, f64::max);
    let length = if occurrences.is_empty() { 0.0 } else { (end - start) / WEEK_S };
    if length > WEEKS_MAX {
        return Err(InvalidRecord::TooLong(length));
    }
    let services = by_service(occurrences, start);
    let weeks = length as usize;
    let mut findings = follow::ask(&services, weeks, rule);
    findings.extend(cadence::ask(&services, rule.window_s));
    findings.extend(process::ask(&services, &changes(occurrences, start), rule.window_s));
    let p_values: Vec<f64> = findings.iter().map(|it| it.p_value).collect();
    for (finding, is_discovery) in findings.iter_mut().zip(discoveries(&p_values, rule.false_discoveries)) {
        finding.is_discovery = is_discovery;
    }
    findings.sort_by(|one, other| {
        one.p_value
            .total_cmp(&other.p_value)
            .then(one.question.cmp(&other.question))
            .then(one.service.cmp(&other.service))
    });
    Ok(Report { weeks, remarks: remarks(&findings, weeks, rule), findings })
}

fn by_service(occurrences: &[Occurrence], start: f64) -> BTreeMap<&str, Service> {
    let mut services = BTreeMap::<&str, Service>::new();
    for it in occurrences {
        let instants = match it.kind {
            Kind::Deployment => &mut services.entry(&it.service).or_default().deployments,
            Kind::Incident => &mut services.entry(&it.service).or_default().incidents,
            Kind::Ticket => &mut services.entry(&it.service).or_default().tickets,
            Kind::Process => continue,
        };
        instants.push(it.t - start);
    }
    for Service { deployments, incidents, tickets } in services.values_mut() {
        for instants in [deployments, incidents, tickets] {
            instants.sort_unstable_by(f64::total_cmp);
        }
    }
    services
}

fn changes(occurrences: &[Occurrence], start: f64) -> Vec<Occurrence> {
    let changes = occurrences.iter().filter(|it| it.kind == Kind::Process);
    changes.map(|it| Occurrence { t: it.t - start, ..it.clone() }).collect()
}

fn remarks(findings: &[Finding], weeks: usize, rule: &Rule) -> Vec<String> {
    let n = findings.len();
    let mut remarks = Vec::new();
    if n == 0 {
        remarks.push(format!(
            "Nothing could be asked of {weeks} whole weeks; it takes two, with deployments and with incidents or tickets."
        ));
        return remarks;
    }
    remarks.push(format!(
        "{n} questions were asked; of the discoveries at most {} % are expected to be false.",
        rule.false_discoveries * 100.0
    ));
    let weak = findings.iter().filter(|it| it.p_value_least > rule.false_discoveries / n as f64).count();
    if weak > 0 {
        remarks.push(format!(
            "Of them {weak} could not have been discoveries by themselves, with so little data."
        ));
    }
    remarks.push(
        "An association is no cause. A p-value is for one look at a record whose end was not chosen by looking; the \
         e-value may be looked at after every stratum."
            .to_owned(),
    );
    remarks
}
