//! Lines to the database: each is made when it is needed, and made again after it broke.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::fault::Fault;
use super::session::{Session, Target};
use crate::driver::{Driver, Own};

/// How long an answer may take. A database that is cut off does not answer at all.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What is written has one plan, whatever is written; making it anew takes as long as the rest.
const PLAN_ONCE: &str = "SET plan_cache_mode = force_generic_plan";

/// One session at a time, for whoever works in transactions. It is worked on by the thread that calls.
pub(super) struct Line {
    driver: Own,
    target: Arc<Target>,
    session: Option<Arc<Session>>,
}

impl Line {
    pub(super) fn new(target: Arc<Target>) -> io::Result<Self> {
        Ok(Self { driver: Own::new()?, target, session: None })
    }

    /// Has `work` done in the session. After a broken line or no answer the session is dropped, and with it what was
    /// not committed.
    pub(super) fn call<T, F>(&mut self, work: impl FnOnce(Arc<Session>) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let session = self.session()?;
        self.call_in(session, work)
    }

    /// The same, in a session that is known.
    pub(super) fn call_in<T, F>(
        &mut self,
        session: Arc<Session>,
        work: impl FnOnce(Arc<Session>) -> F,
    ) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let answer = self.driver.block(in_time(work(session)));
        if answer.as_ref().is_err_and(Fault::ends_session) {
            self.hang_up();
        }
        answer
    }

    /// Whatever is open ends.
    pub(super) fn hang_up(&mut self) {
        if self.session.take().is_some() {
            // Its connection rests too; it is to tell the database.
            self.driver.catch_up();
        }
    }

    /// The one that is open, or a new one.
    pub(super) fn session(&mut self) -> Result<Arc<Session>, Fault> {
        if self.session.is_some() {
            // It may have been ended meanwhile.
            self.driver.catch_up();
        }
        match self.session.take().filter(|it| it.is_open()) {
            Some(session) => Ok(self.session.insert(session).clone()),
            None => {
                let target = self.target.clone();
                let session = self.driver.block(async move {
                    let session = Session::connect(&target).await?;
                    session.client.batch_execute(PLAN_ONCE).await?;
                    Ok::<_, Fault>(session)
                })?;
                Ok(self.session.insert(Arc::new(session)).clone())
            }
        }
    }
}

/// Sessions that many use at once, each call in one of them, for whoever asks single questions.
pub(super) struct Lines {
    driver: Arc<Driver>,
    target: Arc<Target>,
    sessions: Vec<Mutex<Option<Arc<Session>>>>,
    next: AtomicUsize,
}

impl Lines {
    pub(super) fn new(driver: Arc<Driver>, target: Arc<Target>, n_sessions: usize) -> Self {
        let sessions = (0..n_sessions).map(|_| Mutex::default()).collect();
        Self { driver, target, sessions, next: AtomicUsize::new(0) }
    }

    pub(super) fn call<T, F>(&self, work: impl FnOnce(Arc<Session>) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let place = &self.sessions[self.next.fetch_add(1, Ordering::Relaxed) % self.sessions.len()];
        let session = self.session(place)?;
        let answer = self.driver.block(in_time(work(session.clone())));
        if answer.as_ref().is_err_and(Fault::ends_session) {
            let mut kept = place.lock().unwrap_or_else(PoisonError::into_inner);
            kept.take_if(|it| Arc::ptr_eq(it, &session));
        }
        answer
    }

    /// Whoever comes while it is being made waits for it.
    fn session(&self, place: &Mutex<Option<Arc<Session>>>) -> Result<Arc<Session>, Fault> {
        let mut kept = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = kept.as_ref().filter(|it| it.is_open()) {
            return Ok(session.clone());
        }
        let target = self.target.clone();
        let session = self.driver.block(async move { Session::connect(&target).await })?;
        Ok(kept.insert(Arc::new(session)).clone())
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(ANSWER_MAX, work).await.unwrap_or(Err(Fault::Late))
}
