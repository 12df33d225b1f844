//! Leases by the database's clock, beside the ledger's lock: whoever asks passes over what another is just being given.

use shipway_runtime::sharing::{Claim, Granted, Shared};
use shipway_runtime::store::{StoreError, StoredHead};

use super::line::Lines;
use super::row;

pub(super) struct Leases {
    pub(super) lines: Lines,
}

impl Shared for Leases {
    fn head(&self) -> Result<StoredHead, StoreError> {
        let head = self.lines.call(|session| async move {
            row::head(&session.row(include_str!("sql/load_head.sql"), &[]).await?)
        });
        Ok(head?)
    }

    fn lease(&self, claim: &Claim) -> Result<Granted, StoreError> {
        let (performer, holder) =
            (row::performer(&claim.performer), claim.holder.as_deref().map(str::to_owned));
        let (max, seconds) = (row::integer(claim.max as u64), claim.ttl.as_secs_f64());
        let keys: Vec<_> = claim.renew.iter().map(|it| it.0.to_string()).collect();
        let generations: Vec<_> = claim.renew.iter().map(|it| it.1.cast_signed()).collect();
        let granted = self.lines.call(move |session| async move {
            let sql = include_str!("sql/lease_effects.sql");
            let rows = session.rows(sql, &[&performer, &holder, &max, &seconds, &keys, &generations]).await?;
            let mut granted = Granted::default();
            for row in &rows {
                match row::get::<Option<&str>>(row, 0)? {
                    Some(key) => granted.renewed.push(row::key(key)?),
                    None => granted.leases.push((row::order(row, 1)?, row::generation(row, 2)?)),
                }
            }
            Ok(granted)
        });
        Ok(granted?)
    }
}
