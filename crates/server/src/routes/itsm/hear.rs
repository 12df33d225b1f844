//! A tool's message.

use shipway_api::Code;
use shipway_api::operations::itsm::HearTool;
use shipway_engine::{Command, itsm};

use super::view;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<HearTool>) -> Outcome<HearTool> {
    let mirror = it.path.mirror.clone();
    let (id, answer) = {
        let state = it.state();
        let declared = itsm::declared(&state, &mirror).ok_or_else(|| {
            Failure::new(Code::UnknownMirror, format!("there is no Mirror {mirror}"))
                .hint("`shipway get mirror` shows those there are")
        })?;
        let heard = itsm::heard(&mirror, declared, &it.body).map_err(|why| {
            Failure::new(Code::InvalidRequest, format!("the message cannot be read: {why}"))
        })?;
        let ours = heard.correlation.as_ref().and_then(|it| it.parse().ok());
        // What we have opened there is known by the tool's own name; its word about ours alone is not enough.
        let id = state.mirrors.find(&mirror, &heard.reference);
        let id = id.or(ours.filter(|it| state.mirrors.get(*it, &mirror).is_some())).ok_or_else(|| {
            let detail = format!("{mirror} mirrors no change as `{}`", heard.reference);
            Failure::new(Code::UnknownChange, detail).hint("`shipway itsm list` shows what it mirrors")
        })?;
        (id, heard.answer)
    };
    it.submit(Command::HearAnswer { id, answer }).await?;
    let state = it.app.runtime.state();
    let kept = state.mirrors.get(id, &mirror).expect("it was recorded just now");
    Ok(view(id, &mirror, kept))
}
