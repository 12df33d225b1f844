//! Before the start: what size of regression is found at this traffic, how soon, and at which price.
//!
//! The answer is what the judge itself does on made-up traffic of the declared size; see [`crate::simulation`].

use serde::{Deserialize, Serialize};

use crate::canary::Config;
use crate::simulation::{Outcome, Regression, Report, Scenario, Traffic};

/// What `shipway analysis power` reads: the traffic that is expected, and the rule that will judge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    pub traffic: Traffic,
    pub analysis: Config,
}

/// One regression to ask about.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub regression: String,
    scenario: Scenario,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub regression: String,
    #[serde(flatten)]
    pub report: Report,
}

/// Multiples of the error rate.
const ERRORS: [f64; 6] = [1.5, 2.0, 3.0, 5.0, 10.0, 50.0];
/// Multiples of latency.
const SLOWER: [f64; 3] = [1.05, 1.1, 1.25];

impl Plan {
    /// The same canary first, whose rate of being taken back is the false one; then worse and worse ones.
    ///
    /// # Errors
    /// What is out of its range, in words.
    pub fn questions(&self) -> Result<Vec<Question>, String> {
        self.traffic.check()?;
        self.analysis.check().map_err(|it| it.to_string())?;
        let question = |regression: String, kind: Regression| Question {
            scenario: Scenario {
                traffic: self.traffic,
                config: Config { early_promotion: false, ..self.analysis.clone() },
                regression: kind,
                ..Scenario::new(&regression, "")
            },
            regression,
        };
        let mut questions = vec![question("none".to_owned(), Regression::None)];
        for times in ERRORS {
            let share = self.traffic.errors * times;
            if share > 0.0 && share < 1.0 {
                let name = format!("errors {:.3} % → {:.3} %", self.traffic.errors * 100.0, share * 100.0);
                questions.push(question(name, Regression::Errors(share)));
            }
        }
        questions
            .extend(SLOWER.map(|it| question(format!("everything {it} × slower"), Regression::Whole(it))));
        questions
            .extend(SLOWER.map(|it| question(format!("slowest 5 % {it} × slower"), Regression::Tail(it))));
        Ok(questions)
    }
}

impl Question {
    /// One run.
    pub fn run(&self, seed: u64) -> Outcome {
        self.scenario.run_own(seed)
    }

    pub fn answer(&self, outcomes: &[Outcome]) -> Row {
        Row { regression: self.regression.clone(), report: Report::of(outcomes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_regressions_are_found_more_often() {
        let traffic =
            Traffic { duration_s: 300.0, control_instances: 1, canary_instances: 1, ..Traffic::default() };
        let plan = Plan { traffic, ..Plan::default() };
        let found = |name: &str| {
            let questions = plan.questions().unwrap();
            let question = questions.iter().find(|it| it.regression == name).unwrap();
            let outcomes: Vec<Outcome> = (0..4).map(|seed| question.run(seed)).collect();
            question.answer(&outcomes).report.taken_back.estimate
        };
        assert_eq!((found("none"), found("errors 0.100 % → 1.000 %")), (0.0, 1.0));
    }

    #[test]
    fn impossible_traffic_is_refused() {
        let traffic = Traffic { canary_per_s: f64::NAN, ..Traffic::default() };
        let error = Plan { traffic, ..Plan::default() }.questions().unwrap_err();
        assert_eq!(error, "`canary_per_s` is NaN; it goes from 0.001 to 100000");
    }
}
