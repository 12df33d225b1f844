//! What is done to the processes of a site, and how it heals.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::journals::Chronicle;
use super::random::Random;
use super::{Counts, HOSTS};
use crate::site::Site;

/// Wounds at one time.
const WOUNDS_MAX: usize = 3;

pub(super) struct Violence {
    random: Random,
    wounds: Vec<Wound>,
    next: Instant,
    pub(super) counts: Counts,
}

struct Wound {
    heals: Instant,
    hurt: Hurt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hurt {
    PlaneKilled(usize),
    PlaneStopped(usize),
    /// From the database.
    PlaneCutOff(usize),
    AgentKilled(&'static str),
    AgentStopped(&'static str),
    RouterKilled,
}

impl Violence {
    pub(super) fn new(random: Random) -> Self {
        Self { random, wounds: Vec::new(), next: Instant::now(), counts: Counts::new() }
    }

    pub(super) fn n_wounds(&self) -> u32 {
        self.counts.values().sum()
    }

    /// Heals what is due, and hurts something now and then.
    pub(super) async fn go_on(&mut self, site: &mut Site, chronicle: &mut Chronicle) {
        let now = Instant::now();
        while let Some(idx) = self.wounds.iter().position(|it| it.heals <= now) {
            let healed = self.wounds.remove(idx).hurt;
            heal(site, healed).await;
        }
        if now < self.next || self.wounds.len() >= WOUNDS_MAX {
            return;
        }
        self.next = now + Duration::from_millis(self.random.between(100, 2_000));
        let n_planes = site.n_planes();
        let plane = self.random.between(0, n_planes as u64 - 1) as usize;
        let host = *self.random.pick(&HOSTS).expect("there are hosts");
        let hurt = match self.random.between(0, 99) {
            0..=24 => Hurt::PlaneKilled(plane),
            25..=44 => Hurt::PlaneStopped(plane),
            45..=54 if n_planes > 1 => Hurt::PlaneCutOff(plane),
            45..=69 => Hurt::AgentKilled(host),
            70..=79 => Hurt::AgentStopped(host),
            80..=84 => Hurt::RouterKilled,
            _ => return self.kill_service(site),
        };
        if self.wounds.iter().any(|it| it.hurt.whom() == hurt.whom()) {
            return;
        }
        *self.counts.entry(hurt.word()).or_default() += 1;
        // Leases hold for ten seconds: some stand still for longer.
        let (low, high) = match hurt {
            Hurt::PlaneKilled(_) | Hurt::AgentKilled(_) | Hurt::RouterKilled => (0, 1_500),
            _ if self.random.between(0, 9) < 3 => (10_500, 13_000),
            _ => (50, 4_000),
        };
        let heals = Instant::now() + Duration::from_millis(self.random.between(low, high));
        strike(site, hurt, chronicle);
        self.wounds.push(Wound { heals, hurt });
    }

    pub(super) async fn heal_all(&mut self, site: &mut Site) {
        for wound in std::mem::take(&mut self.wounds) {
            heal(site, wound.hurt).await;
        }
    }

    fn kill_service(&mut self, site: &Site) {
        if let Some(service) = self.random.pick(&site.services()) {
            *self.counts.entry("service killed").or_default() += 1;
            service.kill();
        }
    }
}

fn strike(site: &mut Site, hurt: Hurt, chronicle: &mut Chronicle) {
    match hurt {
        Hurt::PlaneKilled(idx) => site.kill_plane(idx),
        Hurt::PlaneStopped(idx) => site.stop_plane(idx),
        Hurt::PlaneCutOff(idx) => site.fleet().cut_off(idx),
        Hurt::AgentKilled(host) => {
            site.kill_agent(host);
            // The next agent sums up what this one noted.
            chronicle.read(site.path(), host);
        }
        Hurt::AgentStopped(host) => site.signal_agent(host, Signal::STOP),
        Hurt::RouterKilled => site.kill_router(),
    }
}

async fn heal(site: &mut Site, hurt: Hurt) {
    match hurt {
        Hurt::PlaneKilled(idx) => site.start_plane(idx).await,
        Hurt::PlaneStopped(idx) => site.continue_plane(idx),
        Hurt::PlaneCutOff(idx) => site.fleet().reconnect(idx),
        Hurt::AgentKilled(host) => site.start_agent(host),
        Hurt::AgentStopped(host) => site.signal_agent(host, Signal::CONT),
        Hurt::RouterKilled => site.start_router(),
    }
}

impl Hurt {
    fn whom(self) -> (&'static str, usize) {
        match self {
            Self::PlaneKilled(idx) | Self::PlaneStopped(idx) | Self::PlaneCutOff(idx) => ("plane", idx),
            Self::AgentKilled(host) | Self::AgentStopped(host) => (host, 0),
            Self::RouterKilled => ("router", 0),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::PlaneKilled(_) => "plane killed",
            Self::PlaneStopped(_) => "plane stopped",
            Self::PlaneCutOff(_) => "plane cut off",
            Self::AgentKilled(_) => "agent killed",
            Self::AgentStopped(_) => "agent stopped",
            Self::RouterKilled => "router killed",
        }
    }
}
