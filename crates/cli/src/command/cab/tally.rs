//! How far boards are with a change, and what they see of it.

use shipway_api::view::board::{RecordView, TallyView};
use shipway_api::view::change::ChangeView;

use crate::output::{Paint, Table, plain, time};

/// Everything that a board looks at.
pub(super) fn render(view: &ChangeView, paint: Paint) -> String {
    let release = format!("{}@{}", view.release.name, view.release.version);
    let mut text = format!("{}  {} into {}\n", view.id, paint.strong(&release), view.environment);
    text += &format!(
        "{}, risk {}, asked for by {} at {}\n",
        view.change.class.as_str(),
        view.change.risk.score,
        plain(&view.requested_by),
        time(view.opened)
    );
    text += &record(&view.record, paint);
    if view.boards.is_empty() {
        text += "\nNo board sees it.\n";
    }
    for tally in &view.boards {
        write(tally, &mut text, paint);
    }
    if let Some(open) = view.boards.iter().find(|it| !it.carried) {
        text += &format!(
            "\n{} shipway cab vote {} --board {} --for\n",
            paint.dim("next, by a member:"),
            view.id,
            open.board
        );
    }
    text
}

fn record(record: &RecordView, paint: Paint) -> String {
    let mut text = String::new();
    for (what, lines) in
        [("followed", &record.followed), ("bypassed", &record.bypassed), ("by exception", &record.excepted)]
    {
        if !lines.is_empty() {
            text += &format!("\n{}\n", paint.dim(&format!("{what}:")));
            lines.iter().for_each(|it| text += &format!("  {}\n", plain(it)));
        }
    }
    text
}

fn write(tally: &TallyView, text: &mut String, paint: Paint) {
    let stands = match tally.carried {
        true => paint.good(&tally.decided),
        false => paint.warn(&tally.decided),
    };
    *text += &format!("\nboard {}: {stands}\n", paint.strong(tally.board.as_str()));
    *text += &format!(
        "  {} for, {} against, {} abstained, of {} members; quorum {}, threshold {}\n",
        tally.votes_for, tally.votes_against, tally.abstained, tally.members, tally.quorum, tally.threshold
    );
    for lack in &tally.lacks {
        let who: Vec<String> = lack.who.iter().map(|it| plain(it)).collect();
        *text += &format!(
            "  {} {}; {} can supply it: {}\n",
            paint.warn("missing"),
            lack.what,
            who.join(", "),
            lack.next
        );
    }
    if !tally.votes.is_empty() {
        let mut table = Table::new(["WHO", "SAID", "AT"]);
        for vote in &tally.votes {
            table.row([&vote.by, vote.decision.as_str(), &time(vote.at)]);
        }
        *text += &table.render(paint, "");
    }
    if !tally.conditions.is_empty() {
        let mut table = Table::new(["CONDITION", "OF", "VOTE", "NO", "MET"]);
        for it in &tally.conditions {
            let met = match (&it.met, &it.met_by) {
                (Some(at), Some(by)) => format!("{} by {}", time(*at), plain(by)),
                _ => "no".to_owned(),
            };
            table.row([&it.text, &it.by, &it.vote, &it.condition.to_string(), &met]);
        }
        *text += &table.render(paint, "");
    }
    if !tally.can.is_empty() && !tally.carried {
        let can: Vec<String> = tally.can.iter().map(|it| plain(it)).collect();
        *text += &format!("  {} {}\n", paint.dim("can vote:"), can.join(", "));
    }
    if let Some(at) = tally.escalates.filter(|_| !tally.carried) {
        *text += &format!("  {} {}\n", paint.dim("escalates:"), time(at));
    }
    if let Some(instead) = &tally.instead {
        write(instead, text, paint);
    }
}
