//! How a control plane treats the lock of a database that it shares.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use shipway_engine::Command;
use shipway_model::effect::EffectKey;
use shipway_model::event::Scope;
use shipway_runtime::sharing::{News, Shared, Sharing};
use shipway_runtime::store::{AppendError, Batch, Loaded, Store, StoreError, StoreReader, StoredHead};
use shipway_runtime::suite::World;
use shipway_store::PostgresStore;

use crate::cluster::Cluster;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Lock,
    LockAgain,
    Unlock,
}

/// What was said about the lock, in its order.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<Word>>>);

impl Said {
    fn note(&self, word: Word) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(word);
    }

    fn all(&self) -> Vec<Word> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Writes down what is said to the store about its lock.
struct Noted {
    store: PostgresStore,
    said: Said,
}

impl Store for Noted {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        self.store.append(batch)
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.store.reader()
    }

    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        Some(self)
    }
}

impl Sharing for Noted {
    fn lock(&mut self) -> Result<StoredHead, StoreError> {
        self.said.note(Word::Lock);
        self.store.lock()
    }

    fn lock_again(&mut self) {
        self.said.note(Word::LockAgain);
        self.store.lock_again();
    }

    fn unlock(&mut self) {
        self.store.unlock();
        self.said.note(Word::Unlock);
    }

    fn head(&mut self) -> Result<StoredHead, StoreError> {
        Sharing::head(&mut self.store)
    }

    fn hold(&mut self, keys: &[EffectKey]) -> Result<Vec<(EffectKey, u32)>, StoreError> {
        self.store.hold(keys)
    }

    fn shared(&mut self) -> Arc<dyn Shared> {
        self.store.shared()
    }

    fn watch(&mut self, tell: Arc<dyn Fn(News) + Send + Sync>) {
        self.store.watch(tell);
    }
}

fn pause(scope: &str) -> Command {
    let scope = Scope::Environment(scope.parse().expect("is a name"));
    Command::PauseScope { scope, reason: "a test".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_kept_for_those_who_asked_together_and_given_up_when_nobody_comes() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let said = Said::default();
    let store = PostgresStore::open(&address).expect("opens");
    let world = World::fresh(Box::new(Noted { store, said: said.clone() }));
    for number in 0..20 {
        let scopes: Vec<_> = (0..8).map(|it| format!("scope-{number}-{it}")).collect();
        for answer in join_all(scopes.iter().map(|it| world.submit(pause(it)))).await {
            assert!(!answer.expect("is accepted").repeated);
        }
    }
    let began = Instant::now();
    while said.all().last() != Some(&Word::Unlock) {
        assert!(began.elapsed() < PATIENCE, "nobody asks any more, and the lock is kept: {:?}", said.all());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let words = said.all();
    assert!(words.contains(&Word::LockAgain), "they were taken one by one: {words:?}");
    let after_again = words.windows(2).filter(|it| it[0] == Word::LockAgain).map(|it| it[1]);
    assert!(after_again.clone().all(|it| it != Word::LockAgain), "it was asked for twice: {words:?}");

    // Another replica gets it.
    let other = World::fresh(Box::new(PostgresStore::open(&address).expect("opens")));
    assert!(!other.submit(pause("elsewhere")).await.expect("is accepted").repeated);
    assert!(!world.submit(pause("here")).await.expect("is accepted").repeated);
    assert_eq!(world.runtime.state().pauses.iter().count(), 162);
}
