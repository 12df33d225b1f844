//! `shipway witness` over real HTTP: what it cosigns, what it refuses, and that it does not forget

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use shipway_ledger::{Checkpoint, Cosigner, CosignerKey, Frontier, SigningKey, leaf_hash, prove_consistency};
use shipway_model::Digest;

use crate::program::{run, shipway};

struct Witness {
    child: Child,
    address: String,
}

impl Witness {
    fn start(folder: &Path) -> Self {
        let args = ["witness", "--key", "w.key", "--name", "witness.example/w1", "--state", "w.json"];
        let mut child = shipway(folder)
            .args(args)
            .args(["--log", "log.pub", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split_whitespace().last().expect("it says where it listens").to_owned();
        Self { child, address }
    }

    /// Status, content type and body.
    async fn post(&self, body: String) -> (u16, String, String) {
        let url = format!("{}/add-checkpoint", self.address);
        let answer = reqwest::Client::new().post(url).body(body).send().await.unwrap();
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), content_type, answer.text().await.unwrap())
    }
}

impl Drop for Witness {
    /// SIGKILL: what was answered must have been kept before.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log() -> SigningKey {
    SigningKey::from_seed("log.example".parse().unwrap(), &[1; 32])
}

fn leaves(history: &str) -> Vec<Digest> {
    (0..9).map(|it| leaf_hash(format!("{history} {it}").as_bytes())).collect()
}

fn checkpoint(history: &str, size: u64, key: &SigningKey) -> String {
    let mut frontier = Frontier::default();
    leaves(history)[..size as usize].iter().for_each(|it| frontier.push(*it));
    let origin = key.verifier().name().clone();
    Checkpoint { origin, size, root: frontier.root() }.sign(key)
}

fn request(history: &str, old_size: u64, size: u64) -> String {
    use base64::Engine as _;

    let proof = prove_consistency(&leaves(history), old_size, size).unwrap_or_default();
    let base64 = |it: &Digest| base64::engine::general_purpose::STANDARD.encode(it.as_bytes()) + "\n";
    let proof: String = proof.iter().map(base64).collect();
    format!("old {old_size}\n{proof}\n{}", checkpoint(history, size, &log()))
}

#[tokio::test]
async fn it_cosigns_growth_refuses_forks_and_remembers_over_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("log.pub"), log().verifier().to_string()).unwrap();
    let witness = Witness::start(folder);
    let key: CosignerKey = fs::read_to_string(folder.join("w.key.pub")).unwrap().trim().parse().unwrap();

    let (status, _, line) = witness.post(request("true", 0, 4)).await;
    assert_eq!(status, 200, "{line}");
    let cosigned = checkpoint("true", 4, &log()) + &line;
    assert!(key.verify(&cosigned).unwrap() > 1_700_000_000);
    let (status, _, line) = witness.post(request("true", 4, 7)).await;
    assert_eq!(status, 200, "{line}");
    fs::write(folder.join("cosigned"), checkpoint("true", 7, &log()) + &line).unwrap();

    drop(witness);
    let witness = Witness::start(folder);
    let size = "text/x.tlog.size".to_owned();
    // What it saw before the crash it still knows: a view from before is not signed again.
    assert_eq!(witness.post(request("true", 0, 4)).await, (409, size.clone(), "7\n".to_owned()));
    assert_eq!(witness.post(request("true", 4, 8)).await, (409, size.clone(), "7\n".to_owned()));
    // Another history of the same size, and one that claims to have grown from it.
    assert_eq!(witness.post(request("false", 7, 7)).await, (409, size.clone(), "7\n".to_owned()));
    assert_eq!(witness.post(request("false", 7, 9)).await.0, 422);
    assert_eq!(witness.post(request("true", 7, 9).replacen("old 7", "old 8", 1)).await.0, 409);
    assert_eq!(witness.post(request("true", 9, 8)).await.0, 400);
    assert_eq!(witness.post("old 7\n".to_owned()).await.0, 400);
    assert_eq!(witness.post("x".repeat(200_000)).await.0, 413);
    let stranger = SigningKey::from_seed("other.example".parse().unwrap(), &[2; 32]);
    assert_eq!(witness.post(format!("old 0\n\n{}", checkpoint("true", 4, &stranger))).await.0, 404);
    let namesake = SigningKey::from_seed("log.example".parse().unwrap(), &[2; 32]);
    assert_eq!(witness.post(format!("old 7\n\n{}", checkpoint("true", 7, &namesake))).await.0, 403);
    let url = format!("{}/add-checkpoint", witness.address);
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 405);
    // None of that has moved it.
    assert_eq!(witness.post(request("true", 7, 9)).await.0, 200);
    assert_eq!(witness.post(request("true", 9, 9)).await.0, 200, "the same view may be asked for again");

    let policy = format!("log {}\nwitness W {key}\nquorum W\n", log().verifier());
    fs::write(folder.join("policy"), policy).unwrap();
    let said = run(folder, &["verify", "cosigned", "--policy", "policy"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("cosigned by witness.example/w1"), "{}", said.out);
    fs::write(folder.join("alone"), checkpoint("true", 7, &log())).unwrap();
    let said = run(folder, &["verify", "alone", "--policy", "policy"]);
    assert!(said.code == 1 && said.out.contains("quorum is not reached"), "{}", said.out);
}

#[tokio::test]
async fn of_many_at_once_one_view_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("log.pub"), log().verifier().to_string()).unwrap();
    let witness = Witness::start(folder.path());
    let views: Vec<_> = (0..20).map(|it| request(if it % 2 == 0 { "true" } else { "false" }, 0, 5)).collect();
    let answers = futures_util::future::join_all(views.into_iter().map(|it| witness.post(it))).await;
    let signed = answers.iter().filter(|it| it.0 == 200).count();
    assert_eq!(signed, 1, "{answers:?}");
    assert!(answers.iter().all(|it| [200, 409].contains(&it.0)), "{answers:?}");
}

#[test]
fn it_does_not_start_on_a_memory_that_it_cannot_rely_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("log.pub"), log().verifier().to_string()).unwrap();
    let witness = |name: &[&str]| {
        let args = ["witness", "--key", "w.key", "--state", "w.json", "--log", "log.pub"];
        run(folder, &[&args[..], name].concat())
    };
    let said = witness(&[]);
    assert!(said.code == 2 && said.err.contains("--name"), "{}", said.err);
    fs::write(folder.join("w.json"), "{").unwrap();
    let said = witness(&["--name", "w"]);
    assert!(said.code == 1 && said.err.contains("must not sign"), "{}", said.err);
    let key = Cosigner::from_seed("w".parse().unwrap(), &[3; 32]);
    fs::write(folder.join("w.key"), key.to_secret_text()).unwrap();
    fs::remove_file(folder.join("w.json")).unwrap();
    let said = witness(&[]);
    assert!(said.code == 1 && said.err.contains("what it has seen is missing"), "{}", said.err);
    fs::write(folder.join("w.json"), r#"{"schema":"shipway.dev/witness/v2","logs":{}}"#).unwrap();
    let said = witness(&[]);
    assert!(said.code == 1 && said.err.contains("this version knows"), "{}", said.err);
    fs::write(folder.join("w.json"), r#"{"schema":"shipway.dev/witness/v1","logs":{}}"#).unwrap();
    let said = witness(&["--name", "other"]);
    assert!(said.code == 2 && said.err.contains("the key is of the witness w"), "{}", said.err);
    fs::write(folder.join("w.key"), log().to_secret_text()).unwrap();
    let said = witness(&[]);
    assert!(said.code == 1 && said.err.contains("0x04 is needed"), "{}", said.err);
}
