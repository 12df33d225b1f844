//! Quarantines: a test that fails now and then does not count, until somebody has mended it or the day has come.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shipway_model::QuarantineId;
use shipway_model::event::{Body, Event};
use shipway_model::gate::facts::Quarantined;
use shipway_model::quarantine::{QUARANTINE_MAX, Quarantine};

use crate::{Catalogue, Code, Context, Rejection};

#[derive(Debug, Clone, Default)]
pub struct Quarantines {
    all: BTreeMap<QuarantineId, Isolation>,
}

/// A test that was set aside, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isolation {
    pub id: QuarantineId,
    pub quarantine: Quarantine,
    pub by: String,
    pub since: Timestamp,
    /// Who ended it before its time, when, and why.
    pub ended: Option<(String, Timestamp, String)>,
}

impl Isolation {
    /// Where it stands, in one word.
    pub fn standing(&self, now: Timestamp) -> &'static str {
        match self.ended {
            Some(_) => "ended",
            None if now >= self.quarantine.until => "lapsed",
            None => "in force",
        }
    }

    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.quarantine.until
    }
}

impl Quarantines {
    /// The earliest first.
    pub fn iter(&self) -> impl Iterator<Item = &Isolation> {
        self.all.values()
    }

    pub fn get(&self, id: QuarantineId) -> Option<&Isolation> {
        self.all.get(&id)
    }

    /// Those that count at an instant, as facts tell them.
    pub(crate) fn facts(&self, at: Timestamp) -> impl Iterator<Item = Quarantined> + '_ {
        self.iter().filter(move |it| it.is_in_force(at)).map(|it| Quarantined {
            id: it.id,
            quarantine: it.quarantine.clone(),
            by: it.by.clone(),
        })
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::QuarantineBegun { id, quarantine } => {
                let isolation = Isolation {
                    id: *id,
                    quarantine: quarantine.clone(),
                    by: event.actor.clone(),
                    since: event.at,
                    ended: None,
                };
                self.all.insert(*id, isolation);
            }
            Body::QuarantineEnded { id, reason } => {
                if let Some(isolation) = self.all.get_mut(id) {
                    isolation.ended = Some((event.actor.clone(), event.at, reason.clone()));
                }
            }
            _ => {}
        }
    }

    /// One test is set aside once: a second word about it is refused while the first holds.
    pub(crate) fn begin(
        &self,
        catalogue: &Catalogue,
        id: QuarantineId,
        quarantine: &Quarantine,
        ctx: &Context<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        if self.all.contains_key(&id) {
            return Ok(Vec::new());
        }
        let texts = [Some(&quarantine.test), Some(&quarantine.reason), Some(&quarantine.owner)];
        for text in texts.into_iter().chain([quarantine.suite.as_ref()]).flatten() {
            if crate::decide::text(text)?.trim().is_empty() {
                return Err(invalid("a quarantine names its test, a reason and an owner"));
            }
        }
        let service = &quarantine.service;
        if catalogue.service(service).is_none() {
            return Err(Rejection::new(Code::UnknownService, format!("there is no service {service}"))
                .hint("`shipway get services` shows those there are"));
        }
        let lasts = quarantine.until.duration_since(ctx.now);
        if lasts <= SignedDuration::ZERO {
            return Err(invalid(format!("it would end at {}, before it could count", quarantine.until)));
        }
        if lasts.as_millis() > i128::from(QUARANTINE_MAX.0) {
            return Err(invalid(format!("a test is set aside for at most {QUARANTINE_MAX}"))
                .hint("whoever cannot mend it by then deletes it, or asks again"));
        }
        let same = |it: &&Isolation| {
            let known = &it.quarantine;
            it.is_in_force(ctx.now)
                && (&known.service, &known.suite, &known.test)
                    == (service, &quarantine.suite, &quarantine.test)
        };
        if let Some(known) = self.iter().find(same) {
            let until = known.quarantine.until;
            return Err(invalid(format!("{} holds the test already, until {until}", known.id))
                .hint(format!("`shipway tests quarantine end {}` ends it first", known.id)));
        }
        Ok(vec![Body::QuarantineBegun { id, quarantine: quarantine.clone() }])
    }

    pub(crate) fn end(&self, id: QuarantineId, reason: &str) -> Result<Vec<Body>, Rejection> {
        let isolation = self.get(id).ok_or_else(|| {
            Rejection::new(Code::UnknownQuarantine, format!("there is no quarantine {id}"))
                .hint("`shipway tests quarantine list` shows those there are")
        })?;
        Ok(match isolation.ended {
            Some(_) => Vec::new(),
            None => vec![Body::QuarantineEnded { id, reason: reason.to_owned() }],
        })
    }
}

fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(Code::InvalidQuarantine, message)
}
