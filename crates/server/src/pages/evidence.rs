//! What was attached about builds and releases, in words.

use shipway_engine::Attached;
use shipway_model::evidence::Kind;

/// What it says: its kinds, or whose word it is about what.
pub(super) fn says(attached: &Attached) -> String {
    let it = &attached.evidence;
    let kind = |kind: &Kind| {
        serde_json::to_value(kind).ok().and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
    };
    match &it.statement {
        Some(word) => format!("{} by {}", word.kind, word.issuer),
        None => it.kinds.iter().map(kind).collect::<Vec<_>>().join(", "),
    }
}
