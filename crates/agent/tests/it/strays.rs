//! What no order put there is found and told, and told again when it is gone.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::agent::{Host, contract, place};
use crate::artifact::service;
use crate::control_plane::ControlPlane;
use crate::wait::until;

struct Foreign(Child);

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn changed_files_and_foreign_processes_are_told_while_they_are_there() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    let artifact = service(&[]);
    control_plane.keep(&artifact);
    let placed = control_plane.perform(&place(1, "1.0.0", &artifact, contract()));
    assert_eq!(placed["result"]["kind"], "placed", "{placed}");
    let folder = host.folder_of(&artifact, "1.0.0");
    let told = |what: &str| {
        let strays = control_plane.memory().strays.clone();
        strays.iter().any(|it| it["detail"].as_str().is_some_and(|it| it.contains(what)))
    };

    // What a service writes itself is its own affair.
    fs::write(folder.join("own.log"), "started").expect("written");
    let program = fs::read_dir(&folder).expect("a folder").flatten();
    let mut files = program.filter(|it| it.path().is_file() && it.file_name() != "own.log");
    let file = files.next().expect("the archive has a file").path();
    let before = fs::read(&file).expect("a file");
    fs::write(&file, [&before[..], b"\n# patched by hand\n"].concat()).expect("written");
    let name = file.file_name().and_then(|it| it.to_str()).expect("a name").to_owned();
    until("the patched file is told", || told(&name).then_some(()));
    assert!(!told("own.log"));

    let sleeper = Command::new("sleep")
        .arg("600")
        .current_dir(&folder)
        .stdin(Stdio::null())
        .spawn()
        .expect("it starts");
    let sleeper = Foreign(sleeper);
    let pid = sleeper.0.id().to_string();
    until("the foreign process is told", || told(&format!("process {pid} (sleep)")).then_some(()));
    assert!(!told(&format!("process {} ", host.pid())), "the service itself was ordered");
    drop(sleeper);
    fs::write(&file, before).expect("written");
    until("nothing is left to tell", || control_plane.memory().strays.is_empty().then_some(()));
}
