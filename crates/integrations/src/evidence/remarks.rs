//! What a reader noticed, up to a limit: a document with a million oddities is told of in a hundred lines.

const REMARKS_MAX: usize = 100;

/// Adds one, unless there are enough.
pub(super) fn remark(remarks: &mut Vec<String>, text: impl FnOnce() -> String) {
    match remarks.len() {
        0..REMARKS_MAX => remarks.push(text()),
        REMARKS_MAX => remarks.push("there is more of this kind".to_owned()),
        _ => {}
    }
}
