//! Boards in the browser, as far as it goes without one: agenda, votes and minutes. `web/` has the passkey.

use reqwest::header::SET_COOKIE;
use shipway_api::operations::alert::{Notification, ReceiveAlerts};
use shipway_api::operations::key::RegisterKey;
use shipway_api::operations::rollout::StartRollout;
use shipway_model::ChangeId;
use shipway_model::approval::{PersonKey, PublicKey};
use shipway_model::event::Role;

use crate::bed::{Bed, FILES};
use crate::pages::{csrf, page, send, sign_in};
use crate::rollouts::new;

const BOARD: &str = "---
apiVersion: shipway.dev/v1
kind: Board
metadata: { name: cab }
spec:
  members: [eva, gus]
  sees: [{ classes: [normal, major] }]
  quorum: \">1/2\"
  material: { documents: [runbook] }
  meets: { rule: FREQ=WEEKLY;BYDAY=TU, timeZone: Europe/Zurich, place: room 4 }
";

async fn session(bed: &Bed, name: &str) -> String {
    let answer = sign_in(bed, &bed.token(name, Role::Approver).await).await;
    answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_board_has_an_agenda_with_what_is_missing_and_its_members_are_offered_a_vote() {
    let bed = Bed::start().await;
    bed.apply(&(FILES.to_owned() + "  protected: true\n" + BOARD)).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let change = format!("/changes/{}", ChangeId::of(rollout));
    let (eva, vera) = (session(&bed, "eva").await, session(&bed, "vera").await);

    let (status, agenda) = page(&bed, "/cab", &eva).await;
    assert_eq!(status, 200);
    for text in ["shop 1.0.0 → staging", "no quorum", "the runbook", "needs you", "0 of 2", "room 4"] {
        assert!(agenda.contains(text), "no `{text}` in\n{agenda}");
    }
    let (_, of_vera) = page(&bed, "/cab", &vera).await;
    assert!(of_vera.contains("the runbook") && !of_vera.contains("needs you"), "{of_vera}");
    let (_, board) = page(&bed, "/cab/cab", &eva).await;
    for text in
        ["eva, gus", "shipway release create shop", "Can still vote: eva, gus", "Vote for", "nobody recorded"]
    {
        assert!(board.contains(text), "no `{text}` in\n{board}");
    }
    assert!(board.contains("Nothing was voted on in these days."), "{board}");
    let (_, now) = page(&bed, "/", &eva).await;
    assert!(now.split("Needs you").nth(1).is_some_and(|it| it.contains("Look and vote")), "{now}");

    // A seat is what it takes: others are offered no vote, whatever they write into the address.
    let vote = format!("{change}?decision=approve&board=cab&conditions=the+rollback+was+rehearsed");
    assert!(!page(&bed, &vote, &vera).await.1.contains("Vote for it"));
    let (_, shown) = page(&bed, &vote, &eva).await;
    assert!(shown.contains("You have no passkey for this address."), "{shown}");
    assert!(shown.contains("shipway cab vote chg_"), "{shown}");

    // With one, what is signed names the board and the conditions.
    let point = passkey_point();
    let public = PublicKey::Passkey {
        credential: "AAAA".to_owned(),
        point: point.clone(),
        rp_id: "127.0.0.1".to_owned(),
        origin: bed.url(""),
    };
    let id = shipway_engine::key::passkey::id_of(&point).unwrap();
    let key = PersonKey { id, public, label: "laptop".to_owned() };
    let client = bed.client("eva", Role::Approver).await;
    client.call::<RegisterKey>((), (), key).await.unwrap();
    let (_, shown) = page(&bed, &vote, &eva).await;
    let statement = shown.split("name=\"statement\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    for text in [
        "&#34;board&#34;:&#34;cab&#34;",
        "the rollback was rehearsed",
        "&#34;decision&#34;:&#34;approve&#34;",
    ] {
        assert!(statement.contains(text), "no `{text}` in {statement}");
    }
    let (_, abstain) = page(&bed, &format!("{change}?decision=abstain&board=cab&conditions=x"), &eva).await;
    assert!(
        abstain.contains("Abstain from shop 1.0.0") && !abstain.contains("&#34;conditions&#34;"),
        "{abstain}"
    );

    let size = bed.size();
    let form = [("csrf", csrf(&shown)), ("key", "1"), ("board", "cab"), ("vote", "0011"), ("condition", "0")];
    let (status, text) = send(&bed, &format!("{change}/met"), &eva, &form).await;
    assert!(status >= 400 && text.contains("no vote 0011 of cab"), "{status} {text}");
    assert_eq!(bed.size(), size);
}

/// The generator of P-256 (SEC 2, 2.4.2), uncompressed: a point on the curve whose secret everybody knows.
fn passkey_point() -> String {
    let hex = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
               4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|it| u8::from_str_radix(&hex[it..it + 2], 16).unwrap()).collect();
    base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, bytes)
}

#[tokio::test]
async fn an_alert_is_on_the_pages_of_what_it_tells_with_what_came_before_it() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let rollout = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let now = shipway_runtime::Clock::now(&shipway_runtime::SystemClock);
    let told: Notification = serde_json::from_value(serde_json::json!({
        "receiver": "shipway", "status": "firing", "version": "4", "groupKey": "g", "truncatedAlerts": 0,
        "externalURL": "", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "alerts": [{
            "status": "firing", "labels": {"alertname": "ManyErrors", "service": "web", "environment": "staging"},
            "annotations": {"summary": "every second order <fails>"}, "startsAt": now,
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "javascript:alert(1)", "fingerprint": "c1",
        }],
    }))
    .unwrap();
    let taken = bed.admin.call::<ReceiveAlerts>((), (), told).await.unwrap().value;
    let cookie = session(&bed, "vera").await;
    let alert = format!("/alerts/{}", taken.fired[0]);
    for path in [
        "/",
        "/alerts?firing=true",
        "/services/web",
        "/environments/staging",
        &format!("/rollouts/{rollout}"),
    ] {
        let (_, text) = page(&bed, path, &cookie).await;
        assert!(text.contains(&format!("href=\"{alert}\"")), "{path}\n{text}");
        assert!(text.contains("every second order &#60;fails&#62;"), "{path}");
    }
    let (status, text) = page(&bed, &alert, &cookie).await;
    assert_eq!(status, 200);
    assert!(text.contains(&format!("href=\"/rollouts/{rollout}\"")), "{text}");
    assert!(!text.contains("javascript:"), "only addresses of the web are linked to: {text}");
}
