//! Signing in through an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).
//!
//! The provider says who somebody is; which account that is, and so which role, is ours. Its metadata and keys are asked for
//! at each sign-in: they change, and sign-ins are rare. It is asked over HTTPS where
//! the feature `tls` is built in; without it, a provider that speaks TLS alone is reached through a proxy that adds it.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde_json::Value;
use shipway_model::event::Role;
use shipway_runtime::Runtime;

use super::hand_over::Terminal;

/// How long somebody may take at the provider.
pub(crate) const PENDING_MAX: SignedDuration = SignedDuration::from_mins(10);
/// Sign-ins under way; the oldest gives way.
const PENDING_COUNT_MAX: usize = 1000;
/// How long the provider may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer of a provider.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Groups of one person that are kept, and the longest name of one.
const GROUPS_MAX: usize = 200;
const GROUP_BYTES_MAX: usize = 200;
/// Signatures that only the provider can make. Those with the client's own secret, or none, are never taken.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The provider, and as whom the control plane is known to it.
#[derive(Clone)]
pub struct Provider {
    /// For example `http://id.example.org`.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    /// Where people reach this control plane, for example `https://shipway.example.org`; where it listens when left out.
    pub public: Option<String>,
    /// What is asked for beside `openid` and `email`, where the provider names groups only then.
    pub scopes: Vec<String>,
    /// The claim of the ID token in which groups are named.
    pub groups_claim: String,
    /// The role that members of a group have; the first that fits counts, and the account's own where none does.
    pub roles: Vec<(String, Role)>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({} as {})", self.issuer, self.client_id)
    }
}

/// Who the provider says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Only one that the provider has verified.
    pub(crate) email: Option<String>,
    pub(crate) groups: BTreeSet<String>,
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    #[error("the provider does not answer: {0}")]
    Silent(String),
    #[error(
        "no sign-in is under way for this answer: it is late, was used before, or is for another browser"
    )]
    NotPending,
    #[error("the provider took the code back: {0}")]
    Code(String),
    #[error("the provider's word does not hold: {0}")]
    Token(String),
}

pub(crate) struct Oidc {
    provider: Provider,
    /// Where the provider sends browsers back to.
    redirect: String,
    pending: Mutex<HashMap<String, Pending>>,
}

struct Pending {
    nonce: String,
    verifier: String,
    ends: Timestamp,
    /// The command line that it is for, where one has begun it.
    terminal: Option<Terminal>,
}

type KnownClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Oidc {
    /// `address` is where the control plane listens: people reach it there unless the provider's settings say another place.
    pub(crate) fn new(provider: Provider, address: SocketAddr) -> Self {
        let public = provider.public.clone().unwrap_or_else(|| format!("http://{address}"));
        let redirect = format!("{}/sign-in/oidc/callback", public.trim_end_matches('/'));
        Self { provider, redirect, pending: Mutex::default() }
    }

    /// Begins a sign-in: where to send the browser, and the state that it has to bring back.
    pub(crate) async fn begin(
        &self,
        runtime: &Runtime,
        terminal: Option<Terminal>,
    ) -> Result<(String, String), Fault> {
        let (state, nonce, verifier) =
            (runtime.random_secret(), runtime.random_secret(), runtime.random_secret());
        let client = self.client().await?;
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let (csrf, own_nonce) = (CsrfToken::new(state.clone()), Nonce::new(nonce.clone()));
        let request =
            client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, move || csrf, move || own_nonce);
        let scopes = self.provider.scopes.iter().map(|it| Scope::new(it.clone()));
        let request = request.add_scope(Scope::new("email".to_owned())).add_scopes(scopes);
        let (url, _, _) = request.set_pkce_challenge(challenge).url();
        let now = runtime.clock().now();
        let ends = now.saturating_add(PENDING_MAX).expect("minutes can be added");
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, it| now < it.ends);
        if pending.len() >= PENDING_COUNT_MAX
            && let Some(oldest) = pending.iter().min_by_key(|(_, it)| it.ends).map(|(key, _)| key.clone())
        {
            pending.remove(&oldest);
        }
        pending.insert(state.clone(), Pending { nonce, verifier, ends, terminal });
        Ok((url.to_string(), state))
    }

    /// The command line that has begun the sign-in under `state`.
    pub(crate) fn terminal(&self, state: &str) -> Option<Terminal> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).get(state)?.terminal.clone()
    }

    /// Ends the sign-in that began with `state`. It is good for one answer, whatever comes of it.
    pub(crate) async fn finish(&self, state: &str, code: String, now: Timestamp) -> Result<Claimed, Fault> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
        let pending = pending.filter(|it| now < it.ends).ok_or(Fault::NotPending)?;
        let client = self.client().await?;
        let exchange = client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.map_err(|error| Fault::Provider(error.to_string()))?;
        let answer =
            exchange.set_pkce_verifier(PkceCodeVerifier::new(pending.verifier)).request_async(&fetch).await;
        let answer = answer.map_err(|error| Fault::Code(error.to_string()))?;
        let token = answer.id_token().ok_or_else(|| Fault::Token("it holds no ID token".to_owned()))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, &Nonce::new(pending.nonce));
        let claims = claims.map_err(|error| Fault::Token(error.to_string()))?;
        // The library knows the claims of the standard alone; it has verified the very text that is read here.
        let groups = groups(&token.to_string(), &self.provider.groups_claim);
        let email = claims.email().filter(|_| claims.email_verified() == Some(true));
        Ok(Claimed {
            issuer: self.provider.issuer.clone(),
            subject: claims.subject().to_string(),
            email: email.map(|it| it.to_string()),
            groups,
        })
    }

    /// The role of who is in these groups.
    pub(crate) fn role(&self, groups: &BTreeSet<String>) -> Option<Role> {
        self.provider.roles.iter().find(|it| groups.contains(&it.0)).map(|it| it.1)
    }

    async fn client(&self) -> Result<KnownClient, Fault> {
        let wrong = |error: &dyn std::fmt::Display| Fault::Provider(error.to_string());
        let Provider { issuer, client_id, client_secret, .. } = &self.provider;
        let issuer = IssuerUrl::new(issuer.clone()).map_err(|it| wrong(&it))?;
        let redirect = RedirectUrl::new(self.redirect.clone()).map_err(|it| wrong(&it))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &fetch).await.map_err(|it| wrong(&it))?;
        let secret = client_secret.clone().map(ClientSecret::new);
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(client_id.clone()), secret);
        Ok(client.set_redirect_uri(redirect))
    }
}

/// The groups that a token which was verified names; none where the claim is missing or something else.
fn groups(token: &str, claim: &str) -> BTreeSet<String> {
    let payload = token.split('.').nth(1).and_then(|it| BASE64_URL_SAFE_NO_PAD.decode(it).ok());
    let claims: Option<Value> = payload.and_then(|it| serde_json::from_slice(&it).ok());
    let named = claims.as_ref().and_then(|it| it.get(claim)?.as_array());
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    named.filter(|it| (1..=GROUP_BYTES_MAX).contains(&it.len())).take(GROUPS_MAX).map(str::to_owned).collect()
}

/// One request to the provider. Redirects are not followed: what the provider names is asked, and nothing else.
async fn fetch(request: HttpRequest) -> Result<HttpResponse, Fault> {
    let silent = |error: &dyn std::fmt::Display| Fault::Silent(error.to_string());
    let http = HttpClient::builder(TokioExecutor::new())
        .build::<_, Full<Bytes>>(connector().map_err(|it| silent(&it))?);
    let work = async {
        let answer =
            http.request(request.map(|it| Full::new(Bytes::from(it)))).await.map_err(|it| silent(&it))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|it| silent(&it))?;
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    };
    let within = tokio::time::timeout(ANSWER_TIMEOUT, work).await;
    within.unwrap_or_else(|_| Err(silent(&format!("not within {} s", ANSWER_TIMEOUT.as_secs()))))
}

/// Speaks HTTP, and HTTPS by the machine's own roots of trust.
#[cfg(feature = "tls")]
fn connector() -> std::io::Result<hyper_rustls::HttpsConnector<HttpConnector>> {
    let roots = hyper_rustls::HttpsConnectorBuilder::new().with_native_roots()?;
    Ok(roots.https_or_http().enable_http1().build())
}

#[cfg(not(feature = "tls"))]
fn connector() -> std::io::Result<HttpConnector> {
    Ok(HttpConnector::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_read_from_the_claim_that_is_named() {
        let token = |claims: &str| format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let read = |claims: &str, claim: &str| groups(&token(claims), claim).into_iter().collect::<Vec<_>>();
        assert_eq!(read(r#"{"groups": ["b", "a", 7, ""]}"#, "groups"), ["a", "b"]);
        assert_eq!(read(r#"{"roles": ["a"]}"#, "roles"), ["a"]);
        for claims in [r#"{"groups": "a"}"#, "{}", "[]", "nonsense"] {
            assert!(read(claims, "groups").is_empty(), "{claims}");
        }
    }
}
