//! The store of a ledger that gets smaller.

use std::path::Path;

use shipway_store::archive::Shrink;
use shipway_store::{PostgresShrink, Room, SqliteShrink};

use crate::control_plane::LEDGER;
use crate::failure::Failure;

const NEXT: &str = "shipway help ledger archive";

pub(super) enum Live {
    File(SqliteShrink),
    Database(PostgresShrink, Room),
}

impl Live {
    /// # Errors
    /// Also when the disk is to get its room back and a control plane has the file open.
    pub(super) fn open(data: &Path, store: Option<&str>, compact: bool) -> Result<Self, Failure> {
        if let Some(address) = store {
            let opened = PostgresShrink::open(address).map_err(|it| Failure::because(&it, NEXT))?;
            return Ok(Self::Database(opened, if compact { Room::OfTheDisk } else { Room::OfTheTable }));
        }
        let opened = SqliteShrink::open(&data.join(LEDGER)).map_err(|it| Failure::because(&it, NEXT))?;
        if compact && !opened.is_alone() {
            let message = "a control plane has the ledger open, and nothing can be written while its file is written anew";
            return Err(Failure::new(message, NEXT)
                .with_hint("stop it first, or leave --compact out: new events fill the room"));
        }
        Ok(Self::File(opened))
    }

    pub(super) fn shrink(&mut self) -> &mut dyn Shrink {
        match self {
            Self::File(it) => it,
            Self::Database(it, _) => it,
        }
    }

    /// Answers with what the store takes, in bytes.
    pub(super) fn compact(&mut self) -> Result<u64, Failure> {
        let bytes = match self {
            Self::File(it) => it.compact(),
            Self::Database(it, room) => it.compact(*room),
        };
        bytes.map_err(|it| Failure::because(&it, NEXT))
    }
}
