//! `shipway tests quarantine end`

use clap::Args;
use shipway_api::operations::test::{EndQuarantine, EndQuarantineRequest, QuarantinePath};
use shipway_model::QuarantineId;

use crate::connection::{connect, once};
use crate::failure::Outcome;
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// End a quarantine before its time: the test counts again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway tests quarantine end qua_0198f3c0e1b27c3d8a4f5e6d7c8b9a01 --reason mended")]
pub(crate) struct End {
    id: QuarantineId,
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl End {
    pub(super) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let path = QuarantinePath { quarantine: self.id };
        let body = EndQuarantineRequest { reason: self.reason };
        let view = once(connect(connection)?.call::<EndQuarantine>(path, (), body)).await?.value;
        self.output.show(&view, |paint| super::render(std::slice::from_ref(&view), paint))
    }
}
