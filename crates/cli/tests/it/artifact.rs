//! `shipway artifact pack`

use std::fs;

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
fn what_cannot_be_packed_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["artifact", "pack", "none", "-o", "one.tar.gz"]);
    assert_eq!(said.code, 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
