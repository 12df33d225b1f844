//! The table at the end.

use super::act::Act;
use super::shoppers::Seen;

pub(super) fn print(acts: &[Act], totals: &Seen) {
    println!("\n── What happened\n");
    let header = ["release", "environment", "strategy", "outcome", "seconds", "requests", "failed", "note"];
    let rows: Vec<[String; 8]> =
        std::iter::once(header.map(str::to_owned)).chain(acts.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    for row in &rows {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        println!("  {}", cells.join("  ").trim_end());
    }
    println!(
        "\n  The shoppers: {} sessions, {} requests, {} failed.",
        totals.sessions, totals.requests, totals.failed
    );
}

fn row(act: &Act) -> [String; 8] {
    [
        act.release.clone(),
        act.environment.clone(),
        act.strategy.clone(),
        act.outcome.clone(),
        format!("{:.1}", act.took.as_secs_f64()),
        act.seen.requests.to_string(),
        act.seen.failed.to_string(),
        act.note.clone(),
    ]
}
