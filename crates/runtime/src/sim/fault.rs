//! What breaks, and when it is mended.

use std::sync::atomic::Ordering;

use super::agenda::Due;
use super::disk::AppendFault;
use super::world::World;

/// Clocks are wrong by this much at most, and now and then by much more.
const SKEW_MS_MAX: u64 = 5_000;
const SKEW_MS_RARE_MAX: u64 = 120_000;

impl World<'_> {
    /// Breaks something, and enters what breaks next.
    pub(super) fn fault(&mut self) {
        if self.is_calm {
            return;
        }
        self.counts.faults += 1;
        let replica = self.random.index(self.replicas.len());
        let host = self.random.index(self.agents.len());
        match self.random.between(0, 99) {
            0..=14 => self.kill_replica(replica, "at any moment"),
            15..=24 => self.stop_replica(replica),
            25..=34 => self.fail_append(replica),
            35..=42 => self.take_disk(replica),
            43..=50 => self.set_clock(replica),
            51..=66 => self.kill_agent(host),
            67..=82 => self.cut_off(host),
            83..=95 => self.crash_any_instance(host),
            _ => self.reboot(host),
        }
        let delay_ms = self.random.between(1_000, 60_000);
        self.agenda.enter(delay_ms, Due::Fault);
    }

    fn stop_replica(&mut self, of: usize) {
        let for_ms = self.random.between(100, 45_000);
        self.trace.line(format_args!("control plane {of} stands still for {for_ms} ms"));
        let until_ms = self.agenda.now_ms + for_ms;
        if self.replicas[of].process.is_some() {
            self.replicas[of].stopped_until_ms = until_ms;
        }
    }

    fn fail_append(&mut self, of: usize) {
        let mut kinds = vec![AppendFault::AnswerLost, AppendFault::KilledBefore, AppendFault::KilledAfter];
        // A single control plane has no lock to lose.
        kinds.extend((self.replicas.len() > 1).then_some(AppendFault::LockLost));
        if let Some(fault) = self.random.pick(&kinds).copied() {
            self.trace.line(format_args!("the next append of control plane {of}: {fault:?}"));
            self.replicas[of].faults.set_next(fault);
        }
    }

    /// The disk goes away, or comes back.
    fn take_disk(&mut self, of: usize) {
        let is_out = !self.replicas[of].faults.is_out();
        self.trace.line(format_args!("the disk of control plane {of} is out: {is_out}"));
        self.replicas[of].faults.set_out(is_out);
        self.tell_of_news(of);
        self.plan_wake(of);
    }

    fn set_clock(&mut self, of: usize) {
        let most_ms = if self.random.percent(10) { SKEW_MS_RARE_MAX } else { SKEW_MS_MAX };
        let skew_ms = self.random.between(0, 2 * most_ms).cast_signed() - most_ms.cast_signed();
        self.trace.line(format_args!("the clock of control plane {of} is off by {skew_ms} ms"));
        self.replicas[of].clock.skew_ms.store(skew_ms, Ordering::Relaxed);
        self.plan_wake(of);
    }

    fn cut_off(&mut self, host: usize) {
        let for_ms = if self.random.percent(20) {
            self.random.between(60_000, 600_000)
        } else {
            self.random.between(500, 30_000)
        };
        self.trace.line(format_args!("agent {host} is cut off for {for_ms} ms"));
        self.agents[host].cut_off_until_ms = self.agenda.now_ms + for_ms;
    }

    fn crash_any_instance(&mut self, host: usize) {
        let running: Vec<_> = self.agents[host].instances.keys().cloned().collect();
        if let Some(instance) = self.random.pick(&running).cloned() {
            self.trace.line(format_args!("{instance} ends by itself"));
            self.crash_instance(&instance);
        }
    }

    /// From here on nothing breaks any more.
    pub(super) fn calm(&mut self) {
        self.trace.line(format_args!("nothing breaks any more"));
        self.is_calm = true;
        for of in 0..self.replicas.len() {
            self.replicas[of].faults.clear();
            self.replicas[of].clock.skew_ms.store(0, Ordering::Relaxed);
            self.replicas[of].stopped_until_ms = 0;
            self.tell_of_news(of);
            self.plan_wake(of);
        }
        for agent in &mut self.agents {
            agent.cut_off_until_ms = 0;
        }
    }
}
