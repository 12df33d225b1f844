//! What must hold of the readers whatever bytes they are given. `fuzz/` runs the same with inputs of its own making.

use shipway_integrations::evidence::{self, ALL, Format, Source};
use shipway_model::evidence::Normal;

/// By every format.
pub(crate) fn read(bytes: &[u8]) {
    let _ = evidence::read(Source::new(&mut &*bytes), None, None);
    ALL.iter().for_each(|format| check(bytes, format));
}

/// It is refused, or it is a normal form that can be stored, read back and shown.
pub(crate) fn check(bytes: &[u8], format: &Format) {
    match evidence::read(Source::new(&mut &*bytes), None, Some(format)) {
        Ok(normal) => {
            let json = serde_json::to_string(&normal).expect("it has string keys");
            let back: Normal = serde_json::from_str(&json).expect("what was written can be read");
            assert_eq!(back, normal, "all numbers are finite");
            assert!(!json.contains("\\u001b") && !json.contains('\u{202e}'), "texts are clean: {json}");
        }
        Err(fault) => {
            assert!(!fault.message.is_empty() && !fault.message.contains('\u{1b}'), "{fault:?}");
            assert!(fault.place.is_none_or(|it| it.line > 0 && it.column > 0), "{fault:?}");
        }
    }
}
