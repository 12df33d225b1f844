use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

/// Writes a header as it stands: the library's own calls refuse evil names.
fn add(tar: &mut Builder<Vec<u8>>, name: &str, kind: EntryType, link: &str, content: &[u8]) {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o4755);
    header.set_size(content.len() as u64);
    header.set_cksum();
    tar.append(&header, content).expect("writes to memory");
}

fn unpack_entries(entries: &[(&str, EntryType, &str)]) -> (tempfile::TempDir, Result<(), ArchiveError>) {
    let mut tar = Builder::new(Vec::new());
    for (name, kind, link) in entries {
        let content: &[u8] = if *kind == EntryType::Regular { b"content" } else { b"" };
        add(&mut tar, name, *kind, link, content);
    }
    unpack_tar(&tar.into_inner().expect("writes to memory"))
}

fn unpack_tar(tar: &[u8]) -> (tempfile::TempDir, Result<(), ArchiveError>) {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("a.tar.gz");
    let mut gzip = GzEncoder::new(File::create(&archive).expect("a file"), Compression::default());
    gzip.write_all(tar).expect("writes");
    gzip.finish().expect("writes");
    let result = unpack(&archive, &folder.path().join("out"));
    (folder, result)
}

use EntryType::{Directory as DIR, Regular as FILE, Symlink as LINK};

#[test]
fn files_folders_and_inner_links_are_unpacked() {
    let (folder, result) = unpack_entries(&[
        ("./", DIR, ""),
        ("./bin/", DIR, ""),
        ("./bin/serve", FILE, ""),
        ("deep/er/data", FILE, ""),
        ("deep/er/link", LINK, "../../bin/serve"),
        ("deep/whole", LINK, "er"),
    ]);
    result.expect("unpacks");
    let out = folder.path().join("out");
    for path in ["bin/serve", "deep/er/data", "deep/er/link", "deep/whole/data"] {
        assert_eq!(fs::read(out.join(path)).expect(path), b"content");
    }
    let mode = fs::metadata(out.join("bin/serve")).expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o755, "no set-user-id");
}

#[test]
fn whatever_leads_outside_is_refused_and_nothing_is_written_there() {
    let evil: &[&[(&str, EntryType, &str)]] = &[
        &[("../evil", FILE, "")],
        &[("a/../../evil", FILE, "")],
        &[("/tmp/evil", FILE, "")],
        &[("link", LINK, "/etc")],
        &[("link", LINK, "..")],
        &[("a/link", LINK, "../../evil")],
        &[("a", LINK, "b"), ("c", LINK, "a/../../evil")],
        &[("here", LINK, "."), ("here/evil", FILE, "")],
    ];
    for entries in evil {
        let (folder, result) = unpack_entries(entries);
        assert!(matches!(result, Err(ArchiveError::Escapes(_))), "{entries:?}: {result:?}");
        assert!(!folder.path().join("evil").exists(), "{entries:?}");
    }
}

#[test]
fn entries_that_are_no_files_or_come_twice_are_refused() {
    for kind in [EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let (_folder, result) = unpack_entries(&[("f", FILE, ""), ("x", kind, "f")]);
        assert!(matches!(result, Err(ArchiveError::Kind { .. })), "{kind:?}: {result:?}");
    }
    let (_folder, result) = unpack_entries(&[("f", FILE, ""), ("./f", FILE, "")]);
    assert!(matches!(result, Err(ArchiveError::Duplicate(_))), "{result:?}");
}

#[test]
fn a_bomb_is_refused_before_it_fills_the_disk() {
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, "zeros", FILE, "", &vec![0; 64 << 20]);
    let (folder, result) = unpack_tar(&tar.into_inner().expect("writes to memory"));
    assert!(matches!(result, Err(ArchiveError::Bomb(_))), "{result:?}");
    let written = fs::metadata(folder.path().join("out/zeros")).expect("half full").len();
    assert!(written < 16 << 20, "{written}");
}

#[test]
fn a_bomb_behind_the_end_of_the_archive_is_refused_too() {
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, "small", FILE, "", b"content");
    let mut bytes = tar.into_inner().expect("writes to memory");
    bytes.resize(64 << 20, 0);
    assert!(matches!(unpack_tar(&bytes).1, Err(ArchiveError::Bomb(_))));
}

#[test]
fn a_torn_archive_is_refused() {
    let mut tar = Builder::new(Vec::new());
    add(&mut tar, "a", FILE, "", &[7; 4096]);
    let bytes = tar.into_inner().expect("writes to memory");
    assert!(matches!(unpack_tar(&bytes[..2048]).1, Err(ArchiveError::Broken(_))));
}
