//! Speaking to a database by TLS: a real server, certificates of an authority of our own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipway_runtime::Store as _;
use shipway_store::{ConnectError, PostgresStore};
use tempfile::TempDir;

use crate::cluster::{Cluster, USER, give_away};

/// The name in the server's certificate.
const NAME: &str = "db.example";
/// Lets in by TLS alone whoever does not come by the socket.
const RULES: &str = "local all all trust\nhostssl all all all trust\n";

fn openssl(folder: &Path, arguments: &[&str]) {
    let said = Command::new("openssl").current_dir(folder).args(arguments).output().expect("openssl runs");
    assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
}

/// An authority, `NAME.pem`, with its key beside it.
fn authority(folder: &Path, name: &str) -> PathBuf {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
    let subject = format!("/CN={name}");
    openssl(
        folder,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3",
            "-subj",
            &subject,
            "-keyout",
            &key,
            "-out",
            &certificate,
        ],
    );
    folder.join(certificate)
}

/// A server's key and certificate, `server.key` and `server.crt`, by the authority.
fn certify(folder: &Path, authority: &str) {
    fs::write(folder.join("names"), format!("subjectAltName=DNS:{NAME}\n")).expect("it is written");
    openssl(
        folder,
        &[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=server",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ],
    );
    let (certificate, key) = (format!("{authority}.pem"), format!("{authority}.key"));
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            &certificate,
            "-CAkey",
            &key,
            "-CAcreateserial",
            "-days",
            "3",
            "-extfile",
            "names",
            "-out",
            "server.crt",
        ],
    );
}

struct Server {
    cluster: Cluster,
    /// Its own on the loopback, since servers share a port.
    address: String,
}

impl Server {
    fn start(keys: &TempDir) -> Self {
        let [_, _, low, lowest] = std::process::id().to_be_bytes();
        let address = format!("127.77.{low}.{lowest}");
        let listen = format!("listen_addresses={address}");
        let settings = [&listen, "ssl=on", "fsync=off"];
        let cluster = Cluster::begin(&settings.map(|it| it as &str), |data| {
            crate::cluster::lay(data);
            fs::write(data.join("pg_hba.conf"), RULES).expect("rules are written");
            for name in ["server.key", "server.crt"] {
                fs::copy(keys.path().join(name), data.join(name)).expect("is copied");
                give_away(&data.join(name));
            }
        });
        Self { cluster, address }
    }

    fn at(&self, host: &str, more: &str) -> String {
        format!(
            "postgres://{USER}@{host}/postgres?hostaddr={}&options=-csearch_path%3Dsecret{more}",
            self.address
        )
    }

    /// Opens the ledger there, and answers how many lines are encrypted and how many are not.
    fn open(&self, host: &str, more: &str) -> Result<(u32, u32), ConnectError> {
        let mut store = PostgresStore::open(&self.at(host, more))?;
        store.load()?;
        let lines = |is_encrypted: &str| {
            let lines = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                         WHERE application_name = 'shipway' AND";
            self.cluster.psql(&format!("{lines} {is_encrypted}")).parse().expect("a number")
        };
        Ok((lines("ssl"), lines("NOT ssl")))
    }
}

#[test]
fn lines_are_encrypted_with_whom_the_address_believes() {
    let keys = tempfile::tempdir().expect("a folder can be made");
    let believed = authority(keys.path(), "ours");
    let other = authority(keys.path(), "others");
    certify(keys.path(), "ours");
    let server = Server::start(&keys);
    server.cluster.psql("CREATE SCHEMA secret");
    let of = |mode: &str, roots: &Path| format!("&sslmode={mode}&sslrootcert={}", roots.display());

    let (encrypted, plain) =
        server.open(NAME, &of("verify-full", &believed)).expect("it is the host of that name");
    assert!(encrypted > 0 && plain == 0, "{encrypted} encrypted, {plain} not");
    for (host, more) in [
        ("db.other", of("verify-ca", &believed)),
        ("db.other", of("require", &believed)),
        ("db.other", "&sslmode=require".to_owned()),
        (NAME, "&sslmode=prefer".to_owned()),
    ] {
        let (encrypted, plain) = server.open(host, &more).unwrap_or_else(|it| panic!("{host} {more}: {it}"));
        assert!(encrypted > 0 && plain == 0, "{host} {more}: {encrypted} encrypted, {plain} not");
    }
    for (host, more, why) in [
        ("db.other", of("verify-full", &believed), "not valid for name"),
        (NAME, of("verify-full", &other), "UnknownIssuer"),
        (NAME, of("verify-ca", &other), "UnknownIssuer"),
        (NAME, of("verify-full", Path::new("/nowhere")), "cannot be used: /nowhere"),
        // The server lets nobody in who does not encrypt.
        (NAME, String::new(), "no encryption"),
    ] {
        let refused = server.open(host, &more).expect_err("it is somebody else").to_string();
        assert!(refused.contains(why), "{host} {more}: `{why}` in {refused}");
    }
}
