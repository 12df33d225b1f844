//! `shipway artifact pack`

use std::fs;

use crate::live::Live;
use crate::program::run;

#[test]
fn packing_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("build/bin")).unwrap();
    fs::write(folder.path().join("build/bin/web"), "#!/bin/sh\n").unwrap();
    let first = run(folder.path(), &["artifact", "pack", "build", "-o", "one.tar.gz"]);
    let second = run(folder.path(), &["artifact", "pack", "build", "-o", "two.tar.gz"]);
    assert_eq!((first.code, second.code), (0, 0), "{}", first.err);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("one.tar.gz"), read("two.tar.gz"));
    let digest = shipway_model::Digest::of(&read("one.tar.gz")).to_string();
    assert_eq!(first.out, format!("{digest}  one.tar.gz\n"));
}

#[test]
fn what_is_no_archive_is_not_registered() {
    let folder = tempfile::tempdir().unwrap();
    let site = Live::start(folder.path());
    for (file, bytes) in [("empty.tar.gz", ""), ("notes.txt", "not an archive")] {
        fs::write(folder.path().join(file), bytes).unwrap();
        let said = site.run(&["artifact", "register", file, "--service", "web", "--version", "1.0.0"]);
        assert_eq!((said.code, said.out.as_str()), (1, ""));
        assert!(
            said.err.contains("is no gzip archive") && said.err.contains("next: shipway artifact pack"),
            "{}",
            said.err
        );
    }
    assert_eq!(site.ok(&["artifact", "list", "-o", "json"]), "[]\n");
}

/// References and cycles are known by the control plane alone, and told with the place in the file all the same.
#[test]
fn what_does_not_fit_together_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let site = Live::start(folder.path());
    let file = "apiVersion: shipway.dev/v1\nkind: Library\nmetadata: {name: money}\nspec:\n  owner: ghost\n";
    fs::write(folder.path().join("library.yaml"), file).unwrap();
    let said = site.run(&["apply", "library.yaml"]);
    assert_eq!(said.code, 1);
    for told in
        ["owner names Team ghost, which is not declared", "--> library.yaml:5:10", "help: declare Team ghost"]
    {
        assert!(said.err.contains(told), "{told}: {}", said.err);
    }
    assert_eq!(site.ok(&["get", "-o", "json"]), "[]\n", "nothing was declared");
    assert_eq!(site.ok(&["pause", "--list"]), "Nothing is paused.\n");
    assert_eq!(site.run(&["resume", "--everything"]).err.lines().last(), Some("next: shipway pause --list"));
}

#[test]
fn what_cannot_be_packed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["artifact", "pack", "none", "-o", "one.tar.gz"]);
    assert_eq!(said.code, 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
