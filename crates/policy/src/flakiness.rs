//! Tests that say one thing and then another about the same code.
//!
//! Runs of a test on the same code are compared with each other. The outcome that most of them had is what the test says of
//! that code; the others disagree with it. A test that always fails disagrees with nothing: it is broken, not flaky. Of `n`
//! runs on code that was tested more than once, `k` disagreeing, the confidence that the test disagrees with itself more
//! often than in a share `r` of its runs is that of the exact one-sided binomial test, `P(X < k)` for `X ~ Bin(n, r)`
//! (C. J. Clopper and E. S. Pearson, *Biometrika* 26, 1934). A test that never disagreed has the confidence 0, however
//! often it ran.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::evidence::{Case, CaseResult, Tests};
use shipway_model::quarantine::History;

/// One report, and the code that it is about: equal texts are the same code.
pub struct Run<'a> {
    pub code: String,
    pub at: Timestamp,
    pub tests: &'a Tests,
}

#[derive(Default)]
struct Gathered {
    by_code: BTreeMap<String, Outcomes>,
    duration_s: f64,
    n_durations: u64,
    last: Option<(Timestamp, bool)>,
}

#[derive(Default)]
struct Outcomes {
    passed: u64,
    failed: u64,
    last: Option<Timestamp>,
}

/// Every test that passed or failed in these runs; `rate` is the share of disagreeing runs that is put up with.
pub fn histories<'a>(runs: impl IntoIterator<Item = Run<'a>>, rate: f64) -> Vec<History> {
    let mut gathered: BTreeMap<(&str, &str), Gathered> = BTreeMap::new();
    for run in runs {
        for case in &run.tests.cases {
            let Some((passed, failed)) = outcomes(case) else { continue };
            let test = gathered.entry((&case.suite, &case.name)).or_default();
            if let Some(duration) = case.duration_s {
                test.duration_s += duration;
                test.n_durations += 1;
            }
            if test.last.is_none_or(|(at, _)| at <= run.at) {
                test.last = Some((run.at, passed == 0));
            }
            let outcomes = test.by_code.entry(run.code.clone()).or_default();
            outcomes.passed += passed;
            outcomes.failed += failed;
            outcomes.last = outcomes.last.max(Some(run.at));
        }
    }
    gathered.into_iter().map(|((suite, test), it)| history(suite, test, &it, rate)).collect()
}

/// Passes and failures that one case stands for. One that was rerun until it passed did both.
fn outcomes(case: &Case) -> Option<(u64, u64)> {
    match case.result {
        CaseResult::Passed => Some((1, u64::from(case.flaky))),
        CaseResult::Failed | CaseResult::Error => Some((0, 1)),
        CaseResult::Skipped => None,
    }
}

fn history(suite: &str, test: &str, gathered: &Gathered, rate: f64) -> History {
    let all = gathered.by_code.values();
    let compared = all.clone().filter(|it| it.passed + it.failed > 1);
    let disagreeing = all.clone().filter(|it| it.passed > 0 && it.failed > 0);
    let n: u64 = compared.map(|it| it.passed + it.failed).sum();
    let k: u64 = disagreeing.clone().map(|it| it.passed.min(it.failed)).sum();
    History {
        suite: suite.to_owned(),
        test: test.to_owned(),
        runs: all.clone().map(|it| it.passed + it.failed).sum(),
        failed: all.map(|it| it.failed).sum(),
        failed_last: gathered.last.is_some_and(|it| it.1),
        compared: n,
        disagreeing: k,
        confidence: confidence(k, n, rate),
        duration_s: (gathered.n_durations > 0).then(|| gathered.duration_s / gathered.n_durations as f64),
        last_disagreed: disagreeing.filter_map(|it| it.last).max(),
    }
}

/// `P(X < k)` for `X ~ Bin(n, rate)`, summed in logarithms: what is tiny at the start may grow.
fn confidence(k: u64, n: u64, rate: f64) -> f64 {
    if k == 0 || rate >= 1.0 {
        return 0.0;
    }
    if rate <= 0.0 {
        return 1.0;
    }
    let (hit, miss) = (rate.ln(), (-rate).ln_1p());
    let mut ln_term = n as f64 * miss;
    let mut sum = 0.0;
    for i in 0..k {
        sum += ln_term.exp();
        ln_term += ((n - i) as f64).ln() - ((i + 1) as f64).ln() + hit - miss;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(results: &[(&str, CaseResult)]) -> Tests {
        let case = |(name, result): &(&str, CaseResult)| Case {
            suite: "unit".to_owned(),
            class: None,
            name: (*name).to_owned(),
            result: *result,
            flaky: false,
            duration_s: Some(2.0),
            message: None,
            file: None,
            line: None,
        };
        Tests { cases: results.iter().map(case).collect(), ..Tests::default() }
    }

    fn of(reports: &[(&str, Tests)], rate: f64) -> Vec<History> {
        let run = |(code, tests)| Run { code: String::from(code), at: Timestamp::UNIX_EPOCH, tests };
        histories(reports.iter().map(|(code, tests)| run((*code, tests))), rate)
    }

    #[test]
    fn what_fails_always_or_on_other_code_is_not_flaky() {
        use CaseResult::{Failed, Passed, Skipped};
        let found = of(
            &[
                (
                    "a",
                    report(&[("broken", Failed), ("mended", Failed), ("moody", Passed), ("idle", Skipped)]),
                ),
                ("a", report(&[("broken", Failed), ("mended", Failed), ("moody", Failed)])),
                ("b", report(&[("broken", Failed), ("mended", Passed), ("moody", Passed)])),
            ],
            0.01,
        );
        let short: Vec<_> =
            found.iter().map(|it| (it.test.as_str(), it.runs, it.compared, it.disagreeing)).collect();
        assert_eq!(short, [("broken", 3, 2, 0), ("mended", 3, 2, 0), ("moody", 3, 2, 1)]);
        assert_eq!((found[0].confidence, found[0].duration_s), (0.0, Some(2.0)));
        // One of two disagrees: 0.99² of never seeing that from a test within the rate.
        assert!((found[2].confidence - 0.9801).abs() < 1e-12, "{}", found[2].confidence);
    }

    #[test]
    fn a_rerun_that_passed_disagrees_with_itself() {
        let mut tests = report(&[("moody", CaseResult::Passed)]);
        tests.cases[0].flaky = true;
        let found = of(&[("a", tests)], 0.01);
        assert_eq!((found[0].compared, found[0].disagreeing), (2, 1));
    }

    #[test]
    fn the_binomial_is_that_of_the_tables() {
        // P(X ≤ 2) for n = 10 and p = 0.25, and the whole of it.
        assert!((confidence(3, 10, 0.25) - 0.525_592_803_955_078).abs() < 1e-12);
        assert!((confidence(11, 10, 0.25) - 1.0).abs() < 1e-12);
        assert_eq!(confidence(0, 1_000, 0.01), 0.0);
        assert_eq!(confidence(1, 2, 0.0), 1.0);
        let rare = confidence(500, 100_000, 0.01);
        assert!(rare < 1e-50, "{rare}");
        let often = confidence(5_000, 100_000, 0.01);
        assert!((often - 1.0).abs() < 1e-6, "{often}");
    }
}
