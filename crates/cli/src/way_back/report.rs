//! The report as JUnit XML, which every CI shows and the control plane reads as evidence.

use super::Report;

/// As every reader of JUnit XML takes it.
pub(crate) fn junit(report: &Report) -> String {
    let n_failures = report.cases.iter().filter(|it| it.fault.is_some()).count();
    let time: f64 = report.cases.iter().map(|it| it.duration_s).sum();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{n_failures}\" time=\"{time:.3}\">\n",
        escaped(&report.suite()),
        report.cases.len(),
    );
    for case in &report.cases {
        let (name, time) = (escaped(&case.name), case.duration_s);
        text += &match &case.fault {
            None => format!("    <testcase name=\"{name}\" time=\"{time:.3}\"/>\n"),
            Some(fault) => {
                let fault = escaped(fault);
                format!(
                    "    <testcase name=\"{name}\" time=\"{time:.3}\"><failure>{fault}</failure></testcase>\n"
                )
            }
        };
    }
    text + "  </testsuite>\n</testsuites>\n"
}

/// XML has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for it in text.chars() {
        match it {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(it),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            it => out.push(it),
        }
    }
    out
}
