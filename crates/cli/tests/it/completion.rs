//! `shipway completion`

use crate::program::run;

#[test]
fn each_shell_gets_a_script_that_knows_the_verbs() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let said = run(folder.path(), &["completion", shell]);
        assert_eq!(said.code, 0, "{shell}: {}", said.err);
        for verb in ["rollout", "validate", "ledger"] {
            assert!(said.out.contains(verb), "{shell} lacks {verb}");
        }
    }
    assert_eq!(run(folder.path(), &["completion", "tcsh"]).code, 2);
}
