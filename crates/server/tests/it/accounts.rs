//! People sign in by accounts.

use shipway_api::operations::account::{
    AccountPath, AddAccount, ChangePassword, DisableAccount, EnableAccount, NewPassword, ResetPassword,
    SignIn, SignOut,
};
use shipway_api::operations::release::ListReleases;
use shipway_api::operations::token::{IssueToken, NewToken, WhoAmI};
use shipway_api::view::account::OneTimePassword;
use shipway_api::{Client, Code};
use shipway_model::access::Account;
use shipway_model::event::{Body, Role};

use crate::bed::Bed;

const PASSWORD: &str = "seven quiet lighthouses";

async fn add(bed: &Bed, name: &str, role: Role) -> OneTimePassword {
    let account = Account { name: name.to_owned(), role, person: None };
    bed.admin.call::<AddAccount>((), (), account).await.unwrap().value
}

async fn sign_in(bed: &Bed, name: &str, password: &str) -> Result<Client, shipway_api::client::Error> {
    let client = Client::by_password(&bed.url(""), name, password).unwrap();
    let issued = client.call::<SignIn>((), (), ()).await?.value;
    Ok(Client::new(&bed.url(""), issued.secret).unwrap())
}

/// Why somebody was not signed in.
async fn refused(bed: &Bed, name: &str, password: &str) -> shipway_api::client::Error {
    sign_in(bed, name, password).await.err().expect("it is refused")
}

async fn change(client: &Client, current: &str, new: &str) -> Result<String, shipway_api::client::Error> {
    let body = NewPassword { current: current.to_owned(), new: new.to_owned() };
    Ok(client.call::<ChangePassword>((), (), body).await?.value.secret)
}

async fn reads(client: &Client) -> Result<(), shipway_api::client::Error> {
    client.call::<ListReleases>((), Default::default(), ()).await.map(drop)
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_its_change() {
    let bed = Bed::start().await;
    let given = add(&bed, "ana", Role::Operator).await;
    assert!(given.account.must_change_password);
    let first = sign_in(&bed, "ana", &given.password).await.unwrap();
    assert!(reads(&first).await.unwrap_err().is(Code::Forbidden));
    let identity = first.call::<WhoAmI>((), (), ()).await.unwrap().value;
    assert_eq!(
        (identity.name.as_str(), identity.role, identity.must_change_password),
        ("ana", Role::Operator, true)
    );

    for (current, new, code) in [
        ("not this one at all", PASSWORD, Code::Unauthenticated),
        (&*given.password, "short", Code::WeakPassword),
        (&*given.password, "ana ana ana ana", Code::WeakPassword),
        (&*given.password, &*given.password, Code::WeakPassword),
    ] {
        let refused = change(&first, current, new).await.unwrap_err();
        assert!(refused.is(code), "{new}: {refused}");
    }
    let rotated = change(&first, &given.password, PASSWORD).await.unwrap();
    // The sign-in with the old password has ended with it.
    assert!(first.call::<WhoAmI>((), (), ()).await.unwrap_err().is(Code::Unauthenticated));
    reads(&Client::new(&bed.url(""), rotated).unwrap()).await.unwrap();
    assert!(sign_in(&bed, "ana", &given.password).await.is_err());
    let again = sign_in(&bed, "ana", PASSWORD).await.unwrap();
    again.call::<SignOut>((), (), ()).await.unwrap();
    assert!(again.call::<WhoAmI>((), (), ()).await.unwrap_err().is(Code::Unauthenticated));
    assert!(bed.admin.call::<SignOut>((), (), ()).await.unwrap_err().is(Code::InvalidRequest));
}

#[tokio::test]
async fn closing_an_account_and_a_new_password_end_its_sign_ins() {
    let bed = Bed::start().await;
    let given = add(&bed, "ana", Role::Viewer).await;
    let first = sign_in(&bed, "ana", &given.password).await.unwrap();
    change(&first, &given.password, PASSWORD).await.unwrap();
    let path = || AccountPath { account: given.account.id };

    let open = sign_in(&bed, "ana", PASSWORD).await.unwrap();
    bed.admin.call::<DisableAccount>(path(), (), ()).await.unwrap();
    assert!(reads(&open).await.unwrap_err().is(Code::Unauthenticated));
    assert!(refused(&bed, "ana", PASSWORD).await.is(Code::Unauthenticated));
    bed.admin.call::<EnableAccount>(path(), (), ()).await.unwrap();
    let open = sign_in(&bed, "ana", PASSWORD).await.unwrap();

    let reset = bed.admin.call::<ResetPassword>(path(), (), ()).await.unwrap().value;
    assert!(reads(&open).await.unwrap_err().is(Code::Unauthenticated));
    assert!(sign_in(&bed, "ana", PASSWORD).await.is_err());
    let open = sign_in(&bed, "ana", &reset.password).await.unwrap();
    assert!(reads(&open).await.unwrap_err().is(Code::Forbidden), "it is a one-time password again");
}

#[tokio::test]
async fn no_password_and_no_hash_is_in_the_ledger() {
    let bed = Bed::start().await;
    let given = add(&bed, "ana", Role::Viewer).await;
    let first = sign_in(&bed, "ana", &given.password).await.unwrap();
    change(&first, &given.password, PASSWORD).await.unwrap();
    for record in bed.runtime.records(0, 1000).await.unwrap() {
        let text = String::from_utf8_lossy(&record.bytes);
        assert!(
            !text.contains(&given.password) && !text.contains(PASSWORD) && !text.contains("argon2"),
            "{text}"
        );
    }
    let repeated = || {
        let account = Account { name: "ben".to_owned(), role: Role::Viewer, person: None };
        bed.admin.call::<AddAccount>((), (), account).idempotency_key("k")
    };
    repeated().await.unwrap();
    assert!(repeated().await.unwrap_err().is(Code::SecretShown));
}

#[tokio::test]
async fn guessing_meets_a_wall_that_is_recorded_once_and_says_nothing_about_names() {
    let bed = Bed::start().await;
    add(&bed, "ana", Role::Viewer).await;
    let mut told = Vec::new();
    for name in ["ana", "nobody"] {
        let failure = refused(&bed, name, "wrong wrong wrong").await;
        let problem = failure.problem().unwrap();
        told.push((problem.code.clone(), problem.detail.clone()));
    }
    assert_eq!(told[0], told[1]);
    let wall = loop {
        let failure = refused(&bed, "ana", "wrong wrong wrong").await;
        if failure.is(Code::TooManyAttempts) {
            break failure;
        }
        assert!(failure.is(Code::Unauthenticated), "{failure}");
    };
    assert!(wall.problem().unwrap().detail.contains("the next one is taken in"), "{wall}");
    let recorded = || async {
        let records = bed.runtime.records(0, 1000).await.unwrap();
        let events = bed.runtime.open_records(&records).await.unwrap();
        let of_refusals = events.into_iter().filter_map(|it| match it.body {
            Body::AccessRefused { reason, .. } => Some(reason),
            _ => None,
        });
        of_refusals.collect::<Vec<_>>()
    };
    let reasons = recorded().await;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains("`ana` from 127.0.0.1"), "{reasons:?}");
    // Nobody else is held up.
    let other = add(&bed, "ben", Role::Viewer).await;
    sign_in(&bed, "ben", &other.password).await.unwrap();
}

#[tokio::test]
async fn headers_that_are_no_credentials_sign_nobody_in() {
    let bed = Bed::start().await;
    let given = add(&bed, "ana", Role::Viewer).await;
    let size = bed.size();
    let token = format!("Bearer {}", bed.admin_token);
    for header in ["", "Basic", "Basic !!!", "Basic YW5h", "Digest YW5hOng=", "Basic /////w==", &token] {
        let answer =
            bed.http.post(bed.url("/api/v1/sign-in")).header("authorization", header).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{header}");
    }
    // A name and a password are no token.
    let client = Client::by_password(&bed.url(""), "ana", &given.password).unwrap();
    assert!(reads(&client).await.unwrap_err().is(Code::Unauthenticated));
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn an_accounts_name_is_nobody_elses() {
    let bed = Bed::start().await;
    add(&bed, "ana", Role::Viewer).await;
    for (name, code) in [
        ("ana", Code::AccountExists),
        ("", Code::InvalidAccount),
        (" ana", Code::InvalidAccount),
        ("shipway", Code::InvalidAccount),
        ("agent:host-a", Code::InvalidAccount),
        ("a:b", Code::InvalidAccount),
    ] {
        let account = Account { name: name.to_owned(), role: Role::Viewer, person: None };
        let refused = bed.admin.call::<AddAccount>((), (), account).await.unwrap_err();
        assert!(refused.is(code), "{name}: {refused}");
    }
    let person = "apiVersion: shipway.dev/v1\nkind: Person\nmetadata: { name: ana }\nspec: { accounts: [ana-laptop] }\n";
    bed.apply(person).await;
    let new = NewToken { name: "ana-laptop".to_owned(), role: Role::Admin, expires: None, scope: None };
    assert!(bed.admin.call::<IssueToken>((), (), new).await.unwrap_err().is(Code::Impersonation));
}
