//! Where the story goes: lines that stay, and on a terminal a moving part below them.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::story::{Act, Beat};
use crate::output;

/// How often the moving part moves.
const TICK: Duration = Duration::from_millis(120);

pub(super) enum Screen {
    /// Everything is a line.
    Lines {
        noted: bool,
    },
    Live(Live),
}

pub(super) struct Live {
    multi: MultiProgress,
    total: ProgressBar,
    note: Option<ProgressBar>,
    acts: HashMap<Act, ProgressBar>,
}

impl Screen {
    pub(super) fn new() -> Self {
        if !io::stdout().is_terminal() || !output::stderr_is_terminal() {
            return Self::Lines { noted: false };
        }
        let multi = MultiProgress::new();
        let total = multi.add(ProgressBar::new(0));
        total.set_style(style("{bar:30} {pos}/{len} steps  {elapsed}"));
        total.enable_steady_tick(TICK);
        Self::Live(Live { multi, total, note: None, acts: HashMap::new() })
    }

    pub(super) fn show(&mut self, beat: Beat) {
        match self {
            Self::Lines { noted } => show_line(beat, noted),
            Self::Live(live) => live.show(beat),
        }
    }
}

fn show_line(beat: Beat, noted: &mut bool) {
    let repeated = *noted;
    *noted = matches!(beat, Beat::Note(_));
    match beat {
        Beat::Line(text) => output::print(&format!("{text}\n")),
        Beat::Note(text) if !repeated => output::print(&format!("{text}\n")),
        Beat::Begin { text, .. } => output::print(&format!("▸ {text}\n")),
        Beat::End { line, .. } => output::print(&format!("{line}\n")),
        Beat::Note(_) | Beat::Progress { .. } | Beat::Done { .. } | Beat::Over(_) => {}
    }
}

impl Live {
    fn show(&mut self, beat: Beat) {
        if let (false, Some(note)) = (matches!(beat, Beat::Note(_)), self.note.take()) {
            note.finish_and_clear();
        }
        match beat {
            Beat::Line(text) => self.line(&text),
            Beat::Note(text) => match &self.note {
                Some(note) => note.set_message(text),
                None => self.note = Some(self.spinner(text)),
            },
            Beat::Begin { act, text } => {
                let spinner = self.spinner(text);
                self.acts.insert(act, spinner);
            }
            Beat::Progress { act, text } => {
                if let Some(spinner) = self.acts.get(&act) {
                    spinner.set_message(text);
                }
            }
            Beat::End { act, line } => {
                if let Some(spinner) = self.acts.remove(&act) {
                    spinner.finish_and_clear();
                }
                self.line(&line);
            }
            Beat::Done { done, total } => {
                self.total.set_length(total as u64);
                self.total.set_position(done as u64);
            }
            Beat::Over(_) => {
                self.acts.drain().for_each(|(_, it)| it.finish_and_clear());
                self.total.finish_and_clear();
            }
        }
    }

    fn line(&self, text: &str) {
        // A terminal that cannot be written to any more has nobody who reads it.
        let _ = self.multi.println(text);
    }

    fn spinner(&self, text: String) -> ProgressBar {
        let spinner = self.multi.insert_before(&self.total, ProgressBar::new_spinner());
        spinner.set_style(style("{spinner} {wide_msg}"));
        spinner.set_message(text);
        spinner.enable_steady_tick(TICK);
        spinner
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant")
}
