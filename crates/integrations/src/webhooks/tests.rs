//! Messages written after the senders' documentation (GitHub's and GitLab's pages on webhook events, the source of Jenkins'
//! plugin, the conformance files of CDEvents), cut down to what is looked at and some of what is not.

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use shipway_model::ci::{CiResult, Deed, Report, TestCount};
use shipway_model::source::Ref;

use super::*;

const COMMIT: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
const DIGEST: &str = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427";

fn told(sender: Sender, headers: &[(&'static str, &str)], body: &Value) -> Delivery {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    read(sender, &HeaderMap::from_iter(headers), body.to_string().as_bytes()).unwrap()
}

/// The one report of a message.
fn report(sender: Sender, headers: &[(&'static str, &str)], body: &Value) -> Report {
    let delivery = told(sender, headers, body);
    assert_eq!(delivery.passed_over, Vec::<String>::new());
    let [report] = &delivery.reports[..] else { panic!("{delivery:?}") };
    report.clone()
}

/// Why nothing is taken up.
fn passed_over(sender: Sender, headers: &[(&'static str, &str)], body: &Value) -> String {
    let delivery = told(sender, headers, body);
    assert_eq!(delivery.reports, []);
    delivery.passed_over.join("; ")
}

fn github(event: &str, body: &Value) -> Report {
    report(Sender::Github, &[("x-github-event", event), ("x-github-delivery", "72d3162e")], body)
}

fn repository() -> Value {
    json!({ "full_name": "acme/shop", "html_url": "https://github.com/acme/shop" })
}

#[test]
fn githubs_workflows_and_checks_are_builds_and_tests() {
    let run = json!({ "action": "completed", "repository": repository(), "workflow_run": {
        "id": 30433642, "name": "Build", "head_branch": "main", "head_sha": COMMIT, "run_number": 562,
        "event": "push", "status": "completed", "conclusion": "success",
        "html_url": "https://github.com/acme/shop/actions/runs/30433642",
    }});
    let expected = Report {
        name: "Build".to_owned(),
        result: Some(CiResult::Passed),
        repository: Some("github.com/acme/shop".to_owned()),
        reference: Some(Ref::Branch("main".to_owned())),
        commit: Some(COMMIT.to_owned()),
        url: Some("https://github.com/acme/shop/actions/runs/30433642".to_owned()),
        ..Report::of(Deed::BuildFinished)
    };
    assert_eq!(github("workflow_run", &run), expected);
    let suite = json!({ "action": "completed", "repository": repository(), "check_suite": {
        "id": 118578147, "head_branch": "main", "head_sha": COMMIT, "conclusion": "timed_out",
        "app": { "name": "GitHub Actions" }, "url": "https://api.github.com/repos/acme/shop/check-suites/118578147",
    }});
    let it = github("check_suite", &suite);
    assert_eq!(
        (it.deed, it.result, &*it.name),
        (Deed::TestsFinished, Some(CiResult::Failed), "GitHub Actions")
    );
    let delivery = told(
        Sender::Github,
        &[("x-github-event", "workflow_run"), ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")],
        &run,
    );
    assert_eq!(delivery.id, "72d3162e-cc78-11e3-81ab-4c9367dc0958");
}

#[test]
fn githubs_pushes_releases_and_packages_are_commits_and_artifacts() {
    let push = json!({ "ref": "refs/heads/release/1.2", "before": "0".repeat(40), "after": COMMIT,
        "repository": repository(), "pusher": { "name": "ana", "email": "ana@example.org" }, "commits": [] });
    let it = github("push", &push);
    assert_eq!((it.deed, it.reference), (Deed::CommitsPushed, Some(Ref::Branch("release/1.2".to_owned()))));
    let release = json!({ "action": "published", "repository": repository(), "release": {
    "tag_name": "v1.2.0", "target_commitish": "main", "assets": [
        { "name": "web.tar.gz", "size": 3, "digest": DIGEST, "browser_download_url": "https://github.com/x" },
        { "name": "old.tar.gz", "size": 3, "digest": null },
    ]}});
    let delivery = told(Sender::Github, &[("x-github-event", "release")], &release);
    let of = |it: &Report| {
        (it.name.clone(), it.artifact.map(|it| it.to_string()), it.version.is_some(), it.commit.clone())
    };
    let expected = [
        ("web.tar.gz".to_owned(), Some(DIGEST.to_owned()), true, None),
        ("old.tar.gz".to_owned(), None, true, None),
    ];
    assert_eq!(delivery.reports.iter().map(of).collect::<Vec<_>>(), expected);
    let package = json!({ "action": "published", "repository": repository(), "registry_package": {
    "name": "web", "ecosystem": "CONTAINER", "package_version": {
        "version": DIGEST, "target_oid": COMMIT, "html_url": "https://github.com/acme/web/1",
        "container_metadata": { "tag": { "name": "1.2.0", "digest": DIGEST } },
    }}});
    let it = github("registry_package", &package);
    assert_eq!(it.artifact.unwrap().to_string(), DIGEST);
    assert_eq!(
        (it.version.unwrap().to_string(), it.commit.unwrap()),
        ("1.2.0".to_owned(), COMMIT.to_owned())
    );
}

#[test]
fn what_github_tells_beside_is_answered_and_not_taken_up() {
    let passed = |event: &str, body: Value| passed_over(Sender::Github, &[("x-github-event", event)], &body);
    assert!(passed("ping", json!({ "zen": "Keep it logically awesome.", "hook_id": 1 })).contains("ping"));
    assert!(passed("workflow_run", json!({ "action": "requested" })).contains("`requested`"));
    assert!(passed("issues", json!({ "action": "opened" })).contains("`issues`"));
    assert!(passed("push", json!({ "ref": "refs/heads/x", "after": "0".repeat(40) })).contains("deleted"));
    assert!(
        passed("release", json!({ "action": "published", "release": { "tag_name": "v1" } }))
            .contains("no files")
    );
    let why = read(Sender::Github, &HeaderMap::new(), b"{}").unwrap_err();
    assert!(why.contains("X-GitHub-Event"), "{why}");
    assert!(read(Sender::Github, &HeaderMap::new(), b"payload=%7B%7D").unwrap_err().contains("no JSON"));
}

fn project() -> Value {
    json!({ "name": "Shop", "web_url": "https://gitlab.example.com/acme/shop", "path_with_namespace": "acme/shop" })
}

#[test]
fn gitlabs_pipelines_jobs_pushes_and_releases() {
    let headers = [
        ("x-gitlab-event", "Pipeline Hook"),
        ("idempotency-key", "f5e5f430"),
        ("x-gitlab-event-uuid", "13792a34"),
    ];
    let pipeline = json!({ "object_kind": "pipeline", "project": project(), "object_attributes": {
        "id": 31, "iid": 3, "name": "Pipeline for branch: main", "ref": "main", "tag": false, "sha": COMMIT,
        "source": "push", "status": "failed", "stages": ["build", "test"], "finished_at": "2026-03-14 09:26:53 UTC",
        "url": "https://gitlab.example.com/acme/shop/-/pipelines/31",
    }, "builds": [] });
    let it = report(Sender::Gitlab, &headers, &pipeline);
    assert_eq!((it.deed, it.result), (Deed::BuildFinished, Some(CiResult::Failed)));
    assert_eq!(it.repository.as_deref(), Some("gitlab.example.com/acme/shop"));
    assert_eq!((it.commit.as_deref(), it.reference), (Some(COMMIT), Some(Ref::Branch("main".to_owned()))));
    assert_eq!(told(Sender::Gitlab, &headers, &pipeline).id, "f5e5f430");
    let mut running = pipeline.clone();
    running["object_attributes"]["status"] = json!("running");
    assert!(passed_over(Sender::Gitlab, &[], &running).contains("`running`"));

    let job = |stage: &str| {
        json!({ "object_kind": "build", "ref": "v1.2.0", "tag": true, "sha": COMMIT, "build_id": 1977,
        "build_name": "unit", "build_stage": stage, "build_status": "success", "project": project() })
    };
    let it = report(Sender::Gitlab, &[], &job("test"));
    assert_eq!((it.deed, it.result, &*it.name), (Deed::TestsFinished, Some(CiResult::Passed), "unit"));
    assert_eq!(it.reference, Some(Ref::Tag("v1.2.0".to_owned())));
    assert!(passed_over(Sender::Gitlab, &[], &job("deploy")).contains("`deploy`"));

    let push = json!({ "object_kind": "push", "ref": "refs/heads/main", "checkout_sha": COMMIT, "after": COMMIT,
        "user_name": "Ana", "project": project() });
    assert_eq!(report(Sender::Gitlab, &[], &push).deed, Deed::CommitsPushed);
    let gone = json!({ "object_kind": "push", "ref": "refs/heads/x", "checkout_sha": null, "after": "0".repeat(40) });
    assert!(passed_over(Sender::Gitlab, &[], &gone).contains("deleted"));
    let release = json!({ "object_kind": "release", "action": "create", "name": "v1.2", "tag": "v1.2.0",
        "commit": { "id": COMMIT }, "project": project() });
    assert_eq!(report(Sender::Gitlab, &[], &release).version.unwrap().to_string(), "1.2.0");
    assert!(passed_over(Sender::Gitlab, &[], &json!({ "object_kind": "note" })).contains("`note`"));
    assert!(read(Sender::Gitlab, &HeaderMap::new(), b"{}").is_err());
}

#[test]
fn jenkins_builds_are_told_once_with_the_results_of_their_tests() {
    let build = |phase: &str| {
        json!({ "name": "shop", "display_name": "shop", "url": "job/shop/", "build": {
            "full_url": "http://jenkins.example.com/job/shop/18/", "number": 18, "queue_id": 1, "phase": phase,
            "status": "UNSTABLE", "url": "job/shop/18/", "timestamp": 1477640156281_u64,
            "scm": { "url": "git@github.com:acme/shop.git", "branch": "origin/main", "commit": COMMIT, "culprits": ["ana"] },
            "log": "", "artifacts": {},
            "test_summary": { "total": 7, "failed": 2, "passed": 4, "skipped": 1, "failed_tests": ["a.b", "a.c"] },
        }})
    };
    assert!(passed_over(Sender::Jenkins, &[], &build("COMPLETED")).contains("`COMPLETED`"));
    let delivery = told(Sender::Jenkins, &[], &build("FINALIZED"));
    assert_eq!(delivery.id, "http://jenkins.example.com/job/shop/18/ FINALIZED");
    let [made, tested] = &delivery.reports[..] else { panic!("{delivery:?}") };
    assert_eq!((made.deed, made.result), (Deed::BuildFinished, Some(CiResult::Passed)));
    assert_eq!(made.reference, Some(Ref::Branch("main".to_owned())));
    assert_eq!(made.repository.as_deref(), Some("github.com/acme/shop"));
    assert_eq!((tested.deed, tested.result), (Deed::TestsFinished, Some(CiResult::Failed)));
    assert_eq!(tested.tests, Some(TestCount { total: 7, passed: 4, failed: 2, skipped: 1 }));
    let mut untested = build("FINALIZED");
    untested["build"].as_object_mut().unwrap().remove("test_summary");
    let delivery = told(Sender::Jenkins, &[], &untested);
    assert_eq!((delivery.reports.len(), delivery.passed_over.len()), (1, 1));
    assert!(read(Sender::Jenkins, &HeaderMap::new(), b"{\"name\":\"shop\"}").is_err());
}

fn cdevent(kind: &str, subject: Value) -> Value {
    json!({ "context": { "version": "0.4.1", "id": "271069a8", "source": "/event/source/123",
        "type": format!("dev.cdevents.{kind}"), "timestamp": "2023-03-20T14:27:05.315384Z" }, "subject": subject })
}

#[test]
fn cdevents_of_others_in_both_modes() {
    let suite = cdevent(
        "testsuiterun.finished.0.2.0",
        json!({ "id": "myTestSuiteRun123", "type": "testSuiteRun",
        "content": { "outcome": "fail", "severity": "critical", "reason": "Host not found",
            "environment": { "id": "dev" }, "testSuite": { "id": "92834723894", "name": "Auth TestSuite" } } }),
    );
    let binary =
        [("ce-id", "e1"), ("ce-source", "/ci"), ("ce-type", "dev.cdevents.testsuiterun.finished.0.2.0")];
    let it = report(Sender::Cdevents, &binary, &suite);
    assert_eq!(
        (it.deed, it.result, &*it.name),
        (Deed::TestsFinished, Some(CiResult::Failed), "Auth TestSuite")
    );
    assert_eq!(told(Sender::Cdevents, &binary, &suite).id, "/ci e1");
    let structured = json!({ "specversion": "1.0", "id": "e2", "source": "/ci", "datacontenttype": "application/json",
        "type": "dev.cdevents.testsuiterun.finished.0.2.0", "data": suite });
    let delivery = told(Sender::Cdevents, &[], &structured);
    assert_eq!((&*delivery.id, delivery.reports.len()), ("/ci e2", 1));
    assert_eq!(delivery.reports[0], it, "one event, two modes");

    let build = cdevent(
        "build.finished.0.2.0",
        json!({ "id": "b1", "content": {
        "artifactId": format!("pkg:oci/myapp@{}", DIGEST.replace(':', "%3A")) } }),
    );
    assert_eq!(report(Sender::Cdevents, &[], &build).artifact.unwrap().to_string(), DIGEST);
    let ours = format!("pkg:generic/web@1.2.0?checksum={DIGEST}");
    let published = cdevent("artifact.published.0.1.1", json!({ "id": ours, "content": {} }));
    let it = report(Sender::Cdevents, &[], &published);
    assert_eq!((it.deed, &*it.name), (Deed::ArtifactPublished, "web"));
    assert_eq!(
        (it.version.unwrap().to_string(), it.artifact.unwrap().to_string()),
        ("1.2.0".to_owned(), DIGEST.to_owned())
    );
    let packaged = cdevent(
        "artifact.packaged.0.2.0",
        json!({ "id": "pkg:golang/mygit.com/myorg/myapp@234fd47e07d1",
        "content": { "change": { "id": COMMIT, "source": "my-git.example/an-org/a-repo" } } }),
    );
    let it = report(Sender::Cdevents, &[], &packaged);
    assert_eq!((it.artifact, it.commit.as_deref()), (None, Some(COMMIT)));
    assert_eq!(it.repository.as_deref(), Some("my-git.example/an-org/a-repo"));
    let run = cdevent(
        "pipelinerun.finished.0.2.0",
        json!({ "id": "p1", "content": {
        "pipelineName": "myPipeline", "url": "https://www.example.com/p1", "outcome": "failure" } }),
    );
    let it = report(Sender::Cdevents, &[], &run);
    assert_eq!((it.result, &*it.name), (Some(CiResult::Failed), "myPipeline"));
    let merged = cdevent(
        "change.merged.0.2.0",
        json!({ "id": COMMIT, "content": {
        "repository": { "id": "acme/shop", "source": "https://github.com" } } }),
    );
    let it = report(Sender::Cdevents, &[], &merged);
    assert_eq!((it.deed, it.repository.as_deref()), (Deed::CommitsPushed, Some("github.com/acme/shop")));

    let other = cdevent("service.deployed.0.2.0", json!({ "id": "web" }));
    assert!(passed_over(Sender::Cdevents, &[], &other).contains("`service.deployed`"));
    for none in [json!({}), json!({ "context": { "type": "com.example.thing" } })] {
        assert!(read(Sender::Cdevents, &HeaderMap::new(), none.to_string().as_bytes()).is_err(), "{none}");
    }
}

#[test]
fn whatever_comes_is_bounded_and_clean() {
    let files: Vec<Value> =
        (0..1000).map(|it| json!({ "name": format!("\u{1b}[2J{it}{}", "x".repeat(9999)) })).collect();
    let release = json!({ "action": "published", "release": { "tag_name": "v1", "assets": files } });
    let delivery = told(Sender::Github, &[("x-github-event", "release")], &release);
    assert_eq!(delivery.reports.len(), REPORTS_MAX);
    assert!(delivery.passed_over[0].contains("900 reports"), "{:?}", delivery.passed_over);
    assert!(delivery.reports.iter().all(|it| it.name.chars().count() <= 300 && !it.name.contains('\u{1b}')));
    assert!(delivery.id.starts_with("sha256:"), "without an id of the sender's, that of the bytes");
    let deep = "[".repeat(100_000);
    assert!(read(Sender::Github, &HeaderMap::new(), deep.as_bytes()).is_err());
}
