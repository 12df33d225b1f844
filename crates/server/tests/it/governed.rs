//! Policies, scopes, segregated duties and privilege for a time, over HTTP.

use jiff::SignedDuration;
use reqwest::header::{COOKIE, SET_COOKIE};
use shipway_api::operations::access::{
    ApproveGrant, CommitList, EndGrant, EndGrantRequest, GrantPath, ListGrants, RecordCommits, RequestGrant,
    WhoCan, WhoCanQuery, WhyAccess, WhyQuery,
};
use shipway_api::operations::calendar::{ApproveException, ExceptionPath, RequestException};
use shipway_api::operations::pause::{PauseRequest, PauseScope};
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease, ShowRelease};
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::operations::rollout::StartRollout;
use shipway_api::operations::token::{IssueToken, NewToken, WhoAmI};
use shipway_api::{Client, Code};
use shipway_model::access::{Commit, Privilege, TokenScope};
use shipway_model::event::{Body, Role, Scope};
use shipway_model::exception::Exception;
use shipway_model::{Millis, Name};
use shipway_runtime::Clock as _;

use crate::bed::{Bed, FILES};
use crate::rollouts::new;

const PASSWORD: &str = "seven quiet lighthouses";
const PEOPLE: &str = "
apiVersion: shipway.dev/v1
kind: Person
metadata: { name: ana }
spec: { accounts: [ana-laptop], emails: [ana@example.org] }
";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

async fn apply(client: &Client, text: &str) -> Result<(), shipway_api::client::Error> {
    let files = vec![SourceFile { path: "access.yaml".to_owned(), text: text.to_owned() }];
    client.call::<ApplyResources>((), (), ApplyRequest { files, dry_run: false }).await.map(drop)
}

fn policy(cedar: &str) -> String {
    format!(
        "apiVersion: shipway.dev/v1\nkind: AccessPolicy\nmetadata: {{ name: own }}\nspec:\n  cedar: |\n    {}\n",
        cedar.replace('\n', "\n    ")
    )
}

async fn refusals(bed: &Bed) -> Vec<String> {
    let records = bed.runtime.records(0, 1000).await.unwrap();
    let events = bed.runtime.open_records(&records).await.unwrap();
    let reasons = events.into_iter().filter_map(|it| match it.body {
        Body::AccessRefused { reason, .. } => Some(reason),
        _ => None,
    });
    reasons.collect()
}

#[tokio::test]
async fn policies_hold_from_the_moment_they_are_declared() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let ana = bed.client("ana", Role::Viewer).await;
    let pause = |environment: &str| PauseRequest {
        scope: Scope::Environment(name(environment)),
        reason: String::new(),
    };
    assert!(ana.call::<PauseScope>((), (), pause("staging")).await.unwrap_err().is(Code::Forbidden));
    let permit = policy(
        "@id(\"ana\")\npermit (principal == Person::\"ana\", action == Action::\"pauseScope\", \
         resource in Environment::\"staging\");",
    );
    apply(&bed.admin, &permit).await.unwrap();
    ana.call::<PauseScope>((), (), pause("staging")).await.unwrap();
    assert!(ana.call::<PauseScope>((), (), pause("production")).await.unwrap_err().is(Code::Forbidden));
    let everything = PauseRequest { scope: Scope::Everything, reason: String::new() };
    assert!(ana.call::<PauseScope>((), (), everything).await.unwrap_err().is(Code::Forbidden));

    let forbid = policy("@id(\"none\")\nforbid (principal, action == Action::\"pauseScope\", resource);");
    apply(&bed.admin, &forbid).await.unwrap();
    let refused = bed.admin.call::<PauseScope>((), (), pause("staging")).await.unwrap_err();
    assert!(refused.is(Code::Forbidden) && refused.to_string().contains("own/none"), "{refused}");
}

#[tokio::test]
async fn policies_that_are_none_or_lock_their_author_out_are_not_taken() {
    let bed = Bed::start().await;
    let size = bed.size();
    for (cedar, why) in [
        ("permit (principal, action == Action::\"startRolout\", resource);", "startRolout"),
        ("permit (principal", "unexpected"),
        ("forbid (principal, action, resource);", "could not declare others any more"),
    ] {
        let refused = apply(&bed.admin, &policy(cedar)).await.unwrap_err();
        assert!(refused.is(Code::InvalidDeclarations), "{refused}");
        let problem = serde_json::to_string(refused.problem().unwrap()).unwrap();
        assert!(problem.contains(why), "{problem}");
    }
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn a_machine_stays_within_its_scope_whatever_names_it_gives_to_things() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let scoped = |scope: TokenScope| {
        let new = NewToken { name: "ci".to_owned(), role: Role::Operator, expires: None, scope: Some(scope) };
        let (admin, url) = (bed.admin.clone(), bed.url(""));
        async move {
            let secret = admin.call::<IssueToken>((), (), new).await.unwrap().value.secret;
            Client::new(&url, secret).unwrap()
        }
    };
    let elsewhere =
        scoped(TokenScope { environments: [name("production")].into(), ..Default::default() }).await;
    assert!(elsewhere.call::<StartRollout>((), (), new(&release)).await.unwrap_err().is(Code::Forbidden));
    let other = scoped(TokenScope { services: [name("checkout")].into(), ..Default::default() }).await;
    assert!(other.call::<StartRollout>((), (), new(&release)).await.unwrap_err().is(Code::Forbidden));
    let everything = || PauseRequest { scope: Scope::Everything, reason: String::new() };
    for client in [&elsewhere, &other] {
        assert!(client.call::<PauseScope>((), (), everything()).await.unwrap_err().is(Code::Forbidden));
    }
    let only =
        scoped(TokenScope { operations: ["startRollout".to_owned()].into(), ..Default::default() }).await;
    let path = ReleasePath { release: release.clone() };
    assert!(only.call::<ShowRelease>(path, (), ()).await.unwrap_err().is(Code::Forbidden));
    assert!(only.call::<WhoAmI>((), (), ()).await.unwrap().value.scope.is_some());
    // An environment under another name is another environment.
    apply(&bed.admin, "apiVersion: shipway.dev/v1\nkind: Environment\nmetadata: { name: staging-2 }\nspec: { extends: staging }\n")
        .await
        .unwrap();
    let here = scoped(TokenScope { environments: [name("staging")].into(), ..Default::default() }).await;
    let mut renamed = new(&release);
    renamed.environment = name("staging-2");
    assert!(here.call::<StartRollout>((), (), renamed).await.unwrap_err().is(Code::Forbidden));
    here.call::<StartRollout>((), (), new(&release)).await.unwrap();
}

#[tokio::test]
async fn whoever_wrote_a_commit_does_not_ship_it_under_any_name_where_duties_are_segregated() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    bed.apply(PEOPLE).await;
    let _agent = bed.agent("host-a").await;
    let first = bed.release("1.0.0").await;
    let path = || ReleasePath { release: "shop@2.0.0".parse().unwrap() };
    let mut bundle = {
        let state = bed.runtime.state();
        state.releases.find(&name("shop"), &"1.0.0".parse().unwrap()).unwrap().bundle.clone()
    };
    bundle.version = "2.0.0".parse().unwrap();
    bed.admin.call::<CreateRelease>((), (), bundle).await.unwrap();
    let commit = Commit {
        id: "3fa2c41d00".to_owned(),
        author: "ana@example.org".to_owned(),
        committer: "ci@example.org".to_owned(),
        co_authors: Vec::new(),
    };
    let list = CommitList { commits: vec![commit] };
    bed.admin.call::<RecordCommits>(path(), (), list).await.unwrap();
    bed.admin.call::<SealRelease>(path(), (), ()).await.unwrap();
    // Persons have no tokens issued in their names: she signs in.
    let laptop = signed_in(&bed, "ana-laptop").await;
    let second = "shop@2.0.0".parse().unwrap();
    assert!(laptop.call::<StartRollout>((), (), new(&first)).await.is_ok(), "nothing is segregated yet");

    let segregated = FILES
        .replace("targets: { stage: staging }", "targets: { stage: staging }\n  segregationOfDuties: true");
    assert_ne!(segregated, FILES);
    bed.apply(&segregated).await;
    let refused = laptop.call::<StartRollout>((), (), new(&second)).await.unwrap_err();
    assert!(refused.is(Code::SegregationOfDuties), "{refused}");
    let deed = "ana wrote commit 3fa2c41 of shop@2.0.0";
    assert!(refused.problem().unwrap().detail.contains(deed), "{refused}");
    assert!(refusals(&bed).await.iter().any(|it| it.contains(deed)));

    // Nor through the page.
    let form = [("account", "ana-laptop"), ("password", PASSWORD)];
    let answer = bed.http.post(bed.url("/sign-in")).form(&form).send().await.unwrap();
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let home = bed.http.get(bed.url("/")).header(COOKIE, &cookie).send().await.unwrap().text().await.unwrap();
    let csrf = home.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    let form = [
        ("csrf", csrf),
        ("release", "shop@2.0.0"),
        ("environment", "staging"),
        ("digest", digest.as_str()),
        ("key", "k"),
    ];
    let answer = bed.http.post(bed.url("/plan")).header(COOKIE, &cookie).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains(deed));

    let query = |principal: &str| WhyQuery {
        principal: principal.to_owned(),
        action: "startRollout".to_owned(),
        environment: Some(name("staging")),
        service: None,
        release: Some(second.clone()),
        rollout: None,
    };
    let why = bed.admin.call::<WhyAccess>((), query("ana-laptop"), ()).await.unwrap().value;
    assert!(why.iter().all(|it| !it.ruling.allowed && it.deeds == [deed.to_owned()]), "{why:?}");
    assert!(bed.admin.call::<WhyAccess>((), query("nobody"), ()).await.unwrap_err().is(Code::UnknownAccount));
    let query = WhoCanQuery {
        action: "startRollout".to_owned(),
        environment: Some(name("staging")),
        service: None,
        release: Some(second.clone()),
        rollout: None,
    };
    let able = bed.admin.call::<WhoCan>((), query, ()).await.unwrap().value.items;
    assert_eq!(able.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["admin"]);
    bed.admin.call::<StartRollout>((), (), new(&second)).await.unwrap();
}

/// An operator who has signed in and changed the one-time password.
async fn signed_in(bed: &Bed, account: &str) -> Client {
    use shipway_api::operations::account::{AddAccount, ChangePassword, NewPassword, SignIn};
    let new = shipway_model::access::Account { name: account.to_owned(), role: Role::Operator, person: None };
    let given = bed.admin.call::<AddAccount>((), (), new).await.unwrap().value;
    let client = Client::by_password(&bed.url(""), account, &given.password).unwrap();
    let first = client.call::<SignIn>((), (), ()).await.unwrap().value.secret;
    let body = NewPassword { current: given.password.clone(), new: PASSWORD.to_owned() };
    let first = Client::new(&bed.url(""), first).unwrap();
    let rotated = first.call::<ChangePassword>((), (), body).await.unwrap().value.secret;
    Client::new(&bed.url(""), rotated).unwrap()
}

#[tokio::test]
async fn a_second_account_of_one_person_is_no_second_word() {
    let bed = Bed::start().await;
    bed.apply(PEOPLE).await;
    let (one, two) = (signed_in(&bed, "ana").await, signed_in(&bed, "ana-laptop").await);
    let now = shipway_runtime::SystemClock.now();
    let exception = Exception {
        scope: Default::default(),
        calendar: None,
        release: None,
        reason: "it cannot wait".to_owned(),
        from: now,
        until: now + SignedDuration::from_hours(1),
    };
    let id = one.call::<RequestException>((), (), exception).await.unwrap().value.id;
    for own in [&one, &two] {
        let path = ExceptionPath { exception: id };
        assert!(own.call::<ApproveException>(path, (), ()).await.unwrap_err().is(Code::SelfApproval));
    }
    let approver = bed.client("ben", Role::Approver).await;
    approver.call::<ApproveException>(ExceptionPath { exception: id }, (), ()).await.unwrap();
}

#[tokio::test]
async fn privilege_for_a_time_is_given_used_listed_and_over() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let ana = bed.client("ana", Role::Viewer).await;
    let privilege = || Privilege {
        role: Role::Operator,
        environments: [name("staging")].into(),
        duration: Millis::from_secs(3600),
        reason: "the queue is stuck".to_owned(),
        run: String::new(),
    };
    let pause = |environment: &str| PauseRequest {
        scope: Scope::Environment(name(environment)),
        reason: String::new(),
    };
    let asked = ana.call::<RequestGrant>((), (), privilege()).await.unwrap().value;
    assert!(ana.call::<PauseScope>((), (), pause("staging")).await.unwrap_err().is(Code::Forbidden));
    let path = || GrantPath { grant: asked.id };
    assert!(ana.call::<ApproveGrant>(path(), (), ()).await.unwrap_err().is(Code::Forbidden));
    let given = bed.admin.call::<ApproveGrant>(path(), (), ()).await.unwrap().value;
    assert_eq!((given.standing.as_str(), given.approved_by.as_deref()), ("in force", Some("admin")));

    ana.call::<PauseScope>((), (), pause("staging")).await.unwrap();
    assert!(ana.call::<PauseScope>((), (), pause("production")).await.unwrap_err().is(Code::Forbidden));
    let listed = ana.call::<ListGrants>((), (), ()).await.unwrap().value.items;
    let uses: Vec<_> =
        listed[0].uses.iter().map(|it| (it.operation.as_str(), it.resource.as_str())).collect();
    assert_eq!(uses, [("pauseScope", "Environment staging")]);

    let ben = bed.client("ben", Role::Operator).await;
    let end = || EndGrantRequest { reason: "done".to_owned() };
    assert!(ben.call::<EndGrant>(path(), (), end()).await.unwrap_err().is(Code::Forbidden));
    let ended = ana.call::<EndGrant>(path(), (), end()).await.unwrap().value;
    assert_eq!(ended.standing, "ended");
    assert!(ana.call::<PauseScope>((), (), pause("staging")).await.unwrap_err().is(Code::Forbidden));
    // An admin who asks needs another admin.
    let own = bed.admin.call::<RequestGrant>((), (), privilege()).await.unwrap().value;
    let path = GrantPath { grant: own.id };
    assert!(bed.admin.call::<ApproveGrant>(path, (), ()).await.unwrap_err().is(Code::SelfApproval));
}

#[tokio::test]
async fn who_may_not_read_a_service_reads_neither_its_page_nor_its_api() {
    use shipway_api::operations::resource::{ResourcePath, ShowResource};
    use shipway_model::resource::Kind;

    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let token = bed.token("eve", Role::Viewer).await;
    let eve = Client::new(&bed.url(""), token.clone()).unwrap();
    let web = || ResourcePath { kind: Kind::Service, name: name("web") };
    let form = bed.http.post(bed.url("/sign-in")).form(&[("token", &*token)]).send().await.unwrap();
    let cookie = form.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let status = async |path: &str| {
        bed.http.get(bed.url(path)).header(COOKIE, &cookie).send().await.unwrap().status().as_u16()
    };
    let rollout = format!("/rollouts/{rollout}");
    let pages = ["/services/web", "/releases/shop@1.0.0", &*rollout, "/releases/shop@1.0.0/war-room"];
    for path in pages {
        assert_eq!(status(path).await, 200, "{path}");
    }
    eve.call::<ShowResource>(web(), (), ()).await.unwrap();
    let forbid = policy(
        "@id(\"quiet\")\nforbid (principal == Person::\"eve\", action, resource)\n\
         when { context.services.contains(\"web\") };",
    );
    apply(&bed.admin, &forbid).await.unwrap();
    for path in pages {
        assert_eq!(status(path).await, 403, "{path}");
    }
    assert!(eve.call::<ShowResource>(web(), (), ()).await.unwrap_err().is(Code::Forbidden));
    let path = ReleasePath { release };
    assert!(eve.call::<ShowRelease>(path, (), ()).await.unwrap_err().is(Code::Forbidden));
    // What names nothing of it is open still, and so is everything to everybody else.
    assert_eq!(status("/environments").await, 200);
    bed.admin.call::<ShowResource>(web(), (), ()).await.unwrap();
}
