//! Sending something to an address until it is taken.

use std::time::Duration;

use reqwest::RequestBuilder;

/// How often somebody who does not take it is asked again, and how long after.
const TRIES_MAX: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);

/// Sends what `request` makes, anew each time, until a status of success comes back.
///
/// # Errors
/// Why the last try was not taken, in words.
pub(crate) async fn deliver(request: impl Fn() -> RequestBuilder) -> Result<(), String> {
    let mut why = String::new();
    for _ in 0..TRIES_MAX {
        match request().send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => why = format!("it answered {}", answer.status()),
            Err(error) => why = error.without_url().to_string(),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(why)
}
