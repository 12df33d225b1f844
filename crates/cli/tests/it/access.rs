//! Access policies tested offline.

use std::fs;

use crate::program::run;

const POLICY: &str = "
apiVersion: shipway.dev/v1
kind: AccessPolicy
metadata: { name: releasers }
spec:
  cedar: |
    @id(\"shop-alone\")
    forbid (principal, action == Action::\"startRollout\", resource in Environment::\"production\")
    unless { principal in Team::\"shop\" };
";

fn suite(team: &str, expect: &str, because: &str) -> String {
    format!(
        "policies: [releasers.yaml]
cases:
  - name: operators of one team ship
    question:
      principal: {{ kind: Person, name: ben, roles: [operator], teams: [{team}] }}
      action: startRollout
      resource: {{ kind: Rollout, name: new }}
      environment: production
    expect: {expect}
    because: [{because}]
"
    )
}

#[test]
fn a_case_holds_or_says_who_decided() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("releasers.yaml"), POLICY).unwrap();
    for (team, expect, because, code) in [
        ("shop", "allowed", "shipway/operators", 0),
        ("search", "refused", "releasers/shop-alone", 0),
        ("search", "allowed", "", 1),
        ("shop", "allowed", "releasers/shop-alone", 1),
    ] {
        fs::write(folder.join("case.yaml"), suite(team, expect, because)).unwrap();
        let said = run(folder, &["access", "test", "case.yaml"]);
        assert_eq!(said.code, code, "{team} {expect}: {}{}", said.out, said.err);
        if code == 1 {
            assert!(said.out.contains("shop-alone"), "{}", said.out);
        }
    }
    fs::write(folder.join("releasers.yaml"), POLICY.replace("startRollout", "startRolout")).unwrap();
    let said = run(folder, &["access", "test", "case.yaml"]);
    assert!(said.code == 1 && said.err.contains("startRolout"), "{}", said.err);
    fs::write(folder.join("case.yaml"), "policies: [releasers.yaml]\ncases: []\n").unwrap();
    assert!(run(folder, &["access", "test", "case.yaml"]).err.contains("prove nothing"));
}
