//! Old events are deleted from a copy of a ledger, and the ledger tells of it

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_model::resource::Resource;
use shipway_runtime::{Clock, Config, OsEntropy, Runtime, Submission};
use shipway_store::SqliteStore;

use crate::live::Live;
use crate::program::run;

const KEY: &str = "data/checkpoint.pub";
const LONG_AGO: &str = "2015-03-14T09:26:53Z";

struct Stopped(Timestamp);

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// The data folder of a control plane that was last at work long ago.
pub(crate) fn old_ledger(folder: &Path) {
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    let signer = SigningKey::from_seed("shipway/default/00112233".parse().unwrap(), &[7; 32]);
    fs::write(data.join("checkpoint.key"), signer.to_secret_text()).unwrap();
    fs::write(data.join("checkpoint.pub"), signer.verifier().to_string()).unwrap();
    let config = Config {
        tenant: "default".parse().unwrap(),
        clock: Arc::new(Stopped(LONG_AGO.parse().unwrap())),
        entropy: Arc::new(OsEntropy),
        signer,
    };
    let team = |nth| -> Resource {
        let metadata = json!({ "name": format!("team-{nth}") });
        let team =
            json!({ "apiVersion": "shipway.dev/v1", "kind": "Team", "metadata": metadata, "spec": {} });
        serde_json::from_value(team).unwrap()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = SqliteStore::open(&data.join("ledger.sqlite")).unwrap();
        let runtime = Runtime::open(Box::new(store), config).unwrap();
        for teams in (0..300).map(team).collect::<Vec<_>>().chunks(100) {
            let command = Command::ApplyResources { resources: teams.to_vec() };
            let submission = Submission { actor: "ana".to_owned(), key: None, command, generation: None };
            runtime.submit(submission).await.unwrap();
        }
        runtime.shutdown().await;
    });
}

#[test]
fn what_a_prune_deletes_is_recorded_before_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    old_ledger(folder);
    let live = Live::start(folder);
    let copied = ["ledger", "archive", "--data", "data", "--before", "2020-01-01", "--to", "copy", "--copy"];
    let copied = run(folder, &copied);
    assert_eq!(copied.code, 0, "{}", copied.err);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("copy/archive.json")).unwrap()).unwrap();
    let table = &manifest["tables"][0];

    let said: serde_json::Value =
        serde_json::from_str(&live.ok(&["ledger", "prune", "copy", "-o", "json"])).unwrap();
    assert_eq!((&said["deleted"], &said["retentionYears"]), (&json!(256), &json!(7)), "{said}");
    let shown: Vec<serde_json::Value> =
        serde_json::from_str(&live.ok(&["ledger", "show", "--limit", "1000", "-o", "json"])).unwrap();
    let last = shown.last().unwrap();
    assert_eq!(said["recordedBefore"], json!(shown.len()), "{said}");
    let event = &last["event"];
    assert_eq!(event["type"], "archive.pruned");
    assert_eq!(event["data"]["years"], 7);
    let expected = json!([{ "from": 0, "to": 256, "digest": table["digest"], "newest": LONG_AGO }]);
    assert_eq!(event["data"]["tables"], expected);
    assert_eq!(last["personal"]["/actor"]["kept"]["text"], "admin", "{last}");
    let place = folder.join("copy").canonicalize().unwrap();
    assert_eq!(last["personal"]["/data/archive"]["kept"]["text"], place.display().to_string());

    // As if the first call had been killed before it had deleted everything.
    let again: serde_json::Value =
        serde_json::from_str(&live.ok(&["ledger", "prune", "copy", "-o", "json"])).unwrap();
    assert_eq!((&again["deleted"], &again["recordedBefore"]), (&json!(0), &json!(null)), "{again}");
    let sound = live.ok(&["verify", "copy", "--key", KEY]);
    assert!(sound.contains("of the first 256 the hashes alone"), "{sound}");
    assert!(live.ok(&["ledger", "verify", "--key", KEY]).contains("sound: "));
}
