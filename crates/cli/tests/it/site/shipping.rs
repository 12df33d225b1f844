//! Releases of `web`, and their rollouts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use shipway_api::client::Error;
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease};
use shipway_api::operations::rollout::{NewRollout, RolloutPath, ShowRollout, StartRollout};
use shipway_api::view::ledger::LedgerEvent;
use shipway_api::view::rollout::RolloutView;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::{Digest, RolloutId};

use super::service::{self, Behaviour};
use super::{LOOK_INTERVAL, PATIENCE, Site, assert_ended};

impl Site {
    /// A version of `web`, registered and in a sealed release `site@VERSION`.
    pub(crate) async fn release(&self, version: &str, behaviour: Behaviour) -> Digest {
        let archive = service::pack(self.path(), version, behaviour);
        self.release_archive(version, std::fs::read(archive).expect("it was packed")).await
    }

    pub(crate) async fn release_archive(&self, version: &str, archive: Vec<u8>) -> Digest {
        let client = self.client();
        let digest = Digest::of(&archive);
        let artifact = Artifact {
            service: "web".parse().expect("a name"),
            version: version.parse().expect("a version"),
            digest,
            size_bytes: archive.len() as u64,
            format: ArchiveFormat::TarGz,
            commit: String::new(),
            builder: String::new(),
            provenance: None,
            source: None,
        };
        let part = Part {
            version: artifact.version.clone(),
            artifact: digest,
            variants: BTreeMap::new(),
            configuration: None,
        };
        let bundle = Bundle {
            name: "site".parse().expect("a name"),
            version: artifact.version.clone(),
            parts: BTreeMap::from([(artifact.service.clone(), part)]),
            documents: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        self.put_blob(digest, archive).await.expect("it is stored");
        client.call::<RegisterArtifact>((), (), artifact).await.expect("it is registered");
        client.call::<CreateRelease>((), (), bundle).await.expect("it is created");
        let release = format!("site@{version}").parse().expect("a selector");
        client.call::<SealRelease>(ReleasePath { release }, (), ()).await.expect("it is sealed");
        digest
    }

    pub(crate) async fn put_blob(&self, digest: Digest, bytes: Vec<u8>) -> Result<(), Error> {
        let size_bytes = bytes.len() as u64;
        let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        self.client().put_blob(digest, size_bytes, bytes).await
    }

    pub(crate) fn new_rollout(version: &str) -> NewRollout {
        NewRollout {
            release: format!("site@{version}").parse().expect("a selector"),
            environment: "production".parse().expect("a name"),
            plan_digest: None,
        }
    }

    pub(crate) async fn start_rollout(&self, version: &str) -> RolloutId {
        let call = self.client().call::<StartRollout>((), (), Self::new_rollout(version));
        call.await.expect("it starts").value.summary.id
    }

    pub(crate) async fn rollout(&self, id: RolloutId) -> Result<RolloutView, Error> {
        Ok(self.client().call::<ShowRollout>(RolloutPath { rollout: id }, (), ()).await?.value)
    }

    /// Looks at a rollout, over restarts of the control plane, until `is_so`.
    pub(crate) async fn until(
        &self,
        id: RolloutId,
        what: &str,
        is_so: impl Fn(&RolloutView) -> bool,
    ) -> RolloutView {
        let began = Instant::now();
        loop {
            let seen = self.rollout(id).await;
            match seen {
                Ok(view) if is_so(&view) => return view,
                Err(error) if !error.is_transient() => panic!("{error}"),
                seen => assert!(began.elapsed() < PATIENCE, "not {what}: {seen:#?}"),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    pub(crate) async fn ended(&self, id: RolloutId) -> RolloutView {
        let ended =
            self.until(id, "ended", |it| it.summary.phase.is_ended() || it.summary.phase.word() == "halted");
        ended.await
    }

    /// Why a rollout is, or was, taken back.
    pub(crate) async fn cause(&mut self, id: RolloutId) -> String {
        self.look().await;
        let of_rollout = |it: &&LedgerEvent| it.event["data"]["id"] == id.to_string();
        let unwinding =
            self.witness.of_kind("rollout.unwinding").find(of_rollout).expect("it was taken back");
        unwinding.event["data"]["cause"].to_string()
    }

    /// Releases a good version and ships it everywhere.
    pub(crate) async fn ship(&self, version: &str) {
        self.release(version, Behaviour::GOOD).await;
        let id = self.start_rollout(version).await;
        assert_ended(&self.ended(id).await, "succeeded");
    }

    /// The version that answers through the router.
    pub(crate) async fn answering(&self) -> String {
        let url = format!("http://{}:8080/", self.address);
        let answer =
            reqwest::Client::new().get(url).timeout(Duration::from_secs(5)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a text")
    }
}
