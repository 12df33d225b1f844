//! What many readers are shown alike, drawn once: when an event is written, every open page asks for its content again, and
//! those who look at the same page with the same rights get the same bytes.
//!
//! Content may be shared when it follows from the address, the zone, the ledger, the second and a page's own audience (what of
//! it depends on the reader) and nothing else. A page with a form is never shared: the form's token is one reader's, and its
//! key is one page's.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

use super::document::{Area, Motion};
use super::press::Pressed;

/// Contents that are kept for one instant; whatever else is asked for then is drawn for itself.
const KEPT_MAX: usize = 512;

/// Contents of the latest instant that was asked for.
#[derive(Default)]
pub(crate) struct Alike(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    instant: Instant,
    contents: HashMap<Key, Arc<Slot>>,
}

/// How long the ledger is, and which second of the clock it is: what is shown changes with either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instant {
    pub(super) size: u64,
    pub(super) second: i64,
}

/// Which content it is at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Path and query.
    pub(super) here: String,
    pub(super) zone: String,
    audience: u64,
}

impl Key {
    /// `audience` is everything about the reader that the content shows.
    pub(super) fn new(here: &str, zone: &str, audience: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        audience.hash(&mut hasher);
        Self { here: here.to_owned(), zone: zone.to_owned(), audience: hasher.finish() }
    }
}

/// Whoever comes first draws, and the others wait for it.
type Slot = Mutex<Option<Arc<Drawn>>>;

/// A content, as HTML.
pub(super) struct Drawn {
    pub(super) title: String,
    pub(super) area: Area,
    pub(super) motion: Motion,
    pub(super) content: String,
    /// With its footer, for pages that are there already: as it is, and pressed.
    pub(super) part: OnceLock<(Bytes, Pressed)>,
}

impl Alike {
    /// The content under `key`, drawn now unless somebody has drawn it at this instant.
    ///
    /// # Errors
    /// Those of `draw`, which are not kept.
    pub(super) fn content<E>(
        &self,
        instant: Instant,
        key: Key,
        draw: impl FnOnce() -> Result<Drawn, E>,
    ) -> Result<Arc<Drawn>, E> {
        let Some(slot) = self.slot(instant, key) else { return draw().map(Arc::new) };
        let mut kept = locked(&slot);
        if let Some(drawn) = &*kept {
            return Ok(Arc::clone(drawn));
        }
        let drawn = Arc::new(draw()?);
        *kept = Some(Arc::clone(&drawn));
        Ok(drawn)
    }

    /// None for an instant that is over, and once there are too many.
    fn slot(&self, instant: Instant, key: Key) -> Option<Arc<Slot>> {
        let mut kept = locked(&self.0);
        if kept.instant < instant {
            *kept = Kept { instant, contents: HashMap::new() };
        }
        let is_known = kept.contents.contains_key(&key);
        if kept.instant != instant || (!is_known && kept.contents.len() >= KEPT_MAX) {
            return None;
        }
        Some(Arc::clone(kept.contents.entry(key).or_default()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn drawn(content: &str) -> Drawn {
        Drawn {
            title: String::new(),
            area: Area::Now,
            motion: Motion::Live,
            content: content.to_owned(),
            part: OnceLock::new(),
        }
    }

    const fn at(size: u64, second: i64) -> Instant {
        Instant { size, second }
    }

    #[test]
    fn a_content_is_drawn_once_for_each_instant_and_audience() {
        let (alike, n) = (Alike::default(), Cell::new(0));
        let ask = |instant, here: &str, audience: &str| {
            let draw = || {
                n.set(n.get() + 1);
                Ok::<_, Infallible>(drawn(&format!("{here} for {audience}")))
            };
            let Ok(content) = alike.content(instant, Key::new(here, "UTC", &audience), draw);
            assert_eq!(content.content, format!("{here} for {audience}"));
            n.get()
        };
        assert_eq!(ask(at(1, 1), "/", "all"), 1);
        assert_eq!(ask(at(1, 1), "/", "all"), 1);
        assert_eq!(ask(at(1, 1), "/", "ben"), 2, "another audience");
        assert_eq!(ask(at(1, 1), "/services", "all"), 3, "another page");
        assert_eq!(ask(at(2, 1), "/", "all"), 4, "something has happened");
        assert_eq!(ask(at(2, 2), "/", "all"), 5, "time has passed");
        assert_eq!(ask(at(2, 2), "/", "all"), 5);
        assert_eq!(ask(at(1, 1), "/", "all"), 6, "what is over is drawn for whoever is late");
        assert_eq!(ask(at(2, 2), "/", "all"), 6, "and does not take the place of what is now");
    }

    #[test]
    fn what_fails_is_not_kept_and_too_many_are_not() {
        let alike = Alike::default();
        let key = || Key::new("/", "UTC", &());
        assert_eq!(alike.content(at(1, 1), key(), || Err("no")).err(), Some("no"));
        assert!(alike.content(at(1, 1), key(), || Ok::<_, Infallible>(drawn("yes"))).is_ok());
        for n in 0..2 * KEPT_MAX {
            let key = Key::new(&format!("/{n}"), "UTC", &());
            let Ok(_) = alike.content(at(1, 1), key, || Ok::<_, Infallible>(drawn("")));
        }
        assert_eq!(locked(&alike.0).contents.len(), KEPT_MAX);
    }

    #[test]
    fn those_who_ask_at_once_wait_for_the_one_who_draws() {
        let (alike, n) = (Alike::default(), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let draw = || {
                        n.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(drawn("once"))
                    };
                    let Ok(content) = alike.content(at(1, 1), Key::new("/", "UTC", &()), draw);
                    assert_eq!(content.content, "once");
                });
            }
        });
        assert_eq!(n.into_inner(), 1);
    }
}
