//! Tables of archived events, read by somebody else's SQL engine.

use crate::run::{Failure, built, command, root, run};
use crate::tools;

/// What must come out, whoever reads: the rows, their order and the columns' types.
const SCRIPT: &str = r#"
import sys, duckdb
table = f"read_parquet('{sys.argv[1]}')"
def ask(sql):
    return duckdb.sql(sql.replace("events", table)).fetchall()
types = {row[0]: row[1] for row in ask("DESCRIBE SELECT * FROM events")}
assert types == {"position": "BIGINT", "recorded_at": "TIMESTAMP WITH TIME ZONE", "type": "VARCHAR",
                 "actor": "VARCHAR", "leaf": "VARCHAR", "event": "VARCHAR"}, types
assert ask("SELECT count(*), min(position), max(position) FROM events") == [(70000, 0, 69999)]
assert ask("SELECT count(*) FROM events WHERE type = 'rollout.started'") == [(10000,)]
assert ask("SELECT count(*) FROM events WHERE leaf <> 'sha256:' || sha256(event)") == [(0,)]
assert ask("SELECT epoch_us(recorded_at) % 1000000, count(DISTINCT recorded_at) FROM events GROUP BY 1") == [(0, 60)]
"#;

/// Writes a table with the code that archives do, and has DuckDB read it.
pub(crate) fn read_by_duckdb() -> Result<(), Failure> {
    let table = root().join("target/events.parquet");
    run(command(built("examples/table")?, [&table]))?;
    let mut read = tools::duckdb(SCRIPT);
    read.arg(&table);
    run(read)
}
