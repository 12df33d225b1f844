//! The page for people.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use shipway_api::operations::rollout::{AbortRollout, PauseRollout, Reason, RolloutPath, StartRollout};
use shipway_engine::Command;
use shipway_engine::channel::messages;
use shipway_model::event::Role;
use shipway_runtime::{Clock as _, Submission, SystemClock};

use crate::agents::work;
use crate::bed::{Bed, FILES};
use crate::rollouts::new;

/// Signs in, and gives the cookie.
pub(crate) async fn sign_in(bed: &Bed, token: &str) -> reqwest::Response {
    bed.http.post(bed.url("/sign-in")).form(&[("token", token)]).send().await.unwrap()
}

async fn cookie(bed: &Bed) -> String {
    let answer = sign_in(bed, &bed.token("ada", Role::Viewer).await).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()[LOCATION]), (303, &"/".parse().unwrap()));
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// The token that every form of a page carries.
pub(crate) fn csrf(page: &str) -> &str {
    page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

pub(crate) async fn send(bed: &Bed, path: &str, cookie: &str, form: &[(&str, &str)]) -> (u16, String) {
    let answer = bed.http.post(bed.url(path)).header(COOKIE, cookie).form(form).send().await.unwrap();
    let to = answer.headers().get(LOCATION).map(|it| it.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to.unwrap_or(answer.text().await.unwrap()))
}

pub(crate) async fn page(bed: &Bed, path: &str, cookie: &str) -> (u16, String) {
    let answer = bed.http.get(bed.url(path)).header(COOKIE, cookie).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn without_a_session_there_is_only_the_form() {
    let bed = Bed::start().await;
    let id = "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01";
    let rollout =
        [format!("/rollouts/{id}"), format!("/rollouts/{id}/abort"), format!("/rollouts/{id}/steps/1")];
    let listed =
        ["/", "/rollouts", "/releases", "/services", "/environments", "/calendar", "/ledger", "/ledger/0"];
    let acted = [
        "/alerts",
        "/alerts/alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
        "/cab",
        "/cab/cab",
        "/changes",
        "/exceptions",
        "/me",
        "/reviews",
        "/access",
        "/releases/shop@1.0.0/war-room",
        "/calendar/fit",
    ];
    let others = ["/plan", "/search?q=shop", "/design", "/live"];
    for path in listed.into_iter().chain(acted).chain(others).chain(rollout.iter().map(String::as_str)) {
        for cookie in ["", "shipway_page=", "shipway_page=guess"] {
            let (status, text) = page(&bed, path, cookie).await;
            assert_eq!(status, 401, "{path}");
            assert!(text.contains("action=\"/sign-in\"") && !text.contains("Ledger:"), "{path}");
        }
    }
    for token in ["", "nonsense", &format!("{}x", bed.admin_token), &bed.token("host-a", Role::Agent).await] {
        let refused = sign_in(&bed, token).await;
        assert_eq!(refused.status(), 401, "{token}");
        assert!(refused.headers().get(SET_COOKIE).is_none());
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_or_by_signing_out() {
    let bed = Bed::start().await;
    let one = cookie(&bed).await;
    assert_eq!(page(&bed, "/", &one).await.0, 200);
    // Another site's form does not sign anybody out.
    bed.http.post(bed.url("/sign-out")).header(COOKIE, &one).form(&[("csrf", "guess")]).send().await.unwrap();
    let (status, shown) = page(&bed, "/", &one).await;
    assert_eq!(status, 200);
    let form = [("csrf", csrf(&shown))];
    bed.http.post(bed.url("/sign-out")).header(COOKIE, &one).form(&form).send().await.unwrap();
    assert_eq!(page(&bed, "/", &one).await.0, 401);

    let two = cookie(&bed).await;
    let ids: Vec<_> =
        bed.runtime.state().access.tokens().filter(|it| it.name == "ada").map(|it| it.id).collect();
    for token in ids {
        let path = shipway_api::operations::token::TokenPath { token };
        bed.admin.call::<shipway_api::operations::token::RevokeToken>(path, (), ()).await.unwrap();
    }
    assert_eq!(page(&bed, "/", &two).await.0, 401);
}

#[tokio::test]
async fn the_pages_show_what_moves_and_nothing_inline() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let view = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value;
    let cookie = cookie(&bed).await;
    let id = view.summary.id;
    let (status, now) = page(&bed, "/", &cookie).await;
    assert_eq!(status, 200);
    for text in ["shop 1.0.0", "staging", "running", &format!("href=\"/rollouts/{id}\""), "Ledger: <b>"] {
        assert!(now.contains(text), "no `{text}` in\n{now}");
    }
    let (status, shown) = page(&bed, &format!("/rollouts/{id}"), &cookie).await;
    assert_eq!(status, 200);
    for step in &view.steps {
        assert!(shown.contains(&step.title), "{}", step.title);
    }
    for text in ["host-a", "zone a", "starting", "0 of"] {
        assert!(shown.contains(text), "no `{text}` in\n{shown}");
    }
    let others = [
        "/rollouts",
        "/releases",
        "/releases/shop@1.0.0",
        "/services",
        "/services/web",
        "/environments",
        "/environments/staging",
        "/plan?release=shop@1.0.0&environment=staging",
        "/calendar",
        "/calendar?view=week",
        "/calendar?view=agenda&release=shop@1.0.0&environment=staging",
        "/calendar?release=none@1.0.0&environment=staging",
        "/calendar/fit?release=shop@1.0.0&environment=staging&slot=12",
        "/alerts",
        "/cab",
        "/changes",
        "/exceptions?kind=waiver",
        "/me",
        "/reviews",
        "/releases/shop@1.0.0?environment=staging",
        "/releases/shop@1.0.0/war-room",
        "/services?asOf=3",
        "/ledger",
        "/ledger/3",
        "/search?q=web",
        "/design",
    ];
    let steps = [format!("/rollouts/{id}/steps/1"), format!("/rollouts/{id}/roll-back")];
    let mut pages = vec![now, shown.clone()];
    for path in others.into_iter().chain(steps.iter().map(String::as_str)) {
        let (status, text) = page(&bed, path, &cookie).await;
        assert_eq!(status, 200, "{path}\n{text}");
        assert!(text.contains("<h1>") || path.starts_with("/calendar/fit"), "{path}");
        pages.push(text);
    }
    for text in &pages {
        assert!(!text.contains("style=") && !text.contains("<style") && !text.contains("onclick"));
        assert_eq!(text.matches("<script").count(), text.matches("<script src=\"/assets/").count());
    }
    a_part_is_what_the_whole_page_holds(&bed, &format!("/rollouts/{id}"), &cookie).await;
    assert_eq!(page(&bed, "/rollouts/rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", &cookie).await.0, 404);
    for path in [
        "/rollouts/nonsense",
        "/services/none",
        "/releases/none@1.0.0",
        "/environments/none",
        "/cab/none",
        "/alerts/alr_0198f3c0e1b27c3d8a4f5e6d7c8b9a01",
        "/ledger/99999",
    ] {
        let (status, text) = page(&bed, path, &cookie).await;
        assert_eq!(status, 404, "{path}");
        assert!(text.contains("What to do:") || path.ends_with("nonsense"), "{path}");
    }
}

/// The page says for how many seconds the rollout has run: both are asked for until no second begins between them.
async fn a_part_is_what_the_whole_page_holds(bed: &Bed, path: &str, cookie: &str) {
    let mut parts = Vec::new();
    for _ in 0..50 {
        let (_, whole) = page(bed, path, cookie).await;
        let asked = bed.http.get(bed.url(path)).header(COOKIE, cookie).header("hx-request", "true");
        let part = asked.send().await.unwrap().text().await.unwrap();
        assert!(!part.contains("<html") && part.contains("<h1>"), "{part}");
        if whole.contains(part.trim()) {
            return;
        }
        parts.push(part);
    }
    panic!("never a part of the whole: {}", parts.concat());
}

#[tokio::test]
async fn a_decision_is_shown_before_it_is_taken_and_taken_once() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let viewer = cookie(&bed).await;
    let operator = bed.token("grace", Role::Operator).await;
    let operator = sign_in(&bed, &operator).await.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    let operator = operator.split(';').next().unwrap();

    let path = "/plan?release=shop@1.0.0&environment=staging";
    let (_, shown) = page(&bed, path, operator).await;
    let digest = shown.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!page(&bed, path, &viewer).await.1.contains("Start this plan"));
    let form = [
        ("csrf", csrf(&shown)),
        ("key", "one"),
        ("release", "shop@1.0.0"),
        ("environment", "staging"),
        ("digest", digest),
    ];
    let (status, to) = send(&bed, "/plan", operator, &form).await;
    assert_eq!(status, 303, "{to}");
    // A second click on the same form leads to the same rollout.
    assert_eq!(send(&bed, "/plan", operator, &form).await, (303, to.clone()));
    assert_eq!(bed.runtime.state().rollouts.summaries.len(), 1);
    let id = to.strip_prefix("/rollouts/").unwrap().to_owned();

    let (_, shown) = page(&bed, &format!("{to}/pause"), operator).await;
    assert!(shown.contains("No further step starts"), "{shown}");
    let forged = [("csrf", "guess"), ("reason", "mine")];
    assert_eq!(send(&bed, &format!("{to}/pause"), operator, &forged).await.0, 403);
    let (_, of_viewer) = page(&bed, &to, &viewer).await;
    assert!(!of_viewer.contains("/pause\""), "a viewer is offered nothing");
    let theirs = [("csrf", csrf(&of_viewer)), ("reason", "mine")];
    assert_eq!(send(&bed, &format!("{to}/pause"), &viewer, &theirs).await.0, 403);
    let form = [("csrf", csrf(&shown)), ("key", "two"), ("reason", "a <b>look</b>")];
    assert_eq!(send(&bed, &format!("{to}/pause"), operator, &form).await, (303, to.clone()));
    let (_, shown) = page(&bed, &to, &viewer).await;
    assert!(shown.contains("paused") && shown.contains("look") && !shown.contains("<b>look"), "{shown}");

    // What was is shown as it was, and nothing can be done there.
    let before = bed.runtime.state().rollouts.summaries.values().next().unwrap().queued;
    let (status, past) = page(&bed, &format!("{to}?asOf={before}"), operator).await;
    assert_eq!(status, 200);
    assert!(past.contains("As it was") && !past.contains("Paused:") && !past.contains("/pause\""), "{past}");
    assert!(past.contains(&format!("asOf={before}")), "links lead to the same past");
    assert!(past.contains(&id) || past.contains("shop 1.0.0"));
    let (status, refused) = page(&bed, "/?asOf=nonsense", operator).await;
    assert!(status == 400 && refused.contains("is no instant"), "{refused}");
    drop(release);
}

#[tokio::test]
async fn assets_have_the_names_of_their_content() {
    let bed = Bed::start().await;
    let form = bed.http.get(bed.url("/")).send().await.unwrap().text().await.unwrap();
    let names: Vec<_> =
        form.split("\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(names.len() >= 5);
    for name in names {
        let answer = bed.http.get(bed.url(&format!("/assets/{name}"))).send().await.unwrap();
        assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{name}");
        let digest = shipway_model::Digest::of(&answer.bytes().await.unwrap());
        assert!(name.contains(&digest.short()), "{name}");
    }
}

#[tokio::test]
async fn what_users_write_is_shown_as_text() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let id = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let path = shipway_api::operations::rollout::RolloutPath { rollout: id };
    let reason = shipway_api::operations::rollout::Reason { reason: "<script>alert(1)</script>".to_owned() };
    bed.admin.call::<shipway_api::operations::rollout::PauseRollout>(path, (), reason).await.unwrap();
    let (_, shown) = page(&bed, &format!("/rollouts/{id}"), &cookie(&bed).await).await;
    assert!(!shown.contains("<script>alert"));
    assert!(shown.contains("alert(1)"));
}

#[tokio::test]
async fn people_sign_in_by_account_and_the_session_changes_each_time() {
    use shipway_api::operations::account::{AddAccount, ChangePassword, NewPassword, SignIn};
    let bed = Bed::start().await;
    let account = shipway_model::access::Account { name: "ana".to_owned(), role: Role::Viewer, person: None };
    let given = bed.admin.call::<AddAccount>((), (), account).await.unwrap().value;
    let form = |password: &str| [("account", "ana".to_owned()), ("password", password.to_owned())];
    let send = |password: &str, cookie: &str| {
        bed.http.post(bed.url("/sign-in")).header(COOKIE, cookie).form(&form(password)).send()
    };
    assert_eq!(send("wrong wrong wrong", "").await.unwrap().status(), 401);
    // A password that an admin has chosen opens no page.
    assert_eq!(send(&given.password, "").await.unwrap().status(), 403);
    let client = shipway_api::Client::by_password(&bed.url(""), "ana", &given.password).unwrap();
    let token = client.call::<SignIn>((), (), ()).await.unwrap().value.secret;
    let own = "seven quiet lighthouses";
    let body = NewPassword { current: given.password, new: own.to_owned() };
    let client = shipway_api::Client::new(&bed.url(""), token).unwrap();
    client.call::<ChangePassword>((), (), body).await.unwrap();

    let mut cookies = Vec::new();
    for _ in 0..2 {
        let earlier = cookies.last().cloned().unwrap_or_else(|| "shipway_page=planted".to_owned());
        let answer = send(own, &earlier).await.unwrap();
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_ne!(cookie, earlier);
        assert_eq!(page(&bed, "/", &cookie).await.0, 200);
        assert_eq!(page(&bed, "/", &earlier).await.0, 401, "the earlier one is over");
        cookies.push(cookie);
    }
    for (name, value) in
        [("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "cross-site"), ("origin", "null")]
    {
        let foreign = bed.http.post(bed.url("/sign-out")).header(COOKIE, &cookies[1]).header(name, value);
        assert_eq!(foreign.send().await.unwrap().status(), 403, "{name}: {value}");
    }
    assert_eq!(page(&bed, "/", &cookies[1]).await.0, 200, "nobody signs another out");
}

#[tokio::test]
async fn a_change_is_on_one_page_and_taken_only_with_a_signature() {
    let bed = Bed::start().await;
    let files = FILES.replace("name: shop }\nspec: {}", "name: shop }\nspec: { members: [ben] }");
    bed.apply(&(files + "  protected: true\n")).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let change = format!("/changes/{}", shipway_model::ChangeId::of(rollout));
    let session = async |name: &str, role: Role| {
        let answer = sign_in(&bed, &bed.token(name, role).await).await;
        answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let ben = session("ben", Role::Approver).await;
    let (_, now) = page(&bed, "/", &ben).await;
    let needs = now.split("Needs you").nth(1).expect("ben is asked");
    assert!(needs.contains(&format!("href=\"{change}\"")), "{needs}");
    let (status, shown) = page(&bed, &change, &ben).await;
    assert_eq!(status, 200);
    let digest = bed.runtime.state().rollouts.live[&rollout].plan_digest.to_string();
    for text in ["Your word is asked for.", "owners (shop)", "1 more word", "What makes it risky", &digest] {
        assert!(shown.contains(text), "no `{text}` in\n{shown}");
    }
    let (_, asked) = page(&bed, &format!("{change}?decision=approve"), &ben).await;
    assert!(asked.contains("You have no passkey for this address."), "{asked}");
    // Somebody who is not asked is offered nothing.
    let (_, other) = page(&bed, &change, &session("vera", Role::Operator).await).await;
    assert!(other.contains("No rule asks for your word.") && !other.contains("decision=approve"), "{other}");

    let size = bed.size();
    let csrf = csrf(&shown).to_owned();
    let unsigned = [("csrf", csrf.as_str()), ("key", "1"), ("statement", "{}")];
    let (status, text) = send(&bed, &format!("{change}/sign"), &ben, &unsigned).await;
    assert_eq!(status, 400, "{text}");
    let made =
        [("csrf", csrf.as_str()), ("key", "2"), ("authenticatorData", "AAAA"), ("clientDataJson", "e30")];
    let (status, text) = send(&bed, "/me/passkeys", &ben, &made).await;
    assert!(status == 422 || status == 400, "{status} {text}");
    assert!(text.contains("cannot be read"), "{text}");
    assert_eq!(bed.size(), size, "what is refused changes nothing");

    let tomorrow = jiff::civil::date(2090, 1, 1).at(0, 0, 0, 0).to_string();
    let far =
        [("csrf", csrf.as_str()), ("key", "3"), ("to", "cem"), ("until", &tomorrow), ("reason", "leave")];
    let (status, text) = send(&bed, "/me/delegations", &ben, &far).await;
    assert_ne!(status, 303, "nobody speaks for another for so long: {text}");
}

#[tokio::test]
async fn what_is_noted_about_a_rollout_is_there_for_all() {
    use shipway_api::operations::rollout::{Decider, NameDecider, NewNote, NoteRollout, RolloutPath};
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let id = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let path = || RolloutPath { rollout: id };
    let note = NewNote { note: "the spike is the nightly import".to_owned() };
    bed.admin.call::<NoteRollout>(path(), (), note).await.unwrap();
    let decider = Decider { decider: "ben".to_owned() };
    let view = bed.admin.call::<NameDecider>(path(), (), decider).await.unwrap().value;
    assert_eq!(view.notes[0].note, "the spike is the nightly import");
    assert_eq!(view.decider.as_deref(), Some("ben"));
    let viewer = bed.client("vera", Role::Viewer).await;
    let refused = viewer.call::<NoteRollout>(path(), (), NewNote { note: "me too".to_owned() }).await;
    assert!(refused.unwrap_err().is(shipway_api::Code::Forbidden));
}

#[tokio::test]
async fn whether_a_release_fits_is_said_for_each_quarter_of_an_hour() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    bed.release("1.0.0").await;
    let closed = "apiVersion: shipway.dev/v1\nkind: Calendar\nmetadata: { name: quiet }\nspec:\n  timeZone: UTC\n  \
                  rules:\n  - { name: noon, kind: deny, reason: lunch, dtstart: \"2026-11-02T12:00\", duration: 2h, \
                  rrule: FREQ=DAILY }\n";
    bed.apply(closed).await;
    let cookie = cookie(&bed).await;
    let days = "release=shop@1.0.0&environment=staging&from=2026-11-23&days=7";
    // 11:30 is before it closes, 12:30 is not, and nothing is again from 14:00 on.
    for (slot, told) in [(46, "It fits:"), (50, "It does not fit:"), (56, "It fits:")] {
        let (_, text) = page(&bed, &format!("/calendar/fit?{days}&slot={slot}"), &cookie).await;
        assert!(text.contains(told), "{slot}: {text}");
        assert_eq!(text.contains("lunch"), slot == 50, "{slot}: {text}");
        assert_eq!(text.contains("slot=56"), slot == 50, "where it would fit is one click away: {text}");
    }
    let (_, whole) = page(&bed, &format!("/calendar?{days}&slot=50"), &cookie).await;
    assert!(whole.contains("type=\"range\"") && whole.contains("It does not fit:"), "{whole}");
}

#[tokio::test]
async fn the_war_room_tells_all_rollouts_of_a_release_and_takes_notes() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let id = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let answer = sign_in(&bed, &bed.token("ben", Role::Operator).await).await;
    let ben = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let room = "/releases/shop@1.0.0/war-room";
    let (_, shown) = page(&bed, room, &ben).await;
    let csrf = csrf(&shown).to_owned();
    let id = id.to_string();
    let say = async |path: &str, field: &str, text: &str, key: &str| {
        let form = [("csrf", csrf.as_str()), ("key", key), ("rollout", &id), (field, text)];
        send(&bed, &format!("{room}/{path}"), &ben, &form).await
    };
    assert_eq!(say("decider", "decider", "ben", "1").await, (303, room.to_owned()));
    assert_eq!(say("note", "note", "<b>all is well</b>", "2").await, (303, room.to_owned()));
    assert_ne!(say("note", "note", "", "3").await.0, 303);
    let (_, told) = page(&bed, room, &ben).await;
    for text in
        ["ben decides", "&#60;b&#62;all is well&#60;/b&#62;", "<span class=\"chip\">decides</span>", "begun"]
    {
        assert!(told.contains(text), "no `{text}` in\n{told}");
    }
}

#[tokio::test]
async fn who_can_is_told_to_those_who_may_ask() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let asked = "/access?action=startRollout&environment=staging";
    let (status, text) = page(&bed, asked, &cookie(&bed).await).await;
    assert_eq!(status, 403, "{text}");
    let auditor = sign_in(&bed, &bed.token("vic", Role::Auditor).await).await;
    let vic = auditor.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (status, text) = page(&bed, asked, &vic).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("<th scope=\"row\">admin</th>"), "{text}");
    assert!(!text.contains("<th scope=\"row\">vic</th>"), "{text}");
    assert_eq!(page(&bed, "/access?action=nothing", &vic).await.0, 400);
}

/// What people are called for: a hold, through one Channel, with somebody on call around the clock.
const DUTY: &str = "
apiVersion: shipway.dev/v1
kind: Calendar
metadata: { name: rota }
spec:
  rules:
    - { name: always, kind: allow, purpose: on-call, dtstart: \"2020-01-01\", duration: 1d, rrule: FREQ=DAILY, people: [pia] }
---
apiVersion: shipway.dev/v1
kind: Channel
metadata: { name: duty }
spec: { url: \"http://127.0.0.1:1/hook\", secret: { env: SECRET }, tells: [hold] }
";

#[tokio::test]
async fn whom_a_rollout_that_stands_still_has_called_is_on_its_board_and_in_the_war_room() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    bed.apply(DUTY).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let reason = Reason { reason: "a look at the logs".to_owned() };
    bed.admin.call::<PauseRollout>(RolloutPath { rollout }, (), reason).await.unwrap();
    let now = SystemClock.now();
    let [message] = messages(&bed.runtime.state(), now).try_into().unwrap();
    let record = async |command: Command| {
        let actor = shipway_runtime::ACTOR.to_owned();
        bed.runtime.submit(Submission { actor, key: None, command, generation: None }).await.unwrap();
    };
    let (channel, notice) = (message.channel, message.id);
    let reason = "the receiver answered 503".to_owned();
    record(Command::NoteUntold { channel: channel.clone(), notice, reason }).await;
    let cookie = cookie(&bed).await;
    let paths = [format!("/rollouts/{rollout}"), "/releases/shop@1.0.0/war-room".to_owned()];
    for path in &paths {
        let (_, text) = page(&bed, path, &cookie).await;
        assert!(text.contains("duty: the receiver answered 503; it is tried again"), "{path}: {text}");
        assert!(!text.contains("pia, through duty"), "{path}: {text}");
    }
    record(Command::NoteTold { channel, notice }).await;
    for path in &paths {
        let (_, text) = page(&bed, path, &cookie).await;
        assert!(text.contains("pia, through duty"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_service_shows_what_went_wrong_about_it_and_how_its_rollouts_went() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let (_, before) = page(&bed, "/services/web", &cookie(&bed).await).await;
    assert!(before.contains("no rollout of it halted") && before.contains("No rollout of it has ended"));
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let reason = Reason { reason: "the wrong build".to_owned() };
    bed.admin.call::<AbortRollout>(RolloutPath { rollout }, (), reason).await.unwrap();
    work(&bed, &agent, "host-a", rollout).await;
    let (_, after) = page(&bed, "/services/web", &cookie(&bed).await).await;
    for part in [&format!("href=\"/rollouts/{rollout}\">shop 1.0.0"), "the wrong build", "1 was stopped"] {
        assert!(after.contains(part), "no {part} in {after}");
    }
}

#[tokio::test]
async fn who_keeps_others_out_by_a_booking_is_told_that_they_wait() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let hours = |n| SystemClock.now() + jiff::SignedDuration::from_hours(n);
    let booking = format!(
        "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {{ name: keep }}\nspec: {{ members: [ada] }}\n---\n\
         apiVersion: shipway.dev/v1\nkind: Booking\nmetadata: {{ name: rehearsal }}\nspec: {{ environment: staging, \
         team: keep, from: \"{}\", until: \"{}\", reason: rehearsal }}\n",
        hours(-1),
        hours(1)
    );
    bed.apply(&booking).await;
    let _agent = bed.agent("host-a").await;
    let cookie = cookie(&bed).await;
    let needs_you = async || page(&bed, "/", &cookie).await.1.contains("keep has booked staging");
    assert!(!needs_you().await, "nobody waits yet");
    let release = bed.release("1.0.0").await;
    bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap();
    let (_, text) = page(&bed, "/", &cookie).await;
    let own = text.split("Needs you").nth(1).expect("ada is asked");
    assert!(
        own.contains("keep has booked staging") && own.contains("1 rollout of others held there"),
        "{own}"
    );
}
