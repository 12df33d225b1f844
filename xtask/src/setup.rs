//! Debian packages that the chores need and that may be missing on a new machine.

use crate::run::{Failure, answer, command, run};

/// A package, and a command that succeeds where it (or the same from elsewhere) is installed.
struct Package {
    name: &'static str,
    probe: &'static [&'static str],
    /// For the message, when it cannot be installed.
    purpose: &'static str,
}

const PACKAGES: &[Package] = &[
    Package { name: "gcc", probe: &["cc", "--version"], purpose: "builds SQLite" },
    Package { name: "g++", probe: &["c++", "--version"], purpose: "builds libFuzzer" },
    Package {
        name: "python3-venv",
        probe: &["python3", "-c", "import ensurepip, venv"],
        purpose: "holds the tools that come from PyPI",
    },
    Package {
        name: "faketime",
        probe: &["faketime", "--version"],
        purpose: "sets an agent's clock wrong in a test",
    },
    Package {
        name: "postgresql",
        probe: &["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"],
        purpose: "is the database of the tests of replicas, which start servers of their own",
    },
    Package {
        name: "openssl",
        probe: &["openssl", "version"],
        purpose: "makes the certificates of the tests of encryption",
    },
    Package {
        name: "prometheus",
        probe: &["prometheus", "--version"],
        purpose: "is asked for metrics in a test",
    },
    Package {
        name: "prometheus-alertmanager",
        probe: &["prometheus-alertmanager", "--version"],
        purpose: "is told what to keep quiet in a test",
    },
    Package {
        name: "chromium",
        probe: &["chromium", "--version"],
        purpose: "shows the pages in their tests",
    },
    Package { name: "nodejs", probe: &["node", "--version"], purpose: "drives the browser" },
    Package { name: "npm", probe: &["npm", "--version"], purpose: "installs what drives the browser" },
    Package {
        name: "openssh-client",
        probe: &["sh", "-c", "command -v ssh-keygen"],
        purpose: "signs approvals, and says in tests whether it accepts them",
    },
    Package { name: "gnupg", probe: &["gpg", "--version"], purpose: "signs commits with OpenPGP in a test" },
    Package { name: "git", probe: &["git", "--version"], purpose: "tells what belongs to the repository" },
];

/// Installs the packages that are missing, or says which ones somebody else has to install.
pub(crate) fn install_packages() -> Result<(), Failure> {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|it| !is_installed(it)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|it| it.name).collect();
    let told = |reason: String| {
        let needs: Vec<String> = missing.iter().map(|it| format!("{} ({})", it.name, it.purpose)).collect();
        Failure::Told(format!("{reason}. Please install {} and run this again", needs.join(", ")))
    };
    if answer(command("id", ["-u"])).as_deref() != Some("0") {
        return Err(told("packages are missing and only root may install them".to_owned()));
    }
    run(command("apt-get", ["update", "-qq"]))
        .and_then(|()| {
            let mut install =
                command("apt-get", ["install", "-y", "-qq", "--no-install-recommends"].iter().chain(&names));
            install.env("DEBIAN_FRONTEND", "noninteractive");
            run(install)
        })
        .map_err(|failure| told(failure.to_string()))
}

fn is_installed(package: &Package) -> bool {
    answer(command(package.probe[0], &package.probe[1..])).is_some()
}
