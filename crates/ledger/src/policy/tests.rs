use super::*;
use crate::cosignature::Cosigner;
use crate::key::SigningKey;
use crate::note::Note;
use crate::tree::empty_root;

fn log(seed: u8) -> SigningKey {
    SigningKey::from_seed("log.example".parse().expect("is a name"), &[seed; 32])
}

fn witness(number: u8) -> Cosigner {
    let name = format!("witness.example/w{number}").parse().expect("is a name");
    Cosigner::from_seed(name, &[100 + number; 32])
}

/// A policy over the log and six witnesses, with these lines at its end.
fn policy(lines: &str) -> Result<Policy, InvalidPolicy> {
    let mut text = format!("# whom we believe\n\nlog {} https://log.example\n", log(1).verifier());
    for number in 1..=6 {
        text += &format!(" witness\tW{number}  {}\n", witness(number).verifier());
    }
    (text + lines).parse()
}

fn note(witnesses: &[u8]) -> String {
    let checkpoint =
        Checkpoint { origin: "log.example".parse().expect("a name"), size: 0, root: empty_root() };
    let note = checkpoint.sign(&log(1));
    let text = Note::read(&note).expect("is a note").text.to_owned();
    witnesses.iter().fold(note, |note, number| note + &witness(*number).cosign(&text, u64::from(*number)))
}

#[test]
fn a_quorum_of_groups_is_counted() {
    let lines = "group X 2 W1 W2 W3\ngroup Y any W4 W5 W6\ngroup both all X Y\nquorum both\n";
    let policy = policy(lines).expect("is a policy");
    for (witnesses, reached) in [
        (&[][..], false),
        (&[1, 2, 3], false),
        (&[1, 4, 5, 6], false),
        (&[1, 3, 5], true),
        (&[5, 3, 1, 2], true),
    ] {
        let found = policy.verify(&note(witnesses));
        if reached {
            let cosigned = found.expect("the quorum is reached").cosigned;
            let times: Vec<_> = cosigned.iter().map(|it| it.time_s as u8).collect();
            let mut expected = witnesses.to_vec();
            expected.sort_unstable();
            assert_eq!(times, expected);
        } else {
            assert_eq!(found, Err(PolicyError::Quorum { found: witnesses.len(), known: 6 }));
        }
    }
}

#[test]
fn one_witness_or_none_may_be_the_quorum() {
    let one = policy("quorum W2").expect("is a policy");
    assert!(one.verify(&note(&[2])).is_ok());
    assert_eq!(one.verify(&note(&[1])), Err(PolicyError::Quorum { found: 1, known: 6 }));
    assert!(policy("quorum none").expect("is a policy").verify(&note(&[])).is_ok());
}

#[test]
fn witnesses_that_share_a_name_are_told_apart_by_their_keys() {
    let name = witness(1).verifier().name().clone();
    let namesake = Cosigner::from_seed(name, &[50; 32]);
    let lines = format!("witness again {}\ngroup all all W1 again\nquorum all", namesake.verifier());
    let policy = policy(&lines).expect("is a policy");
    assert_eq!(policy.verify(&note(&[1])), Err(PolicyError::Quorum { found: 1, known: 7 }));
}

#[test]
fn another_log_or_a_forged_signature_is_refused() {
    let policy = Policy::of_logs(vec![log(2).verifier().clone(), log(1).verifier().clone()]);
    assert!(policy.verify(&note(&[])).is_ok(), "the second key has signed");
    let only_other = Policy::of_logs(vec![log(2).verifier().clone()]);
    assert!(matches!(only_other.verify(&note(&[])), Err(PolicyError::Note(NoteError::UnknownKey { .. }))));
    let unknown = note(&[]).replace("log.example\n", "other.example\n");
    let expected = PolicyError::UnknownLog { found: "other.example".to_owned() };
    assert_eq!(policy.verify(&unknown), Err(expected));
    let forged = note(&[3]).replace("\n0\n", "\n1\n");
    assert!(matches!(policy.verify(&forged), Err(PolicyError::Note(_))));
    // Nobody can pass off a witness's word for one size as its word for another.
    let with_quorum = self::policy("quorum W3").expect("is a policy");
    let line = note(&[3]).lines().last().expect("has lines").to_owned();
    let other = Checkpoint { origin: "log.example".parse().expect("a name"), size: 9, root: empty_root() };
    let moved = format!("{}{line}\n", other.sign(&log(1)));
    assert!(matches!(with_quorum.verify(&moved), Err(PolicyError::Note(NoteError::BadSignature { .. }))));
}

#[test]
fn says_why_it_refuses_a_text() {
    let name = |name: &str| name.to_owned();
    let threshold = |found: &str| InvalidLine::Threshold { found: found.to_owned(), n_members: 2 };
    let (key1, log1) = (witness(1).verifier().to_string(), log(1).verifier().to_string());
    for (lines, fault) in [
        ("group g all\n", InvalidLine::Form),
        ("wittness w k\n", InvalidLine::Form),
        ("quorum\n", InvalidLine::Form),
        ("quorum W1 W2\n", InvalidLine::Form),
        ("quorum W7\n", InvalidLine::UnknownName(name("W7"))),
        ("group g all g\n", InvalidLine::UnknownName(name("g"))),
        ("group none all W1\n", InvalidLine::DuplicateName(name("none"))),
        ("group W1 all W2\n", InvalidLine::DuplicateName(name("W1"))),
        ("group g all W1 W1\n", InvalidLine::TwoGroups(name("W1"))),
        ("group g 0 W1 W2\n", threshold("0")),
        ("group g 3 W1 W2\n", threshold("3")),
        ("group g 01 W1 W2\n", threshold("01")),
        ("quorum W1\r\n", InvalidLine::ControlCharacter('\r')),
        (&format!("witness other {key1}\n"), InvalidLine::DuplicateKey),
        (&format!("log {log1}\n"), InvalidLine::DuplicateKey),
        (&format!("log {key1}\n"), InvalidLine::Key(InvalidKey::Type { expected: 1, found: 4 })),
    ] {
        let expected = InvalidPolicy::Line { line: 10, fault };
        assert_eq!(policy(lines).expect_err(lines), expected, "{lines}");
    }
    let twice = InvalidPolicy::Line { line: 11, fault: InvalidLine::TwoQuorums };
    assert_eq!(policy("quorum W1\nquorum none\n").expect_err("two quorums"), twice);
    assert_eq!(policy("").expect_err("no quorum"), InvalidPolicy::NoQuorum);
    let long = " ".repeat(SIZE_BYTES_MAX + 1);
    let expected = InvalidPolicy::TooLong { size_bytes: SIZE_BYTES_MAX + 1 };
    assert_eq!(long.parse::<Policy>().expect_err("too long"), expected);
}
