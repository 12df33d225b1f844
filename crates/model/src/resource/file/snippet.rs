//! Showing the line that a place is in.

use super::tree::Place;

/// Characters of a line that are shown; of longer lines, the part around the place.
const WIDTH_MAX: usize = 100;
/// Characters shown before the place in a line that is too long.
const LEAD: usize = 40;

/// Line and column (in characters), both from 1, of a byte offset.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..floor(text, offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.bytes().filter(|&it| it == b'\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Three lines: a margin, the line with its number, and a caret under each character of the place.
pub(super) fn render(text: &str, place: Place) -> String {
    let start = floor(text, place.start);
    let (line, column) = position(text, start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_text = text[line_start..].lines().next().unwrap_or_default();
    let end = floor(text, place.end).clamp(start, start.max(line_start + line_text.trim_end().len()));
    let marked = text[start..end].chars().count().max(1);

    let skipped = if line_text.chars().count() > WIDTH_MAX { (column - 1).saturating_sub(LEAD) } else { 0 };
    let shown: Vec<char> = line_text.chars().skip(skipped).take(WIDTH_MAX).collect();
    let lead_chars = (column - 1 - skipped).min(shown.len());
    let (lead, rest) = shown.split_at(lead_chars);
    let (marked, tail) = rest.split_at(marked.min(rest.len()));

    let ellipsis = if skipped > 0 { "…" } else { "" };
    let lead: String = ellipsis.chars().chain(lead.iter().copied().flat_map(visible)).collect();
    let marked: String = marked.iter().copied().flat_map(visible).collect();
    let tail: String = tail.iter().copied().flat_map(visible).collect();
    let cut = if line_text.chars().count() > skipped + WIDTH_MAX { "…" } else { "" };
    let margin = " ".repeat(line.to_string().len());
    let indent = " ".repeat(lead.chars().count());
    let carets = "^".repeat(marked.chars().count().max(1));
    format!("{margin} |\n{line} | {lead}{marked}{tail}{cut}\n{margin} | {indent}{carets}")
}

/// A text that is safe to print: control characters and the invisible ones that reorder text are escaped.
pub(super) fn escaped(text: &str) -> String {
    text.chars().flat_map(visible).collect()
}

/// At most `max` characters of a text, escaped, with `…` when there are more.
pub(super) fn excerpt(text: &str, max: usize) -> String {
    let mut shown: String = text.chars().take(max).flat_map(visible).collect();
    if text.chars().nth(max).is_some() {
        shown.push('…');
    }
    shown
}

fn visible(it: char) -> impl Iterator<Item = char> {
    // Bidirectional controls (Unicode 15 §23.2) can make a line read as something that it is not.
    let deceptive = it.is_control()
        || matches!(it, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    let (plain, code) = if deceptive { (None, Some(it.escape_default())) } else { (Some(it), None) };
    plain.into_iter().chain(code.into_iter().flatten())
}

fn floor(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_what_they_mark() {
        let text = "a: 1\nkey: wert\n";
        let place = Place { start: 10, end: 14 };
        assert_eq!(position(text, 10), (2, 6));
        assert_eq!(render(text, place), "  |\n2 | key: wert\n  |      ^^^^");
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let text = "a: \u{1b}[31m\u{202e}x";
        let shown = render(text, Place { start: 3, end: text.len() });
        assert!(shown.contains(r"\u{1b}[31m\u{202e}x"), "{shown}");
        assert!(shown.chars().all(|it| it == '\n' || !it.is_control()), "{shown}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}needle{}", "x".repeat(5000), "y".repeat(5000));
        let shown = render(&text, Place { start: 5000, end: 5006 });
        assert!(shown.contains("xneedley"), "{shown}");
        assert!(shown.len() < 400, "{shown}");
    }
}
