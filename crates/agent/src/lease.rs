//! The main loop: takes effects, performs them side by side, and keeps their leases.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use shipway_api::operations::agent::{Leases, Renewal};
use shipway_model::effect::{Effect, EffectKey, Lease, Order};
use shipway_model::plan::Instance;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::backoff::Backoff;
use crate::host::Host;
use crate::journal::{EffectRecord, Entry, Progress};
use crate::link::LinkError;
use crate::perform::perform;
use crate::{reconcile, report};

/// Effects performed at once.
const HANDS_MAX: usize = 16;
/// How long an idle agent waits for work. The control plane allows 30 s.
const IDLE_WAIT: Duration = Duration::from_secs(20);
/// How long a busy agent waits at most before it renews; a third of the shortest lease if that is less.
const BUSY_WAIT_MAX: Duration = Duration::from_secs(5);
const BUSY_WAIT_MIN: Duration = Duration::from_millis(100);
/// A lease is lost when this many answers in a row say so: an answer may leave out one that is just being handed out
/// again, to this agent, because the line was cut for longer than it lasted.
const MISSED_MAX: u32 = 2;

/// What is being performed.
struct Hand {
    expires_in: Duration,
    missed: u32,
    lost: CancellationToken,
    /// The instance that it changes.
    changes: Option<Instance>,
}

struct Hands {
    host: Arc<Host>,
    busy: BTreeMap<EffectKey, Hand>,
    tasks: JoinSet<EffectKey>,
}

/// Never ends, but for a token or address that was wrong from the start with nothing to look after.
pub(crate) async fn serve(host: &Arc<Host>) -> LinkError {
    let mut hands = Hands { host: host.clone(), busy: BTreeMap::new(), tasks: JoinSet::new() };
    // Begun by an earlier agent: gone on with at once, whether or not the control plane can be reached.
    for (effect, _) in
        host.journal.read(|it| it.unfinished().map(|(it, at)| (it.clone(), at)).collect::<Vec<_>>())
    {
        info!(key = %effect.key, "goes on under this agent");
        hands.take_up(effect, BUSY_WAIT_MAX);
    }
    let mut backoff = Backoff::of_calls(host.name.as_str());
    let mut was_connected = false;
    loop {
        let fault = match connect(host).await {
            Ok(()) => {
                info!(host = %host.name, "connected");
                (backoff, was_connected) = (Backoff::of_calls(host.name.as_str()), true);
                let Err(fault) = hands.serve().await;
                fault
            }
            Err(fault)
                if !was_connected
                    && fault.is_unauthorized()
                    && host.journal.read(|it| it.instances.is_empty()) =>
            {
                return fault;
            }
            Err(fault) => fault,
        };
        let delay = backoff.next();
        warn!(host = %host.name, "cut off from the control plane: {fault}; trying again after {delay:?}");
        sleep(delay).await;
    }
}

/// Makes the agent known, hands over what waited, and puts right what went apart.
async fn connect(host: &Arc<Host>) -> Result<(), LinkError> {
    host.link.register(host.address, host.labels.clone()).await?;
    report::send_waiting(host).await?;
    reconcile::reconcile(host).await
}

impl Hands {
    /// Works as long as the control plane answers.
    async fn serve(&mut self) -> Result<Infallible, LinkError> {
        loop {
            while let Some(ended) = self.tasks.try_join_next() {
                self.busy.remove(&ended.expect("performing does not panic"));
            }
            let wait = self
                .busy
                .values()
                .map(|it| it.expires_in / 3)
                .min()
                .map_or(IDLE_WAIT, |it| it.clamp(BUSY_WAIT_MIN, BUSY_WAIT_MAX));
            let free = HANDS_MAX.saturating_sub(self.busy.len());
            // What was missed may be handed out again, so there must be room for it.
            let missed = self.busy.values().filter(|it| it.missed > 0).count();
            let max = free + missed;
            if max == 0 {
                // Whether an answer without anything to hand out waits is not said.
                sleep(wait).await;
            }
            let wait = if max == 0 { Duration::ZERO } else { wait };
            let renew = self.renewals();
            let asked: Vec<EffectKey> = renew.iter().map(|it| it.key).collect();
            let asked_as = &self.host.holder;
            let Leases { leases, renewed } = self.host.link.lease(max as u32, wait, asked_as, renew).await?;
            for lease in leases {
                self.accept(lease).await;
            }
            self.let_go(&asked, &renewed);
        }
    }

    /// What is being performed, and what was performed and not reported yet: what is not named here counts as never
    /// heard of, and is given again.
    fn renewals(&self) -> Vec<Renewal> {
        self.host.journal.read(|state| {
            let generation = |key: &EffectKey| state.effects.get(key).map(|it| it.generation);
            let busy = self.busy.keys().filter_map(|key| Some((*key, generation(key)?)));
            let unreported = state.unreported().map(|(key, generation, _)| (key, generation));
            let held: BTreeMap<_, _> = busy.chain(unreported).collect();
            held.into_iter().map(|(key, generation)| Renewal { key, generation }).collect()
        })
    }

    async fn accept(&mut self, lease: Lease) {
        let Lease { effect, generation, expires_in } = lease;
        let key = effect.key;
        let known = self.host.journal.read(|it| it.effects.get(&key).cloned());
        if let Some(EffectRecord { generation: seen, .. }) =
            known.as_ref().filter(|it| it.generation > generation)
        {
            warn!(%key, generation, seen, "refused: a later lease of it was seen");
            return;
        }
        if let Err(fault) = self.host.journal.note(Entry::Leased { key, generation }).await {
            error!(%key, "not taken: {fault}");
            return;
        }
        if let Some(EffectRecord { progress: Progress::Ended { .. }, .. }) = known {
            info!(%key, generation, "was performed before; its outcome is reported again");
            self.host.to_report.notify_one();
        } else if let Some(hand) = self.busy.get_mut(&key) {
            info!(%key, generation, "is being performed; it goes on under the new lease");
            (hand.missed, hand.expires_in) = (0, expires_in.duration());
        } else {
            self.take_up(effect, expires_in.duration());
        }
    }

    fn take_up(&mut self, effect: Effect, expires_in: Duration) {
        let (key, lost) = (effect.key, CancellationToken::new());
        let changes = changes(&effect.order).cloned();
        // Whoever wants the instance otherwise by now does not want what was wanted of it before.
        let same = |it: &&Hand| changes.is_some() && it.changes == changes;
        self.busy.values().filter(same).for_each(|it| it.lost.cancel());
        self.busy.insert(key, Hand { expires_in, missed: 0, lost: lost.clone(), changes });
        let performing = perform(self.host.clone(), effect, lost);
        self.tasks.spawn(async move {
            performing.await;
            key
        });
    }

    /// Gives up what was `asked` for and not `renewed`, now and before.
    fn let_go(&mut self, asked: &[EffectKey], renewed: &[EffectKey]) {
        for (key, hand) in self.busy.iter_mut().filter(|(key, _)| asked.contains(key)) {
            if renewed.contains(key) {
                hand.missed = 0;
                continue;
            }
            hand.missed += 1;
            if hand.missed == MISSED_MAX {
                warn!(%key, "the lease is lost");
                hand.lost.cancel();
            }
        }
    }
}

const fn changes(order: &Order) -> Option<&Instance> {
    match order {
        Order::Place { .. } | Order::Retire { .. } => reconcile::instance(order),
        _ => None,
    }
}
