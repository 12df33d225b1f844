//! Decisions per second on one core, and the slowest of a hundred, for a release of 50 services with 20 gates each; the
//! same Rego asked of the bare engine; and a backtest over 100,000 decisions.
//!
//! `cargo bench -p shipway-policy --bench gates`; `SHIPWAY_BENCH_DECISIONS` sets over how many the backtest goes (100,000).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use regorus::{Engine, Value};
use serde_json::json;
use shipway_model::resource::Policy;
use shipway_model::resource::policy::Rego;
use shipway_model::{Digest, Name};
use shipway_policy::rego::{Input, Module};
use shipway_policy::{Facts, decide, decide_with};

const SERVICES: usize = 50;
const GATES: usize = 20;
/// Decisions for each row.
const ROUNDS: usize = 200;
const DECISIONS: usize = 100_000;
/// Releases over which the backtest's decisions are spread.
const RELEASES: usize = 100;

const MODULE: &str = "
package own

allow if {
    count(input.evidence) > 0
    every name, service in input.services {
        some it in input.evidence
        name in it.services
        it.kinds[_] == \"tests\"
        it.normal.tests.failed == 0
        service.tier <= 3
    }
}

deny contains sentence if {
    some name, service in input.services
    service.version == \"0.0.0\"
    sentence := sprintf(\"%s has no version\", [name])
}
";

fn main() {
    println!(
        "A release of {SERVICES} services, each with a test report, coverage and a scan of 20 findings."
    );
    println!();
    println!("| what is asked | answers a decision | decisions/s | median | p99 |");
    println!("|---|---|---|---|---|");
    let facts = facts(SERVICES, 0);
    let built_in = policies(&(0..GATES).map(built_in).collect::<Vec<_>>());
    let n_answers = decide(&built_in, &facts).requirements.len();
    assert_eq!(n_answers, SERVICES * GATES);
    assert!(decide(&built_in, &facts).passes, "the facts are good");
    row(&format!("{GATES} built-in gates"), n_answers, || decide(&built_in, &facts).passes);

    let rego = policies(&(0..GATES).map(own).collect::<Vec<_>>());
    row(&format!("{GATES} gates in Rego"), GATES, || decide(&rego, &facts).passes);
    let kept = RefCell::new(HashMap::new());
    row("the same, modules kept compiled from one decision to the next", GATES, || {
        let input = Input::of(&facts);
        let modules = |rule: &Rego| {
            let mut kept = kept.borrow_mut();
            let module = kept.entry(rule.module.clone());
            module.or_insert_with(|| Module::compile(rule).expect("it compiles")).ask(&input)
        };
        decide_with(&rego, &facts, &modules).passes
    });
    let input = serde_json::to_value(&facts).expect("facts have a JSON form");
    row("the same modules, regorus alone, compiled and the input converted for each", GATES, || {
        (0..GATES).all(|_| bare(&mut compiled(), Value::from(input.clone())))
    });
    let mut engine = compiled();
    row("the same, compiled once, input converted once", GATES, || {
        let input = Value::from(input.clone());
        (0..GATES).all(|_| bare(&mut engine, input.clone()))
    });
    backtest(&built_in);
}

fn row(what: &str, n_answers: usize, mut ask: impl FnMut() -> bool) {
    assert!(ask(), "{what}: the facts are good");
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        black_box(ask());
        times.push(began.elapsed());
    }
    let whole: Duration = times.iter().sum();
    times.sort();
    let millis = |it: Duration| it.as_secs_f64() * 1e3;
    let (median, p99) = (millis(times[ROUNDS / 2]), millis(times[ROUNDS * 99 / 100]));
    let per_second = ROUNDS as f64 / whole.as_secs_f64();
    println!("| {what} | {n_answers} | {per_second:.0} | {median:.2} ms | {p99:.2} ms |");
}

/// Facts as they are kept, read and decided on: everything that a backtest does but opening the files.
fn backtest(policies: &BTreeMap<Name, Policy>) {
    let set = std::env::var("SHIPWAY_BENCH_DECISIONS").ok();
    let n_decisions = set.map_or(DECISIONS, |it| it.parse().expect("a number of decisions"));
    let kept: Vec<Vec<u8>> =
        (0..RELEASES).map(|n| serde_json::to_vec(&facts(1, n)).expect("facts have a JSON form")).collect();
    let began = Instant::now();
    let mut n_passed = 0;
    for bytes in kept.iter().cycle().take(n_decisions) {
        let facts: Facts = serde_json::from_slice(bytes).expect("facts");
        n_passed += usize::from(decide(policies, &facts).passes);
    }
    let took = began.elapsed().as_secs_f64();
    println!();
    println!(
        "A backtest of {GATES} gates over {n_decisions} decisions about releases of one service ({} bytes of facts each): \
         {took:.1} s, {n_passed} would pass",
        kept[0].len()
    );
}

fn built_in(n: usize) -> serde_json::Value {
    let require = match n % 5 {
        0 => json!({"tests": {"suites": ["unit"]}}),
        1 => json!({"coverage": {"lines": 50}}),
        2 => json!({"vulnerabilities": {"severity": "critical"}}),
        3 => json!({"findings": {"severity": "high"}}),
        _ => json!({"tests": {"passRate": 99, "maxFlaky": 5}}),
    };
    json!({"name": format!("gate-{n}"), "require": require, "independent": true, "maxAge": "7d"})
}

fn own(n: usize) -> serde_json::Value {
    json!({"name": format!("own-{n}"), "require": {"rego": {"module": MODULE}}})
}

fn policies(gates: &[serde_json::Value]) -> BTreeMap<Name, Policy> {
    let policy = serde_json::from_value(json!({"gates": gates})).expect("a policy");
    BTreeMap::from([("production".parse().expect("a name"), policy)])
}

fn compiled() -> Engine {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.add_policy("policy.rego".to_owned(), MODULE.to_owned()).expect("it compiles");
    engine
}

fn bare(engine: &mut Engine, input: Value) -> bool {
    engine.set_input(input);
    let denied = engine.eval_rule("data.own.deny".to_owned()).expect("it is evaluated");
    let allowed = engine.eval_rule("data.own.allow".to_owned()).expect("it is evaluated");
    matches!(denied, Value::Set(it) if it.is_empty()) && matches!(allowed, Value::Bool(true))
}

fn facts(n_services: usize, release: usize) -> Facts {
    let digest = |service: usize| Digest::of(format!("{release} {service}").as_bytes());
    let name = |service: usize| format!("service-{service}");
    let services: BTreeMap<String, serde_json::Value> = (0..n_services)
        .map(|it| {
            (name(it), json!({"version": "1.0.0", "artifacts": [digest(it)], "builder": "ci", "tier": 2}))
        })
        .collect();
    let mut evidence = Vec::new();
    for service in 0..n_services {
        let findings: Vec<_> = (0..20)
            .map(|n| {
                json!({
                    "id": format!("CVE-2026-{n}"), "kind": "vulnerability", "severity": "low", "suppressed": false,
                    "package": {"name": format!("package-{n}"), "version": "1.0.0", "fixed_in": ["1.0.1"]},
                })
            })
            .collect();
        let cases: Vec<_> = (0..20)
            .map(|n| json!({"suite": "unit", "name": format!("case {n}"), "result": "passed"}))
            .collect();
        let tests = json!({
            "total": 20, "passed": 20, "failed": 0, "errors": 0, "skipped": 0, "flaky": 0, "cases": cases,
        });
        for (kind, normal) in [
            ("tests", json!({"format": "junit", "tests": tests})),
            (
                "coverage",
                json!({"format": "lcov", "coverage": {"lines": {"covered": 80, "total": 100}, "files": []}}),
            ),
            ("findings", json!({"format": "trivy", "findings": findings})),
        ] {
            evidence.push(json!({
                "id": format!("evi_{:032x}", evidence.len() + 1), "subject": [digest(service)],
                "services": [name(service)], "format": normal["format"], "kinds": [kind],
                "at": "2026-06-01T11:00:00Z", "by": "tester", "normal": normal,
            }));
        }
    }
    serde_json::from_value(json!({
        "release": {
            "id": "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "name": "shop", "version": "1.0.0",
            "digest": Digest::of(format!("release {release}").as_bytes()),
        },
        "makers": ["ada"], "environment": "production", "at": "2026-06-01T12:00:00Z", "services": services,
        "documents": ["runbook"], "evidence": evidence, "baseline": [], "waivers": [],
    }))
    .expect("facts")
}
