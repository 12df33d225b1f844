//! How many tests ran, read from what nextest and `cargo test` print.

use std::time::Duration;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// What was told of each test that failed, or that passed only when it was run again. The last lines of a long output
    /// are those that are read.
    blemishes: Vec<String>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.blemishes.extend(other.blemishes);
    }

    pub(crate) fn blemishes(&self) -> &[String] {
        &self.blemishes
    }

    /// Counts the tests of a summary line, and keeps a line that names a test which did not simply pass.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        if is_blemish(line) && !self.blemishes.iter().any(|it| it == line) {
            self.blemishes.push(line.to_owned());
        }
        // Node's runner tells each count on a line of its own, after a sign: `ℹ pass 11`.
        if let Some((word, count)) = line.strip_prefix("ℹ ").and_then(|it| it.split_once(' ')) {
            let count = count.trim().parse().unwrap_or(0);
            match word {
                "pass" => self.passed += count,
                "fail" | "cancelled" => self.failed += count,
                "skipped" | "todo" => self.ignored += count,
                _ => {}
            }
            return;
        }
        let is_summary =
            line.starts_with("test result: ") || (line.starts_with("Summary [") && line.contains(" run: "));
        if !is_summary {
            return;
        }
        // `test result: ok. 11 passed; 0 failed; 0 ignored; …` or
        // `Summary [   2.9s] 33 tests run: 32 passed (1 slow), 1 failed, 0 skipped`
        let words: Vec<&str> = line.split([' ', ',', ';', '(', ')']).filter(|it| !it.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += count,
                "failed" | "timed" | "exec" => self.failed += count,
                "ignored" | "skipped" => self.ignored += count,
                _ => {}
            }
        }
    }

    /// The sum in the form of `cargo test`. Where a step failed, the whole is no success, whatever the tests say.
    pub(crate) fn line(&self, is_ok: bool, took: Duration) -> String {
        let Self { passed, failed, ignored, .. } = self;
        let word = if is_ok && *failed == 0 { "ok" } else { "FAILED" };
        format!(
            "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out; \
             finished in {:.2}s",
            took.as_secs_f64()
        )
    }
}

/// `FLAKY 2/3 [   0.1s] ( 3/33) shipway-cli::it faults::…` or `FAIL [   0.1s] …` of nextest, whose later tries it tells as
/// `TRY 3 FAIL [   0.1s] …`; `test faults::… ... FAILED` of cargo test, or `---- src/lib.rs - (line 7) stdout ----` of a quiet one;
/// `✖ the calendar is drawn (12 ms)` of Node's runner.
fn is_blemish(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    match words.as_slice() {
        ["FLAKY", tries, ..] => tries.contains('/'),
        ["TRY", _, outcome] => !["PASS", "SLOW", "TRMNTG"].contains(outcome),
        [outcome, "[", ..] => ["FAIL", "TMT", "ABORT"].contains(outcome) || outcome.starts_with("SIG"),
        ["test", ..] => line.ends_with(" ... FAILED"),
        ["✖", name, ..] => *name != "failing",
        // Quiet `cargo test` names a test only where it shows what the test said.
        ["----", _, ..] => line.ends_with(" stdout ----"),
        _ => false,
    }
}

/// Without the escape sequences by which terminals show colours.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain += before;
        rest = after.split_once('m').map_or("", |(_, it)| it);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, passed: u64, failed: u64, ignored: u64) {
        let mut tally = Tally::default();
        tally.read_line(line);
        assert_eq!(tally, Tally { passed, failed, ignored, blemishes: Vec::new() }, "{line}");
    }

    #[test]
    fn reads_what_cargo_test_and_nextest_print() {
        check(
            "test result: ok. 11 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.05s",
            11,
            2,
            3,
        );
        check("     Summary [   2.903s] 33 tests run: 33 passed, 0 skipped", 33, 0, 0);
        check(
            "     Summary [   2.9s] 9/12 tests run: 5 passed (1 slow), 3 failed, 1 timed out, 2 skipped",
            5,
            4,
            2,
        );
        check(
            "\u{1b}[32;1m     Summary\u{1b}[0m [   2.9s] \u{1b}[1m4\u{1b}[0m tests run: \u{1b}[1m4\u{1b}[0m \
             \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m skipped",
            4,
            0,
            0,
        );
        check("test 3 passed ... ok", 0, 0, 0);
        check("ℹ pass 11", 11, 0, 0);
        check("ℹ fail 2", 0, 2, 0);
        check("ℹ duration_ms 2100.5", 0, 0, 0);
    }

    #[test]
    fn every_test_that_did_not_simply_pass_is_kept_by_its_name() {
        let blemishes = [
            "FLAKY 2/3 [  10.489s] ( 326/1458) shipway-cli::it faults::reports_repeated::out_of_order_is_fenced",
            "FAIL [   0.106s] (48/93) shipway-model share::tests::no_share_is_ever_rounded",
            "TRY 3 FAIL [   0.263s] (160/198) shipway-server::it oidc::whom_the_provider_means",
            "test faults::early ... FAILED",
            "✖ the calendar is drawn (12.3ms)",
            "---- crates/ledger/src/lib.rs - (line 12) stdout ----",
        ];
        let mut tally = Tally::default();
        for line in blemishes {
            // Nextest tells them once when they happen and once at its end.
            tally.read_line(&format!("   {line}"));
            tally.read_line(line);
        }
        for line in [
            "✖ failing tests:",
            "PASS [   0.1s] ( 1/9) shipway-model one",
            "TRY 2 PASS [   0.1s] two",
            "TRY 2 SLOW [> 60.000s] (─────────) shipway-cli::it two",
            "test three ... ok",
        ] {
            tally.read_line(line);
        }
        assert_eq!(tally.blemishes(), blemishes);
    }

    #[test]
    fn a_failed_step_is_no_success_even_if_every_test_passed() {
        let tally = Tally { passed: 3, ..Tally::default() };
        assert!(tally.line(true, Duration::ZERO).starts_with("test result: ok. 3 passed; 0 failed;"));
        assert!(tally.line(false, Duration::ZERO).starts_with("test result: FAILED. 3 passed;"));
    }
}
