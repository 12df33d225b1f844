//! A fault of a file, as a compiler shows it.

use shipway_model::resource::file::Fault;

use super::{Paint, plain};

/// The same lines as the fault's `Display`, coloured.
pub(crate) fn render_fault(fault: &Fault, paint: Paint) -> String {
    let margin = " ".repeat(fault.line.to_string().len());
    let place = format!("{}:{}:{}", plain(&fault.path), fault.line, fault.column);
    let mut text = format!("{}\n{margin}{} {place}", paint.strong(&fault.message), paint.dim("-->"));
    for line in fault.snippet.lines() {
        let shown = if is_caret(line) { paint.bad(line) } else { line.to_owned() };
        text += &format!("\n{shown}");
    }
    if let Some(help) = &fault.help {
        text += &format!("\n{margin} = {} {help}", paint.good("help:"));
    }
    text
}

fn is_caret(line: &str) -> bool {
    line.contains('^') && line.chars().all(|it| matches!(it, ' ' | '|' | '^'))
}

#[cfg(test)]
mod tests {
    use shipway_model::resource::file::{SourceFile, read};

    use super::*;

    #[test]
    fn without_colour_it_is_the_faults_own_display() {
        let faults = read(&[SourceFile { path: "a.yaml", text: "kind: Tem\n" }]).expect_err("it has faults");
        for fault in &faults {
            assert_eq!(render_fault(fault, Paint::Plain), fault.to_string());
        }
    }
}
