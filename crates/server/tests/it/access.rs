//! Who may do what.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder, StatusCode};
use shipway_api::operations::agent::{
    AgentPath, AgentRegistration, LeaseAsk, LeaseEffects, RegisterAgent, ShowOrders,
};
use shipway_api::operations::token::{IssueToken, ListTokens, NewToken, RevokeToken, TokenPath, WhoAmI};
use shipway_api::page::PageQuery;
use shipway_api::permission::{ROLES, role_word};
use shipway_api::{Client, Code, Endpoint, operations};
use shipway_model::event::Role;
use shipway_runtime::Clock;

use crate::bed::{Bed, problem};

const SAMPLES: [(&str, &str); 31] = [
    ("{alert}", "alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{quarantine}", "qua_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{kind}", "Team"),
    ("{name}", "shop"),
    ("{digest}", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
    ("{release}", "shop@1.0.0"),
    ("{runbook}", "checkout-operating"),
    ("{fallback}", "drain"),
    ("{rollout}", "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{step}", "1"),
    ("{environment}", "staging"),
    ("{host}", "host-a"),
    ("{exception}", "exc_0198f3c0e1b27c3d8a4f5e6d7c8b9a55"),
    ("{position}", "0"),
    ("{evidence}", "evi_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{hold}", "case-17"),
    ("{train}", "weekly"),
    ("{mirror}", "servicenow"),
    ("{webhook}", "github"),
    ("{action}", "1"),
    ("{change}", "chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{decision}", "dec_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{key}", "sha256:0000000000000000000000000000000000000000000000000000000000000000"),
    ("{waiver}", "wai_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{account}", "acc_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{grant}", "gra_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{board}", "cab"),
    ("{item}", "shop-412"),
    ("{late}", "lat_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
    ("{policy}", "regulated"),
    ("{token}", "tok_0198f3c0e1b27c3d8a4f5e6d7c8b9a01"),
];

fn request(bed: &Bed, endpoint: &Endpoint) -> RequestBuilder {
    let method = Method::from_bytes(endpoint.method.as_str().as_bytes()).unwrap();
    bed.http.request(method, bed.url(&path_of(endpoint)))
}

/// With something in place of every placeholder.
pub(crate) fn path_of(endpoint: &Endpoint) -> String {
    let path = SAMPLES.iter().fold(endpoint.path.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!path.contains('{'), "no sample for {path}");
    path
}

#[tokio::test]
async fn nothing_is_answered_without_a_valid_token() {
    let bed = Bed::start().await;
    let size = bed.size();
    let forged = format!("{}x", bed.admin_token);
    let cut = &bed.admin_token[..bed.admin_token.len() - 1];
    let wrong_id = bed.admin_token.replacen("tok_0", "tok_1", 1);
    for endpoint in operations::all() {
        for token in [None, Some(""), Some("x"), Some(&*forged), Some(cut), Some(&wrong_id)] {
            let request = request(&bed, &endpoint);
            let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(
                problem(answer).await,
                (401, "unauthenticated".to_owned()),
                "{} {token:?}",
                endpoint.id
            );
        }
    }
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn every_operation_is_refused_to_every_role_that_it_is_not_for() {
    let bed = Bed::start().await;
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push((role, bed.token("host-a", role).await));
    }
    let size = bed.size();
    let mut refused = 0;
    for endpoint in operations::all() {
        for (role, token) in tokens.iter().filter(|(role, _)| !endpoint.permission.allows(*role)) {
            let answer = request(&bed, &endpoint).bearer_auth(token).send().await.unwrap();
            let place = format!("{} {}", endpoint.id, role_word(*role));
            assert_eq!(problem(answer).await, (403, "forbidden".to_owned()), "{place}");
            refused += 1;
        }
    }
    assert!(refused > 80, "{refused}");
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn an_agent_acts_for_its_own_host_alone() {
    let bed = Bed::start().await;
    let agent = bed.agent("host-a").await;
    let size = bed.size();
    let other = || AgentPath { host: "host-b".parse().unwrap() };
    let refused = agent.call::<ShowOrders>(other(), (), ()).await.unwrap_err();
    assert!(refused.is(Code::Forbidden), "{refused}");
    let ask = LeaseAsk { max: 1, wait_ms: 0, holder: None, renew: Vec::new() };
    let refused = agent.call::<LeaseEffects>(other(), (), ask).await.unwrap_err();
    assert!(refused.is(Code::Forbidden), "{refused}");
    let registration = AgentRegistration {
        host: "host-b".parse().unwrap(),
        address: "127.0.0.1".parse().unwrap(),
        labels: Default::default(),
    };
    let refused = agent.call::<RegisterAgent>((), (), registration).await.unwrap_err();
    assert!(refused.is(Code::Forbidden), "{refused}");
    assert_eq!(bed.size(), size);
    agent.call::<ShowOrders>(AgentPath { host: "host-a".parse().unwrap() }, (), ()).await.unwrap();
}

#[tokio::test]
async fn revoked_and_expired_tokens_are_not_valid() {
    let bed = Bed::start().await;
    let issue = |expires| NewToken { name: "ada".to_owned(), role: Role::Viewer, expires, scope: None };
    let issued = bed.admin.call::<IssueToken>((), (), issue(None)).await.unwrap().value;
    let ada = Client::new(&bed.url(""), &issued.secret).unwrap();
    assert_eq!(ada.call::<WhoAmI>((), (), ()).await.unwrap().value.name, "ada");
    bed.admin.call::<RevokeToken>(TokenPath { token: issued.token.id }, (), ()).await.unwrap();
    assert!(ada.call::<WhoAmI>((), (), ()).await.unwrap_err().is(Code::Unauthenticated));

    let past = shipway_runtime::SystemClock.now() - jiff::SignedDuration::from_secs(1);
    let issued = bed.admin.call::<IssueToken>((), (), issue(Some(past))).await.unwrap().value;
    let late = Client::new(&bed.url(""), &issued.secret).unwrap();
    assert!(late.call::<WhoAmI>((), (), ()).await.unwrap_err().is(Code::Unauthenticated));
    let valid = bed.admin.call::<ListTokens>((), PageQuery::default(), ()).await.unwrap().value.items;
    assert_eq!(valid.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["admin"]);
}

#[tokio::test]
async fn an_issued_secret_is_shown_once_and_kept_nowhere() {
    let bed = Arc::new(Bed::start().await);
    let new = || NewToken { name: "ci".to_owned(), role: Role::Builder, expires: None, scope: None };
    let first = bed.admin.call::<IssueToken>((), (), new()).idempotency_key("k1").await.unwrap().value;
    let size = bed.size();
    let repeated = bed.admin.call::<IssueToken>((), (), new()).idempotency_key("k1").await.unwrap_err();
    assert!(repeated.is(Code::SecretShown), "{repeated}");
    assert!(repeated.problem().unwrap().detail.contains(&first.token.id.to_string()));
    assert_eq!(bed.size(), size);
    let secret = first.secret.rsplit_once('_').unwrap().1;
    for record in bed.runtime.records(0, 1000).await.unwrap() {
        assert!(!String::from_utf8_lossy(&record.bytes).contains(secret));
    }
}

#[tokio::test]
async fn names_that_would_pass_for_somebody_else_are_refused() {
    let bed = Bed::start().await;
    let size = bed.size();
    for (name, role) in [
        ("", Role::Viewer),
        ("shipway", Role::Admin),
        ("agent:host-a", Role::Admin),
        ("Not A Host", Role::Agent),
    ] {
        let new = NewToken { name: name.to_owned(), role, expires: None, scope: None };
        let refused = bed.admin.call::<IssueToken>((), (), new).await.unwrap_err();
        assert!(refused.is(Code::InvalidRequest), "{name}: {refused}");
    }
    let new = NewToken { name: "a\u{1b}[31m".to_owned(), role: Role::Viewer, expires: None, scope: None };
    assert!(bed.admin.call::<IssueToken>((), (), new).await.unwrap_err().is(Code::InvalidReason));
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn the_first_start_alone_issues_an_admin_token() {
    let bed = Bed::start().await;
    assert_eq!(shipway_server::ensure_admin_token(&bed.runtime).await.unwrap(), None);
    let answer = bed.http.get(bed.url("/api/v1/whoami")).bearer_auth(&bed.admin_token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
