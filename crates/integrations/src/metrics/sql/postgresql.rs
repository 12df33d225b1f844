//! PostgreSQL, in a transaction that may only read.

use tokio_postgres::types::Type;
use tokio_postgres::{NoTls, Row};

use super::{PARAMETERS, ROWS_MAX, Rows};
use crate::asking::{AskError, TIMEOUT};
use crate::outbound::chain;

pub(super) async fn rows(place: &str, query: &str, parameters: &[String; 3]) -> Result<Rows, AskError> {
    read(place, query, parameters).await.map_err(|error| match error {
        Fault::Database(error) => AskError::Database(chain(&error)),
        Fault::Shape(reason) => AskError::Invalid(reason),
    })
}

enum Fault {
    Database(tokio_postgres::Error),
    Shape(String),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

async fn read(place: &str, query: &str, parameters: &[String; 3]) -> Result<Rows, Fault> {
    let (mut client, connection) = tokio_postgres::connect(place, NoTls).await?;
    // Dropped with this call, and with it the connection, whatever the server is doing then.
    let mut driving = tokio::task::JoinSet::new();
    driving.spawn(connection);
    let transaction = client.build_transaction().read_only(true).start().await?;
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", TIMEOUT.as_millis())).await?;
    let (query, used) = numbered(query);
    let bounded = format!("SELECT * FROM ({query}) AS answer LIMIT {}", ROWS_MAX + 1);
    let types = vec![Type::TEXT; used.len()];
    let statement = transaction.prepare_typed(&bounded, &types).await?;
    let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        used.iter().map(|idx| &parameters[*idx] as _).collect();
    let found = transaction.query(&statement, &values).await?;
    if found.len() > ROWS_MAX {
        return Err(Fault::Shape(format!("it has more than {ROWS_MAX} rows")));
    }
    let columns: Vec<String> = statement.columns().iter().map(|it| it.name().to_owned()).collect();
    let cells = found.iter().map(|row| (0..columns.len()).map(|idx| number(row, idx)).collect());
    Ok(Rows { cells: cells.collect::<Result<_, Fault>>()?, columns })
}

fn number(row: &Row, idx: usize) -> Result<Option<f64>, Fault> {
    let column = &row.columns()[idx];
    Ok(match *column.type_() {
        Type::INT2 => row.try_get::<_, Option<i16>>(idx)?.map(f64::from),
        Type::INT4 => row.try_get::<_, Option<i32>>(idx)?.map(f64::from),
        Type::INT8 => row.try_get::<_, Option<i64>>(idx)?.map(|it| it as f64),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(idx)?.map(f64::from),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(idx)?,
        ref other => {
            let name = column.name();
            return Err(Fault::Shape(format!(
                "`{name}` is of type {other}: cast it to double precision or bigint"
            )));
        }
    })
}

/// The query with `$1` for the first parameter that it uses, and so on; which these are.
fn numbered(query: &str) -> (String, Vec<usize>) {
    let (mut text, mut used, mut rest) = (String::new(), Vec::new(), query.trim().trim_end_matches(';'));
    let mut quote = None;
    while let Some(char) = rest.chars().next() {
        match (quote, char) {
            (Some(open), _) => quote = (char != open).then_some(open),
            (None, '\'' | '"') => quote = Some(char),
            (None, ':') if !text.ends_with(':') => {
                let is_whole = |name: &str| {
                    let after = rest[name.len()..].chars().next();
                    !after.is_some_and(|it| it.is_alphanumeric() || it == '_')
                };
                let found = PARAMETERS.iter().position(|it| rest.starts_with(it) && is_whole(it));
                if let Some(parameter) = found {
                    let place = used.iter().position(|it| *it == parameter).unwrap_or_else(|| {
                        used.push(parameter);
                        used.len() - 1
                    });
                    text += &format!("${}", place + 1);
                    rest = &rest[PARAMETERS[parameter].len()..];
                    continue;
                }
            }
            (None, _) => {}
        }
        text.push(char);
        rest = &rest[char.len_utf8()..];
    }
    (text, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expect: &str, used: &[usize]) {
        assert_eq!(numbered(query), (expect.to_owned(), used.to_vec()));
    }

    #[test]
    fn parameters_are_numbered_and_nothing_else_is() {
        check("SELECT 1 AS n", "SELECT 1 AS n", &[]);
        check(
            "WHERE v = :version AND at < :to::timestamptz AND w = :version;",
            "WHERE v = $1 AND at < $2::timestamptz AND w = $1",
            &[0, 2],
        );
        check("':version' \":to\" :total a::from_x :from", "':version' \":to\" :total a::from_x $1", &[1]);
        check("'it''s :to' :to", "'it''s :to' $1", &[2]);
    }
}
