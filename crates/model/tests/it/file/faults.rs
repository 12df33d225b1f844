//! What a user is told: each input beside the whole of its faults.

use shipway_model::resource::file::{SourceFile, read};

use super::{read_one, rendered};

fn check(name: &str, input: &str) {
    let faults = read_one(input).expect_err("the input has faults");
    insta::with_settings!({ description => input, omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, rendered(&faults));
    });
}

#[test]
fn every_fault_of_a_service_is_told_at_once() {
    check(
        "service",
        r#"apiVersion: shipway.dev/v1
kind: Service
metadata:
  name: Check_Out
  owner: shop
spec:
  onwer: shop
  tier: high
  criticality: crtical
  zeroDowntime: yes
  recoveryTime: 300
  dataClasses: card-data
  dependsOn:
    - service: catalogue
      vendor: payments
    - servce: web
  deployment:
    command: bin/checkout --verbose
    ports: {http: 99999, Admin: 1}
    drain: "soon"
    health:
      checks: []
      failureLimit: "3"
    stop: {signal: SIGKILL}
"#,
    );
}

#[test]
fn headers_are_judged_without_a_known_kind() {
    check(
        "header",
        "apiVersion: apps/v1\nkind: service\nmetadata: {nmae: web}\nspec: {}\nstatus: {}\n---\njust a text\n---\n- a list\n---\nkind: Pod\n---\napiVersion: shipway.dev/v1\nmetadata: {name: x}\n",
    );
}

#[test]
fn broken_yaml_in_one_document_does_not_hide_the_next() {
    check(
        "syntax",
        "kind: [Team\n---\napiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: a, name: b}\nspec: {membres: [x]}\n---\na: \"open\n---\nkey: *missing\n---\n\tkind: Team\n---\nkind: !mine Team\n<<: {a: 1}\n? [a]\n: b\n",
    );
}

#[test]
fn a_service_must_agree_with_itself() {
    check(
        "service-meaning",
        r#"apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web}
spec:
  owner: shop
  dependsOn: [{service: web}, {vendor: pay}, {vendor: pay}]
  deployment:
    command: ["", "${port.htp}", "${HOME}", "${port.http", "${a b}"]
    ports: {http: 0}
    environment: {PORT: "1", 1BAD: x, KEY: "${url.Bad_Name}", OK: "${url.checkout} ${address} ${port.http}"}
    secrets: {KEY: {env: KEY}, PORT_HTTP: {env: X}}
    health:
      interval: 0s
      checks:
        - {name: own, probe: {http: {path: healthz}}}
        - {name: own, probe: {http: {path: /healthz, port: htpp}}}
        - {name: db, probe: {tcp: {address: database}}}
        - {name: orders, probe: {grpc: {}}}
        - {name: run, probe: {exec: {command: [" "]}}}
"#,
    );
}

#[test]
fn stages_have_unique_names_and_an_order() {
    check(
        "stages",
        r#"apiVersion: shipway.dev/v1
kind: Pipeline
metadata: {name: standard}
spec:
  stages:
    - {name: one, after: [three], run: {deploy: {}}}
    - {name: two, run: {verify: {}}}
    - {name: three, after: [two, tow], run: {http: {url: "ftp://x", expectStatus: 99}}}
    - {name: two, after: [], run: {command: {command: [""], environment: {A-B: x}}}}
    - {name: alone, after: [alone], run: {wait: {duration: 1s}}}
"#,
    );
}

#[test]
fn a_template_uses_exactly_its_parameters() {
    check(
        "template",
        r#"apiVersion: shipway.dev/v1
kind: Template
metadata: {name: announce}
spec:
  parameters: {channel: null, unused: x}
  stages:
    - {name: post, run: {http: {url: "http://127.0.0.1/${chanel}/${host}/${channel}"}}}
    - {name: broken, run: {approval: {message: "ready ${channel"}}}
"#,
    );
}

#[test]
fn strategies_move_forward() {
    check(
        "strategy",
        r#"apiVersion: shipway.dev/v1
kind: Strategy
metadata: {name: careful}
spec:
  canary:
    steps:
      - analysis: {interval: 0s}
      - weight: 50
      - weight: 25
      - bake: {}
      - analysis: {bake: 2h}
---
apiVersion: shipway.dev/v1
kind: Strategy
metadata: {name: stuck}
spec: {rolling: {maxUnavailable: 0, maxSurge: 0}}
---
apiVersion: shipway.dev/v1
kind: Strategy
metadata: {name: odd}
spec:
  canary:
    steps:
      - weight: 0
      - weight: 101
      - wieght: 5
      - weight: 5
        pause: {}
      - analysis: {alpha: 0.9, margin: "1.5", onUndecided: proceed}
---
apiVersion: shipway.dev/v1
kind: Strategy
metadata: {name: none}
spec: {}
"#,
    );
}

#[test]
fn environments_journeys_and_vendors_make_sense() {
    check(
        "others",
        r#"apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: production}
spec:
  extends: production
  promotesFrom: production
  zones: [a, b, a]
  router:
    admin: "127.0.0.1:7200"
    listen: {web: "127.0.0.1:0", a: "127.0.0.1:80", b: "127.0.0.1:80"}
  variables: {web: {A: x}}
  secrets: {web: {A: {env: A}}}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {name: other}
spec: {router: {admin: "http://x", listen: {web: localhost}}, concurrency: {rollouts: 0}}
---
apiVersion: shipway.dev/v1
kind: Vendor
metadata: {name: pay}
spec: {failover: pay, rateLimit: {requests: 0, per: 0s}}
---
apiVersion: shipway.dev/v1
kind: Vendor
metadata: {name: pay2}
spec: {failover: pay2, rateLimit: {requests: 1, per: 0s}, maintenanceWindows: [{rule: sundays, timeZone: UTC, duration: 1h}]}
---
apiVersion: shipway.dev/v1
kind: Journey
metadata: {name: buy}
spec:
  service: web
  steps:
    - {name: one, path: "items/${id}", expect: {status: 20, json: {a: 1}}, extract: {id: {json: a}}}
    - {name: one, path: "/${id}/${di}", json: {x: "${nothing}"}, headers: {h: "${id"}}
"#,
    );
}

#[test]
fn the_same_name_twice_tells_both_places() {
    let team = "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: shop}\nspec: {}\n";
    let files = [SourceFile { path: "a.yaml", text: team }, SourceFile { path: "b.yaml", text: team }];
    let faults = read(&files).expect_err("declared twice");
    insta::assert_snapshot!(rendered(&faults), @"
    Team shop is declared twice: it stands at a.yaml:1 already
     --> b.yaml:3:18
      |
    3 | metadata: {name: shop}
      |                  ^^^^
      = help: keep one of them, or give one another name
    ");
}

#[test]
fn faults_are_in_the_order_of_files() {
    let bad = "kind: Nothing\n";
    let files = [SourceFile { path: "a.yaml", text: bad }, SourceFile { path: "b.yaml", text: bad }];
    let faults = read(&files).expect_err("both are wrong");
    let paths: Vec<&str> = faults.iter().map(|it| it.path.as_str()).collect();
    assert!(paths.is_sorted() && paths.contains(&"a.yaml") && paths.contains(&"b.yaml"), "{paths:?}");
}

#[test]
fn other_judges_have_what_they_need_and_no_other_ones() {
    let strategy = |analysis: &str| {
        let steps = format!("[{{weight: 5}}, {{analysis: {analysis}}}]");
        format!(
            "apiVersion: shipway.dev/v1\nkind: Strategy\nmetadata: {{name: x}}\nspec: {{canary: {{steps: {steps}}}}}\n"
        )
    };
    let kayenta = |metrics: &str| format!("{{judge: kayenta, kayenta: {{metrics: [{metrics}]}}}}");
    for (analysis, expected) in [
        ("{counting: {argo: {}}}".to_owned(), "by which this judge does not decide"),
        (
            "{judge: threshold, metrics: [{name: errors, kind: proportion}]}".to_owned(),
            "`errors` has no threshold",
        ),
        (
            "{kayenta: {metrics: [{name: errors}]}}".to_owned(),
            "Kayenta's configuration is for Kayenta's judge",
        ),
        (kayenta(""), "this is no canary configuration of Kayenta's: it has no metrics"),
        (
            kayenta("{name: CPU Usage}"),
            "nobody says where the numbers of Kayenta's metric `CPU Usage` come from",
        ),
        (kayenta("{name: CPU Usage}"), "add a metric named `cpu-usage`"),
        ("{baseline: fresh, periods: [1d]}".to_owned(), "it is compared with the past"),
        (
            "{metrics: [{name: errors, kind: proportion, harmAbsolute: 0.6}]}".to_owned(),
            "no two shares differ by so much",
        ),
        (
            "{metrics: [{name: latency, kind: latency, harmAbsolute: 5}]}".to_owned(),
            "only proportions and counts have a difference",
        ),
    ] {
        let text = strategy(&analysis);
        let told = rendered(&read_one(&text).expect_err(&text));
        assert!(told.contains(expected), "{told}");
    }
    for analysis in [
        kayenta("{name: Errors}, {name: LATENCY}"),
        kayenta("{name: errors}, {name: other, analysisConfigurations: {canary: {muted: true}}}"),
        "{judge: threshold, counting: {flagger: {}}, metrics: [{name: errors, kind: proportion, failure: {max: 0.1}}]}"
            .to_owned(),
    ] {
        let text = strategy(&analysis);
        if let Err(faults) = read_one(&text) {
            panic!("{analysis}: {}", rendered(&faults));
        }
    }
}

#[test]
fn a_fresh_control_needs_as_much_of_the_traffic_again() {
    let read = |weight: u8| {
        let steps = format!("[{{weight: {weight}}}, {{analysis: {{baseline: fresh}}}}]");
        read_one(&format!(
            "apiVersion: shipway.dev/v1\nkind: Strategy\nmetadata: {{name: x}}\nspec: {{canary: {{steps: {steps}}}}}\n"
        ))
    };
    assert!(read(50).is_ok());
    let told = rendered(&read(51).unwrap_err());
    assert!(told.contains("a fresh control needs another 51 % of the traffic"), "{told}");
}

#[test]
fn signatures_of_a_file_of_their_own_make_sense() {
    let text = "apiVersion: shipway.dev/v1\nkind: LogSignatures\nmetadata: {name: jvm}\nspec:\n  signatures:\n    \
                - {name: a, pattern: '**'}\n    - {name: a, pattern: b}\n";
    let told = rendered(&read_one(text).expect_err("the input has faults"));
    assert!(told.contains("every line matches the signature `a`"), "{told}");
    assert!(told.contains("there are two signatures named `a`"), "{told}");
}
