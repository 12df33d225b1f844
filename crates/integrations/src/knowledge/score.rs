//! Exploit predictions (FIRST's EPSS) and what is known to be exploited (CISA's KEV), by CVE.

use std::io::{BufRead, Read};

use serde::Deserialize;

/// Most entries of one file: there are about 350,000 CVEs.
const ENTRIES_MAX: usize = 5_000_000;
/// Longest catalogue, in bytes.
const CATALOGUE_BYTES_MAX: u64 = 256 << 20;

/// `cve,epss,percentile` behind comments, one line each: calls `take` with the CVE and its score, 0 to 1.
///
/// # Errors
/// The file has no such columns, or `take` fails. Broken lines are named in `broken`.
pub(super) fn epss(
    file: &mut dyn BufRead,
    broken: &mut Vec<String>,
    mut take: impl FnMut(&str, f64) -> Result<(), String>,
) -> Result<(), String> {
    let mut table = csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(file);
    let head = table.headers().map_err(|it| it.to_string())?.clone();
    let column = |name: &str| {
        head.iter().position(|it| it.trim() == name).ok_or_else(|| format!("there is no column `{name}`"))
    };
    let (cve, score) = (column("cve")?, column("epss")?);
    for (idx, line) in table.records().enumerate().take(ENTRIES_MAX) {
        let line = line.map_err(|it| it.to_string())?;
        let number = line.get(score).and_then(|it| it.trim().parse::<f64>().ok());
        match (line.get(cve).map(str::trim), number) {
            (Some(cve), Some(score)) if is_cve(cve) && (0.0..=1.0).contains(&score) => take(cve, score)?,
            _ => broken.push(format!("entry {}: no CVE with a score from 0 to 1", idx + 1)),
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Catalogue {
    vulnerabilities: Vec<Exploited>,
}

#[derive(Deserialize)]
struct Exploited {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "dateAdded")]
    added: Option<String>,
}

/// Calls `take` with each CVE and the day on which it was added.
///
/// # Errors
/// It is no such catalogue, or `take` fails.
pub(super) fn kev(
    file: &mut dyn BufRead,
    broken: &mut Vec<String>,
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), String> {
    let catalogue: Catalogue =
        serde_json::from_reader(Read::take(file, CATALOGUE_BYTES_MAX)).map_err(|it| it.to_string())?;
    for it in catalogue.vulnerabilities {
        match is_cve(&it.cve) {
            true => take(&it.cve, it.added.as_deref().unwrap_or_default())?,
            false => broken
                .push(format!("`{}` is no CVE", it.cve.chars().take(40).collect::<String>().escape_debug())),
        }
    }
    Ok(())
}

fn is_cve(text: &str) -> bool {
    let digits = |it: &str| it.len() >= 4 && it.bytes().all(|it| it.is_ascii_digit());
    text.strip_prefix("CVE-")
        .and_then(|it| it.split_once('-'))
        .is_some_and(|(year, number)| digits(year) && digits(number))
}
