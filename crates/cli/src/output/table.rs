//! Columns that line up.

use super::{Paint, plain};

/// Rows of cells below a heading. Cells are made safe to print; the last column is never padded.
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

struct Cell {
    text: String,
    tint: Tint,
}

/// How a cell is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tint {
    None,
    Good,
    Bad,
    Warn,
}

impl Table {
    pub(crate) fn new<const N: usize>(heading: [&'static str; N]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        debug_assert_eq!(N, self.heading.len());
        self.rows.push(cells.into_iter().map(|it| Cell { text: plain(it), tint: tint(it) }).collect());
    }

    /// The lines; a sentence instead when there are no rows.
    pub(crate) fn render(&self, paint: Paint, when_empty: &str) -> String {
        if self.rows.is_empty() {
            return format!("{when_empty}\n");
        }
        let width = |idx: usize| {
            let cells = self.rows.iter().map(|row| row[idx].text.chars().count());
            cells.chain([self.heading[idx].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.heading.len()).map(width).collect();
        let heading: Vec<String> = self.heading.iter().map(|it| paint.dim(it)).collect();
        let heading_widths: Vec<usize> = self.heading.iter().map(|it| it.chars().count()).collect();
        let mut text = line(&heading, &heading_widths, &widths);
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|it| coloured(it, paint)).collect();
            let cell_widths: Vec<usize> = row.iter().map(|it| it.text.chars().count()).collect();
            text += &line(&cells, &cell_widths, &widths);
        }
        text
    }
}

fn line(cells: &[String], cell_widths: &[usize], widths: &[usize]) -> String {
    let mut text = String::new();
    for (idx, cell) in cells.iter().enumerate() {
        text += cell;
        if idx + 1 < cells.len() {
            text += &" ".repeat(widths[idx] - cell_widths[idx] + 2);
        }
    }
    format!("{}\n", text.trim_end())
}

fn coloured(cell: &Cell, paint: Paint) -> String {
    match cell.tint {
        Tint::None => cell.text.clone(),
        Tint::Good => paint.good(&cell.text),
        Tint::Bad => paint.bad(&cell.text),
        Tint::Warn => paint.warn(&cell.text),
    }
}

/// States look the same in every table.
fn tint(text: &str) -> Tint {
    match text {
        "healthy" | "succeeded" | "connected" | "sealed" | "created" | "stored" => Tint::Good,
        "failed" | "unhealthy" | "rolled-back" | "aborted" | "halted" | "unwinding" | "missing" => Tint::Bad,
        "paused" | "queued" | "silent" | "stopping" | "starting" | "running" | "open" | "updated" => {
            Tint::Warn
        }
        _ => Tint::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_colour_does_not_shift_them() {
        let mut table = Table::new(["NAME", "STATE", "WHY"]);
        table.row(["checkout", "healthy", ""]);
        table.row(["web", "failed", "exit\u{1b}[1m 1"]);
        let expected = "NAME      STATE    WHY\ncheckout  healthy\nweb       failed   exit\\u{1b}[1m 1\n";
        assert_eq!(table.render(Paint::Plain, ""), expected);
        let coloured = table.render(Paint::Colour, "");
        assert!(coloured.contains("\u{1b}[31mfailed\u{1b}[39m\u{1b}[0m   exit"), "{coloured:?}");
    }

    #[test]
    fn an_empty_table_is_a_sentence() {
        assert_eq!(Table::new(["NAME"]).render(Paint::Plain, "There are none."), "There are none.\n");
    }
}
