//! `shipway rehearse`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use shipway_api::Client;
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::operations::ledger::{LedgerQuery, ListLedgerEvents, ShowLedgerHead};
use shipway_api::operations::release::{ReleasePath, ShowRelease};
use shipway_api::operations::rollout::{
    NewNote, NewRollout, NoteRollout, RolloutPath, ShowRollout, StartRollout,
};
use shipway_api::page::LIMIT_MAX;
use shipway_api::selector::{ReleaseSelector, SubjectSelector};
use shipway_api::view::RolloutView;
use shipway_model::event::Event;
use shipway_model::evidence::Word;
use shipway_model::{Digest, Millis, RolloutId};
use tokio::process::{Child, Command};

use crate::command::rollout::watch;
use crate::connection::{connect, once, only_now};
use crate::delivery::deliver;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::{self, OutputArgs, Paint, Table};
use crate::rehearsal::{self, KIND, Leg, Rehearsal, Report};
use crate::settings::ConnectionArgs;

const HELP: &str = "shipway rehearse --help";
/// Whatever people see of a rehearsal begins so.
const EXERCISE: &str = "EXERCISE";
/// Between two looks for answers.
const LOOK: Duration = Duration::from_millis(500);
const NOTICE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Rehearse releases in another environment, with the people involved
///
/// The file says what is rehearsed where: releases of several teams are shipped one after another, under a load that a command
/// makes. Everything that people see of it begins with EXERCISE. Those who are called answer with a note on a rollout; how long
/// they took, and how long the rollouts waited for anybody's word, is in the report. With --attach it becomes evidence for exactly
/// the releases and builds that were shipped, as a statement of the kind `rehearsal`. The exit code is 1 when a rollout did not
/// arrive or somebody did not answer in time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway rehearse friday.yaml --timeout 4h
  shipway rehearse friday.yaml --notices http://127.0.0.1:8080/hooks/on-call --report friday.json
  shipway rehearse friday.yaml --attach --issuer release-managers --expires 2027-06-30T00:00:00Z

The file:
  name: friday
  environment: staging
  releases: [shop@1.2.0, billing@3.1.0]
  people: [grace, eva]
  answerWithin: 10m
  load: [./load.sh, --sessions, \"200\"]")]
pub(crate) struct Rehearse {
    file: PathBuf,
    /// Where those who are called are told, as JSON with `exercise: true`
    #[arg(long, value_name = "URL")]
    notices: Option<String>,
    /// Give up on what has not ended by then; rollouts go on, and the next ones are not begun
    #[arg(long, value_name = "DURATION")]
    timeout: Option<Millis>,
    /// Write the report there
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Attach the report as evidence
    #[arg(long, requires_all = ["issuer", "expires"])]
    attach: bool,
    /// Who answers for what the report says
    #[arg(long, requires = "attach")]
    issuer: Option<String>,
    /// When it stops counting, as an RFC 3339 instant
    #[arg(long, value_name = "INSTANT", requires = "attach")]
    expires: Option<Timestamp>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Rehearse {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        only_now(connection, "a rehearsal happens now", HELP)?;
        let rehearsal = read(&self.file)?;
        let client = connect(connection)?;
        let began = client.call::<ShowLedgerHead>((), (), ()).await?.value.size;
        let load = load(&rehearsal)?;
        let deadline = self.timeout.and_then(|it| Instant::now().checked_add(it.duration()));
        let mut called = None;
        let mut rollouts = Vec::new();
        for release in &rehearsal.releases {
            let rollout = NewRollout {
                release: release.clone(),
                environment: rehearsal.environment.clone(),
                plan_digest: None,
            };
            let view = once(client.call::<StartRollout>((), (), rollout)).await?.value;
            note(&client, view.summary.id, &rehearsal).await?;
            if called.is_none() {
                called = Some(view.summary.queued_at);
                self.call(&rehearsal, view.summary.id).await?;
            }
            rollouts.push(view.summary.id);
            // One hands over to the next.
            if !watch::until_ended(&client, view.summary.id, deadline, self.output.output).await? {
                break;
            }
        }
        let called = called.ok_or_else(|| Failure::usage("the file names no release", HELP))?;
        drop(load);
        let notes = answers(&client, &rollouts, &rehearsal, called).await?;
        let legs = legs(&client, began, &rollouts).await?;
        let calls = rehearsal::calls(&rehearsal.people, called, &notes, rehearsal.answer_within);
        let report = Report {
            rehearsal: rehearsal.name.clone(),
            exercise: true,
            environment: rehearsal.environment.clone(),
            began: called,
            ended: notes.iter().map(|it| it.1).chain(legs.iter().map(|it| it.ended)).max().unwrap_or(called),
            // Those that were not begun any more have no leg.
            passed: legs.len() == rehearsal.releases.len()
                && legs.iter().all(|it| it.succeeded)
                && calls.iter().all(|it| it.took.is_some()),
            under_load: !rehearsal.load.is_empty(),
            legs,
            calls,
        };
        if let Some(path) = &self.report {
            fs::write(path, output::json(&report)).map_err(|it| unreadable(path, &it))?;
        }
        if self.attach {
            self.attach(&client, &report).await?;
        }
        self.output.show(&report, |paint| render(&report, paint))?;
        Ok(if report.passed { Exit::Ok } else { Exit::Failed })
    }

    async fn call(&self, rehearsal: &Rehearsal, rollout: RolloutId) -> Result<(), Failure> {
        let Some(to) = &self.notices else { return Ok(()) };
        let text = told(rehearsal);
        let notice = json!({
            "exercise": true, "rehearsal": rehearsal.name, "environment": rehearsal.environment,
            "rollout": rollout, "people": rehearsal.people, "text": text,
        });
        let failed = |why: String| Failure::new(format!("{to} does not take the notice: {why}"), HELP);
        let http = reqwest::Client::builder().timeout(NOTICE_WAIT_MAX).build();
        let http = http.map_err(|error| Failure::because(&error, HELP))?;
        deliver(|| http.post(to).json(&notice)).await.map_err(failed)
    }

    async fn attach(&self, client: &Client, report: &Report) -> Result<(), Failure> {
        let (Some(issuer), Some(expires)) = (&self.issuer, self.expires) else { return Ok(()) };
        let mut subject = Vec::new();
        for leg in &report.legs {
            subject.push(SubjectSelector::Digest(leg.release.digest));
            let path = ReleasePath { release: ReleaseSelector::Id(leg.release.id) };
            let bundle = client.call::<ShowRelease>(path, (), ()).await?.value.bundle;
            subject.extend(bundle.parts.values().map(|it| SubjectSelector::Digest(it.artifact)));
        }
        let text = output::json(report).into_bytes();
        let digest = Digest::of(&text);
        let size = text.len() as u64;
        client.put_blob(digest, size, futures_util::stream::iter([Ok::<_, std::io::Error>(text)])).await?;
        let new = NewEvidence {
            subject,
            original: digest,
            format: None,
            file_name: Some(format!("rehearsal-{}.json", report.rehearsal)),
            statement: Some(Word {
                kind: KIND.parse().expect("a valid name"),
                issuer: issuer.clone(),
                scope: format!("rehearsed in {}", report.environment),
                expires,
            }),
            signature: None,
            ran: None,
        };
        once(client.call::<AttachEvidence>((), (), new)).await?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Rehearsal, Failure> {
    let text = fs::read_to_string(path).map_err(|it| unreadable(path, &it))?;
    serde_saphyr::from_str(&text)
        .map_err(|error| Failure::usage(format!("{} is no rehearsal: {error}", path.display()), HELP))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()), HELP)
}

/// Ended with the value.
fn load(rehearsal: &Rehearsal) -> Result<Option<Child>, Failure> {
    let Some((program, args)) = rehearsal.load.split_first() else { return Ok(None) };
    let started = Command::new(program)
        .args(args)
        .env("SHIPWAY_REHEARSAL", rehearsal.name.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    started
        .map(Some)
        .map_err(|error| Failure::new(format!("the load {program} cannot be started: {error}"), HELP))
}

fn told(rehearsal: &Rehearsal) -> String {
    let who = match rehearsal.people.is_empty() {
        true => String::new(),
        false => format!(" {}: answer with a note on the rollout.", rehearsal.people.join(", ")),
    };
    format!("{EXERCISE} {} in {}: this is a rehearsal.{who}", rehearsal.name, rehearsal.environment)
}

async fn note(client: &Client, rollout: RolloutId, rehearsal: &Rehearsal) -> Result<(), Failure> {
    let note = NewNote { note: told(rehearsal).chars().take(500).collect() };
    once(client.call::<NoteRollout>(RolloutPath { rollout }, (), note)).await?;
    Ok(())
}

async fn show(client: &Client, rollout: RolloutId) -> Result<RolloutView, Failure> {
    Ok(client.call::<ShowRollout>(RolloutPath { rollout }, (), ()).await?.value)
}

/// Everybody's notes, once those who were called have answered or their time is over.
async fn answers(
    client: &Client,
    rollouts: &[RolloutId],
    rehearsal: &Rehearsal,
    called: Timestamp,
) -> Result<Vec<(String, Timestamp)>, Failure> {
    let began = Instant::now();
    loop {
        let mut notes = Vec::new();
        for rollout in rollouts {
            let theirs = show(client, *rollout).await?.notes.into_iter();
            // What this command wrote is nobody's answer.
            notes.extend(theirs.filter(|it| !it.note.starts_with(EXERCISE)).map(|it| (it.by, it.at)));
        }
        let calls = rehearsal::calls(&rehearsal.people, called, &notes, rehearsal.answer_within);
        if calls.iter().all(|it| it.took.is_some()) || began.elapsed() > rehearsal.answer_within.duration() {
            return Ok(notes);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// As the ledger has them from a position on.
async fn legs(client: &Client, from: u64, rollouts: &[RolloutId]) -> Result<Vec<Leg>, Failure> {
    let mut events: Vec<Event> = Vec::new();
    let mut from = from;
    loop {
        let query = LedgerQuery { from: Some(from), limit: Some(LIMIT_MAX) };
        let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
        let Some(last) = page.items.last() else { break };
        from = last.position + 1;
        // An event of a newer control plane is none of a rehearsal.
        events.extend(page.items.iter().filter_map(|it| serde_json::from_value(it.opened()).ok()));
    }
    let of = |id: &RolloutId| -> Vec<Event> {
        events.iter().filter(|it| it.body.rollout() == Some(*id)).cloned().collect()
    };
    Ok(rollouts.iter().filter_map(|id| rehearsal::leg(&of(id))).collect())
}

fn render(report: &Report, paint: Paint) -> String {
    let verdict = if report.passed { paint.good("passed") } else { paint.bad("did not pass") };
    let mut text =
        format!("{} in {}: {verdict}\n\n", paint.strong(report.rehearsal.as_str()), report.environment);
    let mut table = Table::new(["RELEASE", "ARRIVED", "TOOK", "EXPECTED", "WAITED FOR PEOPLE"]);
    for leg in &report.legs {
        let waited = Millis(leg.handoffs.iter().map(|it| it.took.0).sum());
        let release = format!("{}@{}", leg.release.name, leg.release.version);
        let arrived = if leg.succeeded { "yes" } else { "no" };
        let told = format!("{waited} ({}×)", leg.handoffs.len());
        table.row([release.as_str(), arrived, &leg.took.to_string(), &leg.expected.to_string(), &told]);
    }
    text += &table.render(paint, "nothing was shipped");
    if !report.calls.is_empty() {
        let mut table = Table::new(["CALLED", "ANSWERED AFTER"]);
        for call in &report.calls {
            table.row([
                call.person.as_str(),
                &call.took.map_or("not in time".to_owned(), |it| it.to_string()),
            ]);
        }
        text += &format!("\n{}", table.render(paint, ""));
    }
    text
}
