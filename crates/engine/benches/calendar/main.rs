//! Calendars: the first answer and the p99 of `check` over 10,000 rules; ten years of one rule beside python-dateutil; a schedule of 200
//! releases over a quarter with 500 windows.
//!
//! Everything is drawn from a seed, so that two runs ask the same. python-dateutil is Debian's `python3-dateutil`.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shipway_engine::calendar::conflict::Change;
use shipway_engine::calendar::{Rule, Subject, Timeline, compile};
use shipway_engine::catalogue::graph::Graph;
use shipway_engine::schedule::{Fate, Leg, Setting, schedule};
use shipway_model::Name;
use shipway_model::resource::Calendar;

const N_RULES: usize = 10_000;
const N_QUESTIONS: usize = 20_000;
const N_SERVICES: usize = 1_000;
const N_TEAMS: usize = 50;
const N_ENVIRONMENTS: usize = 20;
const N_RELEASES: usize = 200;
const N_WINDOWS: usize = 500;
/// Runs of an expansion, of which the median counts.
const N_RUNS: usize = 21;
const NOW: &str = "2026-03-02T08:00:00Z";
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC"];
const TEN_YEARS: &str = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;BYHOUR=9";

/// A draw without pattern (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % n as u64) as usize
    }
}

fn main() {
    check();
    ten_years();
    quarter();
}

fn check() {
    let mut draw = Draw(1);
    let started = Instant::now();
    let rules = rules(N_RULES, &mut draw);
    let compiled = started.elapsed();
    let started = Instant::now();
    let timeline = Timeline::around(rules, now());
    let laid_out = started.elapsed();
    let mut times: Vec<Duration> = (0..N_QUESTIONS)
        .map(|_| {
            let subject = subject(&mut draw);
            let at = now() + SignedDuration::from_mins(draw.below(60 * 24 * 30) as i64);
            let started = Instant::now();
            let answer = timeline.check(&[subject], &[], at);
            let took = started.elapsed();
            assert_eq!(answer.at, at);
            took
        })
        .collect();
    times.sort_unstable();
    println!(
        "check, {N_RULES} rules, {N_QUESTIONS} questions about {N_SERVICES} services in {N_ENVIRONMENTS} environments"
    );
    println!("  rules read in {compiled:.0?}, laid out for 13 months in {laid_out:.0?}");
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("  p50 {:.1?}, p99 {:.1?}, max {:.1?}", at(0.5), at(0.99), at(1.0));
}

fn ten_years() {
    let rule = json!({
        "name": "weekly", "kind": "allow", "dtstart": "2026-01-05T09:00", "timeZone": "Europe/Berlin",
        "duration": "4h", "rrule": TEN_YEARS,
    });
    let rule = read(json!([rule]));
    let (from, to) = (instant("2026-01-01T00:00:00Z"), instant("2036-01-01T00:00:00Z"));
    let mut times = Vec::new();
    let mut n_ours = 0;
    for _ in 0..N_RUNS {
        let started = Instant::now();
        n_ours = rule[0].occurrences(from, to).expect("they are few enough").len();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    println!("expand, ten years of {TEN_YEARS} in Europe/Berlin");
    println!("  shipway          {n_ours} occurrences, {:.2?}", times[N_RUNS / 2]);
    match Command::new("python3").arg("-c").arg(include_str!("dateutil.py")).arg(TEN_YEARS).output() {
        Ok(output) if output.status.success() => {
            let told = String::from_utf8_lossy(&output.stdout);
            print!("  python-dateutil  {told}");
            let n_theirs: usize =
                told.split(' ').next().and_then(|it| it.parse().ok()).expect("it tells how many");
            assert_eq!(n_ours, n_theirs, "both see the same");
        }
        _ => println!("  python-dateutil is not there: `apt-get install python3-dateutil`"),
    }
}

fn quarter() {
    let mut draw = Draw(2);
    let windows: Vec<Value> = (0..N_WINDOWS).map(|n| window(n, &mut draw)).collect();
    let rules = read(json!(windows));
    let legs: Vec<Leg> = (0..N_RELEASES).map(|n| leg(n, &mut draw)).collect();
    let graph = Graph::default();
    let by = Some(now() + SignedDuration::from_hours(24 * 91));
    let setting = Setting { rules: &rules, graph: &graph, others: &[], now: now(), by };
    let started = Instant::now();
    let fates = schedule(&legs, &setting);
    let took = started.elapsed();
    let n_fit = fates.iter().filter(|it| matches!(it, Fate::Fits { .. })).count();
    println!("schedule, {N_RELEASES} releases over a quarter with {N_WINDOWS} windows");
    println!("  {n_fit} fit, {took:.0?}");
}

fn rules(n: usize, draw: &mut Draw) -> Vec<Arc<Rule>> {
    // As many as a Calendar holds.
    let mut all = Vec::with_capacity(n);
    for first in (0..n).step_by(2000) {
        let of_calendar: Vec<Value> = (first..(first + 2000).min(n)).map(|n| rule(n, draw)).collect();
        all.extend(read_as(&format!("calendar-{first}"), json!(of_calendar)));
    }
    all
}

/// Most rules are about a service; some about a team, an environment, or tiers of an environment.
fn rule(n: usize, draw: &mut Draw) -> Value {
    let scope = match draw.below(20) {
        0 => json!({ "teams": [format!("team-{}", draw.below(N_TEAMS))] }),
        1 => json!({ "environments": [environment(draw)], "tiers": [draw.below(4) + 1] }),
        2..=7 => json!({ "services": [service(draw)] }),
        _ => json!({ "services": [service(draw)], "environments": [environment(draw)] }),
    };
    let is_freeze = draw.below(3) == 0;
    json!({
        "name": format!("rule-{n}"),
        "kind": if is_freeze { "deny" } else { "allow" },
        "dtstart": format!("2026-01-{:02}T{:02}:00", draw.below(28) + 1, draw.below(24)),
        "timeZone": ZONES[draw.below(ZONES.len())],
        "duration": if is_freeze { "3d" } else { "6h" },
        "rrule": if is_freeze { "FREQ=MONTHLY" } else { "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH" },
        "scope": scope,
    })
}

fn window(n: usize, draw: &mut Draw) -> Value {
    json!({
        "name": format!("window-{n}"),
        "kind": "allow",
        "dtstart": format!("2026-03-{:02}T{:02}:00", draw.below(14) + 1, draw.below(20)),
        "timeZone": ZONES[draw.below(ZONES.len())],
        "duration": "6h",
        "rrule": "FREQ=WEEKLY",
        "scope": { "services": [format!("service-{}", n % N_RELEASES)] },
    })
}

fn leg(n: usize, draw: &mut Draw) -> Leg {
    let name = name(&format!("service-{n}"));
    let environment = environment(draw);
    let length = SignedDuration::from_mins(30 + draw.below(120) as i64);
    let subject = Subject {
        service: Some(name.clone()),
        environment: Some(self::name(&environment)),
        ..Subject::default()
    };
    Leg {
        change: Change {
            title: format!("service-{n}@1.0.0 into {environment}"),
            services: [name].into(),
            environment: self::name(&environment),
            from: now(),
            until: now() + length,
            people: [].into(),
            targets: [].into(),
        },
        subjects: vec![subject],
        lifts: Vec::new(),
        after: Vec::new(),
        words: Vec::new(),
        promised: None,
        by: None,
    }
}

fn subject(draw: &mut Draw) -> Subject {
    Subject {
        service: Some(name(&service(draw))),
        environment: Some(name(&environment(draw))),
        team: Some(name(&format!("team-{}", draw.below(N_TEAMS)))),
        tier: Some(draw.below(4) as u8 + 1),
        ..Subject::default()
    }
}

fn service(draw: &mut Draw) -> String {
    format!("service-{}", draw.below(N_SERVICES))
}

fn environment(draw: &mut Draw) -> String {
    format!("environment-{}", draw.below(N_ENVIRONMENTS))
}

fn read(rules: Value) -> Vec<Arc<Rule>> {
    read_as("calendar", rules)
}

fn read_as(calendar: &str, rules: Value) -> Vec<Arc<Rule>> {
    let declared: Calendar = serde_json::from_value(json!({ "rules": rules })).expect("it is a Calendar");
    let rules = compile(&name(calendar), &declared).expect("its rules make sense");
    rules.into_iter().map(Arc::new).collect()
}

fn name(text: &str) -> Name {
    text.parse().expect("it is a name")
}

fn now() -> Timestamp {
    instant(NOW)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("it is an instant")
}
