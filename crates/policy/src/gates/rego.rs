//! A rule of an organisation's own, in Rego.

use shipway_model::gate::Status;
use shipway_model::resource::policy::Rego;

use crate::found::Found;
use crate::rego::{Input, Said, ask};

pub(crate) fn judge(rule: &Rego, input: &Input) -> Found {
    match ask(rule, input) {
        Ok(Said::Allowed) => Found::new(Status::Satisfied, vec!["the module allows it".to_owned()]),
        Ok(Said::Denied(reasons)) => Found::new(Status::Failed, super::listed(reasons)),
        Ok(Said::Nothing) => {
            Found::new(Status::Failed, vec!["the module says neither `allow := true` nor why not".to_owned()])
        }
        Err(fault) => Found::new(Status::Failed, vec![format!("the module cannot be asked: {fault}")]),
    }
}
