//! A rule of an organisation's own, in Rego.

use shipway_model::gate::Status;

use crate::found::Found;
use crate::rego::Said;

pub(crate) fn judge(said: Result<Said, String>) -> Found {
    match said {
        Ok(Said::Allowed) => Found::new(Status::Satisfied, vec!["the module allows it".to_owned()]),
        Ok(Said::Denied(reasons)) => Found::new(Status::Failed, super::listed(reasons)),
        Ok(Said::Nothing) => {
            Found::new(Status::Failed, vec!["the module says neither `allow := true` nor why not".to_owned()])
        }
        Err(fault) => Found::new(Status::Failed, vec![format!("the module cannot be asked: {fault}")]),
    }
}
