//! libFuzzer over the readers of what others hand in, built by the stable compiler.
//!
//! The counters that libFuzzer looks at come from a pass of LLVM, which the stable compiler takes as well; only the
//! sanitizers need a nightly one, and there is no `unsafe` for them to look at.

use std::process::Command;

use crate::run::{self, Failure, answer, cargo, command, root};
use crate::step::Step;

/// How long each target runs in CI.
pub(crate) const SECONDS: u32 = 6;
/// Each is a file in `fuzz/fuzz_targets`.
pub(crate) const TARGETS: [&str; 7] =
    ["note", "proof", "event", "evidence", "observations", "analysis_config", "records"];
/// Targets that run at a time, each on one core.
const AT_A_TIME: usize = 2;
/// A pass that counts every edge and remembers comparisons.
const FLAGS: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
];
/// One input that takes longer than this, in seconds, is a fault.
const INPUT_SECONDS_MAX: u32 = 10;

/// One step for the named targets, or for all.
pub(crate) fn steps(seconds: u32, targets: &[String]) -> Vec<Step> {
    let targets = if targets.is_empty() { TARGETS.map(str::to_owned).to_vec() } else { targets.to_vec() };
    vec![Step::new("fuzzing", move || run(seconds, &targets.iter().map(String::as_str).collect::<Vec<_>>()))]
}

/// Builds the targets and runs each over its corpus and what it makes of it. An input that fails is kept in
/// `fuzz/artifacts`.
pub(crate) fn run(seconds: u32, targets: &[&str]) -> Result<(), Failure> {
    let host = host()?;
    let mut build = cargo(["build", "--quiet", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--bins", "--target", &host]);
    // Handed over in the environment they hold for the target alone, and not for what builds it.
    build
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        .env("CARGO_TARGET_DIR", root().join("fuzz/target"));
    run::run(build)?;
    targets.chunks(AT_A_TIME).try_for_each(|targets| {
        let fuzzers = targets.iter().map(|it| fuzzer(&host, it, seconds)).collect::<Result<Vec<_>, _>>()?;
        // All of them come to their end, whatever becomes of one.
        let running: Vec<_> =
            fuzzers.into_iter().map(|it| std::thread::spawn(move || run::run(it))).collect();
        let ended: Vec<_> =
            running.into_iter().map(|it| it.join().expect("running does not panic")).collect();
        ended.into_iter().collect()
    })
}

fn fuzzer(host: &str, target: &str, seconds: u32) -> Result<Command, Failure> {
    let fuzz = root().join("fuzz");
    let (found, artifacts) = (fuzz.join("target/corpus").join(target), fuzz.join("artifacts").join(target));
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::Told(format!("{} cannot be made: {error}", folder.display())))?;
    }
    let mut fuzzer = command(
        fuzz.join("target").join(host).join("debug").join(target),
        [
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-artifact_prefix={}/", artifacts.display()),
            "-print_final_stats=1".to_owned(),
            "-verbosity=0".to_owned(),
        ],
    );
    // What it finds goes into the first folder; the committed corpus is only read.
    fuzzer.arg(found).arg(fuzz.join("corpus").join(target));
    Ok(fuzzer)
}

/// The machine's own target triple: flags for a named target do not reach build scripts.
fn host() -> Result<String, Failure> {
    let version = answer(command("rustc", ["-vV"])).unwrap_or_default();
    let host = version.lines().find_map(|it| it.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::Told("rustc does not say for which machine it builds".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_target_is_run_over_a_corpus_of_its_own() {
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(root().join("fuzz").join(folder)).expect("is there");
            entries
                .map(|it| it.expect("reads").path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect()
        };
        let targets: BTreeSet<String> = TARGETS.map(str::to_owned).into();
        assert_eq!(names("fuzz_targets"), targets);
        assert_eq!(names("corpus"), targets);
    }
}
