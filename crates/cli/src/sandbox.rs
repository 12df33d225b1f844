//! Gates asked with their Rego modules in a process of their own.
//!
//! The engine that evaluates a module is told how long it may take, and has no say in how much memory that costs: a few lines
//! that double a text forty times would end the control plane. So a module is evaluated by a second process of the same
//! binary, which the kernel gives so much memory and no more; what a module takes beyond ends that process, and is a no.
//!
//! Start at [`decide`]; [`serve`] is the other side.

mod process;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::resource::Policy;
use shipway_model::resource::policy::Rego;
use shipway_policy::rego::Said;
use shipway_policy::{Answer, Facts, decide_with};

use self::process::{Gone, Process};

pub(crate) use self::process::{is_meant, serve};

/// What is asked of the process, one to a line.
#[derive(Serialize, Deserialize)]
enum Question<'a, F> {
    /// What the modules that follow see. It is answered by that it was read.
    Facts(F),
    Module(std::borrow::Cow<'a, Rego>),
}

/// One to a line. Nothing is said of a module whose evaluation ended the process.
type Reply = Result<Said, String>;

thread_local! {
    /// Kept between decisions: starting one takes longer than most modules do. It ends with its thread.
    static SPARE: RefCell<Option<Process>> = const { RefCell::new(None) };
}

/// Asks every gate, as [`shipway_policy::decide`] does.
pub(crate) fn decide(policies: &BTreeMap<Name, Policy>, facts: &Facts) -> Answer {
    let sandbox = Sandbox::about(facts);
    decide_with(policies, facts, &|rule| sandbox.ask(rule))
}

/// Modules about one input.
pub(crate) struct Sandbox<'f, F> {
    facts: &'f F,
    /// The process that has read them.
    process: RefCell<Option<Process>>,
}

impl<'f, F: Serialize> Sandbox<'f, F> {
    pub(crate) fn about(facts: &'f F) -> Self {
        Self { facts, process: RefCell::new(None) }
    }

    /// What the module says.
    ///
    /// # Errors
    /// A sentence when it does not compile, fails, or takes more time or memory than it may.
    pub(crate) fn ask(&self, rule: &Rego) -> Reply {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.informed().map_err(|gone| gone.to_string())?,
        };
        let question = Question::<()>::Module(std::borrow::Cow::Borrowed(rule));
        let reply = process.ask(&question).map_err(|gone| gone.to_string())?;
        self.process.replace(Some(process));
        reply
    }

    /// A process that has read the facts.
    fn informed(&self) -> Result<Process, Gone> {
        let mut process = match SPARE.take() {
            Some(process) => process,
            None => Process::start()?,
        };
        process.ask(&Question::Facts(self.facts))?.map_err(Gone::Refused)?;
        Ok(process)
    }
}

impl<F> Drop for Sandbox<'_, F> {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            SPARE.replace(Some(process));
        }
    }
}
