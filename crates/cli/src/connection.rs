//! The client with the settings applied, and what every call of a command has in common.

use shipway_api::client::{self, Call};
use shipway_api::page::{LIMIT_MAX, PageQuery};
use shipway_api::{Client, Operation, Page};

use crate::failure::Failure;
use crate::settings::{ConnectionArgs, Settings};

/// # Errors
/// When the settings are wrong, or there is no token.
pub(crate) fn connect(args: &ConnectionArgs) -> Result<Client, Failure> {
    let settings = Settings::resolve(args)?;
    let Some(token) = settings.token else {
        let hint = "sign in with `shipway login`, or set SHIPWAY_TOKEN, or `token:` in the config file; \
                    the first start of `shipway serve` prints an admin token";
        return Err(Failure::usage("no access token was given", "shipway help config").with_hint(hint));
    };
    let client = Client::new(&settings.server.value, token.value)?;
    Ok(match args.as_of {
        Some(at) => client.as_of(at),
        None => client,
    })
}

/// Refuses `--as-of` where it has no meaning.
///
/// # Errors
/// When an earlier instant is asked for; `instead` is what shows it.
pub(crate) fn only_now(args: &ConnectionArgs, why: &str, instead: &str) -> Result<(), Failure> {
    match args.as_of {
        Some(_) => Err(Failure::usage(format!("--as-of cannot be used here: {why}"), instead)),
        None => Ok(()),
    }
}

/// The items of all pages.
///
/// # Errors
/// That of the first page that does not come.
pub(crate) async fn pages<T>(
    mut ask: impl AsyncFnMut(PageQuery) -> Result<Page<T>, client::Error>,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    let mut query = PageQuery { cursor: None, limit: Some(LIMIT_MAX) };
    loop {
        let page = ask(query.clone()).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(all),
        }
    }
}

/// Names this one act, so that a request that is sent twice on the way is carried out once.
pub(crate) fn once<O: Operation>(call: Call<O>) -> Call<O> {
    call.idempotency_key(&fresh_key())
}

/// 128 random bits in hexadecimal.
fn fresh_key() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    hex::encode(bytes)
}
