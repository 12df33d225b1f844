//! Which of two versions of a package is the later, by the rules of its ecosystem.
//!
//! A rule that is not written here is not guessed: what has no order is told apart from what is not affected.

mod alpine;
mod composer;
mod debian;
mod maven;
mod pypi;
mod rpm;
mod ruby;
mod semver;

use std::cmp::Ordering;

/// How versions of an ecosystem are put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Semantic Versioning 2.0.0, with any number of numeric parts and a leading `v`.
    Semver,
    /// PEP 440.
    Pypi,
    /// Debian Policy 5.6.12, which Ubuntu follows.
    Debian,
    /// `Gem::Version`.
    Ruby,
    /// Maven's POM reference, "Version Order Specification".
    Maven,
    /// `rpmvercmp`, with epochs.
    Rpm,
    /// apk-tools.
    Alpine,
    /// Composer.
    Composer,
}

impl Rule {
    /// By the ecosystem's name in OSV, without what follows a colon; None where there is no rule.
    pub(super) fn of(ecosystem: &str) -> Option<Self> {
        Some(match ecosystem {
            "npm" | "crates.io" | "Go" | "Hex" | "Pub" | "NuGet" | "SwiftURL" | "GitHub Actions" => {
                Self::Semver
            }
            "PyPI" => Self::Pypi,
            "Debian" | "Ubuntu" => Self::Debian,
            "RubyGems" => Self::Ruby,
            "Maven" => Self::Maven,
            "AlmaLinux" | "Rocky Linux" | "Red Hat" | "SUSE" | "openSUSE" => Self::Rpm,
            "Alpine" => Self::Alpine,
            "Packagist" => Self::Composer,
            _ => return None,
        })
    }

    /// None where one of the two is no version by this rule.
    pub(super) fn compare(self, one: &str, other: &str) -> Option<Ordering> {
        match self {
            Self::Semver => Some(semver::parse(one)?.cmp(&semver::parse(other)?)),
            Self::Pypi => Some(pypi::parse(one)?.cmp(&pypi::parse(other)?)),
            Self::Debian => Some(debian::parse(one)?.cmp(&debian::parse(other)?)),
            Self::Ruby => Some(ruby::parse(one)?.cmp(&ruby::parse(other)?)),
            Self::Maven => Some(maven::parse(one)?.cmp(&maven::parse(other)?)),
            Self::Rpm => Some(rpm::compare(&rpm::parse(one)?, &rpm::parse(other)?)),
            Self::Alpine => Some(alpine::compare(&alpine::parse(one)?, &alpine::parse(other)?)),
            Self::Composer => Some(composer::parse(one)?.cmp(&composer::parse(other)?)),
        }
    }
}

/// Numbers of any length: versions are dates and hashes as well.
fn compare_digits(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each is earlier than the next, and equal to itself.
    fn ascend(rule: Rule, versions: &[&str]) {
        for (idx, one) in versions.iter().enumerate() {
            assert_eq!(rule.compare(one, one), Some(Ordering::Equal), "{one}");
            for other in &versions[idx + 1..] {
                assert_eq!(rule.compare(one, other), Some(Ordering::Less), "{one} {other}");
                assert_eq!(rule.compare(other, one), Some(Ordering::Greater), "{other} {one}");
            }
        }
    }

    fn equal(rule: Rule, pairs: &[(&str, &str)]) {
        for (one, other) in pairs {
            assert_eq!(rule.compare(one, other), Some(Ordering::Equal), "{one} {other}");
        }
    }

    /// The example of the specification, section 11.
    #[test]
    fn semantic_versions() {
        ascend(
            Rule::Semver,
            &[
                "0",
                "0.9.9",
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1",
                "1.2.0",
                "1.10.0",
                "2.0.0",
                "2.0.0.1",
                "20260101.0.0",
            ],
        );
        equal(
            Rule::Semver,
            &[("v1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("1.0.0+a", "1.0.0+b"), ("1.0.0-01", "1.0.0-1")],
        );
        for bad in ["", "one", "1..2", "1.2.x", "1.0.0-", "latest"] {
            assert_eq!(Rule::Semver.compare(bad, "1.0.0"), None, "{bad}");
        }
    }

    /// The orders that PEP 440 gives in "Summary of permitted suffixes and relative ordering".
    #[test]
    fn versions_of_python() {
        ascend(
            Rule::Pypi,
            &[
                "1.dev0",
                "1.0.dev456",
                "1.0a1",
                "1.0a2.dev456",
                "1.0a12.dev456",
                "1.0a12",
                "1.0b1.dev456",
                "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345",
                "1.0rc1.dev456",
                "1.0rc1",
                "1.0",
                "1.0+abc.5",
                "1.0+abc.7",
                "1.0+5",
                "1.0.post456.dev34",
                "1.0.post456",
                "1.1.dev1",
                "1!0.1",
            ],
        );
        equal(
            Rule::Pypi,
            &[
                ("1.0", "1"),
                ("v1.0", "1.0.0"),
                ("1.0-alpha_1", "1.0a1"),
                ("1.0c1", "1.0rc1"),
                ("1.0-1", "1.0.post1"),
                ("1.0.rev2", "1.0post2"),
            ],
        );
        for bad in ["", "one", "1.0x", "1.0+", "french toast"] {
            assert_eq!(Rule::Pypi.compare(bad, "1.0"), None, "{bad}");
        }
    }

    /// As `dpkg --compare-versions` says.
    #[test]
    fn versions_of_debian() {
        ascend(
            Rule::Debian,
            &[
                "0",
                "1.0~~",
                "1.0~~a",
                "1.0~",
                "1.0~rc1-1",
                "1.0",
                "1.0-0+b1",
                "1.0-1",
                "1.0-1+deb12u1",
                "1.0-1.1",
                "1.0a-1",
                "1.0+dfsg-1",
                "1.2-1",
                "1.10-1",
                "1:0.1-1",
                "2:0",
            ],
        );
        equal(Rule::Debian, &[("0:1.0", "1.0"), ("1.0-0", "1.0"), ("1.00", "1.0")]);
        for bad in ["", "-1", "a:1", "1 0", ":"] {
            assert_eq!(Rule::Debian.compare(bad, "1"), None, "{bad}");
        }
    }

    /// Most are in RPM's own `rpmvercmp.at`.
    #[test]
    fn versions_of_rpm() {
        ascend(
            Rule::Rpm,
            &[
                "1.0~rc1",
                "1.0~rc1^git1",
                "1.0~rc2",
                "1.0",
                "1.0^",
                "1.0^git1~pre",
                "1.0^git1",
                "1.0^git2",
                "1.01",
                "1.5a",
                "1.5.1",
                "2.0.xyz",
                "2.0.1",
                "2.0.1a",
                "5.5p1",
                "5.5p10",
                "10a2",
                "10.0001",
                "20101121",
                "1:0.1",
            ],
        );
        ascend(Rule::Rpm, &["3.0.7-6.el9_2", "3.0.7-24.el9", "3.0.7-25.el9_3", "1:1.0-1"]);
        equal(
            Rule::Rpm,
            &[
                ("1.0", "0:1.0"),
                ("2_0", "2.0"),
                ("10.0001", "10.1"),
                ("xyz.4", "xyz.4"),
                ("1.0-3.el9", "1.0"),
            ],
        );
        for bad in ["", "a:1", ":", "-1", "1 0"] {
            assert_eq!(Rule::Rpm.compare(bad, "1"), None, "{bad}");
        }
    }

    /// Most are in apk-tools' own `test/version.data`.
    #[test]
    fn versions_of_alpine() {
        ascend(
            Rule::Alpine,
            &[
                "0.1.0_alpha",
                "0.1.0_alpha2",
                "0.1.0_alpha2-r1",
                "0.1.0_beta",
                "0.1.0_pre2",
                "0.1.0_rc1",
                "0.1.0",
                "0.1.0-r1",
                "0.1.0_cvs20101010",
                "0.1.0_git20101010",
                "0.1.0_p1",
                "0.1.0a",
                "0.1.0b",
                "0.1.0.1",
                "0.12",
                "0.12.0",
                "1.05",
                "1.1",
                "1.2.4-r1",
                "1.2.4-r10",
                "20090301",
            ],
        );
        equal(Rule::Alpine, &[("1.2-r0", "1.2"), ("1.2_rc0", "1.2_rc")]);
        for bad in ["", "1..2", "1.2_what1", "1.2-rx", "1.2-r", "v1"] {
            assert_eq!(Rule::Alpine.compare(bad, "1"), None, "{bad}");
        }
    }

    #[test]
    fn versions_of_composer() {
        ascend(
            Rule::Composer,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.2",
                "1.0.0-beta1",
                "1.0.0-b12",
                "1.0.0-RC1",
                "1.0.0",
                "1.0.0-p1",
                "1.0.0-patch2",
                "1.0.0.1",
                "1.0.1",
                "1.10",
                "2016.01",
            ],
        );
        equal(
            Rule::Composer,
            &[
                ("v1.2", "1.2.0.0"),
                ("1.0.0-stable", "1.0"),
                ("1.0.0+build", "1.0"),
                ("1.0beta1", "1.0.0-beta.1"),
            ],
        );
        for bad in ["", "dev-main", "1.x-dev", "1.0.0-dev", "1.2.3.4.5", "1..2"] {
            assert_eq!(Rule::Composer.compare(bad, "1.0"), None, "{bad}");
        }
    }

    #[test]
    fn versions_of_ruby() {
        ascend(
            Rule::Ruby,
            &[
                "0.9",
                "1.0.a",
                "1.0.a.2",
                "1.0.b1",
                "1.0.pre1",
                "1.0.rc1",
                "1.0",
                "1.0.1",
                "1.8.2.a10",
                "1.8.2",
                "1.10",
            ],
        );
        equal(Rule::Ruby, &[("1.0", "1"), ("1.0.0", "1.0"), ("1.0-1", "1.0.pre.1")]);
        assert_eq!(Rule::Ruby.compare("nope", "1"), None);
    }

    /// Most are in Maven's own `ComparableVersionTest`.
    #[test]
    fn versions_of_maven() {
        ascend(
            Rule::Maven,
            &[
                "1-alpha2",
                "1-alpha-123",
                "1-beta-2",
                "1-beta123",
                "1-m2",
                "1-m11",
                "1-rc",
                "1-rc2",
                "1-SNAPSHOT",
                "1",
                "1-sp",
                "1-sp2",
                "1-abc",
                "1-abc2",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1.1",
                "1.10",
                "2",
            ],
        );
        equal(
            Rule::Maven,
            &[
                ("1", "1.0"),
                ("1", "1-ga"),
                ("1.final", "1.0.0"),
                ("1-a1", "1-alpha-1"),
                ("1-cr1", "1-rc1"),
                ("1.0.Final", "1"),
                ("1X", "1x"),
            ],
        );
    }
}
