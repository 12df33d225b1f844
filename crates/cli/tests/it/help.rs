//! Help, versions and usage errors

use crate::program::run;

#[test]
fn help_is_asked_for_and_usage_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    assert!(help.out.contains("Examples:"), "{}", help.out);

    let version = run(folder.path(), &["version"]);
    assert_eq!((version.code, version.out), (0, format!("shipway {}\n", env!("CARGO_PKG_VERSION"))));

    for wrong in
        [&["rolout"][..], &["plan"], &["pause"], &["rollout", "show", "7"], &["validate", "-o", "xml", "f"]]
    {
        let said = run(folder.path(), wrong);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{wrong:?}");
        assert!(!said.err.is_empty(), "{wrong:?}");
    }
}

#[test]
fn topics_and_verbs_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let codes = run(folder.path(), &["help", "exit-codes"]);
    for code in 0..=5 {
        assert!(codes.out.contains(&format!("  {code}  ")), "{}", codes.out);
    }
    let verb = run(folder.path(), &["help", "rollout", "start"]);
    assert!(verb.out.contains("Examples:") && verb.out.contains("--plan"), "{}", verb.out);
    assert!(run(folder.path(), &["help", "config"]).out.contains("tokenFile"));
    assert_eq!(run(folder.path(), &["help", "nonsense"]).code, 2);
}
