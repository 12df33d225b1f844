//! Pages that many look at: what is shown alike, and in how many bytes.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, COOKIE, SET_COOKIE, VARY};
use shipway_api::operations::pause::{PauseRequest, PauseScope};
use shipway_api::operations::rollout::StartRollout;
use shipway_model::event::{Role, Scope};

use crate::bed::{Bed, FILES};
use crate::pages::{page, sign_in};
use crate::rollouts::new;

async fn session(bed: &Bed, name: &str, role: Role) -> String {
    let answer = sign_in(bed, &bed.token(name, role).await).await;
    answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A page's content as an open page asks for it, and as it came over the line.
async fn part(bed: &Bed, path: &str, cookie: &str) -> (String, usize) {
    let asked = bed.http.get(bed.url(path)).header(COOKIE, cookie).header("hx-request", "true");
    let answer = asked.header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip", "{path}");
    let vary: Vec<_> = answer.headers().get_all(VARY).iter().map(|it| it.to_str().unwrap()).collect();
    assert_eq!(vary, ["HX-Request", "Accept-Encoding"]);
    let bytes = answer.bytes().await.unwrap();
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    (text, bytes.len())
}

#[tokio::test]
async fn readers_with_the_same_rights_are_shown_the_same_and_others_what_is_theirs() {
    let bed = Bed::start().await;
    let files = FILES.replace("name: shop }\nspec: {}", "name: shop }\nspec: { members: [ben] }");
    bed.apply(&(files + "  protected: true\n")).await;
    let _agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let id = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let (vera, vic) = (session(&bed, "vera", Role::Viewer).await, session(&bed, "vic", Role::Viewer).await);
    let ben = session(&bed, "ben", Role::Approver).await;

    // Whether two ask within one second of the clock is chance; when they do, the bytes are one another's.
    for path in ["/", "/rollouts", &format!("/rollouts/{id}"), "/services", "/services/web"] {
        let (of_vera, bytes) = part(&bed, path, &vera).await;
        let (of_vic, _) = part(&bed, path, &vic).await;
        assert!(bytes < of_vera.len(), "{path}");
        let told = |text: &str| text.matches("shop 1.0.0").count();
        assert_eq!(told(&of_vera), told(&of_vic), "{path}");
        assert!(!of_vera.contains("name=\"csrf\""), "what is shown to all holds no form of one: {path}");
    }
    let (of_vera, _) = part(&bed, "/", &vera).await;
    let (of_ben, _) = part(&bed, "/", &ben).await;
    assert!(of_ben.contains("Needs you") && !of_vera.contains("Needs you"), "{of_ben}");

    // What is written is shown at once, within the same second too.
    let pause =
        PauseRequest { scope: Scope::Environment("staging".parse().unwrap()), reason: "a look".to_owned() };
    bed.admin.call::<PauseScope>((), (), pause).await.unwrap();
    assert!(part(&bed, "/", &vera).await.0.contains("staging is paused"));
    // Whoever is shown it as a page has their own frame around it.
    for (name, cookie) in [("vera", &vera), ("vic", &vic)] {
        let (_, whole) = page(&bed, "/services", cookie).await;
        assert!(whole.contains(&format!(">{name}</a>")), "{whole}");
    }
}

#[tokio::test]
async fn style_and_scripts_come_pressed_and_event_streams_do_not() {
    let bed = Bed::start().await;
    let cookie = session(&bed, "vera", Role::Viewer).await;
    let (_, shown) = page(&bed, "/", &cookie).await;
    let style = shown.split("href=\"/assets/page-").nth(1).unwrap().split('"').next().unwrap();
    let ask = |path: &str, takes: &'static str| {
        bed.http.get(bed.url(path)).header(COOKIE, &cookie).header(ACCEPT_ENCODING, takes).send()
    };
    let path = format!("/assets/page-{style}");
    let pressed = ask(&path, "gzip").await.unwrap();
    assert_eq!(pressed.headers()[CONTENT_ENCODING], "gzip");
    let (pressed, whole) = (pressed.bytes().await.unwrap(), ask(&path, "identity").await.unwrap());
    assert!(whole.headers().get(CONTENT_ENCODING).is_none());
    let whole = whole.text().await.unwrap();
    assert!(pressed.len() * 2 < whole.len(), "{} of {}", pressed.len(), whole.len());
    let live = ask("/live?seen=0", "gzip").await.unwrap();
    assert_eq!(live.headers()["content-type"], "text/event-stream");
    assert!(live.headers().get(CONTENT_ENCODING).is_none());
}
