//! Everything known, folded from the events of one tenant.

use std::collections::BTreeSet;

use shipway_model::event::{Body, Event};
use shipway_model::resource::{Kind, Spec};
use shipway_model::{Digest, Name, QuarantineId, ReleaseId, RolloutId, WaiverId};

use crate::Rollout;
use crate::rollout::advance::Wakes;
use crate::{
    Access, Agents, Alerts, Artifacts, Calendars, Catalogue, Changes, Channels, CiReports, Custody,
    Decisions, Delegations, Environments, Evidence, Keys, Mirrors, Pauses, Quarantines, Releases, Rollouts,
    Runbooks, Scopes, Strays, Trains, Vulnerabilities, Waivers, channel, gate,
};

#[derive(Debug, Clone, Default)]
pub struct State {
    pub access: Access,
    pub catalogue: Catalogue,
    pub artifacts: Artifacts,
    pub releases: Releases,
    pub runbooks: Runbooks,
    pub evidence: Evidence,
    pub vulnerabilities: Vulnerabilities,
    pub waivers: Waivers,
    pub quarantines: Quarantines,
    pub decisions: Decisions,
    pub agents: Agents,
    pub strays: Strays,
    pub alerts: Alerts,
    pub pauses: Pauses,
    pub custody: Custody,
    pub calendars: Calendars,
    pub environments: Environments,
    pub rollouts: Rollouts,
    pub keys: Keys,
    pub delegations: Delegations,
    pub changes: Changes,
    pub mirrors: Mirrors,
    pub channels: Channels,
    pub ci: CiReports,
    pub scopes: Scopes,
    pub trains: Trains,
    /// Rollouts about which something has happened since [`crate::advance`] looked at them.
    pub(crate) dirty: BTreeSet<RolloutId>,
    pub(crate) wakes: Wakes,
}

impl State {
    /// Folds one event. Total: an event that refers to nothing known changes nothing.
    pub fn apply(&mut self, event: &Event) {
        self.changes.note_time(event.at);
        self.fold(event);
        channel::note(self, event);
    }

    fn fold(&mut self, event: &Event) {
        match &event.body {
            Body::LedgerOpened { .. } | Body::TextsErased { .. } | Body::ArchivePruned { .. } => {}
            Body::HoldPlaced { .. } | Body::HoldReleased { .. } => self.custody.apply(event),
            Body::TokenIssued { .. }
            | Body::TokenRevoked { .. }
            | Body::AccountAdded { .. }
            | Body::PasswordSet { .. }
            | Body::AccountDisabled { .. }
            | Body::AccountEnabled { .. }
            | Body::GrantRequested { .. }
            | Body::GrantApproved { .. }
            | Body::GrantEnded { .. }
            | Body::GrantUsed { .. }
            | Body::AccessRefused { .. } => self.access.apply(event),
            Body::ResourceApplied { resource, digest } => {
                self.catalogue.apply(resource, *digest);
                self.catalogue.note_editor(resource.key(), &event.actor);
                if let Spec::Person(person) = &resource.spec {
                    self.access.people.declare(&resource.metadata.name, person);
                }
                self.changes.declare(resource, *digest, event);
                self.alerts.note_declaration(resource.key(), *digest, event);
                if let Spec::Calendar(calendar) = &resource.spec {
                    self.calendars.declare(&resource.metadata.name, calendar);
                }
                if let Spec::Vendor(vendor) = &resource.spec {
                    self.calendars.note_vendor(&resource.metadata.name, vendor);
                }
                if let Spec::Booking(_) = &resource.spec {
                    let all = self.catalogue.of_kind(Kind::Booking);
                    self.calendars.book(all.filter_map(|(key, it)| match &it.spec {
                        Spec::Booking(booking) => Some((&key.name, booking)),
                        _ => None,
                    }));
                }
                // A limit may have changed: of rollouts, or of steps.
                self.touch_queues();
                self.touch_running();
            }
            Body::ArtifactRegistered { artifact } => self.artifacts.apply(artifact, event),
            Body::ReleaseCreated { .. }
            | Body::ReleaseSealed { .. }
            | Body::CommitsRecorded { .. }
            | Body::SourcesRecorded { .. }
            | Body::MergedBack { .. }
            | Body::LibraryUsesNoted { .. }
            | Body::ConsumersNotified { .. } => self.releases.apply(event),
            Body::ScopeFrozen { .. }
            | Body::ItemAdded { .. }
            | Body::LateRequested { .. }
            | Body::LateApproved { .. }
            | Body::ItemDeferred { .. } => self.scopes.apply(event),
            Body::EvidenceAttached { id, evidence } => {
                self.evidence.apply(*id, evidence, event);
                self.bring_evidence(&evidence.subject);
            }
            Body::VulnerabilitiesImported { .. } | Body::VulnerabilitiesChanged { .. } => {
                self.vulnerabilities.apply(event);
            }
            Body::KnownErrorsAccepted { id, .. } => {
                self.releases.apply(event);
                self.bring_acceptance(*id);
            }
            Body::WaiverRequested { .. } => self.waivers.apply(event),
            Body::WaiverApproved { id } | Body::WaiverWithdrawn { id, .. } => {
                self.waivers.apply(event);
                self.bring_waiver(*id);
            }
            Body::QuarantineBegun { id, .. } | Body::QuarantineEnded { id, .. } => {
                self.quarantines.apply(event);
                self.bring_quarantine(*id);
            }
            Body::AgentRegistered { .. } => self.agents.apply(event),
            Body::StrayFound { .. } | Body::StrayGone { .. } => self.strays.apply(event),
            Body::AgentLost { .. } | Body::AgentFound { .. } => {
                self.agents.apply(event);
                // Environments know their hosts by labels, and there are few rollouts under way.
                self.touch_running();
            }
            Body::AlertFired { .. } | Body::AlertResolved { .. } | Body::MarkerSet { .. } => {
                self.alerts.apply(event);
            }
            Body::ScopePaused { .. } | Body::ScopeResumed { .. } => {
                self.pauses.apply(event);
                self.dirty.extend(self.rollouts.live.keys().copied());
            }
            Body::ExceptionRequested { .. }
            | Body::ExceptionApproved { .. }
            | Body::ExceptionWithdrawn { .. } => {
                self.calendars.exceptions.apply(event);
                self.dirty.extend(self.rollouts.live.keys().copied());
            }
            Body::KeyRegistered { .. } | Body::KeyRevoked { .. } => {
                self.keys.apply(event);
                // What a key has signed may have fallen.
                self.touch_queues();
                self.touch_running();
            }
            Body::DelegationGranted { .. } | Body::DelegationEnded { .. } => self.delegations.apply(event),
            Body::ChangeOpened { .. } => self.changes.apply(event),
            Body::ApprovalGiven { id, .. }
            | Body::ApprovalWithdrawn { id, .. }
            | Body::ConditionMet { id, .. }
            | Body::ChangeReminded { id, .. }
            | Body::ChangeEscalated { id, .. }
            | Body::ReviewOverdue { id, .. }
            | Body::GatesNoted { id, .. } => {
                self.changes.apply(event);
                self.dirty.insert(id.rollout());
            }
            Body::ChangeMirrored { .. } | Body::MirrorFailed { .. } => self.mirrors.apply(event),
            Body::ChangeAnswered { id, .. } => {
                self.mirrors.apply(event);
                // It may hold the change, or no longer.
                self.dirty.insert(id.rollout());
            }
            Body::ChannelTold { rollout, .. } | Body::ChannelFailed { rollout, .. } => {
                self.channels.apply(event);
                if let Some(rollout) = rollout.and_then(|it| self.rollouts.live.get_mut(&it)) {
                    rollout.apply(event);
                }
            }
            Body::CiReported { .. } => self.ci.apply(event),
            Body::FeedFetched { .. } => self.calendars.feeds.apply(event),
            Body::TrainDeparted { .. } | Body::TrainEndangered { .. } | Body::TrainMoved { .. } => {
                self.trains.apply(event);
            }
            Body::RunbookReviewed { .. } | Body::RunbookOutdated { .. } => {
                self.runbooks.apply(event);
                // A revision that was owed may have held a change.
                self.touch_queues();
            }
            Body::ReviewHeld { .. } | Body::ActionDone { .. } => {
                self.changes.apply(event);
                self.touch_queues();
            }
            Body::InstanceChanged { instance, .. } => {
                self.environments.apply_instance(event);
                self.touch_environment(&instance.environment);
            }
            body => {
                if let Some(id) = body.rollout() {
                    self.apply_rollout(id, event);
                }
            }
        }
    }

    /// Gates that were asked about any of these are to be asked again.
    fn bring_evidence(&mut self, subject: &BTreeSet<Digest>) {
        let Self { rollouts, releases, environments, dirty, .. } = self;
        // Environments to which something of this is on its way.
        let brings = |it: &Rollout| {
            let to = it.plan.services.iter().map(|it| &it.to);
            to.flat_map(|it| std::iter::once(&it.artifact).chain(it.variants.values()))
                .any(|it| subject.contains(it))
        };
        let on_the_way: BTreeSet<Name> = rollouts
            .live
            .values()
            .filter(|it| !it.has_ended() && brings(it))
            .map(|it| it.plan.environment.clone())
            .collect();
        for (id, rollout) in &mut rollouts.live {
            let own = releases.get(rollout.plan.release.id).map(gate::subjects).unwrap_or_default();
            // What is said of a neighbour may be what its pact waits for.
            let runs_there = || {
                let there = environments
                    .get(&rollout.plan.environment)
                    .into_iter()
                    .flat_map(|it| it.services.values());
                there.map(|it| &it.deployed).any(|it| {
                    subject.contains(&it.artifact) || it.variants.values().any(|it| subject.contains(it))
                })
            };
            let is_neighbours = || on_the_way.contains(&rollout.plan.environment) || runs_there();
            if rollout.asks_about(subject, &own) || (rollout.has_gates() && is_neighbours()) {
                rollout.bring_news("new evidence came");
                dirty.insert(*id);
            }
        }
    }

    fn bring_acceptance(&mut self, release: ReleaseId) {
        for (id, rollout) in &mut self.rollouts.live {
            if rollout.plan.release.id == release && !rollout.has_ended() {
                rollout.bring_news("its known errors were accepted");
                self.dirty.insert(*id);
            }
        }
    }

    fn bring_quarantine(&mut self, id: QuarantineId) {
        let Some(isolation) = self.quarantines.get(id) else { return };
        let news = match isolation.ended {
            Some(_) => format!("quarantine {id} was ended"),
            None => format!("quarantine {id} began"),
        };
        for (id, rollout) in &mut self.rollouts.live {
            if rollout.asks_of(&isolation.quarantine.service) {
                rollout.bring_news(&news);
                self.dirty.insert(*id);
            }
        }
    }

    fn bring_waiver(&mut self, id: WaiverId) {
        let Some(grant) = self.waivers.get(id) else { return };
        let news = match grant.withdrawn {
            Some(_) => format!("waiver {id} was withdrawn"),
            None => format!("waiver {id} was approved"),
        };
        for (id, rollout) in &mut self.rollouts.live {
            if rollout.asks(&grant.waiver.policy) {
                rollout.bring_news(&news);
                self.dirty.insert(*id);
            }
        }
    }

    fn apply_rollout(&mut self, id: RolloutId, event: &Event) {
        self.decisions.apply(event);
        self.rollouts.apply(id, event);
        if let Some(rollout) = self.rollouts.live.get_mut(&id) {
            let environment = self.environments.get(&rollout.plan.environment);
            match event.body {
                Body::RolloutQueued { .. } | Body::RolloutReplanned { .. } => {
                    rollout.environment_version = environment.map_or(0, |it| it.version);
                }
                Body::RolloutStarted { .. } => {
                    rollout.before = environment.map(|it| it.services.clone()).unwrap_or_default();
                }
                _ => {}
            }
            self.environments.apply_rollout(rollout, event);
            self.dirty.insert(id);
            self.touch_who_waits_for(id, &event.body);
        }
        if matches!(event.body, Body::RolloutHeld { .. } | Body::RolloutFreed { .. })
            && let Some(environment) = self.rollouts.live.get(&id).map(|it| it.plan.environment.clone())
        {
            // Whose turn it is may have changed.
            self.touch_environment(&environment);
        }
        if let Body::RolloutStarted { .. } = event.body
            && let Some(environment) = self.rollouts.live.get(&id).map(|it| it.plan.environment.clone())
        {
            // It may end the watch of what it replaces.
            self.touch_watched(&environment);
        }
        if let Body::StepEnded { .. } | Body::StepTolerated { .. } | Body::StepSkipped { .. } = event.body {
            self.retire_ended_with(id);
        }
        if let Body::RolloutEnded { .. } = event.body
            && let Some(environment) = self.rollouts.live.get(&id).map(|it| it.plan.environment.clone())
        {
            // A place in the queue, or a lock, has become free.
            self.touch_environment(&environment);
            self.touch_queues_under_budget(&environment);
            self.retire_ended_with(id);
        }
    }

    /// Lets go of the ended rollouts of the same environment that nobody can take back and nobody watches.
    fn retire_ended_with(&mut self, id: RolloutId) {
        let Some(rollout) = self.rollouts.live.get(&id).filter(|it| it.has_ended()) else { return };
        let Some(environment) = self.environments.get(&rollout.plan.environment) else { return };
        let keeps = |id| environment.latest == Some(id) || environment.watched.contains(&id);
        let name = rollout.plan.environment.clone();
        for gone in self.rollouts.retire_ended(&name, keeps) {
            self.dirty.remove(&gone);
            self.wakes.forget(gone);
        }
    }

    fn touch_watched(&mut self, environment: &Name) {
        if let Some(environment) = self.environments.get(environment) {
            self.dirty.extend(&environment.watched);
        }
    }

    /// A step that is no longer under way leaves room for others of its environment, and its locks to everybody.
    fn touch_who_waits_for(&mut self, id: RolloutId, body: &Body) {
        let Some(rollout) = self.rollouts.live.get(&id) else { return };
        let has_locks = match body {
            Body::StepEnded { step, .. } => rollout.plan.step(*step).is_some_and(|it| !it.locks.is_empty()),
            Body::RolloutUnwinding { .. } | Body::RolloutEnded { .. } => {
                rollout.plan.steps.iter().any(|it| !it.locks.is_empty())
            }
            _ => return,
        };
        if has_locks {
            self.touch_running();
        } else if let Some(environment) = self.environments.get(&rollout.plan.environment) {
            self.dirty.extend(&environment.running);
        }
    }

    /// A budget may span environments, so an end in one lets rollouts start in others.
    fn touch_queues_under_budget(&mut self, ended_in: &Name) {
        if self.catalogue.budgets(ended_in).next().is_some() {
            self.touch_queues();
        }
    }

    fn touch_queues(&mut self) {
        let queued = self.environments.iter().flat_map(|(_, it)| &it.queue);
        self.dirty.extend(queued.copied());
    }

    fn touch_running(&mut self) {
        let running = self.environments.iter().flat_map(|(_, it)| it.running.iter().chain(&it.watched));
        self.dirty.extend(running.copied());
    }

    fn touch_environment(&mut self, environment: &Name) {
        if let Some(environment) = self.environments.get(environment) {
            self.dirty.extend(
                environment.queue.iter().chain(&environment.running).chain(&environment.watched).copied(),
            );
        }
    }
}

/// The rollouts that have not ended, and the latest ended one of each environment.
pub fn live_rollouts(state: &State) -> impl Iterator<Item = RolloutId> + '_ {
    state.rollouts.live.keys().copied()
}
