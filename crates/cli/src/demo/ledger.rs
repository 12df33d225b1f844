//! What the record says: it verifies, and nothing was done twice.

use std::collections::BTreeMap;
use std::fs;

use super::Failure;
use super::act::Act;
use super::site::Site;

/// `shipway ledger verify`, as anyone would run it.
pub(super) async fn verify(site: &Site) -> Result<(), Failure> {
    println!("\n── shipway ledger verify\n");
    for line in site.shipway(&["ledger", "verify", "--key", &site.public_key()]).await?.lines() {
        println!("  {line}");
    }
    Ok(())
}

/// Each agent notes in its own journal what it begins, before it does it. No effect of these rollouts may have been
/// begun twice on any host.
pub(super) fn nothing_twice(site: &Site, acts: &[Act]) -> Result<(), Failure> {
    let mut begun: BTreeMap<String, u32> = BTreeMap::new();
    for (host, folder) in site.agent_folders() {
        let path = folder.join("journal.jsonl");
        let doing = format!("reading the journal of {host}");
        let journal = fs::read_to_string(&path).map_err(|it| Failure::new(&doing, it))?;
        for line in journal.lines() {
            let entry: serde_json::Value =
                serde_json::from_str(line).map_err(|it| Failure::new(&doing, it))?;
            if entry["entry"] == "begun"
                && let Some(key) = entry["effect"]["key"].as_str()
            {
                *begun.entry(key.to_owned()).or_default() += 1;
            }
        }
    }
    let of_acts = |key: &&String| acts.iter().any(|act| key.starts_with(&act.rollout.to_string()));
    let n_effects = begun.keys().filter(of_acts).count();
    let twice: Vec<_> = begun.iter().filter(|(_, times)| **times > 1).map(|(key, _)| key.as_str()).collect();
    if !twice.is_empty() {
        return Err(Failure::because(format!("done twice: {}", twice.join(", "))));
    }
    if n_effects == 0 {
        return Err(Failure::because("the agents' journals name none of the effects"));
    }
    println!("  {n_effects} effects on hosts, each begun once by the agents' own journals");
    Ok(())
}
