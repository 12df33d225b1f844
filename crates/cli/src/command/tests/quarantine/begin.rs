//! `shipway tests quarantine begin`

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shipway_api::operations::test::BeginQuarantine;
use shipway_model::quarantine::Quarantine;
use shipway_model::{Millis, Name};
use shipway_runtime::{Clock as _, SystemClock};

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Set a test aside: its results do not count for gates until the day has come, and then they do again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway tests quarantine begin \"pays twice\" --service checkout --suite integration --owner payments --until 2026-12-01 --reason \"slow stand-in\"
  shipway tests quarantine begin \"pays twice\" --service checkout --owner payments --for 14d --reason \"slow stand-in\"")]
pub(crate) struct Begin {
    /// The test's name, exactly as the report has it
    #[arg(value_name = "TEST")]
    test: String,
    #[arg(long, value_name = "SERVICE")]
    service: Name,
    /// Its suite or class; any when left out
    #[arg(long)]
    suite: Option<String>,
    /// Who mends it
    #[arg(long)]
    owner: String,
    /// The day on which it counts again, from midnight UTC on, or an instant
    #[arg(long, value_name = "DAY", value_parser = parse_until, required_unless_present = "length")]
    until: Option<Timestamp>,
    /// Instead: for this long, for example 14d
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "until")]
    length: Option<Millis>,
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl Begin {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let from_now = |it: Millis| {
            let length = SignedDuration::from_millis(it.0.cast_signed());
            SystemClock.now().checked_add(length).unwrap_or(Timestamp::MAX)
        };
        let quarantine = Quarantine {
            service: self.service,
            suite: self.suite,
            test: self.test,
            reason: self.reason,
            owner: self.owner,
            until: self.until.or(self.length.map(from_now)).unwrap_or(Timestamp::MAX),
        };
        let view = once(connect(connection)?.call::<BeginQuarantine>((), (), quarantine)).await?.value;
        self.output.show(&view, |paint| super::render(std::slice::from_ref(&view), paint))
    }
}

fn parse_until(text: &str) -> Result<Timestamp, String> {
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    let day: Date = text.parse().map_err(|_| "write a day such as 2026-12-01, or an instant".to_owned())?;
    day.to_zoned(TimeZone::UTC).map(|it| it.timestamp()).map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(parse_until("2026-12-01").unwrap().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(parse_until("2026-12-01T08:30:00+01:00").unwrap().to_string(), "2026-12-01T07:30:00Z");
        assert!(parse_until("soon").is_err());
    }
}
