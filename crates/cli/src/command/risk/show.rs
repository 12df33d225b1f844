//! `shipway risk RELEASE`

use clap::Args;
use shipway_api::operations::change::AssessRisk;
use shipway_api::operations::plan::PlanRequest;
use shipway_api::selector::ReleaseSelector;
use shipway_model::Name;
use shipway_model::change;

use crate::connection::connect;
use crate::failure::Outcome;
use crate::output::{OutputArgs, Paint, Table};
use crate::settings::ConnectionArgs;

#[derive(Debug, Args)]
pub(super) struct Show {
    /// NAME@VERSION or an id
    release: ReleaseSelector,
    #[arg(long, value_name = "ENV")]
    env: Name,
    #[command(flatten)]
    output: OutputArgs,
}

impl Show {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let request = PlanRequest { release: self.release, environment: self.env };
        let risk = connect(connection)?.call::<AssessRisk>((), (), request).await?.value;
        self.output.show(&risk, |paint| render(&risk, paint))
    }
}

pub(crate) fn render(risk: &change::Risk, paint: Paint) -> String {
    let mut table = Table::new(["FACTOR", "POINTS", "OF", "WHY"]);
    for it in &risk.factors {
        let (points, of) = (it.points.to_string(), it.of.to_string());
        table.row([it.factor.as_str(), &points, &of, &it.why]);
    }
    let most: u32 = risk.factors.iter().map(|it| it.of).fold(0, u32::saturating_add);
    format!("risk {} of {most}\n{}", risk.score, table.render(paint, ""))
}
