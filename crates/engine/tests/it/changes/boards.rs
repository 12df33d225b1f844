//! Review boards: what they see, how they decide, and what does not help anybody to get past one.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shipway_engine::board::{self, Decided, Tally};
use shipway_engine::{Code, Command, Rejection};
use shipway_model::approval::{Decision, Statement};
use shipway_model::event::Body;
use shipway_model::release::Class;
use shipway_model::{ChangeId, RolloutId};

use super::{Signer, approve, declare, give, has_begun, protected, register, seal, standing, statement};
use crate::world::{World, name};

/// Members of the board, and the numbers of their keys.
const MEMBERS: [(&str, u8); 4] = [("eva", 21), ("fay", 22), ("gus", 23), ("hal", 24)];

fn cab(changes: &Value) -> Value {
    let mut spec = json!({
        "members": ["eva", "fay", "gus", "hal"], "sees": [{ "classes": ["normal", "major"] }],
        "quorum": "1/2", "threshold": "2/3",
    });
    spec.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    spec
}

struct Scene {
    world: World,
    rollout: RolloutId,
    keys: Vec<Signer>,
}

/// A normal change whose owners have said yes, before a board of four.
fn before(board: &Value) -> Scene {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Board", "cab", cab(board));
    world.pass(60);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let rollout = world.start(release);
    let ben = register(&mut world, "ben", 1);
    let keys = MEMBERS.map(|(who, seed)| register(&mut world, who, seed)).into();
    approve(&mut world, "ben", rollout, &ben);
    Scene { world, rollout, keys }
}

impl Scene {
    fn ballot(&mut self, member: usize, decision: Decision) -> Statement {
        let base = statement(&mut self.world, self.rollout, &self.keys[member], decision);
        Statement { board: Some(name("cab")), ..base }
    }

    fn cast(&mut self, member: usize, ballot: Statement) -> Result<Vec<Body>, Rejection> {
        let vote = self.keys[member].sign(ballot);
        give(&mut self.world, MEMBERS[member].0, vote)
    }

    fn vote(&mut self, member: usize, decision: Decision) {
        let ballot = self.ballot(member, decision);
        self.cast(member, ballot).unwrap_or_else(|refused| panic!("{refused}"));
    }

    fn tally(&self) -> Tally {
        standing(&self.world, self.rollout).boards.remove(0)
    }

    fn begun(&self) -> bool {
        has_begun(&self.world, self.rollout)
    }
}

#[test]
fn a_change_waits_for_the_board_that_sees_it_and_no_other_does() {
    let mut scene = before(&json!({}));
    assert!(!scene.begun());
    assert_eq!(
        standing(&scene.world, scene.rollout).against,
        ["the board cab needs 2 more votes for its quorum of 1/2"]
    );
    scene.vote(0, Decision::Approve);
    scene.vote(1, Decision::Approve);
    assert!(scene.begun(), "{:?}", standing(&scene.world, scene.rollout));

    // What is below the risk that the board sees, and what is of another type, waits for nobody.
    let scene = before(&json!({ "sees": [{ "when": { "riskFrom": 99 } }] }));
    assert!(scene.begun());
    let scene = before(&json!({ "sees": [{ "classes": ["major"] }] }));
    assert!(scene.begun());
}

#[test]
fn quorum_and_threshold_are_exactly_as_written() {
    // 2/3 of the votes for and against: 2 of 3 are, 1 of 2 are not.
    let mut scene = before(&json!({}));
    scene.vote(0, Decision::Approve);
    scene.vote(1, Decision::Reject);
    assert_eq!(scene.tally().decided, Decided::VotedDown);
    assert_eq!(
        standing(&scene.world, scene.rollout).against,
        ["the board cab voted it down: 1 for, 1 against, and 2/3 are needed"]
    );
    scene.vote(2, Decision::Approve);
    assert!(scene.begun());

    // More than half of four are three, and half of them are not; abstentions are present and on neither side.
    let mut scene = before(&json!({ "quorum": ">1/2" }));
    scene.vote(0, Decision::Approve);
    scene.vote(1, Decision::Abstain);
    assert_eq!(scene.tally().decided, Decided::NoQuorum);
    scene.vote(2, Decision::Abstain);
    assert!(scene.begun());

    // Nobody for it is nobody for it.
    let mut scene = before(&json!({}));
    scene.vote(0, Decision::Abstain);
    scene.vote(1, Decision::Abstain);
    assert_eq!(scene.tally().decided, Decided::VotedDown);
}

#[test]
fn the_last_vote_of_a_member_counts_until_it_begins() {
    let mut scene = before(&json!({ "quorum": "3/4" }));
    scene.vote(0, Decision::Approve);
    scene.vote(0, Decision::Reject);
    scene.vote(1, Decision::Approve);
    let tally = scene.tally();
    assert_eq!((tally.votes.len(), tally.count(Decision::Approve)), (2, 1));
    let id = ChangeId::of(scene.rollout);
    scene.world.ask_as("eva", Command::WithdrawApproval { id, reason: String::new() }).unwrap();
    assert_eq!(scene.tally().votes.len(), 1);
    scene.vote(2, Decision::Recuse);
    let tally = scene.tally();
    assert_eq!((tally.votes.len(), tally.members), (1, 4));
    assert!(!tally.can.contains("gus"), "{:?}", tally.can);
}

#[test]
fn nobody_votes_on_their_own_work_not_even_to_make_a_quorum() {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Board", "cab", cab(&json!({ "members": ["ana", "eva", "fay", "gus"] })));
    world.pass(60);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let rollout = world.start(release);
    let ana = register(&mut world, "ana", 7);
    for decision in [Decision::Approve, Decision::Reject, Decision::Abstain] {
        let base = statement(&mut world, rollout, &ana, decision);
        let vote = ana.sign(Statement { board: Some(name("cab")), ..base });
        assert_eq!(give(&mut world, "ana", vote).unwrap_err().code, Code::SelfApproval, "{decision:?}");
    }
}

#[test]
fn whoever_has_no_seat_has_no_vote_and_a_seat_cannot_be_lent() {
    let mut scene = before(&json!({}));
    let cem = register(&mut scene.world, "cem", 30);
    let until = scene.world.now + SignedDuration::from_hours(2);
    let lend = Command::GrantDelegation { to: "cem".to_owned(), until, reason: String::new() };
    scene.world.ask_as("eva", lend).unwrap();
    let base = statement(&mut scene.world, scene.rollout, &cem, Decision::Approve);
    let vote = cem.sign(Statement { board: Some(name("cab")), ..base.clone() });
    assert_eq!(give(&mut scene.world, "cem", vote).unwrap_err().code, Code::NotAsked);
    let elsewhere = cem.sign(Statement { board: Some(name("directors")), ..base });
    assert_eq!(give(&mut scene.world, "cem", elsewhere).unwrap_err().code, Code::NotAsked);
}

#[test]
fn a_vote_is_no_approval_and_an_approval_is_no_vote() {
    let mut scene = before(&json!({}));
    // The board's name is a part of what is signed.
    let ballot = scene.ballot(0, Decision::Approve);
    let mut vote = scene.keys[0].sign(ballot);
    vote.statement.board = None;
    assert_eq!(give(&mut scene.world, "eva", vote).unwrap_err().code, Code::InvalidSignature);
    // A member whom no rule asks cannot approve, and whom a rule asks has no vote by that.
    let plain = statement(&mut scene.world, scene.rollout, &scene.keys[0], Decision::Approve);
    let word = scene.keys[0].sign(plain.clone());
    assert_eq!(give(&mut scene.world, "eva", word).unwrap_err().code, Code::NotAsked);
    let abstention = scene.keys[0].sign(Statement { decision: Decision::Abstain, ..plain });
    assert_eq!(give(&mut scene.world, "eva", abstention).unwrap_err().code, Code::WordVoid);
    assert_eq!(scene.tally().votes, []);
}

#[test]
fn two_accounts_of_one_person_are_one_seat_and_one_vote() {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Person", "eva", json!({ "accounts": ["eva-laptop"] }));
    let board = json!({ "members": ["eva", "eva-laptop", "fay"], "quorum": "1/1" });
    declare(&mut world, "root", "Board", "cab", cab(&board));
    world.pass(60);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let rollout = world.start(release);
    for (who, seed) in [("eva", 21), ("eva-laptop", 22)] {
        let key = register(&mut world, who, seed);
        let base = statement(&mut world, rollout, &key, Decision::Approve);
        give(&mut world, who, key.sign(Statement { board: Some(name("cab")), ..base })).unwrap();
    }
    let tally = standing(&world, rollout).boards.remove(0);
    assert_eq!((tally.members, tally.votes.len(), tally.decided), (2, 1, Decided::NoQuorum));
}

#[test]
fn an_edit_of_the_board_neither_loosens_it_nor_lets_its_editor_vote() {
    let mut scene = before(&json!({}));
    scene.vote(0, Decision::Approve);
    scene.world.pass(60);
    // With one member fewer needed it would pass; what was asked when the release was made is still asked.
    declare(
        &mut scene.world,
        "fay",
        "Board",
        "cab",
        cab(&json!({ "quorum": "1/4", "sees": [{ "classes": ["standard"], "when": { "first": true } }] })),
    );
    assert!(!scene.begun());
    assert_eq!(scene.tally().decided, Decided::NoQuorum, "the vote was for another board");
    let ballot = scene.ballot(1, Decision::Approve);
    assert_eq!(scene.cast(1, ballot).unwrap_err().code, Code::SelfApproval);
    scene.vote(0, Decision::Approve);
    assert!(!scene.begun());
    scene.vote(2, Decision::Approve);
    // The owner's word was given while the board was another one.
    let ben = register(&mut scene.world, "ben", 2);
    approve(&mut scene.world, "ben", scene.rollout, &ben);
    assert!(scene.begun(), "{:?}", standing(&scene.world, scene.rollout).against);
}

#[test]
fn material_has_to_be_on_the_table() {
    let material = json!({ "material": { "documents": ["runbook"], "evidence": ["junit"] } });
    let mut scene = before(&material);
    scene.vote(0, Decision::Approve);
    scene.vote(1, Decision::Approve);
    let tally = scene.tally();
    assert_eq!(tally.decided, Decided::LacksMaterial);
    let lacks: Vec<&str> = tally.lacks.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(lacks, ["the runbook", "evidence of the format junit"]);
    assert_eq!(tally.lacks[0].who, ["ana".to_owned()].into());
    assert!(tally.lacks[1].next.contains("--format junit"), "{}", tally.lacks[1].next);
    assert!(!scene.begun());
}

#[test]
fn a_condition_holds_the_change_until_another_member_says_that_it_is_met() {
    let mut scene = before(&json!({}));
    let ballot = scene.ballot(0, Decision::Approve);
    let vote = ballot.nonce.clone();
    let conditions = vec!["the rollback was rehearsed".to_owned()];
    scene.cast(0, Statement { conditions, ..ballot }).unwrap();
    scene.vote(1, Decision::Approve);
    assert_eq!(scene.tally().decided, Decided::OnConditions);
    assert!(!scene.begun());
    let id = ChangeId::of(scene.rollout);
    let (board, note) = (name("cab"), "in staging".to_owned());
    let meet = |vote: &str, condition| Command::MeetCondition {
        id,
        board: board.clone(),
        vote: vote.to_owned(),
        condition,
        note: note.clone(),
    };
    assert_eq!(scene.world.ask_as("ana", meet(&vote, 0)).unwrap_err().code, Code::SelfApproval);
    assert_eq!(scene.world.ask_as("cem", meet(&vote, 0)).unwrap_err().code, Code::NotAsked);
    assert_eq!(scene.world.ask_as("fay", meet(&vote, 1)).unwrap_err().code, Code::InvalidChange);
    scene.world.ask_as("fay", meet(&vote, 0)).unwrap();
    assert_eq!(scene.world.ask_as("fay", meet(&vote, 0)).unwrap(), []);
    assert!(scene.begun());
}

#[test]
fn what_is_not_decided_in_time_is_decided_elsewhere() {
    let mut world = protected(json!({}));
    declare(
        &mut world,
        "root",
        "Board",
        "directors",
        cab(&json!({
            "members": ["zoe"], "sees": [{ "classes": ["standard"], "when": { "riskFrom": 999 } }], "quorum": "1/1",
        })),
    );
    let escalation = json!({ "escalation": { "after": "2h", "to": "directors" } });
    declare(&mut world, "root", "Board", "cab", cab(&escalation));
    world.pass(60);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let rollout = world.start(release);
    let (ben, zoe) = (register(&mut world, "ben", 1), register(&mut world, "zoe", 40));
    approve(&mut world, "ben", rollout, &ben);
    let vote = |world: &mut World| {
        let base = statement(world, rollout, &zoe, Decision::Approve);
        give(world, "zoe", zoe.sign(Statement { board: Some(name("directors")), ..base }))
    };
    assert_eq!(vote(&mut world).unwrap_err().code, Code::NotAsked);
    world.pass(2 * 3600 + 1);
    let escalated = |it: &&shipway_model::event::Event| matches!(&it.body, Body::ChangeEscalated { rule, .. } if rule == "board cab");
    assert_eq!(world.events.iter().filter(escalated).count(), 1);
    assert!(!has_begun(&world, rollout));
    vote(&mut world).unwrap();
    assert!(has_begun(&world, rollout), "{:?}", standing(&world, rollout).against);
}

#[test]
fn an_emergency_does_not_wait_for_a_board() {
    let mut world = protected(json!({}));
    declare(&mut world, "root", "Board", "cab", cab(&json!({})));
    world.pass(60);
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let rollout = super::reviews::hotfix(&mut world, release, 30);
    super::reviews::operator(&mut world, "ops", 501);
    let ops = register(&mut world, "ops", 5);
    approve(&mut world, "ops", rollout, &ops);
    assert!(has_begun(&world, rollout));
    let case = world.state.changes.of(rollout).unwrap();
    let record = board::record::record(&world.state, case, world.now);
    assert!(record.bypassed.iter().any(|it| it.starts_with("boards and owed reviews")), "{record:?}");
}

#[test]
fn the_agenda_begins_with_what_is_riskiest() {
    let mut scene = before(&json!({ "quorum": "1/1" }));
    let mut risky = seal(&mut scene.world, "2.0.0", Class::Major, &["db/access/grants.sql"]);
    let id = scene.world.start(risky);
    risky = seal(&mut scene.world, "2.1.0", Class::Normal, &["src/page.rs"]);
    scene.world.pass(60);
    let last = scene.world.start(risky);
    let agenda = board::agenda(&scene.world.state, Some(&name("cab")), scene.world.now);
    let risks: Vec<u32> = agenda.iter().map(|it| it.case.change.risk.score).collect();
    assert!(risks.is_sorted_by(|one, other| one >= other), "{risks:?}");
    let found: Vec<RolloutId> = agenda.iter().map(|it| it.case.change.rollout).collect();
    assert_eq!(found.len(), 3);
    let place = |id: RolloutId| found.iter().position(|it| *it == id).unwrap();
    assert!(
        place(scene.rollout) < place(last),
        "of equal risk what was asked for first comes first: {risks:?}"
    );
    assert!(found.contains(&id));
    assert_eq!(board::agenda(&scene.world.state, Some(&name("other")), scene.world.now), []);
}

#[test]
fn minutes_are_written_from_the_votes() {
    let mut scene = before(&json!({}));
    let from = scene.world.now;
    scene.vote(0, Decision::Reject);
    scene.world.pass(60);
    scene.vote(1, Decision::Approve);
    scene.vote(2, Decision::Approve);
    let until = scene.world.now + SignedDuration::from_secs(1);
    let minutes = board::minutes::minutes(&scene.world.state, &name("cab"), from, until);
    assert_eq!(minutes.points.len(), 1);
    let text = minutes.text();
    assert!(text.contains("## 1. shop@1.0.0 into production"), "{text}");
    assert!(text.contains(&format!("- eva at {from}: against")), "{text}");
    assert!(text.contains("Result: approved. 2 for, 1 against, 0 abstained, of 4 members"), "{text}");
    let none = board::minutes::minutes(&scene.world.state, &name("cab"), until, until);
    assert!(none.text().contains("Nothing was voted on."));
}

#[test]
fn a_vote_by_a_key_that_was_stolen_falls_and_holds_what_has_begun() {
    let mut scene = before(&json!({}));
    scene.vote(0, Decision::Approve);
    let since = scene.world.now;
    scene.world.pass(60);
    scene.vote(1, Decision::Approve);
    assert!(scene.begun());
    let key = scene.keys[0].id;
    let revoke = Command::RevokeKey { key, since: Some(since), reason: "stolen".to_owned() };
    scene.world.ask_as("eva", revoke).unwrap();
    // What was under way is finished, and nothing more begins.
    for effect in scene.world.effects() {
        let outcome = scene.world.act(&effect);
        scene.world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    }
    for effect in scene.world.effects() {
        let outcome = scene.world.act(&effect);
        scene.world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    }
    let held = scene.world.rollout(scene.rollout).held.clone().expect("it is held");
    assert!(held.reason.contains("board cab"), "{}", held.reason);
}

#[test]
fn what_waits_comes_up_at_the_first_meeting_at_which_enough_members_work() {
    use shipway_engine::board::sitting::sittings;
    let mut world = protected(json!({}));
    // Fridays at nine in Zurich, from the day on which the world begins.
    let meets =
        json!({ "rule": "FREQ=DAILY;BYHOUR=9;BYMINUTE=0", "timeZone": "Europe/Zurich", "place": "room 3" });
    let board = json!({ "members": ["eva", "fay", "gus"], "sees": [{}], "quorum": "2/3", "meets": meets });
    declare(&mut world, "root", "Board", "cab", board.clone());
    let hours = json!([{ "days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "17:00" }]);
    for person in ["eva", "fay"] {
        declare(&mut world, "root", "Person", person, json!({ "hours": hours, "zone": "Europe/Zurich" }));
    }
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start_as("ana", release).unwrap();
    let change = ChangeId::of(id);
    // 1,800,000,000 is Friday the 15th of January 2027, at 08:01 in UTC: the meeting of the day is over.
    let found = sittings(&world.state, None, world.now);
    let told: Vec<(String, usize, bool, usize)> =
        found.iter().map(|it| (it.at.to_string(), it.there.len(), it.is_quorate, it.changes.len())).collect();
    assert_eq!(
        told,
        [
            ("2027-01-16T08:00:00Z".to_owned(), 1, false, 0),
            ("2027-01-17T08:00:00Z".to_owned(), 1, false, 0),
            ("2027-01-18T08:00:00Z".to_owned(), 3, true, 1),
            ("2027-01-19T08:00:00Z".to_owned(), 3, true, 0),
        ]
    );
    assert_eq!(found[2].changes, [change]);
    assert_eq!(found[0].there, ["gus".to_owned()].into());
    // Two of three are away on Monday, so it comes up on Tuesday.
    let away = json!({ "rules": [{
        "name": "skiing", "kind": "deny", "purpose": "holiday", "dtstart": "2027-01-18", "duration": "1d",
        "binds": [], "people": ["fay", "gus"],
    }] });
    declare(&mut world, "root", "Calendar", "absences", away);
    let found = sittings(&world.state, Some(&name("cab")), world.now);
    assert!(!found[2].is_quorate, "{:?}", found[2]);
    assert_eq!(found[3].changes, [change]);
    // A rule that is none is refused.
    let mut wrong = board;
    wrong["meets"]["rule"] = json!("FREQ=SOMETIMES");
    let resources = crate::world::resources(&[crate::world::resource("Board", "cab", wrong)]);
    assert!(world.ask_as("root", Command::ApplyResources { resources }).is_err());
}
