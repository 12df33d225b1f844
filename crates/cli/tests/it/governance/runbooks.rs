//! Runbooks over a real control plane: read by a peer, bound, run without a new word, and owed again.

use super::*;

#[test]
fn a_fallback_that_was_agreed_to_with_the_release_runs_without_a_new_word() {
    let folder = tempfile::tempdir().unwrap();
    let town = Town::settle(folder.path(), &["ben", "eva", "fay"]);
    let mark = folder.path().join("drained");
    let runbook = format!(
        r#"
apiVersion: shipway.dev/v1
kind: Runbook
metadata: {{name: web-operating}}
spec:
  purpose: operating
  services: [web]
  text: Look at the queue first.
  reviseWithin: 1d
  fallbacks:
    - name: drain
      when: The queue grows although nobody orders.
      stages: [{{name: drain, run: {{command: {{command: [touch, "{}"]}}}}}}]
"#,
        mark.display()
    );
    fs::write(folder.path().join("runbook.yaml"), runbook).unwrap();
    town.live.ok(&["apply", "runbook.yaml"]);
    town.build("1.0.0");
    let create = ["release", "create", "shop", "1.0.0", "--part", "web=1.0.0", "--seal"];
    let unread = town.live.run(&create);
    assert!(unread.err.contains("(runbook-unread)"), "{}", unread.err);
    let own = town.live.run(&["runbook", "review", "web-operating"]);
    assert!(own.err.contains("(self-approval)"), "{}", own.err);
    let read = town.ok_as_other("dan", &["runbook", "review", "web-operating", "--note", "tried in staging"]);
    assert!(read.contains("dan"), "{read}");
    town.live.ok(&["release", "seal", "shop@1.0.0"]);

    let run =
        ["runbook", "run", "web-operating", "drain", "--env", "production", "--reason", "the queue grows"];
    let early = town.live.run(&run);
    assert!(early.err.contains("(not-agreed)"), "nothing stands there: {}", early.err);
    let change =
        change_of(&town.live.ok(&["rollout", "start", "shop@1.0.0", "--env", "production", "-o", "json"]));
    town.ok("ben", &["approve", &change, "--key", "ben", "--yes"]);
    for person in ["eva", "fay"] {
        town.ok(person, &["cab", "vote", &change, "--board", "cab", "--key", person, "--yes", "--for"]);
    }
    until("it is shipped", || town.has_ended(&change));
    assert!(town.live.ok(&["runbook", "show", "web-operating"]).contains("drain, agreed to in production"));

    let ran = town.live.ok(&[&run[..], &["--watch"]].concat());
    assert!(mark.exists(), "its command was run on the host: {ran}");
    assert_eq!(town.json(&["change", "list"]).as_array().unwrap().len(), 1, "nobody was asked again");

    town.ok("dan", &["runbook", "outdated", "web-operating", "--reason", "the queue has another name"]);
    let view = town.json(&["runbook", "show", "web-operating"]);
    assert_eq!(view["outdated"]["reasons"], serde_json::json!(["the queue has another name"]));
    let register = town.live.ok(&["runbook", "list"]);
    assert!(register.contains("web-operating") && register.contains("drain"), "{register}");
}
