//! Lines to the database: each is made when it is needed, and made again after it broke.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::fault::Fault;
use super::session::{Session, Target};
use crate::driver::Driver;

/// How long an answer may take. A database that is cut off does not answer at all.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// One session at a time, for whoever works in transactions.
pub(super) struct Line {
    pub(super) driver: Arc<Driver>,
    target: Arc<Target>,
    session: Option<Arc<Session>>,
}

impl Line {
    pub(super) fn new(driver: Arc<Driver>, target: Arc<Target>) -> Self {
        Self { driver, target, session: None }
    }

    /// Has `work` done in the session. After a broken line or no answer the session is dropped, and with it what was
    /// not committed.
    pub(super) fn call<T, F>(&mut self, work: impl FnOnce(Arc<Session>) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let session = self.session()?;
        let answer = answer(&self.driver, work(session));
        if answer.as_ref().is_err_and(Fault::ends_session) {
            self.session = None;
        }
        answer
    }

    /// Waits for what was asked for in this session before, without another way to its thread.
    pub(super) fn wait<T>(&mut self, asked: &Receiver<Result<T, Fault>>) -> Result<T, Fault> {
        let answer = asked.recv_timeout(ANSWER_MAX).unwrap_or(Err(Fault::Late));
        if answer.as_ref().is_err_and(Fault::ends_session) {
            self.session = None;
        }
        answer
    }

    /// Whether it is this session that the next call is done in.
    pub(super) fn is_in(&self, session: &Arc<Session>) -> bool {
        self.session.as_ref().is_some_and(|it| Arc::ptr_eq(it, session) && it.is_open())
    }

    /// Whatever is open ends.
    pub(super) fn hang_up(&mut self) {
        self.session = None;
    }

    fn session(&mut self) -> Result<Arc<Session>, Fault> {
        match self.session.take().filter(|it| it.is_open()) {
            Some(session) => Ok(self.session.insert(session).clone()),
            None => {
                let target = self.target.clone();
                let session = self.driver.block(async move { Session::connect(&target).await })?;
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
        let answer = answer(&self.driver, work(session.clone()));
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

fn answer<T: Send + 'static>(
    driver: &Driver,
    work: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, Fault> {
    driver.block(async move { timeout(ANSWER_MAX, work).await.unwrap_or(Err(Fault::Late)) })
}
