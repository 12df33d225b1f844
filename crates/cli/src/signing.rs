//! Signing a word: what it is about is shown, compared with what would be signed, and signed with the person's own key.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shipway_api::Client;
use shipway_api::operations::change::{
    ChangePath, Draft, DraftApproval, GiveApproval, Intent, ShowChange, ShowChangePlan,
};
use shipway_api::view::change::ChangeView;
use shipway_engine::key::ssh;
use shipway_model::approval::{Approval, Decision, NAMESPACE, Signature, Statement, Window};
use shipway_model::{ChangeId, Digest, Millis, Name};
use shipway_runtime::{Clock as _, SystemClock};

use crate::command::change::show::render;
use crate::connection::once;
use crate::failure::Failure;
use crate::keygen::{self, Purpose};
use crate::output::{Paint, note, print};

/// Of the signatures that are made here.
const PURPOSE: Purpose = Purpose {
    namespace: NAMESPACE,
    print: "shipway approve CHANGE --print",
    give: "`--statement word.json --signature word.json.sig`",
};

/// How a word is signed.
#[derive(Debug, Args)]
pub(crate) struct Signing {
    /// Your key, registered by `shipway key add`; ~/.ssh/id_ed25519 when left out
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The rollout may begin on this word from then on alone
    #[arg(long, value_name = "INSTANT", requires = "until")]
    from: Option<Timestamp>,
    /// The rollout may begin on this word before then alone
    #[arg(long, value_name = "INSTANT", requires = "from")]
    until: Option<Timestamp>,
    /// For whoever reads it; it is not signed
    #[arg(long, default_value = "")]
    note: String,
    /// The digest of the plan that you looked at; any other is refused
    #[arg(long, value_name = "DIGEST")]
    plan: Option<Digest>,
    /// Do not ask before signing
    #[arg(long)]
    yes: bool,
    /// Write what is to be signed, and sign nothing
    #[arg(long, conflicts_with_all = ["statement", "yes"])]
    print: bool,
    /// What --print wrote, signed elsewhere
    #[arg(long, value_name = "FILE", requires = "signature")]
    statement: Option<PathBuf>,
    /// What `ssh-keygen -Y sign -n approval@shipway.dev` wrote
    #[arg(long, value_name = "FILE", requires = "statement")]
    signature: Option<PathBuf>,
}

/// What somebody says.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) change: ChangeId,
    pub(crate) decision: Decision,
    /// For how long it is good at most.
    pub(crate) valid: Millis,
    /// Of a vote.
    pub(crate) board: Option<Name>,
    pub(crate) conditions: Vec<String>,
}

impl Signing {
    /// Signs the word and gives it. None where what is to be signed was only written out.
    ///
    /// # Errors
    /// When something else would be signed than what was shown, nothing signs it, or the word is refused.
    pub(crate) async fn give(&self, client: &Client, word: &Word) -> Result<Option<ChangeView>, Failure> {
        let path = ChangePath { change: word.change };
        let (statement, armoured) = match (&self.statement, &self.signature) {
            (Some(statement), Some(signature)) => (read_statement(statement)?, read(signature)?),
            _ => {
                let view = client.call::<ShowChange>(path.clone(), (), ()).await?.value;
                let key = self.key_file()?;
                let draft = self.draft(client, word, &view, &key).await?;
                if self.print {
                    print(&draft.text);
                    return Ok(None);
                }
                self.confirm(&view, &draft)?;
                let armoured = keygen::sign(&key, draft.text.as_bytes(), &PURPOSE)?;
                (draft.statement, armoured)
            }
        };
        let note = self.note.clone();
        let approval = Approval { statement, signature: Signature::Ssh { armoured }, note };
        Ok(Some(once(client.call::<GiveApproval>(path, (), approval)).await?.value))
    }

    /// What the server wants signed, once it was found to be what it showed.
    async fn draft(
        &self,
        client: &Client,
        word: &Word,
        view: &ChangeView,
        key: &Path,
    ) -> Result<Draft, Failure> {
        let path = ChangePath { change: word.change };
        let length = SignedDuration::from_millis(word.valid.0.cast_signed());
        let window = self.from.zip(self.until).map(|(from, until)| Window { from, until });
        let intent = Intent {
            decision: word.decision,
            key: id_of(key)?,
            expires: SystemClock.now().checked_add(length).unwrap_or(Timestamp::MAX),
            window,
            board: word.board.clone(),
            conditions: word.conditions.clone(),
        };
        let draft = client.call::<DraftApproval>(path.clone(), (), intent.clone()).await?.value;
        let plan = client.call::<ShowChangePlan>(path, (), ()).await?.value.plan;
        check(&draft, &intent, view, plan.digest(), self.plan)?;
        Ok(draft)
    }

    fn key_file(&self) -> Result<PathBuf, Failure> {
        if let Some(key) = &self.key {
            return Ok(key.clone());
        }
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let key = home.join(".ssh/id_ed25519");
        if keygen::public_half(&key).is_file() {
            return Ok(key);
        }
        let message = format!("there is no key at {}", key.display());
        Err(Failure::new(message, "shipway approve CHANGE --key FILE")
            .with_hint("`ssh-keygen -t ed25519` makes one, `shipway key add FILE.pub` registers it"))
    }

    fn confirm(&self, view: &ChangeView, draft: &Draft) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            let message = "nobody is there to look at what is signed";
            return Err(Failure::usage(message, "shipway approve CHANGE --plan DIGEST --yes"));
        }
        let statement = &draft.statement;
        note(&render(view, Paint::of_stderr()));
        note(&format!(
            "\nYou sign: {} {}, plan {}, until {}.\n{} it? [y/N] ",
            statement.decision.as_str(),
            statement.change,
            statement.plan.short(),
            statement.expires,
            if statement.decision == Decision::Approve { "Approve" } else { "Sign" },
        ));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Failure::new("nothing was signed", format!("shipway change show {}", view.id)))
    }
}

/// Whether what is to be signed is what was shown, field by field: a server that shows one thing and has another signed
/// is caught here, and not by trusting it.
fn check(
    draft: &Draft,
    intent: &Intent,
    view: &ChangeView,
    plan: Digest,
    wanted: Option<Digest>,
) -> Result<(), Failure> {
    let statement = &draft.statement;
    let shown = view.shown.as_ref();
    let swapped = |what: &str| {
        let message = format!("{what} that would be signed is not what was shown");
        Err(Failure::new(message, format!("shipway change show {}", view.id)))
    };
    if statement.bytes() != draft.text.as_bytes() {
        return swapped("the text");
    }
    if statement.plan != plan || wanted.is_some_and(|it| it != plan) {
        return swapped("the plan");
    }
    if shown != Some(&statement.shown()) || statement.change != view.id {
        return swapped("the change");
    }
    if (statement.decision, statement.key, statement.expires, statement.window)
        != (intent.decision, intent.key, intent.expires, intent.window)
        || (&statement.board, &statement.conditions) != (&intent.board, &intent.conditions)
    {
        return swapped("the word");
    }
    Ok(())
}

fn id_of(key: &Path) -> Result<Digest, Failure> {
    let public = keygen::public_half(key);
    let line = read(&public)?;
    ssh::id_of(&line).map_err(|error| Failure::because(&error, "shipway key list"))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        Failure::new(
            format!("{} cannot be read: {error}", path.display()),
            format!("ls -l {}", path.display()),
        )
    })
}

fn read_statement(path: &Path) -> Result<Statement, Failure> {
    let next = "shipway approve CHANGE --print";
    let text = read(path)?;
    let statement: Statement = serde_json::from_str(&text).map_err(|error| Failure::because(&error, next))?;
    if statement.bytes() != text.as_bytes() {
        let message = format!("{} is not byte for byte what is to be signed", path.display());
        return Err(Failure::new(message, next));
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn scene() -> (Draft, Intent, ChangeView) {
        let id = "chg_0198f3c0e1b27c3d8a4f5e6d7c8b9a01";
        let statement: Statement = serde_json::from_value(json!({
            "change": id, "class": "normal", "decision": "approve", "domain": "approval@shipway.dev",
            "environment": "production", "evidence": digest("evidence"), "expires": "2026-03-21T09:26:53Z",
            "issued": "2026-03-14T09:26:50Z", "key": digest("key"), "nonce": "0011223344556677",
            "plan": digest("plan"), "policy": digest("policy"), "release": digest("release"),
        }))
        .unwrap();
        let intent = Intent {
            decision: Decision::Approve,
            key: statement.key,
            expires: statement.expires,
            window: None,
            board: None,
            conditions: Vec::new(),
        };
        let view: ChangeView = serde_json::from_value(json!({
            "id": id, "rollout": "rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "protected": "production",
            "declared": "normal", "class": "normal", "reasons": [], "risk": { "score": 0, "factors": [] },
            "release": { "id": "rel_0198f3c0e1b27c3d8a4f5e6d7c8b9a01", "name": "shop", "version": "1.0.0", "digest": digest("release") },
            "environment": "production", "requestedBy": "ana", "opened": "2026-03-14T09:00:00Z",
            "against": [], "requirements": [], "words": [], "shown": statement.shown(),
        }))
        .unwrap();
        let text = String::from_utf8(statement.bytes()).unwrap();
        (Draft { statement, text, challenge: String::new() }, intent, view)
    }

    /// What any other program makes of the statement by RFC 8785 is what was signed.
    #[test]
    fn the_signed_bytes_are_canonical_json() {
        let (draft, ..) = scene();
        let mut statement = draft.statement;
        let now = statement.issued;
        statement.window = Some(Window { from: now, until: statement.expires });
        statement.board = Some("cab".parse().unwrap());
        statement.conditions = vec!["the rollback was rehearsed".to_owned()];
        assert_eq!(shipway_ledger::to_canonical(&statement).unwrap(), statement.bytes());
    }

    #[test]
    fn what_was_swapped_between_showing_and_signing_is_not_signed() {
        let (draft, intent, view) = scene();
        let plan = digest("plan");
        check(&draft, &intent, &view, plan, Some(plan)).unwrap();
        let refused = |draft: &Draft, plan, wanted| check(draft, &intent, &view, plan, wanted).unwrap_err();
        assert!(refused(&draft, digest("what would be done"), None).message().starts_with("the plan"));
        assert!(refused(&draft, plan, Some(digest("looked at"))).message().starts_with("the plan"));
        let mut evidence = draft.clone();
        evidence.statement.evidence = digest("other");
        evidence.text = String::from_utf8(evidence.statement.bytes()).unwrap();
        assert!(refused(&evidence, plan, None).message().starts_with("the change"));
        let mut longer = draft.clone();
        longer.statement.expires = Timestamp::MAX;
        longer.text = String::from_utf8(longer.statement.bytes()).unwrap();
        assert!(refused(&longer, plan, None).message().starts_with("the word"));
        let mut vote = draft.clone();
        vote.statement.board = Some("cab".parse().unwrap());
        vote.text = String::from_utf8(vote.statement.bytes()).unwrap();
        assert!(refused(&vote, plan, None).message().starts_with("the word"));
        let mut text = draft;
        text.text.push(' ');
        assert!(refused(&text, plan, None).message().starts_with("the text"));
    }
}
