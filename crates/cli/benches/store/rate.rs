//! What a measurement gives.

use std::time::{Duration, Instant};

/// How long one measurement runs.
pub(crate) const RUN: Duration = Duration::from_millis(1500);

pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) p99_ms: f64,
}

impl Rate {
    /// From what each of several writers took for each of its events.
    pub(crate) fn of(taken: Vec<Vec<Duration>>, elapsed: Duration) -> Self {
        let mut all: Vec<_> = taken.into_iter().flatten().collect();
        all.sort_unstable();
        let p99 = all.get(all.len() * 99 / 100).copied().unwrap_or_default();
        Self { per_second: all.len() as f64 / elapsed.as_secs_f64(), p99_ms: p99.as_secs_f64() * 1000.0 }
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Has `n_writers` append one event after another, each waiting for the last to be durable.
pub(crate) async fn write<F: Future<Output = ()> + Send>(
    n_writers: usize,
    append: impl Fn(usize, u64) -> F + Clone + Send + 'static,
) -> Rate {
    let start = Instant::now();
    let writers = (0..n_writers).map(|writer| {
        let append = append.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            while start.elapsed() < RUN {
                let begun = Instant::now();
                append(writer, taken.len() as u64).await;
                taken.push(begun.elapsed());
            }
            taken
        })
    });
    let mut taken = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        taken.push(writer.await.expect("a writer writes"));
    }
    Rate::of(taken, start.elapsed())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a tokio runtime starts").block_on(future)
}
