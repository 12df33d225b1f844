//! Which crate may depend on which.

use crate::workspace::packages;

/// A crate, its level, and the crates of the house that it may use. Arrows only descend.
struct Place {
    name: &'static str,
    level: u8,
    uses: &'static [&'static str],
}

const HOUSE: &[Place] = &[
    place("model", 1, &[]),
    place("ledger", 2, &["model"]),
    place("engine", 2, &["model"]),
    place("analysis", 2, &["model"]),
    place("runtime", 3, &["engine", "ledger", "model"]),
    place("policy", 3, &["analysis", "model"]),
    place("api", 3, &["model"]),
    // The engine only for the types of its state, which the server shows.
    place("server", 4, &["api", "engine", "model", "runtime"]),
    place("agent", 4, &["api", "model", "runtime"]),
    place("store", 4, &["ledger", "model", "runtime"]),
    // Logs and traces that are pushed are compared by the same code as offline; of the engine there are the commands that
    // those give who act by themselves.
    place("integrations", 4, &["analysis", "engine", "model", "runtime"]),
    place(
        "cli",
        5,
        &[
            "agent",
            "analysis",
            "api",
            "engine",
            "integrations",
            "ledger",
            "model",
            "policy",
            "runtime",
            "server",
            "store",
        ],
    ),
    // Outside of the house: what it ships as an example, and its chores.
    place("shop", 1, &[]),
    place("xtask", 1, &[]),
];

const fn place(name: &'static str, level: u8, uses: &'static [&'static str]) -> Place {
    Place { name, level, uses }
}

fn place_of(name: &str) -> &'static Place {
    HOUSE
        .iter()
        .find(|place| place.name == name)
        .unwrap_or_else(|| panic!("{name} has no place in the house: give it one in {}", file!()))
}

#[test]
fn the_table_itself_descends() {
    for place in HOUSE {
        for used in place.uses {
            assert!(place_of(used).level < place.level, "{} → {used} does not descend", place.name);
        }
    }
}

#[test]
fn every_edge_is_an_allowed_one() {
    let packages = packages();
    let mut wrong = Vec::new();
    for package in &packages {
        let place = place_of(&package.name);
        for dependency in package.dependencies.iter().filter(|it| !it.is_for_tests) {
            if let Some(used) = dependency.own_crate().filter(|used| !place.uses.contains(used)) {
                wrong.push(format!("{} → {used}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "not in the table of edges: {}", wrong.join(", "));
}

#[test]
fn tests_do_not_reach_upwards_either() {
    let packages = packages();
    let mut wrong = Vec::new();
    for package in &packages {
        for dependency in package.dependencies.iter().filter(|it| it.is_for_tests) {
            // Its own level too: a server is tested on a real store.
            if let Some(used) = dependency.own_crate()
                && place_of(used).level > place_of(&package.name).level
            {
                wrong.push(format!("{} → {used}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "tests of a lower crate use a higher one: {}", wrong.join(", "));
}
