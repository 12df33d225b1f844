//! Archives that mean harm: the agent refuses them, and the rollout is taken back.

use std::fs;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::site::service::{self, Behaviour};
use crate::site::{Site, assert_ended};

const STRATEGY: &str = "{rolling: {maxSurge: 1}}";
/// Zeros that pack a thousandfold.
const BOMB_BYTES: usize = 32 << 20;

#[tokio::test]
async fn leave_nothing_behind_wherever_they_point() {
    let mut site = Site::start(&["host-a"], STRATEGY).await;
    site.ship("1.0.0").await;
    let absolute = site.path().join("absolute");
    let file = |name: &str| (name.to_owned(), EntryType::Regular, None);
    let link = |kind, to: &str| ("link".to_owned(), kind, Some(to.to_owned()));
    let mut last = None;
    for (version, entry, words) in [
        ("1.1.0", file("../../../../../climbed"), "leads out of"),
        ("1.2.0", file(&absolute.display().to_string()), "leads out of"),
        ("1.3.0", link(EntryType::Symlink, "../../../../.."), "leads out of"),
        ("1.4.0", link(EntryType::Symlink, "/etc"), "leads out of"),
        ("1.5.0", link(EntryType::Link, "/etc/passwd"), "hard link"),
        ("1.6.0", ("device".to_owned(), EntryType::Char, None), "device"),
        ("1.7.0", file("service.py"), "appears twice"),
    ] {
        let (name, kind, to) = entry;
        let archive = with_entry(&site, version, &name, kind, to.as_deref(), b"harm");
        last = Some(is_refused(&mut site, version, archive, words).await);
    }
    assert!(!absolute.exists());
    let mut names = fs::read_dir(site.path()).expect("a folder").map(|it| it.expect("an entry").file_name());
    assert!(names.all(|it| it != "climbed"));
    site.conclude(last.expect("a rollout"), "1.0.0").await;
}

#[tokio::test]
async fn that_unpack_to_more_than_a_hundred_times_their_size_are_given_up() {
    let mut site = Site::start(&["host-a"], STRATEGY).await;
    site.ship("1.0.0").await;
    let archive = with_entry(&site, "1.1.0", "zeros", EntryType::Regular, None, &vec![0; BOMB_BYTES]);
    assert!(archive.len() * 100 < BOMB_BYTES);
    let id = is_refused(&mut site, "1.1.0", archive, "100 times its own size").await;
    assert!(bytes_under(&site.path().join("host-a/instances")) < BOMB_BYTES as u64 / 2, "it was removed");
    site.conclude(id, "1.0.0").await;
}

async fn is_refused(
    site: &mut Site,
    version: &str,
    archive: Vec<u8>,
    words: &str,
) -> shipway_model::RolloutId {
    site.release_archive(version, archive).await;
    let id = site.start_rollout(version).await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains(words), "{version}: `{words}` in {cause}");
    id
}

/// A good archive of `version`, and one entry more.
fn with_entry(
    site: &Site,
    version: &str,
    name: &str,
    kind: EntryType,
    link: Option<&str>,
    content: &[u8],
) -> Vec<u8> {
    let good = fs::read(service::pack(site.path(), version, Behaviour::GOOD)).expect("it was packed");
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(&good[..]).read_to_end(&mut tar).expect("it was packed");
    // Two blocks of zeros end an archive.
    let end = tar.iter().rposition(|byte| *byte != 0).expect("it has entries").next_multiple_of(512);
    tar.truncate(end);
    let mut header = Header::new_ustar();
    // Written as it stands: the library would not write such a name.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    if let Some(to) = link {
        header.as_old_mut().linkname[..to.len()].copy_from_slice(to.as_bytes());
    }
    let content = if kind == EntryType::Regular { content } else { &[] };
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut more = Builder::new(tar);
    more.append(&header, content).expect("writes to memory");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&more.into_inner().expect("writes to memory")).expect("writes to memory");
    packed.finish().expect("writes to memory")
}

fn bytes_under(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("an entry"));
    let size = |entry: fs::DirEntry| match entry.file_type().expect("a type") {
        kind if kind.is_dir() => bytes_under(&entry.path()),
        kind if kind.is_file() => entry.metadata().expect("its size").len(),
        _ => 0,
    };
    entries.map(size).sum()
}
