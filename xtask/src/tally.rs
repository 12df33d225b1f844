//! How many tests ran, read from what nextest and `cargo test` print.

use std::time::Duration;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// Counts the tests of a summary line; any other line counts none.
    pub(crate) fn read_line(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim_start();
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
    pub(crate) fn line(self, is_ok: bool, took: Duration) -> String {
        let Self { passed, failed, ignored } = self;
        let word = if is_ok && failed == 0 { "ok" } else { "FAILED" };
        format!(
            "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 0 filtered out; \
             finished in {:.2}s",
            took.as_secs_f64()
        )
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
        assert_eq!(tally, Tally { passed, failed, ignored }, "{line}");
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
    fn a_failed_step_is_no_success_even_if_every_test_passed() {
        let tally = Tally { passed: 3, ..Tally::default() };
        assert!(tally.line(true, Duration::ZERO).starts_with("test result: ok. 3 passed; 0 failed;"));
        assert!(tally.line(false, Duration::ZERO).starts_with("test result: FAILED. 3 passed;"));
    }
}
