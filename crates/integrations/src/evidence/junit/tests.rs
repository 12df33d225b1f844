use super::*;

fn normal(text: &str) -> Result<Normal, Fault> {
    let mut bytes = text.as_bytes();
    crate::evidence::read(Source::new(&mut bytes), None, Some(&FORMAT))
}

/// Total, passed, failed, errors, skipped, flaky.
fn check(text: &str, expect: [u64; 6]) -> Normal {
    let normal = normal(text).unwrap();
    let it = normal.tests.as_ref().unwrap();
    assert_eq!([it.total, it.passed, it.failed, it.errors, it.skipped, it.flaky], expect, "{text}");
    normal
}

#[test]
fn every_result_counts_once() {
    check("<testsuite/>", [0; 6]);
    check("<testsuites><testcase name='a'/></testsuites>", [1, 1, 0, 0, 0, 0]);
    let one =
        |inner: &str| format!("<testsuite><testcase name='a' classname='b'>{inner}</testcase></testsuite>");
    check(&one("<failure/>"), [1, 0, 1, 0, 0, 0]);
    check(&one("<failure/><error/>"), [1, 0, 0, 1, 0, 0]);
    check(&one("<error/><failure/>"), [1, 0, 0, 1, 0, 0]);
    check(&one("<skipped/>"), [1, 0, 0, 0, 1, 0]);
    check(&one("<skipped/><failure/>"), [1, 0, 1, 0, 0, 0]);
    check(
        &one(
            "<properties><property name='failure'/></properties><system-out><![CDATA[<failure/>]]></system-out>",
        ),
        [1, 1, 0, 0, 0, 0],
    );
    check("<testsuite><testcase name='a' status='notrun'/></testsuite>", [1, 0, 0, 0, 1, 0]);
}

#[test]
fn reruns_are_flaky_or_failed() {
    let one =
        |inner: &str| format!("<testsuite><testcase name='a' classname='b'>{inner}</testcase></testsuite>");
    let flaky = check(&one("<flakyFailure message='once'/>"), [1, 1, 0, 0, 0, 1]);
    assert_eq!(flaky.tests.unwrap().cases[0].message.as_deref(), Some("once"));
    check(&one("<failure/><rerunFailure/>"), [1, 0, 1, 0, 0, 0]);
    let twice = |first: &str, last: &str| {
        let case = |it| format!("<testcase name='a' classname='b'>{it}</testcase>");
        format!("<testsuite name='s'>{}{}</testsuite>", case(first), case(last))
    };
    check(&twice("<failure/>", ""), [1, 1, 0, 0, 0, 1]);
    check(&twice("", "<failure/>"), [1, 0, 1, 0, 0, 0]);
    check(&twice("", ""), [1, 1, 0, 0, 0, 0]);
    // Of other suites or classes, or without a name, they are other tests.
    let suites = "<testsuites><testsuite name='s'><testcase name='a'/></testsuite><testsuite name='t'><testcase name='a'/></testsuite></testsuites>";
    check(suites, [2, 2, 0, 0, 0, 0]);
    check("<testsuite><testcase/><testcase/></testsuite>", [2, 2, 0, 0, 0, 0]);
}

#[test]
fn suites_nest_and_may_count_without_listing() {
    let nested = check(
        "<testsuites name='run'><testsuite name='a' time='3'><testsuite name='b'><testcase name='c' time='1,234.5'/></testsuite></testsuite></testsuites>",
        [1, 1, 0, 0, 0, 0],
    );
    let tests = nested.tests.unwrap();
    assert_eq!(
        (tests.cases[0].suite.as_str(), tests.cases[0].duration_s, tests.duration_s),
        ("a > b", Some(1234.5), Some(3.0))
    );
    let counted = check(
        "<testsuites><testsuite name='a' tests='5' failures='1' errors='1' skipped='1'/></testsuites>",
        [5, 2, 1, 1, 1, 0],
    );
    assert_eq!(counted.remarks, ["a counts 5 tests and lists none"]);
    let odd = check(
        "<testsuite name='a' tests='1' errors='2'><testcase name='b'/></testsuite>",
        [3, 1, 0, 2, 0, 0],
    );
    assert_eq!(odd.remarks, ["a counts 2 failures and errors, its cases show 0: the others count as errors"]);
    let both = "<testsuite tests='1' failures='1' errors='1'><testcase name='b'><failure/><error/></testcase></testsuite>";
    assert_eq!(check(both, [1, 0, 0, 1, 0, 0]).remarks, Vec::<String>::new());
    let reruns = "<testsuite tests='4' failures='2' errors='1'><testcase name='a'><flakyFailure/></testcase>\
        <testcase name='b'><failure/><rerunError/></testcase></testsuite>";
    assert_eq!(check(reruns, [2, 1, 1, 0, 0, 1]).remarks, Vec::<String>::new());
    // Around suites that count for themselves nothing counts twice.
    let around = "<testsuites tests='9' failures='2' errors='1' skipped='3'>\
        <testsuite name='a' tests='5' failures='1' errors='1' skipped='1'/>\
        <testsuite name='b' tests='4' skipped='2'><testcase name='c'/><testcase name='d'><failure/></testcase></testsuite></testsuites>";
    check(around, [9, 3, 2, 1, 3, 0]);
    // The attribute of another dialect says the same again.
    check(
        "<testsuite tests='1' skipped='1' disabled='1'><testcase><skipped/></testcase></testsuite>",
        [1, 0, 0, 0, 1, 0],
    );
    check("<testsuite name='a'><error message='no class'/></testsuite>", [1, 0, 0, 1, 0, 0]);
}

#[test]
fn what_is_no_report_is_refused() {
    let said = |text: &str| normal(text).unwrap_err().to_string();
    assert_eq!(said("<html/>"), "line 1, column 1: `<html>` is no test suite");
    assert_eq!(
        said("<testsuite>\n<testcase name='a'>"),
        "line 2, column 20: the document ends within `<testcase>`"
    );
    assert_eq!(said("<testsuite tests='many'/>"), "line 1, column 1: `tests` is no such number: `many`");
    assert_eq!(said("<testsuite tests='1e400'/>"), "line 1, column 1: `tests` is no such number: `1e400`");
}

#[test]
fn durations_in_the_dialects() {
    for (text, expect) in
        [("1.5", Some(1.5)), ("1,5", Some(1.5)), ("1,234.5", Some(1234.5)), ("0.1s", Some(0.1))]
    {
        assert_eq!(seconds(Some(text)), expect);
    }
    for text in ["NaN", "-1", "1e999", "", "soon"] {
        assert_eq!(seconds(Some(text)), None);
    }
}
