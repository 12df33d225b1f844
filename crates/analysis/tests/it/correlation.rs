//! Whether incidents have to do with deployments, on records of which the truth is known.

use shipway_analysis::correlation::{Finding, InvalidRecord, Kind, Occurrence, Question, Rule, correlate};
use shipway_analysis::simulation::Random;

const HOUR_S: f64 = 3600.0;

fn at(t: f64, kind: Kind, service: &str) -> Occurrence {
    Occurrence { t, kind, service: service.to_owned(), name: String::new() }
}

/// Half a year of one service: deployments and incidents in working hours, incidents twice as often in every other month; and
/// so many of the deployments cause one three hours later.
fn half_year(service: &str, caused: f64, seed: u64) -> Vec<Occurrence> {
    let mut random = Random::new(seed);
    let mut record = vec![at(0.0, Kind::Ticket, "clock"), at(26.01 * 168.0 * HOUR_S, Kind::Ticket, "clock")];
    for day in (0..182_u32).filter(|day| day % 7 < 5) {
        for hour in 9..17_u32 {
            let t = (f64::from(day) * 24.0 + f64::from(hour)) * HOUR_S;
            if random.share() < 0.06 {
                record.push(at(t, Kind::Deployment, service));
                if random.share() < caused {
                    record.push(at(t + 3.0 * HOUR_S, Kind::Incident, service));
                }
            }
            let rate = if day / 28 % 2 == 0 { 0.02 } else { 0.04 };
            if random.share() < rate {
                record.push(at(t + 0.5 * HOUR_S, Kind::Incident, service));
            }
        }
    }
    record
}

fn finding(record: &[Occurrence], question: Question) -> Finding {
    let rule = Rule { window_s: 4.0 * HOUR_S, ..Rule::default() };
    let report = correlate(record, &rule).unwrap();
    report.findings.into_iter().find(|it| it.question == question && it.service.is_some()).unwrap()
}

#[test]
fn what_the_rhythm_of_the_week_explains_is_no_finding() {
    let p_values: Vec<f64> = (0..100)
        .map(|seed| finding(&half_year("shop", 0.0, seed), Question::IncidentsFollow).p_value)
        .collect();
    // Of 100 at 5 % each, 13 or more come with a chance of 0.1 %; the seeds are fixed.
    assert!(p_values.iter().filter(|it| **it <= 0.05).count() <= 12, "{p_values:?}");
    let bets: Vec<f64> = (0..100)
        .map(|seed| finding(&half_year("shop", 0.0, seed), Question::IncidentsFollow).log_e_value.unwrap())
        .collect();
    assert!(bets.iter().filter(|it| **it >= 20.0_f64.ln()).count() <= 12, "{bets:?}");
}

#[test]
fn deployments_that_cause_incidents_are_found() {
    for seed in 0..5 {
        let found = finding(&half_year("shop", 0.5, seed), Question::IncidentsFollow);
        assert!(found.p_value < 0.01 && found.is_discovery && found.log_e_value.unwrap() > 3.0, "{found:?}");
        assert!(found.observed as f64 > 1.5 * found.expected, "{found:?}");
    }
}

#[test]
fn incidents_of_another_service_are_not_held_against_a_deployment() {
    let mut record = half_year("shop", 0.5, 1);
    for it in &mut record {
        if it.kind == Kind::Incident {
            it.service = "mail".to_owned();
        }
    }
    let report = correlate(&record, &Rule::default()).unwrap();
    assert!(report.findings.iter().all(|it| it.question != Question::IncidentsFollow), "{report:?}");
}

#[test]
fn a_record_with_little_in_it_says_so() {
    let report = correlate(&[], &Rule::default()).unwrap();
    assert!(
        report.findings.is_empty() && report.remarks[0].starts_with("Nothing could be asked"),
        "{report:?}"
    );
    let few = [
        at(0.0, Kind::Deployment, "shop"),
        at(HOUR_S, Kind::Incident, "shop"),
        at(15.0 * 24.0 * HOUR_S, Kind::Deployment, "shop"),
    ];
    let report = correlate(&few, &Rule::default()).unwrap();
    assert_eq!((report.weeks, report.findings.len()), (2, 1));
    assert!(!report.findings[0].is_discovery && report.findings[0].p_value >= 0.5, "{report:?}");
    assert!(report.remarks[1].contains("could not have been discoveries"), "{report:?}");
}

#[test]
fn instants_and_rules_that_make_no_sense_are_refused() {
    let refused =
        |t: f64| correlate(&[at(0.0, Kind::Incident, ""), at(t, Kind::Incident, "")], &Rule::default());
    assert!(matches!(refused(f64::NAN), Err(InvalidRecord::OutOfRange { field: "t", .. })));
    assert_eq!(
        refused(6e11).unwrap_err().to_string(),
        "the record is 992063.5 weeks long; at most 530 are looked at"
    );
    let rule = Rule { stratum_weeks: 9, ..Rule::default() };
    assert_eq!(rule.check().unwrap_err().to_string(), "`stratum_weeks` is 9; it goes from 2 to 6");
}
