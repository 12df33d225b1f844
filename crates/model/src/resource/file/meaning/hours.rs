//! Working hours: stretches that are longer than nothing.

use super::{Site, way};
use crate::resource::hours::Hours;

pub(super) fn check(hours: &[Hours], site: &mut Site<'_, '_, '_, '_>) {
    for (idx, it) in hours.iter().enumerate() {
        if it.to <= it.from {
            let message = format!("{} is not after {}", it.to, it.from);
            let help = "write a night as two stretches, the first one until `24:00`";
            site.fault(way!["hours", idx, "to"], message, help);
        }
    }
}
