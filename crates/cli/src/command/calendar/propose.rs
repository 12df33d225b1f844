//! `shipway calendar propose`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use shipway_engine::calendar::propose::{Ask, LENGTH_MAX, Proposal, Window, propose};
use shipway_engine::calendar::traffic::{self, Week};
use shipway_model::resource::calendar::Coverage;
use shipway_model::resource::hours::{ClockTime, Day};
use shipway_model::resource::{ApiVersion, Metadata, Resource, Spec};
use shipway_model::{Millis, Name};

use super::files::{self, Declared};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{OutputArgs, Paint, Table, note, plain, yaml};
use crate::settings::ConnectionArgs;

/// Propose windows in which little is asked, by recorded requests, and name declared ones that lie over a peak
///
/// Nothing changes by this: `--out` writes a Calendar, and whoever agrees with it applies it. The exit code is 1 where a declared
/// window lies over a peak, or no window fits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway calendar propose --traffic requests.json --zone Europe/Zurich
  shipway calendar propose calendar.yaml services.yaml --traffic requests.json --service checkout --length 1h --within 08:00-17:00
  shipway calendar propose --traffic requests.json --days sat,sun --count 2 --out quiet.yaml -o json
  shipway calendar propose --declared --traffic requests.json --zone America/New_York --service checkout")]
pub(crate) struct Propose {
    /// Files with Calendars, whose windows are compared, and Services, whose promises are heeded
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Recorded requests: a JSON list of {\"at\", \"requests\"}, or what Prometheus answered to a range query
    #[arg(long, value_name = "FILE")]
    traffic: PathBuf,
    /// Compare with what the control plane has declared
    #[arg(long, conflicts_with = "files")]
    declared: bool,
    /// The time zone of those who ask
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
    /// How long a window lasts, in whole hours
    #[arg(long, value_name = "DURATION", default_value = "2h")]
    length: Millis,
    /// How many windows, each on a day of its own
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=7))]
    count: u8,
    /// On these days alone, for example `tue,wed`
    #[arg(long, value_name = "DAYS", value_delimiter = ',', value_parser = day)]
    days: Vec<Day>,
    /// Only between these times of day, for example `08:00-17:00`
    #[arg(long, value_name = "FROM-TO", value_parser = within)]
    within: Option<(ClockTime, ClockTime)>,
    /// The service that is asked: its promise of availability says what a window may cost, and the Calendar is for it alone
    #[arg(long)]
    service: Option<Name>,
    /// Write the windows as a Calendar
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

fn day(text: &str) -> Result<Day, String> {
    let found = Day::ALL.into_iter().find(|it| it.as_str() == text);
    found.ok_or_else(|| format!("days are {}", Day::ALL.map(Day::as_str).join(", ")))
}

fn within(text: &str) -> Result<(ClockTime, ClockTime), String> {
    let wrong = || "write for example `08:00-17:00`".to_owned();
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to): (ClockTime, ClockTime) =
        (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from < to { Ok((from, to)) } else { Err("it ends before it begins".to_owned()) }
}

impl Propose {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let week = week(&self.traffic, &self.zone)?;
        let declared = match self.files.is_empty() && !self.declared {
            true => Declared { rules: Vec::new(), resources: Vec::new() },
            false => files::read(&self.files, connection).await?,
        };
        let ask = Ask {
            hours: hours(self.length)?,
            count: self.count.into(),
            days: self.days.iter().copied().collect(),
            within: self.within,
            availability: self.service.as_ref().map(|it| promised(&declared, it)).transpose()?.flatten(),
        };
        let proposal = propose(&week, &ask, declared.rules.iter().map(|it| &**it));
        if let Some(path) = &self.out {
            self.write(path, &proposal)?;
        }
        self.output.show(&proposal, |paint| render(&proposal, paint))?;
        if proposal.windows.is_empty() {
            note("no window fits: `--within` and `--days` may leave no room for `--length`\n");
        }
        let is_fine = proposal.over_peak.is_empty() && !proposal.windows.is_empty();
        Ok(if is_fine { Exit::Ok } else { Exit::Failed })
    }

    fn write(&self, path: &Path, proposal: &Proposal) -> Result<(), Failure> {
        let scope = Coverage { services: self.service.iter().cloned().collect(), ..Coverage::default() };
        let name: Name = "low-traffic".parse().expect("it is a name");
        let description = format!(
            "Proposed by what was asked from {} to {}.",
            proposal.from.strftime("%F"),
            proposal.until.strftime("%F")
        );
        let resource = Resource {
            api_version: ApiVersion::V1,
            metadata: Metadata { name, description, labels: BTreeMap::new() },
            spec: Spec::Calendar(proposal.calendar(scope)),
        };
        std::fs::write(path, yaml(&resource)?).map_err(|error| {
            let again = "shipway help calendar propose";
            Failure::new(format!("{} cannot be written: {error}", path.display()), again)
        })
    }
}

fn week(path: &Path, zone: &str) -> Result<Week, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(format!("{}: {error}", path.display()), "shipway help calendar propose")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let samples = traffic::read(&text).map_err(|error| failed(&error))?;
    Week::of(&samples, zone).map_err(|error| failed(&error))
}

fn hours(length: Millis) -> Result<usize, Failure> {
    const HOUR_MS: u64 = 3_600_000;
    let hours = usize::try_from(length.0 / HOUR_MS).unwrap_or(usize::MAX);
    if length.0.is_multiple_of(HOUR_MS) && (1..=LENGTH_MAX).contains(&hours) {
        return Ok(hours);
    }
    let message = format!("a window of {length} is not of 1 to {LENGTH_MAX} whole hours");
    Err(Failure::usage(message, "shipway help calendar propose"))
}

/// What was promised to customers, else what the service is to reach, in percent of requests.
fn promised(declared: &Declared, service: &Name) -> Result<Option<f64>, Failure> {
    let found = declared.resources.iter().find_map(|it| match &it.spec {
        Spec::Service(spec) if it.metadata.name == *service => Some(spec),
        _ => None,
    });
    let Some(found) = found else {
        let message = format!("no Service {service} is among what was given");
        let next = "shipway calendar propose --declared --traffic FILE --service NAME";
        return Err(Failure::new(message, next));
    };
    let of = |it: &Option<shipway_model::resource::service::Objectives>| it.as_ref()?.availability;
    Ok(of(&found.sla).or_else(|| of(&found.slo)))
}

fn render(proposal: &Proposal, paint: Paint) -> String {
    let mut table = Table::new(["WINDOW", "SHARE OF THE WEEK", "AT MOST", "QUIETER", "SPENDS"]);
    let percent = |share: f64| format!("{:.2} %", share * 100.0);
    for it in &proposal.windows {
        table.row([
            &format!("{} {} for {}h", it.day.as_str(), it.from, it.hours),
            &percent(it.share),
            &percent(it.share_highest),
            &it.times_quieter.map_or_else(|| "silent".to_owned(), |it| format!("{it:.1} times")),
            &it.spends.map(percent).unwrap_or_default(),
        ]);
    }
    let mut text = table.render(paint, "No window fits.");
    let (from, until) = (proposal.from.strftime("%F"), proposal.until.strftime("%F"));
    text += &format!("\nby what was asked from {from} to {until}, by the clocks of {}\n", proposal.time_zone);
    if proposal.hours_unknown > 0 {
        text += &format!(
            "{} of 168 hours of the week were seen too seldom, so no window lies over them\n",
            proposal.hours_unknown
        );
    }
    if proposal.windows.iter().any(|it: &Window| it.spends.is_some()) {
        text += "spends: what of a week's allowance would be gone if everything asked then failed\n";
    }
    for it in &proposal.over_peak {
        text += &format!(
            "{} {} of {} lies over a peak: {:.1} times what hours ask for on average, at {}\n",
            paint.warn("over a peak:"),
            plain(it.rule.rule.as_str()),
            plain(it.rule.calendar.as_str()),
            it.times_busier,
            it.at.strftime("%a %F %H:%M")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_whole_hours_and_times_of_day_in_order() {
        assert_eq!(hours("2h".parse().unwrap()).unwrap(), 2);
        for bad in ["30m", "25h", "0s"] {
            assert!(hours(bad.parse().unwrap()).is_err(), "{bad}");
        }
        assert!(within("08:00-17:00").is_ok());
        for bad in ["17:00-08:00", "08:00", "8-17", ""] {
            assert!(within(bad).is_err(), "{bad}");
        }
        assert_eq!(day("tue"), Ok(Day::Tue));
        assert!(day("tuesday").is_err());
    }
}
