//! What others do and what time does: notifications of appends, and leases that end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use shipway_runtime::sharing::News;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;
use tokio_util::sync::CancellationToken;

use super::fault::Fault;
use super::row;
use super::session::Target;

/// How often it is looked for leases that have ended, and whether the line still stands.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
const ANSWER_MAX: Duration = Duration::from_secs(5);

pub(super) type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// Where it is told of appends, and who listens there.
pub(super) struct Ear {
    pub(super) target: Arc<Target>,
    pub(super) channel: String,
    /// Its own appends are no news to a replica.
    pub(super) id: String,
}

/// Until `stopping`; a line that breaks is made again, and whoever listens is told that it may have missed something.
pub(super) async fn watch(ear: Ear, tell: Tell, stopping: CancellationToken) {
    let watching = async {
        loop {
            let Err(fault) = listen(&ear, &tell).await;
            tracing::warn!(%fault, "news from PostgreSQL are cut off");
            sleep(LOOK_INTERVAL).await;
        }
    };
    stopping.run_until_cancelled(watching).await;
}

async fn listen(ear: &Ear, tell: &Tell) -> Result<std::convert::Infallible, Fault> {
    let Ear { target, channel, id } = ear;
    let connected = timeout(ANSWER_MAX, target.connect()).await.map_err(|_| Fault::Late)?;
    let (client, mut connection) = connected?;
    let (sender, mut heard) = mpsc::unbounded_channel();
    let messages = stream::poll_fn(move |context| connection.poll_message(context));
    let own = id.clone();
    tokio::spawn(messages.for_each(move |message| {
        if let Ok(AsyncMessage::Notification(told)) = message
            && told.payload() != own
        {
            // Nobody listens any more when the line is given up.
            let _ = sender.send(());
        }
        std::future::ready(())
    }));
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    tell(News::Moved);
    loop {
        let news = timeout(LOOK_INTERVAL, heard.recv()).await;
        match news {
            Ok(Some(())) => {
                while heard.try_recv().is_ok() {}
                tell(News::Moved);
            }
            Ok(None) | Err(_) => {
                let expired = client.query(include_str!("sql/find_expired.sql"), &[]);
                let expired = timeout(ANSWER_MAX, expired).await.map_err(|_| Fault::Late)??;
                let performers: Result<Vec<_>, _> =
                    expired.iter().map(|it| row::performer_of(row::get(it, 0)?)).collect();
                let performers = performers?;
                if !performers.is_empty() {
                    tell(News::Expired(performers));
                }
            }
        }
    }
}
