//! Values as people read them.

use jiff::Timestamp;
use shipway_model::Digest;

/// Control characters escaped: what others wrote must not steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|it| {
            let escaped = it.is_control().then(|| it.escape_default());
            escaped.into_iter().flatten().chain((!it.is_control()).then_some(it))
        })
        .collect()
}

/// Enough of a digest to tell it from others.
pub(crate) fn short(digest: &Digest) -> String {
    digest.to_string().chars().take("sha256:".len() + 12).collect()
}

/// In UTC, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Bytes in binary units with one decimal.
pub(crate) fn size(bytes: u64) -> String {
    let mut rest = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if rest < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{rest:.1} {unit}") };
        }
        rest /= 1024.0;
    }
    format!("{rest:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!([size(0), size(1023), size(1536), size(5 << 30)], ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
        let at: Timestamp = "2026-11-21T10:30:00.987Z".parse().expect("an instant");
        assert_eq!(time(at), "2026-11-21 10:30:00Z");
        assert_eq!(short(&Digest::of(b"")), "sha256:e3b0c44298fc");
    }
}
