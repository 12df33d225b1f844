//! Questions of authorisation answered per second on one core, and the slowest of a hundred, by the number of policies.

use std::time::{Duration, Instant};

use shipway_model::Name;
use shipway_model::access::{Principal, PrincipalKind, Question, Thing, ThingKind};
use shipway_model::event::Role;
use shipway_model::resource::AccessPolicy;
use shipway_policy::cedar::{Action, Rules};

/// Questions for each row.
const QUESTIONS: usize = 20_000;

fn main() {
    println!("| policies of the organisation | what they name | per second | median | p99 |");
    println!("|---|---|---|---|---|");
    measure(0, "nothing", |_| String::new());
    for n in [100, 1000] {
        measure(n, "a person and an environment each", |n| {
            let (person, environment) = (n % 250, n / 250);
            format!(
                "permit (principal == Person::\"p{person}\", action == Action::\"startRollout\", \
                 resource in Environment::\"e{environment}\");"
            )
        });
    }
    measure(1000, "nobody: each is asked", |n| {
        format!("forbid (principal, action, resource) when {{ context.operation == \"none-{n}\" }};")
    });
}

fn measure(n_policies: usize, what: &str, policy: impl Fn(usize) -> String) {
    let cedar = (0..n_policies).map(policy).collect::<Vec<_>>().join("\n");
    let name: Name = "own".parse().expect("a name");
    let own = AccessPolicy { cedar };
    let declared = if n_policies == 0 { Vec::new() } else { vec![(name, &own)] };
    let rules = Rules::compile(&declared, &actions()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let questions: Vec<Question> = (0..500).map(question).collect();
    let mut times = Vec::with_capacity(QUESTIONS);
    for question in questions.iter().cycle().take(QUESTIONS) {
        let started = Instant::now();
        std::hint::black_box(rules.decide(question));
        times.push(started.elapsed());
    }
    let whole: Duration = times.iter().sum();
    times.sort();
    let per_second = QUESTIONS as f64 / whole.as_secs_f64();
    let micros = |it: Duration| it.as_secs_f64() * 1e6;
    let (median, p99) = (micros(times[QUESTIONS / 2]), micros(times[QUESTIONS * 99 / 100]));
    println!("| {n_policies} | {what} | {per_second:.0} | {median:.0} µs | {p99:.0} µs |");
}

/// As many as the API has.
fn actions() -> Vec<Action> {
    let named = ["startRollout", "whoAmI", "changePassword", "signOut", "putBlob"].map(str::to_owned);
    let made_up = (0..70).map(|n| format!("operation{n}"));
    let action = |name| Action { name, group: "for-operators", changes: true };
    named.into_iter().chain(made_up).map(action).collect()
}

fn question(n: usize) -> Question {
    Question {
        principal: Principal {
            kind: PrincipalKind::Person,
            name: format!("p{}", n % 250),
            roles: [Role::Operator].into(),
            teams: ["shop", "search"].map(|it| it.parse().expect("a name")).into(),
            behind: [format!("p{}", n % 250)].into(),
            scope: None,
            must_change_password: false,
        },
        action: "startRollout".to_owned(),
        resource: Thing { kind: ThingKind::Rollout, name: "new".to_owned() },
        environment: Some(format!("e{}", n % 4).parse().expect("a name")),
        release: Some("shop@1.0.0".to_owned()),
        services: [("web", "shop"), ("checkout", "shop")]
            .map(|(service, team)| (service.parse().expect("a name"), Some(team.parse().expect("a name"))))
            .into(),
        change_type: None,
        regulations: std::collections::BTreeSet::new(),
        segregated: false,
        hands: Default::default(),
        authors: Default::default(),
    }
}
