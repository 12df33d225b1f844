//! An event on one line.

use shipway_api::view::ledger::LedgerEvent;

use crate::output::{Paint, plain};

/// Position, time, who, what, and the start of the data.
pub(super) fn line(entry: &LedgerEvent, paint: Paint) -> String {
    let event = entry.opened();
    let text = |field: &str| plain(event[field].as_str().unwrap_or_default());
    let data = plain(&event["data"].to_string());
    let shown: String = data.chars().take(100).collect();
    let ellipsis = if data.chars().nth(100).is_some() { "…" } else { "" };
    format!(
        "{:>7}  {:<24}  {:<20}  {}  {}\n",
        entry.position,
        text("at"),
        paint.strong(&text("type")),
        text("actor"),
        paint.dim(&format!("{shown}{ellipsis}"))
    )
}
