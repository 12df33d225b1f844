//! What wrk and wrk2 print.

use shipway_model::evidence::{Load, Normal};

use super::lines::Lines;
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format =
    Format { name: "wrk", summary: "What wrk and wrk2 print, with or without `--latency`.", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    let is_wrk = head.text.starts_with("Running ") && head.text.contains(" threads and ");
    if is_wrk { Sniff::Sure } else { Sniff::No }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut lines = Lines::new(source);
    let mut load = Load::default();
    let mut seen = Seen::default();
    while let Some(line) = lines.next()? {
        let words: Vec<_> = line.split_whitespace().collect();
        let taken = seen.take(&words, &mut load);
        taken.ok_or_else(|| lines.fault("this line of wrk cannot be understood"))?;
    }
    lines.whole()?;
    if !seen.is_complete {
        return Err(lines.fault("the document ends before `Transfer/sec`: it was cut"));
    }
    load.requests = load.requests.saturating_add(seen.not_sent);
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("wrk".to_owned()), ..Normal::default() };
    normal.load = Some(load);
    Ok(normal)
}

#[derive(Default)]
struct Seen {
    /// Attempts that wrk does not count as requests.
    not_sent: u64,
    /// The last line was there.
    is_complete: bool,
}

impl Seen {
    fn take(&mut self, words: &[&str], load: &mut Load) -> Option<()> {
        match words {
            [_, "threads", "and", n, "connections"] => load.concurrency = Some(n.parse().ok()?),
            ["Latency", mean, _, max, _] => {
                load.latency_ms.mean = milliseconds(mean);
                load.latency_ms.max = milliseconds(max);
            }
            [share, latency] if share.ends_with('%') => {
                let share: f64 = share.trim_end_matches('%').parse().ok()?;
                let latency = Some(milliseconds(latency)?);
                let to = &mut load.latency_ms;
                match share {
                    50.0 => to.p50 = latency,
                    75.0 => to.p75 = latency,
                    90.0 => to.p90 = latency,
                    95.0 => to.p95 = latency,
                    99.0 => to.p99 = latency,
                    _ => {}
                }
            }
            [n, "requests", "in", duration, read, "read"] => {
                load.requests = n.parse().ok()?;
                load.duration_s = Some(milliseconds(duration.trim_end_matches(','))? / 1000.0);
                load.bytes = Some(bytes(read)?);
            }
            ["Socket", "errors:", "connect", connect, "read", read, "write", write, "timeout", timeout] => {
                let count = |it: &str| it.trim_end_matches(',').parse::<u64>().ok();
                self.not_sent = count(connect)?.checked_add(count(read)?)?.checked_add(count(write)?)?;
                load.errors = load.errors.checked_add(self.not_sent)?.checked_add(count(timeout)?)?;
            }
            ["Non-2xx", "or", "3xx", "responses:", n] => {
                load.errors = load.errors.checked_add(n.parse().ok()?)?
            }
            ["Requests/sec:", rate] => load.rps = Some(rate.parse().ok().filter(|it: &f64| it.is_finite())?),
            ["Transfer/sec:", rate] => {
                bytes(rate)?;
                self.is_complete = true;
            }
            _ => {}
        }
        Some(())
    }
}

/// `43.30ms`
fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0), ("h", 3_600_000.0)];
    let (unit, factor) = units.into_iter().find(|it| text.ends_with(it.0))?;
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    Some(number * factor).filter(|it| it.is_finite() && *it >= 0.0)
}

/// `39.12KB`; its units are binary.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KB", 1 << 10), ("MB", 1 << 20), ("GB", 1 << 30), ("TB", 1_u64 << 40), ("B", 1)];
    let (unit, factor) = units.into_iter().find(|it| text.ends_with(it.0))?;
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * factor as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_errors_are_requests_that_failed() {
        let text = "Running 1s test\n  1 threads and 4 connections\n  10 requests in 1.00m, 1.50KB read\n  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 5\nRequests/sec:     10.00\nTransfer/sec:      1.50KB\n";
        let load = read(Source::new(&mut text.as_bytes())).unwrap().load.unwrap();
        assert_eq!(
            (load.requests, load.errors, load.bytes, load.duration_s),
            (16, 15, Some(1536), Some(60.0))
        );
        let fault = read(Source::new(&mut &text.as_bytes()[..150])).unwrap_err();
        assert!(fault.message.contains("the document was cut"), "{fault}");
    }
}
