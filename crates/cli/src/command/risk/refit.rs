//! `shipway risk refit`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use shipway_analysis::refit::{self, Backtest};
use shipway_api::view::risk::RiskOutcome;
use shipway_engine::change::risk::weight;
use shipway_model::Name;
use shipway_model::change::Factor;
use shipway_model::resource::change_policy::ChangePolicy;
use shipway_model::resource::{ApiVersion, Metadata, Resource, Spec, file};

use super::outcomes::recorded;
use crate::command::calendar::instant;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, note, yaml};
use crate::settings::ConnectionArgs;

/// What nobody assessed counts like what nobody said, in thousandths.
const SHARE_UNKNOWN: u32 = 600;

/// Propose weights of risk by what came of changes, and say how much better they would have told
///
/// The earlier 70 % of the outcomes are fitted, the rest judges both the weights that hold and those proposed. Nothing changes by
/// this: the proposal is a file, and whoever agrees with it applies it. The exit code is 1 where there are too few outcomes, or
/// the proposal would not have told better.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway risk refit --since 2026-01-01T00:00:00Z
  shipway risk refit --policy regulated.yaml --out proposal.yaml --svg reliability.svg
  shipway risk refit --from outcomes.json -o json")]
pub(crate) struct Refit {
    /// Only outcomes at or after this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<Timestamp>,
    /// Take the outcomes from a file that `shipway risk outcomes -o json` wrote, without a control plane
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The file of the ChangePolicy whose weights hold; the built-in ones when left out
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How strongly coefficients are held near zero
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    ridge: f64,
    /// Where to write the ChangePolicy with the proposed weights
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where to draw the reliability curve
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proposal {
    /// By factor: what holds, what is proposed, and the coefficient.
    factors: BTreeMap<Factor, Weight>,
    is_better: bool,
    #[serde(flatten)]
    refit: refit::Refit,
}

#[derive(Serialize)]
struct Weight {
    holds: u32,
    proposed: u32,
    coefficient: f64,
}

impl Refit {
    pub(super) fn is_offline(&self) -> bool {
        self.from.is_some()
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let outcomes = match &self.from {
            Some(path) => of_file(path, self.since)?,
            None => recorded(connection, self.since).await?,
        };
        let policy = self.policy.as_deref().map(policy_of).transpose()?;
        let holds: Vec<u32> = Factor::ALL
            .into_iter()
            .map(|factor| {
                let own = policy.as_ref().and_then(|(_, it)| it.risk_weights.get(&factor).copied());
                own.unwrap_or(weight(factor))
            })
            .collect();
        let rows: Vec<refit::Outcome> = outcomes.iter().map(row).collect();
        let fitted = match refit::refit(&rows, &holds, self.ridge) {
            Ok(fitted) => fitted,
            Err(too_few) => {
                note(&format!("nothing is proposed: {too_few}\n"));
                return Ok(Exit::Failed);
            }
        };
        let each = Factor::ALL.into_iter().zip(&holds).zip(fitted.weights.iter().zip(&fitted.coefficients));
        let weights = each.map(|((factor, holds), (proposed, coefficient))| {
            (factor, Weight { holds: *holds, proposed: *proposed, coefficient: *coefficient })
        });
        let proposal = Proposal { factors: weights.collect(), is_better: fitted.is_better(), refit: fitted };
        if let Some(path) = &self.out {
            write(path, &proposed_file(policy, &proposal)?)?;
        }
        if let Some(path) = &self.svg {
            write(path, &drawing(&proposal.refit.proposed, &proposal.refit.current))?;
        }
        self.output.show(&proposal, |paint| render(&proposal, paint))?;
        Ok(if proposal.is_better { Exit::Ok } else { Exit::Failed })
    }
}

fn row(of: &RiskOutcome) -> refit::Outcome {
    let share = |factor: &Factor| f64::from(of.shares.get(factor).copied().unwrap_or(SHARE_UNKNOWN)) / 1000.0;
    refit::Outcome { shares: Factor::ALL.iter().map(share).collect(), failed: of.failed }
}

fn of_file(path: &Path, since: Option<Timestamp>) -> Result<Vec<RiskOutcome>, Failure> {
    let again = "shipway risk outcomes -o json > outcomes.json";
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{} cannot be read: {error}", path.display()), again)
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let mut all: Vec<RiskOutcome> = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    all.retain(|it| since.is_none_or(|since| it.ended >= since));
    all.sort_by_key(|it| (it.ended, it.change));
    Ok(all)
}

fn policy_of(path: &Path) -> Result<(Metadata, ChangePolicy), Failure> {
    let again = "shipway validate FILE";
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{shown} cannot be read: {error}"), again))?;
    let read = file::read(&[file::SourceFile { path: &shown, text: &text }]);
    let located = read.map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::new(faults.join("\n"), again)
    })?;
    let policy = located.into_iter().find_map(|it| match it.resource.spec {
        Spec::ChangePolicy(policy) => Some((it.resource.metadata, policy)),
        _ => None,
    });
    policy.ok_or_else(|| Failure::new(format!("{shown} holds no document of kind ChangePolicy"), again))
}

fn proposed_file(policy: Option<(Metadata, ChangePolicy)>, proposal: &Proposal) -> Result<String, Failure> {
    let name: Name = "refitted".parse().expect("it is a name");
    let metadata = Metadata { name, description: String::new(), labels: BTreeMap::new() };
    let (metadata, mut policy) = policy.unwrap_or_else(|| (metadata, ChangePolicy::default()));
    policy.risk_weights = proposal.factors.iter().map(|(factor, it)| (*factor, it.proposed)).collect();
    yaml(&Resource { api_version: ApiVersion::V1, metadata, spec: Spec::ChangePolicy(policy) })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::new(format!("{} cannot be written: {error}", path.display()), "shipway help risk refit")
    })
}

fn render(proposal: &Proposal, paint: Paint) -> String {
    let fitted = &proposal.refit;
    let mut table = Table::new(["FACTOR", "HOLDS", "PROPOSED", "COEFFICIENT"]);
    for (factor, it) in &proposal.factors {
        let coefficient = format!("{:+.3}", it.coefficient);
        table.row([factor.as_str(), &it.holds.to_string(), &it.proposed.to_string(), &coefficient]);
    }
    let mut text = table.render(paint, "");
    text += &format!(
        "\nfitted to {} outcomes, judged by the {} after them; {} of all failed\n\n",
        fitted.n_fitted, fitted.n_judged, fitted.n_failed
    );
    let mut table = Table::new(["BRIER SCORE", ""]);
    table.row(["proposed", &format!("{:.4}", fitted.proposed.brier)]);
    table.row(["holds", &format!("{:.4}", fitted.current.brier)]);
    table.row(["always the rate until then", &format!("{:.4}", fitted.brier_of_rate)]);
    text += &table.render(paint, "");
    text += "\nreliability of the proposal\n";
    let mut table = Table::new(["SAID", "CAME TRUE", "BETWEEN", "OUTCOMES"]);
    for bin in &fitted.proposed.reliability {
        let percent = |it: f64| format!("{:.1} %", it * 100.0);
        let between = format!("{} and {}", percent(bin.low), percent(bin.high));
        table.row([&percent(bin.mean_predicted), &percent(bin.observed), &between, &bin.n.to_string()]);
    }
    text += &table.render(paint, "");
    text += match proposal.is_better {
        true => "\nIt would have told better. `--out FILE` writes it; `shipway apply FILE` makes it hold.\n",
        false => "\nIt would not have told better: keep the weights that hold.\n",
    };
    text
}

/// Chances against what came true, with their intervals; on the diagonal they can be believed.
fn drawing(proposed: &Backtest, current: &Backtest) -> String {
    const SIDE: f64 = 320.0;
    const MARGIN: f64 = 40.0;
    let (x, y) = (|it: f64| MARGIN + it * SIDE, |it: f64| MARGIN + (1.0 - it) * SIDE);
    let whole = SIDE + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>Reliability of the risk score: what was said against what came true</title>\n\
         <rect x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" stroke=\"#888\"/>\n\
         <line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"#888\" stroke-dasharray=\"4\"/>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">chance of failure that was said</text>\n\
         <text x=\"14\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {})\">share that failed</text>\n",
        x(0.0),
        y(0.0),
        x(1.0),
        y(1.0),
        x(0.5),
        whole - 10.0,
        y(0.5),
        y(0.5),
    );
    for (backtest, colour, name, line) in
        [(current, "#b06000", "holds", 0.0), (proposed, "#0060b0", "proposed", 16.0)]
    {
        for bin in &backtest.reliability {
            let at = x(bin.mean_predicted);
            svg += &format!(
                "<line x1=\"{at:.1}\" y1=\"{:.1}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>\
                 <circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\"/>\n",
                y(bin.low),
                y(bin.high),
                y(bin.observed)
            );
        }
        let (left, top) = (MARGIN + 8.0, MARGIN + 16.0 + line);
        svg += &format!(
            "<text x=\"{left}\" y=\"{top}\" fill=\"{colour}\">{name}: Brier score {:.4}</text>\n",
            backtest.brier
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use shipway_analysis::refit::POINTS;

    use super::*;

    #[test]
    fn the_points_of_a_whole_score_are_those_of_the_built_in_weights() {
        assert_eq!(Factor::ALL.into_iter().map(weight).sum::<u32>(), POINTS);
    }

    #[test]
    fn the_drawing_has_a_point_for_each_bin() {
        let bin = shipway_analysis::logistic::Bin {
            mean_predicted: 0.2,
            observed: 0.25,
            n: 40,
            low: 0.1,
            high: 0.4,
        };
        let backtest = Backtest { brier: 0.1, reliability: vec![bin, bin] };
        assert_eq!(drawing(&backtest, &backtest).matches("<circle").count(), 4);
    }
}
