//! The benches, whose results stand in `docs/performance.md`.

use crate::run::{cargo, run};
use crate::step::Step;
use crate::web;

struct Bench {
    name: &'static str,
    /// Whose bench target it is; [`WEB`] has none.
    package: &'static str,
    /// What it measures.
    summary: &'static str,
}

/// Not a crate: it is driven from `web/`, by a browser.
const WEB: &str = "web";

/// In the order in which they run. A test compares it with the bench targets of the workspace.
const BENCHES: &[Bench] = &[
    Bench {
        name: "router",
        package: "shipway-integrations",
        summary: "requests per second and added latency of the router, beside a proxy from Debian",
    },
    Bench {
        name: "rollouts",
        package: "shipway-cli",
        summary: "complete rollouts of ten steps per second through engine and store",
    },
    Bench {
        name: "store",
        package: "shipway-cli",
        summary: "durable appends with 1 to 256 writers on SQLite and PostgreSQL, beside each alone; effects of 1, 2 and 4 replicas",
    },
    Bench {
        name: "analysis",
        package: "shipway-analysis",
        summary: "false rollbacks, time to decision and early promotion of our judge and others on made-up traffic",
    },
    Bench {
        name: "judging",
        package: "shipway-analysis",
        summary: "metric-blocks judged per second on one core",
    },
    Bench {
        name: "access",
        package: "shipway-policy",
        summary: "questions of authorisation answered per second, and p99, with up to 1,000 policies",
    },
    Bench {
        name: "gates",
        package: "shipway-policy",
        summary: "decisions per second and p99 for 50 services with 20 gates each, beside bare regorus; a backtest over 100,000 decisions",
    },
    Bench {
        name: "evidence",
        package: "shipway-integrations",
        summary: "megabytes of SARIF, CycloneDX and JUnit read per second, 200 MB each, and peak memory",
    },
    Bench {
        name: "approvals",
        package: "shipway-engine",
        summary: "approvals verified per second on one core, by the kind of key, and again from a ledger",
    },
    Bench {
        name: "calendar",
        package: "shipway-engine",
        summary: "p99 of `check` over 10,000 rules; ten years of one rule beside python-dateutil; 200 releases scheduled over a quarter",
    },
    Bench {
        name: "start",
        package: "shipway-cli",
        summary: "start to ready and idle memory of `shipway serve`: empty, with a million events, after SIGKILL with 10,000 rollouts",
    },
    Bench {
        name: "ledger",
        package: "shipway-cli",
        summary: "records verified, replayed and proved per second, beside decoding and hashing alone",
    },
    Bench {
        name: "agents",
        package: "shipway-cli",
        summary: "processor time and memory of a control plane that 10,000 agents poll",
    },
    Bench {
        name: "web",
        package: WEB,
        summary: "server time and bytes per page with 10,000 releases, 1,000 services and 200 environments; paint and layout shift; 1,000 live pages",
    },
];

#[derive(Debug, thiserror::Error)]
#[error("there is no bench `{name}`; there are: {known}", known = known())]
pub(crate) struct UnknownBench {
    name: String,
}

/// The benches with these names, or all.
pub(crate) fn steps(names: &[String]) -> Result<Vec<Step>, UnknownBench> {
    if names.is_empty() {
        return Ok(BENCHES.iter().map(Bench::step).collect());
    }
    names
        .iter()
        .map(|name| {
            let found = BENCHES.iter().find(|bench| bench.name == name);
            found.map(Bench::step).ok_or_else(|| UnknownBench { name: name.clone() })
        })
        .collect()
}

pub(crate) fn print_table() {
    for Bench { name, package, summary } in BENCHES {
        println!("{name:12} {package:22} {summary}");
    }
}

impl Bench {
    fn step(&self) -> Step {
        let &Self { name, package, .. } = self;
        if package == WEB {
            return Step::new(name, web::bench);
        }
        Step::new(name, move || run(cargo(["bench", "--package", package, "--bench", name])))
    }
}

fn known() -> String {
    BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::run::answer;

    #[test]
    fn the_table_holds_every_bench_of_the_workspace() {
        let metadata =
            answer(cargo(["metadata", "--no-deps", "--offline", "--format-version", "1"])).unwrap();
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let mut found = BTreeSet::new();
        for package in metadata["packages"].as_array().unwrap() {
            for target in package["targets"].as_array().unwrap() {
                if target["kind"][0] == "bench" {
                    found.insert((package["name"].as_str().unwrap(), target["name"].as_str().unwrap()));
                }
            }
        }
        let listed: BTreeSet<_> = BENCHES
            .iter()
            .filter(|bench| bench.package != WEB)
            .map(|bench| (bench.package, bench.name))
            .collect();
        assert_eq!(listed, found, "the table in xtask/src/bench.rs and the bench targets differ");
    }

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let unknown = steps(&["roter".to_owned()]).err().expect("there is no such bench");
        assert!(
            unknown.to_string().starts_with("there is no bench `roter`; there are: router, rollouts"),
            "{unknown}"
        );
    }
}
