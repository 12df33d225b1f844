//! A database that is only read: one SELECT with bound parameters, in a read-only transaction, for five seconds at the
//! most.

mod postgresql;
mod sqlite;

use shipway_model::analysis::Sample;
use shipway_model::resource::metric::{Database, Dialect, SqlQuery};

use super::http::bounded;
use crate::asking::{AskError, Question, variable, written};
use crate::spec::Spec;

pub(crate) const SPEC: Spec =
    Spec { kind: "sql", summary: "One SELECT on business tables in PostgreSQL or SQLite, read only." };

/// Rows of one answer.
const ROWS_MAX: usize = 100_000;

pub(crate) async fn ask(
    source: &Database,
    query: &SqlQuery,
    question: &Question,
) -> Result<Option<Sample>, AskError> {
    read(source.dialect, variable(&source.url_variable)?, query, question).await
}

/// The answer of the database at `place`: a connection string, or the path of a file.
pub(crate) async fn read(
    dialect: Dialect,
    place: String,
    query: &SqlQuery,
    question: &Question,
) -> Result<Option<Sample>, AskError> {
    let parameters = [question.version.to_string(), written(question.from), written(question.to)];
    let rows = match dialect {
        Dialect::Sqlite => sqlite::rows(place, query.query.clone(), parameters).await?,
        Dialect::Postgresql => postgresql::rows(&place, &query.query, &parameters).await?,
    };
    rows.sample().map(|it| it.map(bounded))
}

/// The names that parameters have in a query, in the order of their values.
const PARAMETERS: [&str; 3] = [":version", ":from", ":to"];

/// An answer as numbers; a cell without one is `NULL`.
#[derive(Debug, Clone, PartialEq)]
struct Rows {
    columns: Vec<String>,
    cells: Vec<Vec<Option<f64>>>,
}

impl Rows {
    fn sample(self) -> Result<Option<Sample>, AskError> {
        let invalid = |why: String| Err(AskError::Invalid(why));
        if self.columns == ["value"] {
            let values: Vec<f64> = self.cells.into_iter().filter_map(|row| row[0]).collect();
            return Ok((!values.is_empty()).then(|| Sample { values: Some(values), ..Sample::default() }));
        }
        let row = match self.cells.as_slice() {
            [] => return Ok(None),
            [row] => row,
            rows => return invalid(format!("it has {} rows where one was asked for", rows.len())),
        };
        let mut sample = Sample::default();
        for (column, cell) in self.columns.iter().zip(row) {
            let whole = || cell.map(crate::asking::whole).transpose();
            match column.as_str() {
                "n" => sample.n = whole()?,
                "x" => sample.x = whole()?,
                "sum" => sample.sum = *cell,
                "sum_sq" => sample.sum_sq = *cell,
                other => {
                    return invalid(format!(
                        "it has a column `{other}`; there are n, x, sum, sum_sq, or value alone"
                    ));
                }
            }
        }
        Ok((sample != Sample::default()).then_some(sample))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: &[&str], cells: Vec<Vec<Option<f64>>>) -> Result<Option<Sample>, AskError> {
        Rows { columns: columns.iter().map(|it| (*it).to_owned()).collect(), cells }.sample()
    }

    #[test]
    fn one_row_of_parts_or_many_of_values() {
        let parts = rows(&["n", "x", "sum", "sum_sq"], vec![vec![Some(9.0), Some(2.0), Some(1.5), None]]);
        let expect = Sample { n: Some(9), x: Some(2), sum: Some(1.5), ..Sample::default() };
        assert_eq!(parts.unwrap(), Some(expect));
        let values = rows(&["value"], vec![vec![Some(1.0)], vec![None], vec![Some(2.0)]]).unwrap();
        assert_eq!(values.unwrap().values, Some(vec![1.0, 2.0]));
        assert_eq!(rows(&["value"], Vec::new()).unwrap(), None);
        assert_eq!(rows(&["n"], Vec::new()).unwrap(), None);
        assert_eq!(rows(&["n", "sum"], vec![vec![None, None]]).unwrap(), None);
    }

    #[test]
    fn anything_else_is_an_error() {
        assert!(rows(&["n"], vec![vec![Some(1.0)], vec![Some(2.0)]]).is_err());
        assert!(rows(&["orders"], vec![vec![Some(1.0)]]).is_err());
        assert!(rows(&["n"], vec![vec![Some(-1.0)]]).is_err());
        assert!(rows(&["n"], vec![vec![Some(f64::NAN)]]).is_err());
    }
}
