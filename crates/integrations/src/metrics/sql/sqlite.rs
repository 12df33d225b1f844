//! SQLite, opened for reading alone.

use std::time::Instant;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::{PARAMETERS, ROWS_MAX, Rows};
use crate::asking::{AskError, TIMEOUT};

/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 10_000;

pub(super) async fn rows(path: String, query: String, parameters: [String; 3]) -> Result<Rows, AskError> {
    let reading = tokio::task::spawn_blocking(move || {
        read(&path, &query, &parameters).map_err(|error| AskError::Database(error.to_string()))
    });
    reading.await.unwrap_or_else(|error| Err(AskError::Database(error.to_string())))
}

fn read(path: &str, query: &str, parameters: &[String; 3]) -> rusqlite::Result<Rows> {
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(TIMEOUT)?;
    let started = Instant::now();
    connection.progress_handler(STEPS, Some(move || started.elapsed() > TIMEOUT))?;
    let mut statement = connection.prepare(query)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    for (name, value) in PARAMETERS.iter().zip(parameters) {
        if let Some(place) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(place, value)?;
        }
    }
    let mut cells = Vec::new();
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        if cells.len() == ROWS_MAX {
            return Err(rusqlite::Error::InvalidParameterName(format!("more than {ROWS_MAX} rows")));
        }
        let number = |idx| {
            Ok(match row.get_ref(idx)? {
                ValueRef::Null => None,
                ValueRef::Integer(it) => Some(it as f64),
                ValueRef::Real(it) => Some(it),
                other => {
                    let kind = other.data_type();
                    return Err(rusqlite::Error::InvalidColumnType(idx, "a number".to_owned(), kind));
                }
            })
        };
        cells.push((0..columns.len()).map(number).collect::<rusqlite::Result<_>>()?);
    }
    Ok(Rows { columns, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> [String; 3] {
        ["1.0.0", "2026-03-14T09:00:00.000Z", "2026-03-14T09:00:10.000Z"].map(str::to_owned)
    }

    fn table() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.sqlite").to_str().unwrap().to_owned();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE orders (version TEXT, at TEXT, amount REAL);
                 INSERT INTO orders VALUES ('1.0.0', '2026-03-14T09:00:00.000Z', 10), ('1.0.0', '2026-03-14T09:00:09.999Z', 2.5),
                   ('1.0.0', '2026-03-14T09:00:10.000Z', 99), ('2.0.0', '2026-03-14T09:00:01.000Z', 99);",
            )
            .unwrap();
        (folder, path)
    }

    #[test]
    fn parameters_are_bound() {
        let (_folder, path) = table();
        let query = "SELECT count(*) AS n, sum(amount) AS sum FROM orders WHERE version = :version AND at >= :from AND at < :to";
        let found = read(&path, query, &parameters()).unwrap();
        assert_eq!(
            (found.columns, found.cells),
            (vec!["n".to_owned(), "sum".to_owned()], vec![vec![Some(2.0), Some(12.5)]])
        );
        let hostile = ["1.0.0' OR 1=1 --", "", "~"].map(str::to_owned);
        assert_eq!(read(&path, query, &hostile).unwrap().cells, [[Some(0.0), None]]);
    }

    #[test]
    fn nothing_can_be_written_and_nothing_runs_for_ever() {
        let (_folder, path) = table();
        let error = read(&path, "DELETE FROM orders", &parameters()).unwrap_err();
        assert!(error.to_string().contains("readonly"), "{error}");
        let two = read(&path, "SELECT 1 AS n; DROP TABLE orders", &parameters());
        assert!(two.is_err(), "{two:?}");
        let endless =
            "WITH RECURSIVE it(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM it) SELECT count(*) AS n FROM it";
        let error = read(&path, endless, &parameters()).unwrap_err();
        assert!(error.to_string().contains("interrupted"), "{error}");
        let rows =
            "WITH RECURSIVE it(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM it) SELECT x AS value FROM it";
        assert!(read(&path, rows, &parameters()).unwrap_err().to_string().contains("100000 rows"));
    }
}
