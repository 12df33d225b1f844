//! What hey prints.

use shipway_model::evidence::{Histogram, Load, Normal};

use super::lines::Lines;
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format =
    Format { name: "hey", summary: "The summary that hey prints.", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    let is_hey = head.text.starts_with("Summary:") && head.text.contains("Response time histogram:");
    if is_hey { Sniff::Sure } else { Sniff::No }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut lines = Lines::new(source);
    let mut load = Load::default();
    let mut seen = Seen::default();
    while let Some(line) = lines.next()? {
        let taken = seen.take(line.trim(), &mut load);
        taken.ok_or_else(|| lines.fault("this line of hey cannot be understood"))?;
    }
    lines.whole()?;
    // The histogram counts the same responses as the codes that stand last.
    let n_in_histogram: u64 = seen.counts.iter().fold(0, |sum, it| sum.saturating_add(*it));
    if n_in_histogram != seen.responses || seen.responses.saturating_add(seen.not_answered) == 0 {
        let n = seen.responses;
        let message = format!(
            "{n_in_histogram} responses are in the histogram, {n} have a status: the document was cut"
        );
        return Err(lines.fault(message));
    }
    load.requests = seen.responses.saturating_add(seen.not_answered);
    load.errors = load.errors.saturating_add(seen.not_answered);
    if !seen.bounds.is_empty() {
        // Nothing was slower than the last bound, which is the slowest.
        seen.counts.push(0);
        load.histogram_ms = Some(Histogram { bounds: seen.bounds, counts: seen.counts });
    }
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("hey".to_owned()), ..Normal::default() };
    normal.load = Some(load);
    Ok(normal)
}

#[derive(Default)]
struct Seen {
    section: Section,
    bounds: Vec<f64>,
    counts: Vec<u64>,
    responses: u64,
    not_answered: u64,
}

#[derive(Default, Clone, Copy)]
enum Section {
    #[default]
    Summary,
    Histogram,
    Latencies,
    Statuses,
    Errors,
    Other,
}

/// Most bars of the histogram; hey draws eleven.
const BARS_MAX: usize = 1_000;

impl Seen {
    fn take(&mut self, line: &str, load: &mut Load) -> Option<()> {
        let section = match line {
            "" => return Some(()),
            "Summary:" => Section::Summary,
            "Response time histogram:" => Section::Histogram,
            "Latency distribution:" => Section::Latencies,
            "Status code distribution:" => Section::Statuses,
            "Error distribution:" => Section::Errors,
            it if it.starts_with("Details (") => Section::Other,
            line => return self.take_within(line, load),
        };
        self.section = section;
        Some(())
    }

    fn take_within(&mut self, line: &str, load: &mut Load) -> Option<()> {
        let words: Vec<_> = line.split_whitespace().collect();
        match (self.section, words.as_slice()) {
            (Section::Summary, ["Total:", it, "secs"]) => load.duration_s = seconds(it),
            (Section::Summary, ["Slowest:", it, "secs"]) => load.latency_ms.max = milliseconds(it),
            (Section::Summary, ["Fastest:", it, "secs"]) => load.latency_ms.min = milliseconds(it),
            (Section::Summary, ["Average:", it, "secs"]) => load.latency_ms.mean = milliseconds(it),
            (Section::Summary, ["Requests/sec:", it]) => load.rps = seconds(it),
            (Section::Summary, ["Total", "data:", it, "bytes"]) => load.bytes = Some(it.parse().ok()?),
            (Section::Histogram, [bound, count, ..]) => {
                if self.bounds.len() == BARS_MAX {
                    return None;
                }
                self.bounds.push(milliseconds(bound)?);
                self.counts.push(bracketed(count)?);
            }
            (Section::Latencies, [share, "in", it, "secs"]) => {
                let latency = milliseconds(it);
                let to = &mut load.latency_ms;
                match *share {
                    "50%" => to.p50 = latency,
                    "75%" => to.p75 = latency,
                    "90%" => to.p90 = latency,
                    "95%" => to.p95 = latency,
                    "99%" => to.p99 = latency,
                    _ => {}
                }
            }
            (Section::Statuses, [status, n, "responses"]) => {
                let n: u64 = n.parse().ok()?;
                self.responses = self.responses.checked_add(n)?;
                if bracketed(status)? >= 400 {
                    load.errors = load.errors.checked_add(n)?;
                }
            }
            (Section::Errors, [n, ..]) if n.starts_with('[') => {
                self.not_answered = self.not_answered.checked_add(bracketed(n)?)?;
            }
            (Section::Histogram | Section::Latencies | Section::Statuses, _) => return None,
            _ => {}
        }
        Some(())
    }
}

fn bracketed(text: &str) -> Option<u64> {
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// None for the `NaN` of a run without an answer.
fn seconds(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0)
}

fn milliseconds(text: &str) -> Option<f64> {
    seconds(text).map(|it| it * 1000.0)
}
