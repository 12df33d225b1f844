//! Every case of Kayenta's own figures.

use serde_json::Value;
use shipway_analysis::kayenta::{
    AnalysisConfig, Classification, Classifier, EffectSize, Label, MetricResult, Summary, Test, Verdict,
    classify, cles, mean_ratio, percentile, remove_outliers, score, shift_interval, wilcoxon_difference,
};

fn golden(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../kayenta/golden.json")).unwrap();
    let cases = all[section].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

/// Numbers, `"NaN"` among them.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn close(found: f64, expect: f64, tolerance: f64, what: &Value) {
    assert!((found - expect).abs() <= tolerance + 1e-12, "{what}: {found} for {expect}");
}

/// Standard normal quantiles of the two-sided confidences that occur.
fn z(confidence: f64) -> f64 {
    if confidence == 0.95 { 1.959_963_984_540_054 } else { 2.326_347_874_040_841 }
}

fn config(case: &Value) -> AnalysisConfig {
    let part = |field: &str| serde_json::from_value(case[field].clone()).unwrap();
    let pair = |field: &str, idx: usize| case[field][idx].as_f64();
    AnalysisConfig {
        direction: serde_json::from_value(case["direction"].clone()).unwrap(),
        nan_strategy: serde_json::from_value(case["nan"].clone()).unwrap(),
        critical: case["is_critical"].as_bool().unwrap(),
        effect_size: EffectSize {
            measure: if case["measure"].is_null() { Default::default() } else { part("measure") },
            allowed_decrease: pair("effect_low_high", 0),
            allowed_increase: pair("effect_low_high", 1),
            critical_decrease: pair("critical_low_high", 0),
            critical_increase: pair("critical_low_high", 1),
        },
        ..AnalysisConfig::default()
    }
}

#[test]
fn metrics_are_classified_alike() {
    for case in golden("classifier") {
        let test = match case["kind"].as_str().unwrap() {
            "mann_whitney" => {
                Test::MannWhitney { z: z(number(&case["conf"])), tolerance: number(&case["tolerance"]) }
            }
            _ => Test::MeanInequality,
        };
        let found = classify(test, &config(&case), &numbers(&case["control"]), &numbers(&case["experiment"]));
        let name = format!("{} {}", case["id"], case["topic"]);
        if case["expect_label"].is_string() {
            assert_eq!(format!("{:?}", found.label), case["expect_label"], "{name}: {found:?}");
        } else {
            // Of this case only the reason is told; there is no data on either side.
            assert_eq!(found.label, Label::Nodata, "{name}");
        }
        if let Some(critical) = case["expect_critical"].as_bool() {
            assert_eq!(found.critical, critical, "{name}: {found:?}");
        }
        match &case["expect_deviation"] {
            Value::Null => {}
            Value::String(_) => assert_eq!(found.deviation, None, "{name}"),
            expect => assert_eq!(found.deviation, expect.as_f64(), "{name}"),
        }
    }
}

#[test]
fn intervals_of_the_shift_are_alike() {
    for case in golden("mann_whitney") {
        let topic = &case["topic"];
        if case["z_at"].is_number() {
            close(-z(0.98), number(&case["expect"]), number(&case["tol"]), topic);
            continue;
        }
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        if let Some(points) = case["wilcoxon_diff"].as_array() {
            for point in points {
                let found = wilcoxon_difference(number(&point["mu"]), number(&point["q"]), &x, &y);
                close(found, number(&point["expect"]), number(&case["tol"]), topic);
            }
            continue;
        }
        let expect = &case["expect"];
        let found = shift_interval(&x, &y, z(number(&case["conf"]))).unwrap();
        let tolerance = |end: &str| case["tol"].as_f64().unwrap_or_else(|| number(&case["tol"][end]));
        if expect["rCil"].is_null() {
            close(found.low, number(&expect["lo"]), tolerance("lo"), topic);
            close(found.high, number(&expect["hi"]), tolerance("hi"), topic);
            close(found.estimate, number(&expect["estimate"]), tolerance("estimate"), topic);
        } else {
            let (lowest, highest) = (number(&expect["rMumin"]), number(&expect["rMumax"]));
            let z = z(0.95);
            for (mu, quantile, field) in [
                (lowest, z, "rFlower1"),
                (highest, z, "rFupper1"),
                (lowest, -z, "rFlower2"),
                (highest, -z, "rFupper2"),
            ] {
                let found = wilcoxon_difference(mu, quantile, &x, &y);
                close(found, number(&expect[field]), tolerance(field), topic);
            }
            close(found.low, number(&expect["rCil"]), tolerance("rCil"), topic);
            close(found.high, number(&expect["rCiu"]), tolerance("rCiu"), topic);
            close(found.estimate, number(&expect["rEst"]), tolerance("rEst"), topic);
        }
    }
}

#[test]
fn scores_are_alike() {
    for case in golden("scorer") {
        let metric = |(idx, it): (usize, &Value)| MetricResult {
            name: format!("metric-{idx}"),
            groups: serde_json::from_value(it["groups"].clone()).unwrap(),
            classification: Classification {
                label: serde_json::from_value(it["label"].clone()).unwrap(),
                critical: it["critical"].as_bool().unwrap(),
                deviation: None,
            },
            control: Summary::default(),
            experiment: Summary::default(),
        };
        let metrics = case["metrics"].as_array().unwrap().iter().enumerate().map(metric).collect();
        let classifier = Classifier {
            group_weights: serde_json::from_value(case["weights"].clone()).unwrap(),
            ..Classifier::default()
        };
        let judgement = score(&classifier, metrics);
        assert_eq!(judgement.score, number(&case["expect_score"]), "{}", case["topic"]);
        let verdict = match judgement.score {
            it if it >= 95.0 => Verdict::Pass,
            it if it >= 75.0 => Verdict::Marginal,
            _ => Verdict::Fail,
        };
        assert_eq!(judgement.classification, verdict);
    }
}

#[test]
fn effect_sizes_are_alike() {
    for case in golden("effect_size") {
        let (control, experiment) = (numbers(&case["control"]), numbers(&case["experiment"]));
        let found = match case["measure"].as_str().unwrap() {
            "meanRatio" => mean_ratio(&control, &experiment),
            "cles" => cles(&control, &experiment),
            // A measure that no configuration can name.
            _ => continue,
        };
        let expect = number(&case["expect"]);
        if expect.is_nan() {
            assert!(found.is_nan());
        } else {
            close(found, expect, number(&case["tol"]), &case["topic"]);
        }
    }
}

#[test]
fn percentiles_outliers_and_summaries_are_alike() {
    for case in golden("percentile") {
        let found = percentile(&numbers(&case["data"]), number(&case["p"]));
        close(found, number(&case["expect"]), number(&case["tol"]), &case["p"]);
    }
    // The detector by standard deviations is in no judge's reach.
    for case in golden("iqr").into_iter().filter(|it| it["detector"] == "iqr") {
        let data = numbers(&case["data"]);
        let outliers = case["outlier"].as_array().unwrap().iter().map(|it| it.as_bool().unwrap());
        let kept: Vec<f64> = data.iter().zip(outliers).filter(|(_, it)| !it).map(|(it, _)| *it).collect();
        assert_eq!(remove_outliers(&data, number(&case["param"])), kept);
    }
    for case in golden("summary_stats") {
        let found = Summary::of(&numbers(&case["data"]));
        for (found, field) in [(found.min, "min"), (found.max, "max"), (found.mean, "mean")] {
            close(found, number(&case[field]), 0.0, &case["data"]);
        }
        close(found.std, number(&case["std"]), case["std_tol"].as_f64().unwrap_or(0.0), &case["data"]);
        assert_eq!(found.count as u64, case["count"].as_u64().unwrap());
    }
}

#[test]
fn missing_values_are_removed_or_zero() {
    use shipway_analysis::kayenta::NanStrategy;
    let at = |nan_strategy, experiment: &[f64]| {
        let config = AnalysisConfig { nan_strategy, ..AnalysisConfig::default() };
        classify(Test::default(), &config, &[0.0, 10.1, 20.2, 30.3, 0.0, 40.4], experiment).label
    };
    let with_gaps = [f64::NAN, 10.1, 20.2, 30.3, f64::NAN, 40.4];
    // Zeros in place of gaps make the samples equal; gaps alone leave nothing.
    assert_eq!(at(NanStrategy::Replace, &with_gaps), Label::Pass);
    assert_eq!(at(NanStrategy::Remove, &[f64::NAN; 3]), Label::Nodata);
    assert_eq!(at(NanStrategy::Replace, &[]), Label::Pass);
}
