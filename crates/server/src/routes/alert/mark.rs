//! Telling of a change that was made elsewhere.

use shipway_api::Code;
use shipway_api::operations::alert::SetMarker;
use shipway_engine::Command;
use shipway_model::alert::{MARKER_BYTES_MAX, Marker};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<SetMarker>) -> Outcome<SetMarker> {
    let what = it.body.what.trim().to_owned();
    if what.is_empty() || what.len() > MARKER_BYTES_MAX || what.chars().any(char::is_control) {
        let detail = format!("`what` has {} bytes of text", what.len());
        return Err(
            Failure::new(Code::InvalidRequest, detail).hint("say what changed in 1 to 200 bytes on one line")
        );
    }
    let now = it.now();
    let at = it.body.at.unwrap_or(now);
    if at > now {
        return Err(Failure::new(Code::InvalidRequest, format!("`at` is {at}, which is later than now"))
            .hint("tell of a change once it took effect"));
    }
    let (service, environment) = (it.body.service.clone(), it.body.environment.clone());
    let marker = Marker { what, at, service, environment };
    it.submit(Command::SetMarker { marker: marker.clone() }).await?;
    Ok(marker)
}
