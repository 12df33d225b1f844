//! Somebody changes what runs on a host, past the control plane.

use std::fs;

use crate::site::{Site, wait_for};

use super::strategy;

#[tokio::test]
async fn a_file_that_is_changed_by_hand_is_found_recorded_and_forgotten_when_it_is_put_right() {
    let mut site = Site::start(&["host-a"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    let strays = |site: &Site| site.shipway(&["env", "strays", "production"]);
    let clean = strays(&site);
    assert!(clean.code == 0 && clean.out.contains("Nothing is there"), "{}{}", clean.out, clean.err);

    let service = site.path().join("host-a/instances/production/web");
    let instances = fs::read_dir(&service).unwrap().flatten().map(|it| it.path());
    let file = instances.map(|it| it.join("service.py")).find(|it| it.is_file()).unwrap();
    let shipped = fs::read(&file).unwrap();
    fs::write(&file, [&shipped[..], b"\n# by hand\n"].concat()).unwrap();
    wait_for("the change is found", async || {
        let said = strays(&site);
        said.code == 1 && said.out.contains("changed files") && said.out.contains("service.py")
    })
    .await;
    fs::write(&file, shipped).unwrap();
    wait_for("nothing is left", async || strays(&site).code == 0).await;
    site.look().await;
    assert_eq!(site.witness.of_kind("stray.found").count(), 1);
    assert_eq!(site.witness.of_kind("stray.gone").count(), 1);
}
