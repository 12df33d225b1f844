//! Files that are not what they should be, over HTTP and from the command line.

use std::fs;
use std::time::{Duration, Instant};

use super::{Request, STRATEGY, apply, check};
use crate::site::Site;

/// A file, and what is said about it.
fn faulty() -> Vec<(&'static str, String, &'static str)> {
    let team = |name: &str, spec: &str| {
        format!("apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {{name: {name}}}\nspec: {spec}\n")
    };
    let bomb = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let previous = format!("*a{}, ", level - 1).repeat(9);
        format!("{text}a{level}: &a{level} [{previous}]\n")
    });
    vec![
        ("an unknown kind", team("crew", "{}").replace("Team", "Teem"), "Team"),
        ("an unknown field", team("crew", "{membres: [ana]}"), "members"),
        ("a wrong type", team("crew", "{members: 7}"), "members"),
        ("a name that climbs", team("../../etc", "{}"), "name"),
        ("a name with control characters", team(r#""a\u0007b""#, "{}"), "name"),
        ("an unknown version", team("crew", "{}").replace("dev/v1", "dev/v9"), "shipway.dev/v1"),
        ("no YAML", "a: [".to_owned(), "shop.yaml"),
        ("a bomb", bomb, "shop.yaml"),
        ("deep nesting", "[".repeat(50_000), "shop.yaml"),
    ]
}

#[tokio::test]
async fn are_refused_as_a_whole_and_every_fault_has_a_place() {
    let mut site = Site::without_hosts(STRATEGY).await;
    site.look().await;
    let token = site.token().to_owned();
    let good = "apiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: other}\nspec: {}\n---\n";
    for (what, text, words) in faulty() {
        let began = Instant::now();
        // What is right in the same file does not come in either.
        let body = apply(&format!("{good}{text}"));
        check(&mut site, Request::post("/resources/apply", &token, &body), 422, "invalid-files", words).await;
        assert!(began.elapsed() < Duration::from_secs(2), "{what} took {:?}", began.elapsed());

        let file = site.path().join("shop.yaml");
        fs::write(&file, &text).expect("it can be written");
        let size = site.witness.size();
        let said = site.shipway(&["apply", "shop.yaml"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{what}: {}", said.err);
        assert!(said.err.contains("shop.yaml:") && said.err.contains(words), "{what}: {}", said.err);
        site.assert_size_is(size).await;
    }
    site.assert_nothing_lost().await;
}

#[tokio::test]
async fn that_do_not_fit_together_are_refused_with_the_reason() {
    let mut site = Site::without_hosts(STRATEGY).await;
    site.look().await;
    let token = site.token().to_owned();
    let service = |name: &str, owner: &str, needs: &str| {
        format!(
            "apiVersion: shipway.dev/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  owner: {owner}\n  dependsOn: [{{service: {needs}}}]\n  deployment: {{command: [x], health: {{checks: [{{name: up, probe: {{tcp: {{}}}}}}]}}}}\n---\n"
        )
    };
    let cycle =
        [service("one", "crew", "two"), service("two", "crew", "three"), service("three", "crew", "one")]
            .concat();
    for (text, words) in [(cycle, "one → two → three → one"), (service("one", "nobody", "web"), "nobody")]
    {
        let body = apply(&text);
        check(
            &mut site,
            Request::post("/resources/apply", &token, &body),
            422,
            "invalid-declarations",
            words,
        )
        .await;
    }
}
