//! When releases can go, through the API: promotion, freezes and what is under way.

use jiff::{SignedDuration, Timestamp};
use shipway_api::Code;
use shipway_api::operations::rollout::StartRollout;
use shipway_api::operations::schedule::{ConflictsRequest, FindConflicts, MakeSchedule, ScheduleRequest};
use shipway_api::view::schedule::ObstacleKind;

use crate::bed::{Bed, FILES};
use crate::rollouts;

const PRODUCTION: &str = "
apiVersion: shipway.dev/v1
kind: Environment
metadata: { name: production }
spec:
  targets: { stage: staging }
  promotesFrom: staging
";

fn freeze(from: Timestamp, hours: i64) -> String {
    let dtstart = from.strftime("%Y-%m-%dT%H:%M");
    format!(
        "
apiVersion: shipway.dev/v1
kind: Calendar
metadata: {{ name: law }}
spec:
  rules:
    - {{ name: freeze, kind: deny, purpose: freeze, reason: the books are closed, dtstart: '{dtstart}',
        duration: {hours}h, scope: {{ environments: [production] }} }}
"
    )
}

fn request(releases: &[&str], by: Option<Timestamp>) -> ScheduleRequest {
    let releases = releases.iter().map(|it| it.parse().unwrap()).collect();
    ScheduleRequest { releases, environments: Vec::new(), from: None, by, dates: Vec::new() }
}

#[tokio::test]
async fn a_release_is_placed_in_the_order_of_promotion_and_after_a_freeze() {
    let bed = Bed::start().await;
    let now = bed.runtime.clock().now();
    let until = now + SignedDuration::from_hours(30);
    bed.apply(FILES).await;
    bed.apply(PRODUCTION).await;
    bed.apply(&freeze(now - SignedDuration::from_hours(1), 31)).await;
    let _agent = bed.agent("host-a").await;
    bed.release("1.0.0").await;

    let size = bed.size();
    let view = bed.admin.call::<MakeSchedule>((), (), request(&["shop@1.0.0"], None)).await.unwrap().value;
    assert_eq!(bed.size(), size, "nothing is booked");
    assert!(view.feasible);
    let titles: Vec<&str> = view.legs.iter().map(|it| &*it.title).collect();
    assert_eq!(titles, ["shop@1.0.0 into staging", "shop@1.0.0 into production"]);
    assert_eq!(view.legs[0].slot.unwrap().from, view.from);
    let production = &view.legs[1];
    // The rule's minutes are whole ones.
    assert!(production.slot.unwrap().from.duration_since(until).abs() <= SignedDuration::from_mins(1));
    assert!(production.waits.iter().any(|it| it.contains("staging")), "{:?}", production.waits);
    assert!(production.waits.iter().any(|it| it.contains("the books are closed")), "{:?}", production.waits);

    let by = Some(now + SignedDuration::from_hours(20));
    let view = bed.admin.call::<MakeSchedule>((), (), request(&["shop@1.0.0"], by)).await.unwrap().value;
    assert!(!view.feasible);
    assert!(view.legs[0].slot.is_some());
    let obstacles = &view.legs[1].obstacles;
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert_eq!((obstacles[0].kind, &*obstacles[0].why), (ObstacleKind::Calendar, "the books are closed"));
    let unknown = bed.admin.call::<MakeSchedule>((), (), request(&["shop@9.0.0"], None)).await.unwrap_err();
    assert!(unknown.is(Code::UnknownRelease), "{unknown}");
}

#[tokio::test]
async fn what_is_under_way_conflicts_with_the_same_service() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let _agent = bed.agent("host-a").await;
    let first = bed.release("1.0.0").await;
    let second = bed.release("1.1.0").await;
    let ask = |release| ConflictsRequest { release, environment: "staging".parse().unwrap(), at: None };
    let free = bed.admin.call::<FindConflicts>((), (), ask(second.clone())).await.unwrap().value;
    assert_eq!((free.conflicts.len(), free.next), (0, None));

    let rollout = bed.admin.call::<StartRollout>((), (), rollouts::new(&first)).await.unwrap().value;
    let met = bed.admin.call::<FindConflicts>((), (), ask(second)).await.unwrap().value;
    assert_eq!(met.conflicts.len(), 1, "{met:?}");
    assert_eq!(met.conflicts[0].kind, "same-service");
    assert!(met.conflicts[0].with.contains(&rollout.summary.id.to_string()), "{met:?}");

    assert!(met.next.unwrap().from > met.from);
}
