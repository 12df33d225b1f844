//! Steps, one after the other, each with its name and its time.

use std::time::{Duration, Instant};

use crate::run::Failure;
use crate::tally::Tally;

/// One thing to do. It answers how many tests it ran, if any.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Whether what follows makes no sense after a failure.
    pub(crate) need: Need,
    pub(crate) act: Box<dyn FnOnce() -> Result<Tally, Failure>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The steps after it run all the same, so that one run shows every fault.
    Own,
    /// The steps after it build on it.
    Others,
}

/// What became of the steps.
pub(crate) struct Summary {
    outcomes: Vec<Outcome>,
    not_run: Vec<&'static str>,
}

struct Outcome {
    name: &'static str,
    took: Duration,
    result: Result<Tally, Failure>,
}

impl Step {
    pub(crate) fn new(name: &'static str, act: impl FnOnce() -> Result<(), Failure> + 'static) -> Self {
        Self::with_tests(name, || act().map(|()| Tally::default()))
    }

    pub(crate) fn with_tests(
        name: &'static str,
        act: impl FnOnce() -> Result<Tally, Failure> + 'static,
    ) -> Self {
        Self { name, need: Need::Own, act: Box::new(act) }
    }

    pub(crate) fn needed_by_others(self) -> Self {
        Self { need: Need::Others, ..self }
    }
}

pub(crate) fn run(steps: Vec<Step>) -> Summary {
    let mut summary = Summary { outcomes: Vec::new(), not_run: Vec::new() };
    let n_steps = steps.len();
    let mut steps = steps.into_iter().enumerate();
    for (idx, step) in steps.by_ref() {
        eprintln!("\n[{}/{n_steps}] {}", idx + 1, step.name);
        let started = Instant::now();
        let result = (step.act)();
        let took = started.elapsed();
        if let Err(failure) = &result {
            eprintln!("{} failed: {failure}", step.name);
        }
        let goes_on = result.is_ok() || step.need == Need::Own;
        summary.outcomes.push(Outcome { name: step.name, took, result });
        if !goes_on {
            break;
        }
    }
    summary.not_run = steps.map(|(_, step)| step.name).collect();
    summary
}

impl Summary {
    pub(crate) fn is_ok(&self) -> bool {
        self.outcomes.iter().all(|it| it.result.is_ok())
    }

    /// The table of steps; where tests ran, its last line says how many, as `cargo test` says it.
    pub(crate) fn print(&self) {
        println!();
        let width = self.names().map(str::len).max().unwrap_or(0);
        let mut tally = Tally::default();
        for Outcome { name, took, result } in &self.outcomes {
            let seconds = took.as_secs_f64();
            match result {
                Ok(tests) => {
                    println!("{name:width$}  ok      {seconds:7.1} s");
                    tally.add(tests.clone());
                }
                Err(failure) => {
                    println!("{name:width$}  FAILED  {seconds:7.1} s  {failure}");
                    tally.add(failure.tally());
                }
            }
        }
        for name in &self.not_run {
            println!("{name:width$}  not run");
        }
        if tally != Tally::default() {
            let took = self.outcomes.iter().map(|it| it.took).sum();
            if !tally.blemishes().is_empty() {
                println!("\nDid not simply pass:");
                tally.blemishes().iter().for_each(|it| println!("  {it}"));
            }
            println!("\n{}", tally.line(self.is_ok(), took));
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.outcomes.iter().map(|it| it.name).chain(self.not_run.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(name: &'static str) -> Step {
        Step::new(name, || Err(Failure::Told("by hand".to_owned())))
    }

    fn passing(name: &'static str) -> Step {
        Step::new(name, || Ok(()))
    }

    #[test]
    fn a_failure_does_not_keep_the_other_faults_from_being_found() {
        let summary = run(vec![failing("one"), passing("two")]);
        assert!(!summary.is_ok());
        assert_eq!((summary.outcomes.len(), summary.not_run.len()), (2, 0));
    }

    #[test]
    fn nothing_runs_after_a_failure_that_the_rest_builds_on() {
        let summary = run(vec![passing("one"), failing("two").needed_by_others(), passing("three")]);
        assert_eq!(summary.not_run, ["three"]);
        assert!(run(vec![passing("one").needed_by_others()]).is_ok());
    }
}
