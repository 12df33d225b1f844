//! Logs of two versions.

use shipway_analysis::canary::Arm;
use shipway_analysis::logs::{Change, Level, Logs, Report, Rule, Signature, Signatures};

fn compare(signatures: Signatures, lines: impl IntoIterator<Item = (Arm, String)>) -> Report {
    let mut logs = Logs::new(signatures);
    for (arm, line) in lines {
        logs.read_line(arm, &line);
    }
    logs.report(&Rule::default())
}

fn both(line: impl Fn(u32) -> String) -> Vec<(Arm, String)> {
    [Arm::Control, Arm::Canary]
        .into_iter()
        .flat_map(|arm| (0..500).map(move |n| (arm, n)))
        .map(|(arm, n)| (arm, line(n)))
        .collect()
}

fn usual() -> Vec<(Arm, String)> {
    both(|n| match n % 5 {
        0 => format!("2026-01-01T00:00:{:02}Z WARN slow query on orders: {n} ms", n % 60),
        _ => format!("2026-01-01T00:00:{:02}Z INFO GET /items/{n} 200 in {} ms", n % 60, n % 90),
    })
}

#[test]
fn the_same_logs_say_nothing() {
    let report = compare(Signatures::default(), usual());
    assert_eq!((report.templates, report.findings.len(), report.is_worse), (2, 0, false), "{report:#?}");
    let empty = compare(Signatures::default(), []);
    assert_eq!((empty.templates, empty.is_worse), (0, false));
}

#[test]
fn a_new_template_is_found_and_named() {
    let mut lines = usual();
    lines.extend(
        (0..20)
            .map(|n| (Arm::Canary, format!("2026-01-01T00:00:00Z ERROR cannot charge card {n}: declined"))),
    );
    let report = compare(Signatures::default(), lines);
    let finding = &report.findings[0];
    assert_eq!((finding.change, finding.level, finding.canary), (Change::New, Some(Level::Error), 20));
    assert_eq!(finding.template, "<*> ERROR cannot charge card <*> declined");
    assert!(report.is_worse && report.errors.p_more < 0.01, "{report:#?}");
}

#[test]
fn a_rise_is_found_beyond_the_margin_only() {
    let extra = |n_extra: u32| {
        let mut lines = usual();
        lines.extend(
            (0..n_extra)
                .map(|n| (Arm::Canary, format!("2026-01-01T00:00:01Z WARN slow query on orders: {n} ms"))),
        );
        compare(Signatures::default(), lines)
    };
    assert!(!extra(50).is_worse);
    let report = extra(400);
    assert_eq!(report.findings[0].change, Change::MoreOften, "{report:#?}");
    assert!(report.is_worse && report.findings[0].low > 2.0, "{report:#?}");
}

#[test]
fn new_chatter_is_told_and_not_held_against_the_canary() {
    let mut lines = usual();
    lines.extend(
        (0..200).map(|n| (Arm::Canary, format!("2026-01-01T00:00:00Z INFO cache warmed for shard {n}"))),
    );
    let report = compare(Signatures::default(), lines);
    assert_eq!((report.findings[0].change, report.is_worse), (Change::New, false), "{report:#?}");
}

#[test]
fn of_many_templates_few_are_found_by_accident() {
    // 300 kinds of lines, each a little more frequent on one side or the other by turns.
    let word = |n: usize| ["red", "green", "blue", "amber", "cyan", "pink", "gold"][n % 7].repeat(n / 7 + 1);
    let lines = (0..300).flat_map(|kind| {
        let line = format!("{} {} {} done", word(kind), word(kind + 3), word(kind + 5));
        let n = move |arm: Arm| if (arm == Arm::Canary) == kind.is_multiple_of(2) { 12 } else { 8 };
        [Arm::Control, Arm::Canary].into_iter().flat_map(move |arm| {
            let line = line.clone();
            (0..n(arm)).map(move |_| (arm, line.clone()))
        })
    });
    let report = compare(Signatures::default(), lines);
    assert_eq!((report.templates, report.findings.len()), (300, 0), "{report:#?}");
}

#[test]
fn a_single_line_of_a_known_failure_is_enough() {
    let signature = Signature {
        name: "out-of-memory".to_owned(),
        pattern: "OutOfMemoryError*heap".to_owned(),
        level: Level::Fatal,
        advice: Some("look at the heap".to_owned()),
    };
    let mut lines = usual();
    lines.push((Arm::Canary, "java.lang.OutOfMemoryError: Java heap space".to_owned()));
    let report = compare(Signatures { signatures: vec![signature] }, lines);
    assert!(report.is_worse, "{report:#?}");
    let reason =
        "Known failure `out-of-memory`: 1 lines of the canary, 0 of control. Advice: look at the heap";
    assert_eq!(report.reasons, [reason]);
}

#[test]
fn structured_lines_are_compared_by_message_and_by_field() {
    let line = |arm: Arm, n: u32| {
        let trace = if arm == Arm::Control || n.is_multiple_of(2) {
            format!(r#","trace_id":"{n:032x}""#)
        } else {
            String::new()
        };
        format!(r#"{{"time":"2026-01-01T00:00:00Z","level":"info","msg":"served {n}"{trace}}}"#)
    };
    let lines =
        [Arm::Control, Arm::Canary].into_iter().flat_map(|arm| (0..200).map(move |n| (arm, line(arm, n))));
    let report = compare(Signatures::default(), lines);
    assert_eq!(report.templates, 1);
    assert_eq!(report.missing_fields[0].field, "trace_id");
    assert_eq!((report.missing_fields[0].canary.hits, report.is_worse), (100, true), "{report:#?}");
}

#[test]
fn objects_that_broke_are_told() {
    let lines =
        both(|n| format!(r#"{{"level":"info","msg":"served {n}"}}"#)).into_iter().map(|(arm, line)| {
            let is_cut = arm == Arm::Canary && line.contains('7');
            (arm, if is_cut { line[..line.len() - 2].to_owned() } else { line })
        });
    let report = compare(Signatures::default(), lines);
    assert!(report.is_worse && report.broken.p_more < 1e-6, "{report:#?}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_compared(lines in proptest::collection::vec((proptest::bool::ANY, "\\PC{0,60}"), 0..40)) {
        let side = |is_canary| if is_canary { Arm::Canary } else { Arm::Control };
        let lines = lines.into_iter().map(|(is_canary, line)| (side(is_canary), line));
        let report = compare(Signatures::default(), lines.clone());
        proptest::prop_assert_eq!(&compare(Signatures::default(), lines), &report);
        proptest::prop_assert!(serde_json::to_string(&report).is_ok());
    }
}
