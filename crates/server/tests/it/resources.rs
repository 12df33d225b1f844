//! Declaring, showing and comparing.

use shipway_api::operations::resource::{
    ApplyRequest, ApplyResources, ListResources, ResourcePath, ResourceQuery, ShowGraph, ShowResource,
    SourceFile,
};
use shipway_api::problem::Fault;
use shipway_api::view::resource::{Change, Relation};
use shipway_api::{Code, Problem};
use shipway_model::resource::Kind;

use crate::bed::{Bed, FILES};

fn request(text: &str, dry_run: bool) -> ApplyRequest {
    ApplyRequest { files: vec![SourceFile { path: "shop.yaml".to_owned(), text: text.to_owned() }], dry_run }
}

async fn refused(bed: &Bed, text: &str) -> Problem {
    let size = bed.size();
    let error = bed.admin.call::<ApplyResources>((), (), request(text, false)).await.unwrap_err();
    assert_eq!(bed.size(), size);
    error.problem().unwrap().clone()
}

#[tokio::test]
async fn files_are_applied_as_a_whole_and_repeats_change_nothing() {
    let bed = Bed::start().await;
    let size = bed.size();
    let tried = bed.admin.call::<ApplyResources>((), (), request(FILES, true)).await.unwrap().value;
    assert_eq!(bed.size(), size);
    let applied = bed.admin.call::<ApplyResources>((), (), request(FILES, false)).await.unwrap().value;
    assert_eq!(applied, tried);
    assert!(applied.changes.len() == 3 && applied.changes.iter().all(|it| it.change == Change::Created));
    let size = bed.size();
    let again = bed.admin.call::<ApplyResources>((), (), request(FILES, false)).await.unwrap().value;
    assert!(again.changes.iter().all(|it| it.change == Change::Unchanged));
    assert_eq!(bed.size(), size);

    let changed = FILES.replace("The shop window", "What customers see");
    let changed = bed.admin.call::<ApplyResources>((), (), request(&changed, false)).await.unwrap().value;
    let web = changed.changes.iter().find(|it| it.change == Change::Updated).unwrap();
    assert_eq!(web.diff.len(), 1);
    assert_eq!(web.diff[0].path, "/metadata/description");
    assert_eq!(web.diff[0].after, Some("What customers see".into()));
    let path = ResourcePath { kind: Kind::Service, name: "web".parse().unwrap() };
    assert_eq!(bed.admin.call::<ShowResource>(path, (), ()).await.unwrap().value.revision, 2);
}

#[tokio::test]
async fn faults_are_told_all_at_once_with_their_places() {
    let bed = Bed::start().await;
    let text = FILES.replace("owner: shop", "onwer: shop").replace("stage: staging", "stage: [staging]");
    let problem = refused(&bed, &text).await;
    assert!(problem.is(Code::InvalidFiles), "{problem}");
    let places: Vec<_> = problem
        .faults
        .iter()
        .map(|fault| match fault {
            Fault::File(fault) => (fault.path.as_str(), fault.line),
            Fault::Stated(_) => panic!("{fault} has no place"),
        })
        .collect();
    assert!(places.len() >= 2, "{problem}");
    assert!(places.contains(&("shop.yaml", 11)), "{places:?}");
    assert!(places.contains(&("shop.yaml", 20)), "{places:?}");
}

#[tokio::test]
async fn declarations_that_do_not_fit_together_are_refused() {
    let bed = Bed::start().await;
    let problem = refused(&bed, &FILES.replace("owner: shop", "owner: nobody")).await;
    assert!(problem.is(Code::InvalidDeclarations), "{problem}");
    assert!(problem.faults.iter().any(|it| it.to_string().contains("nobody")), "{problem}");
}

#[tokio::test]
async fn lists_come_in_pages_and_by_kind() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let mut names = Vec::new();
    let mut query = ResourceQuery { limit: Some(2), ..ResourceQuery::default() };
    loop {
        let page = bed.admin.call::<ListResources>((), query.clone(), ()).await.unwrap().value;
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().map(|it| it.resource.key().to_string()));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(names, ["Team shop", "Service web", "Environment staging"]);
    let nowhere = ResourceQuery { cursor: Some("Team/nobody".to_owned()), ..ResourceQuery::default() };
    let refused = bed.admin.call::<ListResources>((), nowhere, ()).await.unwrap_err();
    assert!(refused.is(Code::InvalidRequest), "{refused}");
    let query = ResourceQuery { kind: Some(Kind::Team), ..ResourceQuery::default() };
    assert_eq!(bed.admin.call::<ListResources>((), query, ()).await.unwrap().value.items.len(), 1);
    let graph = bed.admin.call::<ShowGraph>((), (), ()).await.unwrap().value;
    assert_eq!(graph.nodes.len(), 3);
    assert!(graph.edges.iter().any(|it| it.relation == Relation::OwnedBy && it.to.kind == Kind::Team));
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let ask = || bed.http.get(bed.url("/api/v1/resources/Team/shop")).bearer_auth(&bed.admin_token);
    let first = ask().send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    let second = ask().header("if-none-match", &etag).send().await.unwrap();
    assert_eq!((second.status().as_u16(), &second.headers()["etag"]), (304, &etag));
    bed.apply(&FILES.replace("{ name: shop }", "{ name: shop, description: us }")).await;
    assert_eq!(ask().header("if-none-match", &etag).send().await.unwrap().status(), 200);
}
