//! Everything in one SQLite file. Control planes that share a folder share it: a writer waits for the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, Read};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use shipway_model::Digest;
use shipway_model::event::KnowledgeSource;
use shipway_model::evidence::{Finding, Normal, Package};
use shipway_runtime::knowledge::{Compared, Knowledge, Pending, Taken};

use super::judge::{Judgement, judge};
use super::osv::{Advisory, Affected, ENTRY_BYTES_MAX};
use super::package::Key;
use super::{bill, score};

/// How long a writer waits for another one of the same folder.
const BUSY_MAX: Duration = Duration::from_secs(20);
/// Broken entries of one batch that are named; the others are a number.
const BROKEN_MAX: usize = 100;

const SCHEMA: &str = "
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, modified INTEGER NOT NULL, json BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS package (
    ecosystem TEXT NOT NULL, name TEXT NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (ecosystem, name, entry)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS package_entry ON package (entry);
CREATE TABLE IF NOT EXISTS score (cve TEXT PRIMARY KEY, epss REAL, exploited INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bill (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS component (
    bill TEXT NOT NULL, ecosystem TEXT, name TEXT NOT NULL, release TEXT, version TEXT, purl TEXT,
    shown TEXT NOT NULL, way TEXT NOT NULL, unknown TEXT
);
CREATE INDEX IF NOT EXISTS component_bill ON component (bill);
CREATE INDEX IF NOT EXISTS component_package ON component (ecosystem, name);
CREATE TABLE IF NOT EXISTS pending (change INTEGER PRIMARY KEY AUTOINCREMENT, bill TEXT NOT NULL UNIQUE);
";

/// The file.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the file, and makes it where it is not there.
    ///
    /// # Errors
    /// It cannot be opened, or is something else.
    pub fn open(path: &Path) -> Result<Self, String> {
        let told = |error: rusqlite::Error| format!("{}: {error}", path.display());
        let connection = Connection::open(path).map_err(told)?;
        connection.busy_timeout(BUSY_MAX).map_err(told)?;
        connection.execute_batch(SCHEMA).map_err(told)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that was under way when a thread panicked was rolled back with it.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told(error: impl std::fmt::Display) -> String {
    format!("what is known about vulnerabilities cannot be kept or read: {error}")
}

impl Knowledge for Store {
    fn missing(&self, heads: &[(String, Timestamp)]) -> Result<Vec<String>, String> {
        let connection = self.lock();
        let mut known =
            connection.prepare_cached("SELECT modified FROM entry WHERE id = ?1").map_err(told)?;
        let mut missing = Vec::new();
        for (id, modified) in heads {
            let before: Option<i64> = known.query_row([id], |row| row.get(0)).optional().map_err(told)?;
            if before.is_none_or(|before| before < modified.as_microsecond()) {
                missing.push(id.clone());
            }
        }
        Ok(missing)
    }

    fn take(&self, source: KnowledgeSource, batch: &mut dyn BufRead) -> Result<Taken, String> {
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(told)?;
        let mut taken = match source {
            KnowledgeSource::Osv => take_entries(&transaction, batch)?,
            KnowledgeSource::Epss | KnowledgeSource::Kev => take_scores(&transaction, source, batch)?,
        };
        transaction.commit().map_err(told)?;
        let n_broken = taken.broken.len();
        if n_broken > BROKEN_MAX {
            taken.broken.truncate(BROKEN_MAX);
            taken.broken.push(format!("and {} more", n_broken - BROKEN_MAX));
        }
        Ok(taken)
    }

    fn has_bill(&self, bill: &Digest) -> Result<bool, String> {
        let connection = self.lock();
        let mut known = connection.prepare_cached("SELECT 1 FROM bill WHERE digest = ?1").map_err(told)?;
        known.exists([bill.to_string()]).map_err(told)
    }

    fn take_bill(&self, digest: &Digest, normal: &Normal) -> Result<(), String> {
        let mut connection = self.lock();
        let transaction = connection.transaction().map_err(told)?;
        let bill = digest.to_string();
        let is_new =
            transaction.execute("INSERT OR IGNORE INTO bill VALUES (?1)", [&bill]).map_err(told)? > 0;
        if is_new {
            let mut insert = transaction
                .prepare("INSERT INTO component VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
                .map_err(told)?;
            for row in bill::rows(normal) {
                let it = row.component;
                let purl = it.purl.as_deref().ok_or_else(|| "without a package URL".to_owned());
                let (key, unknown) = match purl.and_then(Key::of_purl) {
                    Ok((key, release)) => (Some((key, release)), None),
                    Err(why) => (None, Some(why)),
                };
                let way = serde_json::to_string(&row.path).map_err(told)?;
                let (key, release) = key.map_or((None, None), |(key, release)| (Some(key), release));
                let ecosystem = key.as_ref().map(|it| it.ecosystem.as_str());
                let name = key.as_ref().map_or(it.name.as_str(), |it| it.name.as_str());
                insert
                    .execute(params![
                        bill, ecosystem, name, release, it.version, it.purl, it.name, way, unknown
                    ])
                    .map_err(told)?;
            }
            // Nobody can tell what these carry.
            if let Some(n) = normal.omitted.get("components") {
                let name = format!("{n} further components");
                let why = format!("that stands for {n} beyond what is kept of the bill of materials");
                let (none, way) = (None::<String>, "[]");
                insert.execute(params![bill, none, name, none, none, none, name, way, why]).map_err(told)?;
            }
        }
        transaction.commit().map_err(told)
    }

    fn pending(&self, max: usize) -> Result<(Vec<Pending>, u64), String> {
        let connection = self.lock();
        let mut select = connection
            .prepare_cached("SELECT bill, change FROM pending ORDER BY change LIMIT ?1")
            .map_err(told)?;
        let rows = select
            .query_map([i64::try_from(max).unwrap_or(i64::MAX)], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?))
            })
            .map_err(told)?;
        let mut found = Vec::new();
        for row in rows {
            let (bill, change) = row.map_err(told)?;
            found.push(Pending { bill: bill.parse().map_err(told)?, change });
        }
        let count: i64 =
            connection.query_row("SELECT count(*) FROM pending", [], |row| row.get(0)).map_err(told)?;
        Ok((found, count.unsigned_abs()))
    }

    fn settle(&self, pending: &Pending) -> Result<(), String> {
        let sql = "DELETE FROM pending WHERE bill = ?1 AND change = ?2";
        self.lock().execute(sql, params![pending.bill.to_string(), pending.change]).map(|_| ()).map_err(told)
    }

    fn compare(&self, bill: &Digest) -> Result<Compared, String> {
        let mut connection = self.lock();
        // One view of everything, whatever another control plane takes in meanwhile.
        let transaction = connection.transaction().map_err(told)?;
        compare(&transaction, &bill.to_string())
    }
}

/// One entry a line.
fn take_entries(to: &Transaction<'_>, batch: &mut dyn BufRead) -> Result<Taken, String> {
    let mut taken = Taken::default();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let limit = ENTRY_BYTES_MAX as u64 + 2;
        if Read::take(&mut *batch, limit).read_until(b'\n', &mut line).map_err(told)? == 0 {
            break;
        }
        if line.len() as u64 == limit {
            return Err(format!("line {number} is longer than {ENTRY_BYTES_MAX} bytes"));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match Advisory::parse(&line) {
            Ok(entry) => match take_entry(to, &entry)? {
                true => taken.changed += 1,
                false => taken.unchanged += 1,
            },
            Err(why) => taken.broken.push(format!("line {number}: {why}")),
        }
    }
    Ok(taken)
}

/// Whether it is new, or newer than what was known.
fn take_entry(to: &Transaction<'_>, entry: &Advisory) -> Result<bool, String> {
    let modified = entry.modified.as_microsecond();
    let json = serde_json::to_vec(entry).map_err(told)?;
    let changed = to
        .prepare_cached(
            "INSERT INTO entry VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE \
             SET modified = excluded.modified, json = excluded.json WHERE excluded.modified > entry.modified",
        )
        .and_then(|mut it| it.execute(params![entry.id, modified, json]))
        .map_err(told)?;
    if changed == 0 {
        return Ok(false);
    }
    // What it no longer names may be rid of it.
    touch(to, &entry.id)?;
    to.prepare_cached("DELETE FROM package WHERE entry = ?1")
        .and_then(|mut it| it.execute([&entry.id]))
        .map_err(told)?;
    for package in entry.affected.iter().filter_map(|it| it.package.as_ref()) {
        let (key, _) = Key::of_database(&package.ecosystem, &package.name);
        to.prepare_cached("INSERT OR IGNORE INTO package VALUES (?1, ?2, ?3)")
            .and_then(|mut it| it.execute(params![key.ecosystem, key.name, entry.id]))
            .map_err(told)?;
    }
    touch(to, &entry.id)?;
    Ok(true)
}

/// The bills that hold a package of the entry are to be compared again.
fn touch(of: &Transaction<'_>, entry: &str) -> Result<(), String> {
    of.prepare_cached(
        "INSERT OR REPLACE INTO pending (bill) SELECT DISTINCT component.bill \
         FROM package JOIN component USING (ecosystem, name) WHERE package.entry = ?1",
    )
    .and_then(|mut it| it.execute([entry]))
    .map(|_| ())
    .map_err(told)
}

fn take_scores(
    to: &Transaction<'_>,
    source: KnowledgeSource,
    batch: &mut dyn BufRead,
) -> Result<Taken, String> {
    let mut taken = Taken::default();
    let mut broken = Vec::new();
    let (mut changed, mut unchanged) = (0, 0);
    let mut count = |n_changed: usize| if n_changed > 0 { changed += 1 } else { unchanged += 1 };
    if source == KnowledgeSource::Epss {
        let mut put = to
            .prepare(
                "INSERT INTO score (cve, epss) VALUES (?1, ?2) ON CONFLICT (cve) DO UPDATE \
                 SET epss = excluded.epss WHERE epss IS NOT excluded.epss",
            )
            .map_err(told)?;
        score::epss(batch, &mut broken, |cve, epss| {
            put.execute(params![cve, epss]).map(&mut count).map_err(told)
        })?;
    } else {
        let mut put = to
            .prepare(
                "INSERT INTO score (cve, exploited) VALUES (?1, 1) ON CONFLICT (cve) DO UPDATE \
                 SET exploited = 1 WHERE exploited = 0",
            )
            .map_err(told)?;
        score::kev(batch, &mut broken, |cve, _| put.execute(params![cve]).map(&mut count).map_err(told))?;
    }
    (taken.changed, taken.unchanged, taken.broken) = (changed, unchanged, broken);
    if taken.changed > 0 {
        to.execute("INSERT OR REPLACE INTO pending (bill) SELECT digest FROM bill", []).map_err(told)?;
    }
    Ok(taken)
}

/// A component as it is kept.
struct Row {
    ecosystem: Option<String>,
    name: String,
    release: Option<String>,
    version: Option<String>,
    purl: Option<String>,
    shown: String,
    way: String,
    unknown: Option<String>,
}

fn compare(of: &Transaction<'_>, bill: &str) -> Result<Compared, String> {
    let mut select = of
        .prepare_cached(
            "SELECT ecosystem, name, release, version, purl, shown, way, unknown FROM component WHERE bill = ?1",
        )
        .map_err(told)?;
    let rows = select
        .query_map([bill], |row| {
            Ok(Row {
                ecosystem: row.get(0)?,
                name: row.get(1)?,
                release: row.get(2)?,
                version: row.get(3)?,
                purl: row.get(4)?,
                shown: row.get(5)?,
                way: row.get(6)?,
                unknown: row.get(7)?,
            })
        })
        .map_err(told)?;
    let mut comparison =
        Comparison { of, entries: HashMap::new(), known: HashMap::new(), reasons: BTreeMap::new() };
    let mut findings: BTreeMap<(String, String), Finding> = BTreeMap::new();
    let mut unjudged = 0;
    for row in rows {
        let row = row.map_err(told)?;
        let n_before = comparison.reasons.values().sum::<u64>();
        for finding in comparison.findings(&row)? {
            let key = (finding.id.clone(), row.purl.clone().unwrap_or_default());
            match findings.get_mut(&key) {
                // Databases tell of the same under names of their own.
                Some(known) => merge(known, finding),
                None => {
                    findings.insert(key, finding);
                }
            }
        }
        unjudged += u64::from(comparison.reasons.values().sum::<u64>() > n_before);
    }
    let reasons = comparison.reasons.iter().map(|(why, n)| match n {
        1 => format!("1 component {why}"),
        n => format!("{n} components {why}"),
    });
    Ok(Compared { unjudged, reasons: reasons.collect(), findings: findings.into_values().collect() })
}

fn merge(known: &mut Finding, other: Finding) {
    for name in std::iter::once(other.id).chain(other.aliases) {
        if name != known.id && !known.aliases.contains(&name) {
            known.aliases.push(name);
        }
    }
    known.severity = known.severity.max(other.severity);
    if known.cvss.is_none() {
        known.cvss = other.cvss;
    }
    if let (Some(package), Some(more)) = (&mut known.package, other.package) {
        package.fixed_in.extend(more.fixed_in);
        package.fixed_in.sort();
        package.fixed_in.dedup();
    }
}

/// The components of one bill on their way through everything that is known.
struct Comparison<'t> {
    of: &'t Transaction<'t>,
    entries: HashMap<String, Advisory>,
    /// Whether anything was imported of an ecosystem.
    known: HashMap<String, bool>,
    /// Why components cannot be judged, each reason with the number of components.
    reasons: BTreeMap<String, u64>,
}

impl Comparison<'_> {
    fn findings(&mut self, row: &Row) -> Result<Vec<Finding>, String> {
        let mut unknown: BTreeSet<String> = row.unknown.iter().cloned().collect();
        let mut findings = Vec::new();
        if let Some(ecosystem) = &row.ecosystem {
            if !self.is_known(ecosystem)? {
                unknown.insert(format!("of {ecosystem}, of which nothing was imported"));
            } else if let Some(version) = row.version.as_deref().filter(|it| !it.is_empty()) {
                for id in self.about(ecosystem, &row.name)? {
                    self.judge(&id, row, ecosystem, version, &mut findings, &mut unknown)?;
                }
            } else {
                unknown.insert("without a version".to_owned());
            }
        }
        // A component that is affected for one reason may be unknown for another; both are told.
        for why in unknown {
            *self.reasons.entry(why).or_default() += 1;
        }
        Ok(findings)
    }

    fn is_known(&mut self, ecosystem: &str) -> Result<bool, String> {
        if let Some(known) = self.known.get(ecosystem) {
            return Ok(*known);
        }
        let mut any =
            self.of.prepare_cached("SELECT 1 FROM package WHERE ecosystem = ?1 LIMIT 1").map_err(told)?;
        let known = any.exists([ecosystem]).map_err(told)?;
        self.known.insert(ecosystem.to_owned(), known);
        Ok(known)
    }

    fn about(&mut self, ecosystem: &str, name: &str) -> Result<Vec<String>, String> {
        let mut found = self
            .of
            .prepare_cached("SELECT entry FROM package WHERE ecosystem = ?1 AND name = ?2 ORDER BY entry")
            .map_err(told)?;
        let rows = found.query_map([ecosystem, name], |row| row.get(0)).map_err(told)?;
        rows.collect::<Result<_, _>>().map_err(told)
    }

    fn judge(
        &mut self,
        id: &str,
        row: &Row,
        ecosystem: &str,
        version: &str,
        findings: &mut Vec<Finding>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), String> {
        if !self.entries.contains_key(id) {
            let entry = self
                .of
                .prepare_cached("SELECT json FROM entry WHERE id = ?1")
                .and_then(|mut it| it.query_row([id], |row| row.get::<_, Vec<u8>>(0)));
            let entry = Advisory::parse(&entry.map_err(told)?).map_err(told)?;
            self.entries.insert(id.to_owned(), entry);
        }
        let entry = &self.entries[id];
        if entry.withdrawn.is_some() {
            return Ok(());
        }
        for affected in &entry.affected {
            match about(affected, row, ecosystem, version) {
                None | Some(Judgement::NotAffected) => {}
                Some(Judgement::Affected) => {
                    let mut finding = entry.finding(affected);
                    finding.package = Some(Package {
                        purl: row.purl.clone(),
                        name: row.shown.clone(),
                        version: Some(version.to_owned()),
                        fixed_in: affected.fixes(),
                        path: serde_json::from_str(&row.way).unwrap_or_default(),
                    });
                    self.score(&mut finding)?;
                    findings.push(finding);
                    return Ok(());
                }
                Some(Judgement::Unknown(why)) => {
                    unknown.insert(why);
                }
            }
        }
        Ok(())
    }

    fn score(&self, finding: &mut Finding) -> Result<(), String> {
        let mut known =
            self.of.prepare_cached("SELECT epss, exploited FROM score WHERE cve = ?1").map_err(told)?;
        for name in std::iter::once(&finding.id).chain(&finding.aliases) {
            let score: Option<(Option<f64>, bool)> =
                known.query_row([name], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(told)?;
            if let Some((epss, exploited)) = score {
                finding.epss = finding.epss.or(epss);
                if exploited {
                    finding.known_exploited = Some(true);
                }
            }
        }
        Ok(())
    }
}

/// What the entry says of this component; None where it speaks of another package, or of another release of the
/// distribution.
fn about(affected: &Affected, row: &Row, ecosystem: &str, version: &str) -> Option<Judgement> {
    let package = affected.package.as_ref()?;
    let (key, release) = Key::of_database(&package.ecosystem, &package.name);
    if key.ecosystem != ecosystem || key.name != row.name {
        return None;
    }
    let judgement = judge(affected, ecosystem, version);
    match (release, &row.release) {
        (Some(of_entry), Some(of_component)) if of_entry != *of_component => None,
        (Some(_), None) if judgement != Judgement::NotAffected => {
            Some(Judgement::Unknown(format!("of {ecosystem} that do not say of which release they are")))
        }
        _ => Some(judgement),
    }
}
