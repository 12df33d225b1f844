//! Somebody who uses `web`.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::Site;

/// Requests through the router, until the test ends.
pub(crate) struct Traffic(JoinHandle<()>);

impl Traffic {
    pub(crate) fn through(site: &Site) -> Self {
        let (client, url) = (reqwest::Client::new(), site.entry());
        Self(tokio::spawn(async move {
            loop {
                // While routes change one may get lost.
                let _answer = client.get(&url).timeout(Duration::from_secs(5)).send().await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }))
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.0.abort();
    }
}
