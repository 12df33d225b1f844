//! Who has stopped to report. Silence is never health.

use super::observation::Arm;

/// Since when one arm alone has reported.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Silence {
    one_sided: Option<(Arm, f64)>,
    was_reported: bool,
}

impl Silence {
    /// Takes in which arms reported in the block from `start` on.
    pub(super) fn observe(&mut self, start: f64, control: bool, canary: bool) {
        self.was_reported |= control || canary;
        let silent = match (control, canary) {
            (true, true) => return self.one_sided = None,
            (true, false) => Arm::Canary,
            (false, true) => Arm::Control,
            (false, false) => return,
        };
        match self.one_sided {
            Some((arm, _)) if arm == silent => {}
            _ => self.one_sided = Some((silent, start)),
        }
    }

    /// Whether any arm ever reported.
    pub(super) fn was_reported(&self) -> bool {
        self.was_reported
    }

    /// The silent arm, and for how long it has been silent at `end`.
    pub(super) fn at(&self, end: f64) -> Option<(Arm, f64)> {
        self.one_sided.map(|(arm, since)| (arm, end - since))
    }
}
