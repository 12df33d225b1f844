//! A CSV file that grows at its end.
//!
//! Rows belong to the stretch in which their `time` lies, wherever they stand. A row that comes after its stretch was
//! read is late and lost. Rows with the same `id` count once; without that column every row counts. A row that makes no
//! sense is an error: half of a file is not judged by.

use std::collections::BTreeSet;
use std::io::Read as _;

use jiff::Timestamp;
use serde::Deserialize;
use shipway_model::analysis::Sample;
use shipway_model::resource::metric::CsvFile;

use super::http::bounded;
use crate::asking::{AskError, Question};
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "csv", summary: "Rows of a file, each with its time, version and metric." };

/// Only so much of the file's end is read.
const BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Deserialize)]
struct Row {
    time: Timestamp,
    version: String,
    metric: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    n: Option<u64>,
    #[serde(default)]
    x: Option<u64>,
    #[serde(default)]
    sum: Option<f64>,
    #[serde(default)]
    sum_sq: Option<f64>,
    #[serde(default)]
    value: Option<f64>,
}

pub(crate) async fn ask(source: &CsvFile, question: &Question) -> Result<Option<Sample>, AskError> {
    let (path, question) = (source.path.clone(), question.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        if length > BYTES_MAX {
            return Err(AskError::TooLarge(BYTES_MAX as usize));
        }
        read(file.take(BYTES_MAX), &question)
    });
    reading.await.unwrap_or_else(|error| Err(AskError::Invalid(error.to_string())))
}

fn read(file: impl std::io::Read, question: &Question) -> Result<Option<Sample>, AskError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let mut sums: Option<Sample> = None;
    let mut known = BTreeSet::new();
    for row in reader.deserialize::<Row>() {
        let row = match row {
            Ok(row) => row,
            // The last line may be half written; it is read when it is whole.
            Err(error) if matches!(error.kind(), csv::ErrorKind::UnequalLengths { .. }) => continue,
            Err(error) => return Err(AskError::Invalid(error.to_string())),
        };
        let is_asked = row.version == question.version.as_str()
            && row.metric == question.metric.name.as_str()
            && (question.from..question.to).contains(&row.time);
        if is_asked && row.id.as_ref().is_none_or(|id| known.insert(id.clone())) {
            add(sums.get_or_insert_default(), &row);
        }
    }
    Ok(sums.map(bounded))
}

fn add(sums: &mut Sample, row: &Row) {
    let count = |sum: &mut Option<u64>, it: Option<u64>| {
        if let Some(it) = it {
            *sum = Some(sum.unwrap_or(0).saturating_add(it));
        }
    };
    let total = |sum: &mut Option<f64>, it: Option<f64>| {
        if let Some(it) = it {
            *sum = Some(sum.unwrap_or(0.0) + it);
        }
    };
    count(&mut sums.n, row.n);
    count(&mut sums.x, row.x);
    total(&mut sums.sum, row.sum);
    total(&mut sums.sum_sq, row.sum_sq);
    if let Some(value) = row.value {
        sums.values.get_or_insert_default().push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::prometheus::tests::question;
    use super::*;

    fn check(text: &str, expect: Option<Sample>) {
        assert_eq!(read(text.as_bytes(), &question()).unwrap(), expect, "{text}");
    }

    #[test]
    fn rows_of_the_stretch_are_added_up() {
        let head = "time,version,metric,n,x\n";
        let row = |second: u32, version: &str, n: u32| {
            format!("1970-01-01T00:01:{second}Z,{version},errors,{n},1\n")
        };
        let rows = [
            row(39, "1.0.0", 5),
            row(40, "1.0.0", 7),
            row(49, "1.0.0", 8),
            row(50, "1.0.0", 9),
            row(45, "2.0.0", 3),
        ];
        let expect = Sample { n: Some(15), x: Some(2), ..Sample::default() };
        check(&(head.to_owned() + &rows.concat()), Some(expect.clone()));
        // The last line is not whole yet.
        check(&(head.to_owned() + &rows.concat() + "1970-01-01T00:01:41Z,1.0"), Some(expect));
        check(head, None);
        check("", None);
    }

    #[test]
    fn the_same_id_counts_once() {
        let rows = "id,time,version,metric,value\n\
            a,1970-01-01T00:01:41Z,1.0.0,errors,2.5\n\
            a,1970-01-01T00:01:41Z,1.0.0,errors,2.5\n\
            b,1970-01-01T00:01:42Z,1.0.0,errors,4\n";
        check(rows, Some(Sample { values: Some(vec![2.5, 4.0]), ..Sample::default() }));
    }

    #[test]
    fn rows_without_sense_are_errors() {
        for row in [
            "soon,1.0.0,errors,1,1",
            "1970-01-01T00:01:41Z,1.0.0,errors,-1,1",
            "1970-01-01T00:01:41Z,1.0.0,errors,1.5,1",
        ] {
            let text = format!("time,version,metric,n,x\n{row}\n");
            assert!(matches!(read(text.as_bytes(), &question()), Err(AskError::Invalid(_))), "{row}");
        }
    }
}
