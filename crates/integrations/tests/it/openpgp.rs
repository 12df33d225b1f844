//! Commits and tags that real Git and GnuPG signed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use shipway_integrations::provenance::{Commit, Roots, verify_git};
use shipway_model::resource::TrustRoot;

/// GnuPG with a home of its own, whose agent ends with the value, and a repository.
struct Signer {
    folder: tempfile::TempDir,
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}

impl Signer {
    fn new() -> Self {
        let it = Self { folder: tempfile::Builder::new().prefix("pgp").tempdir_in("/tmp").unwrap() };
        fs::create_dir(it.home()).unwrap();
        fs::set_permissions(it.home(), fs::Permissions::from_mode(0o700)).unwrap();
        it.git(&["init", "-q", "."]);
        it
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("GNUPGHOME", self.home()).env("HOME", self.folder.path());
        command
    }

    /// At an instant as `20240601T000000`.
    fn gpg(&self, at: &str, args: &[&str]) -> String {
        let quiet = ["--batch", "--yes", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"];
        said(self.command("gpg").args(quiet).args(["--faked-system-time", at]).args(args).output().unwrap())
    }

    fn git(&self, args: &[&str]) -> String {
        let people = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
        said(self.command("git").args(people).args(args).output().unwrap())
    }

    /// A key for Ana; its fingerprint.
    fn key(&self, algorithm: &str) -> String {
        self.gpg(
            "20240101T000000",
            &["--quick-gen-key", "Ana <ana@example.com>", algorithm, "sign", "never"],
        );
        let listed = self.gpg("20240101T000000", &["--list-keys", "--with-colons", "ana@example.com"]);
        listed.lines().find_map(|it| it.strip_prefix("fpr:::::::::")?.strip_suffix(':')).unwrap().to_owned()
    }

    /// A commit and a tag, signed on the first of June 2024, as Git shows them.
    fn sign(&self, key: &str) -> [String; 2] {
        let program = self.folder.path().join("gpg-then");
        fs::write(&program, "#!/bin/sh\nexec gpg --faked-system-time 20240601T000000 \"$@\"\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let program = format!("gpg.program={}", program.display());
        let key = format!("user.signingKey={key}");
        let set = ["-c", program.as_str(), "-c", key.as_str()];
        self.git(&[&set[..], &["commit", "-q", "--allow-empty", "-S", "-m", "signed"]].concat());
        self.git(&[&set[..], &["tag", "-s", "-m", "signed too", "v1.0.0"]].concat());
        [self.git(&["cat-file", "commit", "HEAD"]), self.git(&["cat-file", "tag", "v1.0.0"])]
    }

    fn roots(&self) -> Roots {
        roots(vec![self.gpg("20240601T000000", &["--armor", "--export", "ana@example.com"])]).unwrap()
    }
}

fn roots(openpgp: Vec<String>) -> Result<Roots, String> {
    let root = TrustRoot { openpgp, ..TrustRoot::default() };
    Roots::new(&BTreeMap::from([("people".parse().unwrap(), root)])).map_err(|it| it.to_string())
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn verify(object: &str, roots: &Roots) -> Commit {
    verify_git(object.as_bytes(), roots).unwrap()
}

fn refused(object: &str, roots: &Roots) -> String {
    let commit = verify(object, roots);
    assert_eq!(commit.signer, None);
    commit.refused.unwrap()
}

#[test]
fn what_gnupg_signed_holds_under_the_certificate_and_nothing_else_does() {
    for algorithm in ["ed25519", "rsa3072", "nistp256"] {
        let ana = Signer::new();
        let key = ana.key(algorithm);
        let objects = ana.sign(&key);
        let roots = ana.roots();
        for object in &objects {
            let commit = verify(object, &roots);
            assert_eq!(commit.refused, None, "{algorithm}");
            let signer = commit.signer.unwrap();
            assert_eq!(signer.identity, "Ana <ana@example.com>");
            assert_eq!(signer.key.to_lowercase(), format!("openpgp:{}", key.to_lowercase()));
            let forged = object.replace("signed", "forged");
            assert!(refused(&forged, &roots).contains("holds under none of the 1 OpenPGP certificates"));
            assert!(refused(object, &Roots::default()).contains("none of the 0"));
        }
    }
}

#[test]
fn a_subkey_signs_while_its_certificate_binds_it() {
    let ana = Signer::new();
    let key = ana.key("ed25519");
    ana.gpg("20240201T000000", &["--quick-add-key", &key, "ed25519", "sign", "never"]);
    let [commit, _] = ana.sign(&key);
    let signer = verify(&commit, &ana.roots()).signer.expect("the subkey's");
    assert_eq!(
        signer.key.to_lowercase(),
        format!("openpgp:{}", key.to_lowercase()),
        "it is the certificate's"
    );
}

#[test]
fn keys_that_had_expired_or_were_revoked_do_not_count() {
    let ana = Signer::new();
    let key = ana.key("ed25519");
    let [commit, _] = ana.sign(&key);
    assert!(verify(&commit, &ana.roots()).signer.is_some());
    ana.gpg("20240201T000000", &["--quick-set-expire", &key, "2024-03-01"]);
    assert!(refused(&commit, &ana.roots()).contains("had expired when it signed"));
    ana.gpg("20240202T000000", &["--quick-set-expire", &key, "2030-03-01"]);
    assert!(verify(&commit, &ana.roots()).signer.is_some());
    revoke(&ana, &key);
    assert!(refused(&commit, &ana.roots()).contains("its certificate was revoked"));
}

/// By the certificate of revocation that GnuPG makes with each key; a colon keeps it from being used by mistake.
fn revoke(ana: &Signer, key: &str) {
    let made = ana.home().join("openpgp-revocs.d").join(format!("{key}.rev"));
    let armed = fs::read_to_string(made).unwrap().replace(":-----BEGIN", "-----BEGIN");
    let path = ana.folder.path().join("revocation");
    fs::write(&path, armed).unwrap();
    ana.gpg("20240701T000000", &["--import", path_text(&path)]);
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_is_no_certificate_is_refused_as_a_root() {
    assert!(roots(vec!["-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n".to_owned()]).is_err());
}
