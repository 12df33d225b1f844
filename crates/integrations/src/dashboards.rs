//! Which dashboards a Grafana has, by its search.

use std::collections::BTreeSet;

use http::Method;
use serde::Deserialize;
use shipway_model::gate::facts::Dashboards;
use shipway_model::resource::environment::Grafana;

use crate::asking::AskError;
use crate::asking::api::Api;
use crate::outbound::Outbound;

/// As many as Grafana lists at once.
const PAGE_ENTRIES: usize = 5_000;
/// Most pages that are read: who has more dashboards than these hold is told so.
const PAGES_MAX: usize = 10;
/// Longest reason that is kept, in characters: facts are kept, and it repeats what somebody else made.
const REASON_CHARS_MAX: usize = 200;

/// The parts of an entry that are looked at.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    title: String,
}

/// Which of the dashboards it has; each is named by its URL, its uid or its title.
pub async fn look_up(grafana: &Grafana, names: &BTreeSet<String>) -> Dashboards {
    let outbound = Outbound::new();
    let api =
        Api { outbound: &outbound, url: &grafana.url, token_variable: grafana.token_variable.as_deref() };
    match find(api, names).await {
        Ok(there) => Dashboards { there, fault: None },
        Err(error) => {
            let reason = error.to_string();
            let kept = reason.chars().filter(|it| !it.is_control()).take(REASON_CHARS_MAX).collect();
            Dashboards { there: BTreeSet::new(), fault: Some(kept) }
        }
    }
}

async fn find(api: Api<'_>, names: &BTreeSet<String>) -> Result<BTreeSet<String>, AskError> {
    let mut there = BTreeSet::new();
    for page in 1..=PAGES_MAX {
        let path = format!("/api/search?type=dash-db&limit={PAGE_ENTRIES}&page={page}");
        let body = api.ask(Method::GET, &path, None).await?;
        let entries: Vec<Entry> =
            serde_json::from_slice(&body).map_err(|error| AskError::Invalid(error.to_string()))?;
        there.extend(names.iter().filter(|name| entries.iter().any(|it| it.is_meant(name))).cloned());
        if entries.len() < PAGE_ENTRIES || there.len() == names.len() {
            return Ok(there);
        }
    }
    let most = PAGES_MAX * PAGE_ENTRIES;
    Err(AskError::Invalid(format!("it lists more than {most} dashboards")))
}

impl Entry {
    fn is_meant(&self, name: &str) -> bool {
        // `https://grafana.example/d/<uid>/<title in words>?orgId=1`
        let of_url =
            name.split_once("/d/").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        match of_url {
            Some(uid) => !uid.is_empty() && uid == self.uid,
            None => !name.is_empty() && (name == self.uid || name == self.title),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashboard_is_meant_by_its_url_uid_or_title() {
        let entry = Entry { uid: "cIBgcSjkk".to_owned(), title: "Production Overview".to_owned() };
        for name in [
            "https://grafana.example/d/cIBgcSjkk/production-overview?orgId=1",
            "http://127.0.0.1:3000/d/cIBgcSjkk",
            "cIBgcSjkk",
            "Production Overview",
        ] {
            assert!(entry.is_meant(name), "{name}");
        }
        for name in [
            "https://grafana.example/d/other/production-overview",
            "https://grafana.example/d/",
            "",
            "Production",
        ] {
            assert!(!entry.is_meant(name), "{name}");
        }
        let blank = Entry { uid: String::new(), title: String::new() };
        assert!(!blank.is_meant("https://grafana.example/d/") && !blank.is_meant(""));
    }
}
