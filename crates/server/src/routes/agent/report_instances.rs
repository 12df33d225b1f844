//! Taking reports of instances that changed by themselves.

use futures_util::future::try_join_all;
use shipway_api::operations::agent::ReportInstances;
use shipway_engine::Command;
use shipway_runtime::Submission;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReportInstances>) -> Outcome<ReportInstances> {
    super::check_known(&it.app.runtime.state(), &it.path.host)?;
    for change in &it.body.changes {
        it.caller.must_be_agent_of(&change.instance.target)?;
    }
    let reports = it.body.changes.iter().enumerate().map(|(idx, change)| {
        let (instance, detail) = (change.instance.clone(), change.detail.clone());
        let command = Command::ReportInstance { instance, condition: change.condition, detail };
        it.app.runtime.submit(Submission {
            actor: it.caller.actor(),
            key: it.key_of(idx),
            command,
            generation: None,
        })
    });
    try_join_all(reports).await?;
    Ok(())
}
