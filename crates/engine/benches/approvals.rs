//! Approvals verified per second on one core, by the kind of key, and checked again from the events of a ledger.

use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature as P256Signature, SigningKey};
use shipway_engine::change::audit::Audit;
use shipway_engine::change::word;
use shipway_engine::key::{passkey, ssh};
use shipway_model::approval::{
    Approval, Decision, Domain, NAMESPACE, PersonKey, PublicKey, Signature, Statement,
};
use shipway_model::event::{Body, Event, Schema};
use shipway_model::release::Class;
use shipway_model::{ChangeId, Digest};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

/// Approvals for each row.
const APPROVALS: u32 = 2_000;
const ORIGIN: &str = "https://ship.example.com";
const RP_ID: &str = "ship.example.com";

fn main() {
    println!("| approvals | per second |");
    println!("|---|---|");
    let (ssh_key, by_ssh) = by_ssh();
    measure("signed by SSH, Ed25519", &ssh_key, &by_ssh);
    let (passkey, by_passkey) = by_passkey();
    measure("signed by passkey, ES256", &passkey, &by_passkey);
    audit(&ssh_key, by_ssh);
}

fn measure(what: &str, key: &PublicKey, approvals: &[Approval]) {
    let started = Instant::now();
    for approval in approvals {
        word::verify(key, approval).expect("it is sound");
    }
    report(what, started);
}

/// Everything that `shipway ledger approvals` looks at, but for reading the records.
fn audit(key: &PublicKey, approvals: Vec<Approval>) {
    let id = approvals[0].statement.key;
    let key = PersonKey { id, public: key.clone(), label: String::new() };
    let registered = event(Body::KeyRegistered { key });
    let given = approvals.into_iter().map(|approval| {
        event(Body::ApprovalGiven { id: approval.statement.change, approval: Box::new(approval) })
    });
    let events: Vec<Event> = std::iter::once(registered).chain(given).collect();
    let started = Instant::now();
    let mut audit = Audit::default();
    events.iter().for_each(|it| audit.feed(it));
    let (words, _) = audit.finish();
    // There are no rollouts here, and every word says so; its signature is sound.
    let unsigned = words.iter().filter(|it| it.faults != ["its rollout had no plan then"]).count();
    assert_eq!((words.len(), unsigned), (APPROVALS as usize, 0));
    report("checked again from the ledger, SSH", started);
}

fn report(what: &str, started: Instant) {
    let per_second = f64::from(APPROVALS) / started.elapsed().as_secs_f64();
    println!("| {what} | {per_second:.0} |");
}

fn event(body: Body) -> Event {
    let tenant = "default".parse().expect("a name");
    Event { schema: Schema::V1, tenant, actor: "ben".to_owned(), at: at(), body }
}

fn at() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("an instant")
}

fn statement(n: u32, key: Digest) -> Statement {
    Statement {
        board: None,
        change: ChangeId::from_uuid(uuid::Uuid::from_u128(u128::from(n))),
        class: Class::Normal,
        conditions: Vec::new(),
        decision: Decision::Approve,
        domain: Domain::Approval,
        environment: "production".parse().expect("a name"),
        evidence: Digest::of(b"evidence"),
        expires: Timestamp::from_second(1_800_086_400).expect("an instant"),
        issued: at(),
        key,
        nonce: format!("{n:032x}"),
        plan: Digest::of(b"plan"),
        policy: Digest::of(b"policy"),
        release: Digest::of(b"release"),
        window: None,
    }
}

fn by_ssh() -> (PublicKey, Vec<Approval>) {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
    let line = key.public_key().to_openssh().expect("a line");
    let id = ssh::id_of(&line).expect("a key");
    let sign = |n| {
        let statement = statement(n, id);
        let signature = key.sign(NAMESPACE, HashAlg::Sha512, &statement.bytes()).expect("it signs");
        let armoured = signature.to_pem(LineEnding::LF).expect("a text");
        Approval { statement, signature: Signature::Ssh { armoured }, note: String::new() }
    };
    (PublicKey::Ssh { line }, (0..APPROVALS).map(sign).collect())
}

fn by_passkey() -> (PublicKey, Vec<Approval>) {
    let key = SigningKey::from_slice(&[7; 32]).expect("a key");
    let point = BASE64_URL_SAFE_NO_PAD.encode(key.verifying_key().to_encoded_point(false).as_bytes());
    let id = passkey::id_of(&point).expect("a key");
    let sign = |n| {
        let statement = statement(n, id);
        let challenge = passkey::challenge(&statement.bytes());
        let client = format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"{ORIGIN}","crossOrigin":false}}"#
        );
        // Present and verified, and a counter.
        let mut data = Digest::of(RP_ID.as_bytes()).as_bytes().to_vec();
        data.extend([0x05, 0, 0, 0, 9]);
        let signed = [&data[..], Digest::of(client.as_bytes()).as_bytes()].concat();
        let signature: P256Signature = key.sign(&signed);
        let signature = Signature::Passkey {
            authenticator_data: BASE64_URL_SAFE_NO_PAD.encode(data),
            client_data_json: BASE64_URL_SAFE_NO_PAD.encode(client),
            signature: BASE64_URL_SAFE_NO_PAD.encode(signature.to_der().as_bytes()),
        };
        Approval { statement, signature, note: String::new() }
    };
    let public = PublicKey::Passkey {
        credential: "Y3JlZGVudGlhbA".to_owned(),
        point,
        rp_id: RP_ID.to_owned(),
        origin: ORIGIN.to_owned(),
    };
    (public, (0..APPROVALS).map(sign).collect())
}
