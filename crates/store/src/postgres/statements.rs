//! A batch as statements: one of each kind, with arrays for the rows, all on the way before the first is answered.

use std::pin::Pin;

use futures_util::future::try_join_all;
use shipway_runtime::store::{Batch, EffectChange};
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::row;
use super::session::Session;

pub(super) struct Statements(Vec<Statement>);

struct Statement {
    sql: &'static str,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Statement {
    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect()
    }
}

macro_rules! statement {
    ($sql:literal, $($value:expr),+ $(,)?) => {
        Statement { sql: include_str!(concat!("sql/", $sql, ".sql")), values: vec![$(Box::new($value)),+] }
    };
}

/// What writes `batch`, in the name of the replica `id`, and tells it on `channel`.
pub(super) fn of(batch: &Batch, id: &str, channel: &str) -> Statements {
    let mut all = vec![append(batch, id, channel)];
    all.extend(disclosures(batch));
    all.extend(erasures(batch));
    all.extend(puts(batch));
    all.extend(leases(batch));
    all.extend(removals(batch));
    all.extend(answers(batch));
    Statements(all)
}

impl Statements {
    /// Runs all of them in one transaction, which has begun already or does so with them, and commits.
    pub(super) async fn commit(&self, session: &Session, has_begun: bool) -> Result<(), Fault> {
        if let ([only], false) = (self.0.as_slice(), has_begun) {
            // A transaction of its own, without two more questions and answers.
            session.execute(only.sql, &only.params()).await?;
            return Ok(());
        }
        let mut prepared = Vec::with_capacity(self.0.len());
        for it in &self.0 {
            prepared.push(session.statement(it.sql).await?);
        }
        type Ran<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;
        let batch_execute =
            |sql| -> Ran<'_> { Box::pin(async move { Ok(session.client.batch_execute(sql).await?) }) };
        let run = self.0.iter().zip(&prepared).map(|(it, prepared)| -> Ran<'_> {
            Box::pin(async move {
                session.client.execute(prepared, &it.params()).await?;
                Ok(())
            })
        });
        let begun = (!has_begun).then(|| batch_execute("BEGIN"));
        // After a statement that failed this rolls back, and that failure is what is answered.
        let run = begun.into_iter().chain(run).chain([batch_execute("COMMIT")]);
        try_join_all(run).await?;
        Ok(())
    }
}

/// The ledger's end, and what is new in the ledger.
fn append(batch: &Batch, id: &str, channel: &str) -> Statement {
    let (revision, size) = (row::integer(batch.revision + 1), row::integer(batch.size));
    let (base, frontier) = (batch.base.clone(), batch.frontier.clone());
    let (checkpoint, id, channel) = (batch.checkpoint.clone(), id.to_owned(), channel.to_owned());
    let records = &batch.records;
    let positions: Vec<_> = records.iter().map(|it| row::integer(it.1.position)).collect();
    let streams: Vec<_> = records.iter().map(|it| it.0.clone()).collect();
    let bytes: Vec<_> = records.iter().map(|it| it.1.bytes.to_vec()).collect();
    let leaves: Vec<_> = records.iter().map(|it| it.1.leaf.as_bytes().to_vec()).collect();
    let levels: Vec<_> = batch.nodes.iter().map(|it| it.level.cast_signed()).collect();
    let indexes: Vec<_> = batch.nodes.iter().map(|it| row::integer(it.index)).collect();
    let hashes: Vec<_> = batch.nodes.iter().map(|it| it.hash.as_bytes().to_vec()).collect();
    statement!(
        "append", revision, base, size, frontier, checkpoint, channel, id, positions, streams, bytes, leaves,
        levels, indexes, hashes
    )
}

fn disclosures(batch: &Batch) -> Option<Statement> {
    let kept = &batch.disclosures;
    let positions: Vec<_> = kept.iter().map(|it| row::integer(it.position)).collect();
    let pointers: Vec<_> = kept.iter().map(|it| it.pointer.to_string()).collect();
    let salts: Vec<_> = kept.iter().map(|it| it.salt.to_vec()).collect();
    let texts: Vec<_> = kept.iter().map(|it| it.text.clone()).collect();
    (!kept.is_empty()).then(|| statement!("put_disclosures", positions, pointers, salts, texts))
}

fn erasures(batch: &Batch) -> Option<Statement> {
    let positions: Vec<_> = batch.erased.iter().map(|it| row::integer(it.position)).collect();
    let pointers: Vec<_> = batch.erased.iter().map(|it| it.pointer.clone()).collect();
    (!batch.erased.is_empty()).then(|| statement!("remove_disclosures", positions, pointers))
}

fn puts(batch: &Batch) -> Option<Statement> {
    let rows = batch.effects.iter().filter_map(|it| match it {
        EffectChange::Put(row) => Some(row),
        EffectChange::Lease { .. } | EffectChange::Remove(_) => None,
    });
    let rows: Vec<_> = rows.collect();
    let keys: Vec<_> = rows.iter().map(|it| it.effect.key.to_string()).collect();
    let performers: Vec<_> = rows.iter().map(|it| row::performer(&it.effect.performer)).collect();
    let bodies: Vec<_> = rows
        .iter()
        .map(|it| serde_json::to_vec(&it.effect).expect("effects have string keys and write to memory"))
        .collect();
    let generations: Vec<_> = rows.iter().map(|it| it.generation.cast_signed()).collect();
    let ends: Vec<_> = rows.iter().map(|it| it.leased_until.map(|at| at.as_millisecond())).collect();
    let holders: Vec<_> = rows.iter().map(|it| it.holder.as_deref().map(str::to_owned)).collect();
    (!rows.is_empty())
        .then(|| statement!("put_effects", keys, performers, bodies, generations, ends, holders))
}

/// Leases that a writer has given, as it does on a store that it does not share.
fn leases(batch: &Batch) -> Vec<Statement> {
    let lease = |it: &EffectChange| match it {
        EffectChange::Lease { key, generation, leased_until, holder } => Some(statement!(
            "set_lease",
            key.to_string(),
            generation.cast_signed(),
            leased_until.map(|at| at.as_millisecond()),
            holder.as_deref().map(str::to_owned),
        )),
        EffectChange::Put(_) | EffectChange::Remove(_) => None,
    };
    batch.effects.iter().filter_map(lease).collect()
}

fn removals(batch: &Batch) -> Option<Statement> {
    let keys = batch.effects.iter().filter_map(|it| match it {
        EffectChange::Remove(key) => Some(key.to_string()),
        EffectChange::Put(_) | EffectChange::Lease { .. } => None,
    });
    let keys: Vec<_> = keys.collect();
    (!keys.is_empty()).then(|| statement!("remove_effects", keys))
}

fn answers(batch: &Batch) -> Vec<Statement> {
    let forget = batch.forget_answers_before.map(|at| statement!("forget_answers", at.as_millisecond()));
    let answers = &batch.answers;
    let keys: Vec<_> = answers.iter().map(|it| it.0.clone()).collect();
    let requests: Vec<_> = answers.iter().map(|it| it.1.request.as_bytes().to_vec()).collect();
    let firsts: Vec<_> = answers.iter().map(|it| row::integer(it.1.first)).collect();
    let lasts: Vec<_> = answers.iter().map(|it| row::integer(it.1.last)).collect();
    let times: Vec<_> = answers.iter().map(|it| it.1.at.as_millisecond()).collect();
    let put = (!answers.is_empty()).then(|| statement!("put_answers", keys, requests, firsts, lasts, times));
    forget.into_iter().chain(put).collect()
}
