//! Declaring resources from files.

use shipway_api::Code;
use shipway_api::operations::resource::{ApplyResources, SourceFile};
use shipway_api::problem::Fault;
use shipway_api::view::resource::Applied;
use shipway_engine::{Command, Context};
use shipway_model::resource::{Resource, file};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::views;

pub(super) async fn handle(it: Incoming<ApplyResources>) -> Outcome<ApplyResources> {
    let resources = read(&it.body.files)?;
    let changes = {
        let state = it.app.runtime.state();
        resources.iter().map(|resource| views::resource::change(&state.catalogue, resource)).collect()
    };
    let command = Command::ApplyResources { resources };
    if it.body.dry_run {
        let ctx = Context { actor: &it.caller.actor(), now: it.app.runtime.clock().now() };
        shipway_engine::decide(&it.app.runtime.state(), &command, &ctx)?;
    } else {
        it.submit(command).await?;
    }
    Ok(Applied { changes })
}

fn read(files: &[SourceFile]) -> Result<Vec<Resource>, Failure> {
    let files: Vec<_> = files.iter().map(|it| file::SourceFile { path: &it.path, text: &it.text }).collect();
    match file::read(&files) {
        Ok(located) => Ok(located.into_iter().map(|it| it.resource).collect()),
        Err(faults) => {
            let detail = format!("{} in the files; nothing was applied", count(faults.len()));
            Err(Failure::new(Code::InvalidFiles, detail)
                .faults(faults.into_iter().map(Fault::File).collect()))
        }
    }
}

fn count(faults: usize) -> String {
    if faults == 1 { "one fault".to_owned() } else { format!("{faults} faults") }
}
