//! Files made to hurt: each is refused, and soon.

use std::time::{Duration, Instant};

use super::{read_one, rendered};

const HEADER: &str = "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: a}\nspec: ";

fn refused(text: &str, because: &str) {
    let start = Instant::now();
    let faults = read_one(text).expect_err("refused");
    let took = start.elapsed();
    let told = rendered(&faults);
    assert!(told.contains(because), "{told}");
    // What is not linear takes minutes for files like these; a busy machine takes seconds.
    assert!(took < Duration::from_secs(20), "took {took:?}");
    assert!(told.len() < 100_000, "told {} bytes", told.len());
    assert!(told.chars().all(|it| it == '\n' || !it.is_control()), "control characters in {told:?}");
}

#[test]
fn a_huge_file() {
    refused(&"a".repeat(20 * 1024 * 1024), "at most 1048576 are read");
}

#[test]
fn deep_nesting() {
    refused(&format!("{HEADER}{}", "[".repeat(500_000)), "nested deeper than 64");
    refused(&format!("{HEADER}{}", "{a: ".repeat(200_000)), "nested deeper than 64");
    let stairs: String = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused(&stairs, "nested deeper than 64");
    refused(&"- ".repeat(400_000), "nested deeper than 64");
}

#[test]
fn many_nodes() {
    refused(&format!("{HEADER}[{}]", "a,".repeat(500_000)), "more than 100000 keys and values");
    let fields: String = (0..40_000).map(|idx| format!("  field{idx}: 1\n")).collect();
    refused(&format!("{HEADER}\n{fields}"), "more faults follow");
}

#[test]
fn the_same_key_again_and_again() {
    refused(&"aa: 1\n".repeat(49_000), "more faults follow");
}

#[test]
fn an_alias_bomb() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{},", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{below}]\n");
    }
    refused(&text, "anchors and aliases repeat more than");
}

#[test]
fn a_long_text_repeated() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(10_000));
    refused(&text, "anchors and aliases repeat more than");
    let nested =
        format!("{}{}", (0..60).map(|idx| format!("&a{idx} [")).collect::<String>(), "x,".repeat(40_000));
    refused(&format!("{nested}{}", "]".repeat(60)), "anchors and aliases repeat more than");
}

#[test]
fn an_alias_of_itself() {
    refused("a: &a [*a]\n", "stands inside of what it repeats");
}

#[test]
fn names_that_climb_or_ring() {
    let named = |name: &str| {
        format!("apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {{name: {name}}}\nspec: {{}}\n")
    };
    refused(&named(".."), "is not a valid name");
    refused(&named("../../etc/passwd"), "is not a valid name");
    refused(&named(r#""a\u0007b""#), r"a\u{7}b");
    refused(&named("\"a\u{202e}b\""), r"\u{202e}");
    refused(&named(r#""a\0b""#), "is not a valid name");
    refused(&format!("{HEADER}{{contact: \"a\\0b\"}}\n"), "NUL");
}

#[test]
fn long_lines_and_long_keys_are_shown_in_part() {
    refused(&format!("{HEADER}{{{}: 1}}\n", "k".repeat(900)), "unknown field `kkk");
    refused(&format!("{HEADER}{{contact: [{}]}}\n", "k".repeat(500_000)), "must be a text");
}
