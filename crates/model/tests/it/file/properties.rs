//! Nothing panics, and what fits the shape is always parsed by the type behind it.

use proptest::prelude::*;
use shipway_model::resource::file::{SourceFile, read};

use super::examples::EVERYTHING;
use super::{read_one, rendered};

/// Pieces that YAML and our shapes give a meaning to.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("apiVersion: shipway.dev/v1\n".to_owned()),
        prop::sample::select(vec![
            "kind: Service\n",
            "kind: Pipeline\n",
            "metadata: {name: a}\n",
            "spec:\n",
            "  ",
            "- ",
            ": ",
            "\n",
            "---\n",
            "&a ",
            "*a",
            "!t ",
            "\"",
            "'",
            "[",
            "]",
            "{",
            "}",
            ",",
            "|\n",
            "#",
            "${",
            "}",
            "\t",
            "\u{0}",
            "é",
            "null",
            "~",
            "0",
            "-1",
            "1e999",
            ".nan",
            "true",
            "10s",
            "deployment:",
            "stages:",
            "? ",
            "%YAML 1.2\n",
            "\u{feff}",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ]
}

/// The example with one line replaced, removed, doubled or indented.
fn mutated() -> impl Strategy<Value = String> {
    let n_lines = EVERYTHING.lines().count();
    (0..n_lines, 0..5_usize, piece(), 0..60_usize).prop_map(|(at, how, piece, column)| {
        let mut lines: Vec<String> = EVERYTHING.lines().map(str::to_owned).collect();
        let line = lines[at].clone();
        let column = line.floor_char_boundary(column.min(line.len()));
        match how {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, line),
            2 => lines[at] = format!("  {line}"),
            3 => lines[at] = format!("{}{piece}{}", &line[..column], &line[column..]),
            _ => lines[at] = format!("{}{piece}", &line[..column]),
        }
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics(pieces in prop::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        if let Err(faults) = read(&[SourceFile { path: "x.yaml", text: &text }]) {
            prop_assert!(!faults.is_empty());
            rendered(&faults);
        }
    }

    #[test]
    fn a_spoilt_example_is_read_or_explained(text in mutated()) {
        match read_one(&text) {
            Ok(located) => prop_assert!(!located.is_empty()),
            Err(faults) => {
                for fault in &faults {
                    prop_assert!(fault.line >= 1 && fault.column >= 1);
                    prop_assert!(fault.line <= text.lines().count() + 1, "{fault}");
                    // Only serde's own words lack a help: then a rule is missing from the shape.
                    prop_assert!(fault.help.is_some(), "{fault}");
                }
            }
        }
    }
}
