//! JMeter's results as CSV (JTL), with or without the line of column names.

use csv::{ReaderBuilder, StringRecord};
use shipway_model::evidence::{Load, Normal};

use super::counted::Counted;
use super::latencies::Latencies;
use super::{Fault, Format, Head, Sniff, Source};

pub(super) const FORMAT: Format = Format {
    name: "jmeter",
    summary: "JMeter results as CSV (JTL), with or without column names.",
    sniff,
    read,
};

/// What JMeter writes by default, in its order.
const COLUMNS: &[&str] = &[
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];
/// Before 5.0 there was no column for the address.
const COLUMNS_BEFORE_5: usize = 16;
/// What JMeter 2 writes, whose files have no names by default.
const COLUMNS_OF_2: &[&str] = &[
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "bytes",
    "grpThreads",
    "allThreads",
    "Latency",
];
/// Longest line, in bytes.
const RECORD_BYTES_MAX: usize = 16 << 20;

fn sniff(head: &Head<'_>) -> Sniff {
    let Some(first) = head.text.lines().next() else { return Sniff::No };
    if has_names(first) {
        return Sniff::Sure;
    }
    let cells: Vec<_> = first.split(',').collect();
    let is_number = |at: usize| cells.get(at).is_some_and(|it| it.parse::<u64>().is_ok());
    let says_success = cells.iter().any(|it| matches!(*it, "true" | "false"));
    let is_bare = is_number(0) && is_number(1) && says_success && cells.len() >= COLUMNS_OF_2.len();
    if is_bare { Sniff::Maybe } else { Sniff::No }
}

fn has_names(line: &str) -> bool {
    line.contains("elapsed") && (line.contains("timeStamp") || line.contains("success"))
}

fn read(mut source: Source<'_>) -> Result<Normal, Fault> {
    let (head, rest) = super::input::peek(&mut source, 64 * 1024)?;
    let head = String::from_utf8_lossy(&head).into_owned();
    let first = head.lines().next().unwrap_or_default();
    let named = has_names(first);
    let delimiter = if named {
        [b',', b';', b'\t', b'|'].into_iter().find(|it| first.contains(char::from(*it)))
    } else {
        None
    };
    let mut rest = rest;
    let counted = Counted::new(Source::new(&mut rest), RECORD_BYTES_MAX);
    let mut csv =
        ReaderBuilder::new().has_headers(false).delimiter(delimiter.unwrap_or(b',')).from_reader(counted);
    let mut record = StringRecord::new();
    let mut columns = Columns::default();
    let mut seen = Seen::default();
    let mut is_first = true;
    loop {
        csv.get_mut().begin();
        let line = csv.position().line();
        let more = csv.read_record(&mut record).map_err(|it| Fault::at(line, 1, said(&it)))?;
        if !more {
            break;
        }
        if std::mem::take(&mut is_first) {
            columns = Columns::of(&record, named).map_err(|it| Fault::at(line, 1, it))?;
            if named {
                continue;
            }
        }
        seen.take(&columns, &record).map_err(|it| Fault::at(line, 1, it))?;
    }
    // JMeter ends every line, so a last line without an end was cut.
    let place = csv.get_ref().place();
    if place.column != 1 {
        return Err(Fault::at(place.line, place.column, "the last line has no end: the document was cut"));
    }
    Ok(seen.finish())
}

fn said(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the line has {len} columns, those before it have {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "this is not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// Where each column is.
#[derive(Default)]
struct Columns {
    time: Option<usize>,
    elapsed: usize,
    success: Option<usize>,
    code: Option<usize>,
    message: Option<usize>,
    bytes: Option<usize>,
    threads: Option<usize>,
}

impl Columns {
    fn of(first: &StringRecord, named: bool) -> Result<Self, String> {
        let names: Vec<&str> = match (named, first.len()) {
            (true, _) => first.iter().map(str::trim).collect(),
            (false, COLUMNS_BEFORE_5) => COLUMNS.iter().filter(|it| **it != "URL").copied().collect(),
            (false, n) if n == COLUMNS.len() => COLUMNS.to_vec(),
            (false, n) if n == COLUMNS_OF_2.len() => COLUMNS_OF_2.to_vec(),
            (false, n) => {
                return Err(format!("there are no column names, and {n} columns are not JMeter's default"));
            }
        };
        let find = |name: &str| names.iter().position(|it| *it == name);
        let elapsed = find("elapsed").ok_or("there is no column `elapsed`")?;
        let (success, code) = (find("success"), find("responseCode"));
        if success.is_none() && code.is_none() {
            return Err("there is neither a column `success` nor `responseCode`".to_owned());
        }
        let [time, message] = ["timeStamp", "responseMessage"].map(find);
        Ok(Self { time, elapsed, success, code, message, bytes: find("bytes"), threads: find("allThreads") })
    }
}

#[derive(Default)]
struct Seen {
    requests: u64,
    errors: u64,
    n_transactions: u64,
    latencies: Latencies,
    bytes: u64,
    concurrency: u64,
    /// In milliseconds since 1970, of the first start and the last end.
    span_ms: Option<(u64, u64)>,
}

impl Seen {
    fn take(&mut self, columns: &Columns, record: &StringRecord) -> Result<(), String> {
        let cell = |at: Option<usize>| at.and_then(|it| record.get(it));
        // A transaction controller's line sums up lines that are there themselves.
        if cell(columns.message).is_some_and(|it| it.starts_with("Number of samples in transaction")) {
            self.n_transactions += 1;
            return Ok(());
        }
        let text = cell(Some(columns.elapsed)).unwrap_or_default();
        let elapsed_ms: u64 = text.parse().map_err(|_| format!("`{text}` is no duration in milliseconds"))?;
        let is_good = match (cell(columns.success), cell(columns.code)) {
            (Some("true"), _) => true,
            (Some("false"), _) => false,
            (Some(other), _) => return Err(format!("`success` is `{other}`")),
            (None, code) => {
                code.and_then(|it| it.parse::<u16>().ok()).is_some_and(|it| (200..400).contains(&it))
            }
        };
        self.requests += 1;
        self.errors += u64::from(!is_good);
        self.latencies.add(elapsed_ms as f64)?;
        self.bytes =
            self.bytes.saturating_add(cell(columns.bytes).and_then(|it| it.parse().ok()).unwrap_or(0));
        let threads = cell(columns.threads).and_then(|it| it.parse().ok()).unwrap_or(0);
        self.concurrency = self.concurrency.max(threads);
        if let Some(start) = cell(columns.time).and_then(|it| it.parse::<u64>().ok()) {
            let end = start.saturating_add(elapsed_ms);
            let (first, last) = self.span_ms.unwrap_or((start, end));
            self.span_ms = Some((first.min(start), last.max(end)));
        }
        Ok(())
    }

    fn finish(self) -> Normal {
        let duration_s = self.span_ms.map(|(first, last)| (last - first) as f64 / 1000.0);
        let mut normal =
            Normal { format: FORMAT.name.to_owned(), tool: Some("JMeter".to_owned()), ..Normal::default() };
        if self.n_transactions > 0 {
            let n = self.n_transactions;
            normal
                .remarks
                .push(format!("{n} lines of transaction controllers sum up others and were left out"));
        }
        if duration_s.is_none() && self.requests > 0 {
            normal.remarks.push("the time stamps are no numbers, so there is no rate".to_owned());
        }
        normal.load = Some(Load {
            requests: self.requests,
            errors: self.errors,
            rps: duration_s.filter(|it| *it > 0.0).map(|it| self.requests as f64 / it),
            duration_s,
            sample_ms: self.latencies.sample(),
            latency_ms: self.latencies.summary(),
            concurrency: (self.concurrency > 0).then_some(self.concurrency),
            bytes: (self.bytes > 0).then_some(self.bytes),
            ..Load::default()
        });
        normal
    }
}
