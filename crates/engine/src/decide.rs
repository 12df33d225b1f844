//! The way in: each command to the aggregate that answers it.

use shipway_model::event::Body;

use crate::{
    Code, Command, Context, Rejection, State, access, alert, artifact, board, calendar, catalogue, change,
    channel, ci, custody, environment, evidence, gate, itsm, known_error, release, review, rollout, runbook,
    scope, source, train, vulnerability,
};

/// Longest reason, note or detail that people and agents may give, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 2000;

/// The events that the command calls for; none when it has nothing (more) to do.
///
/// # Errors
/// A [`Rejection`] when it is refused; nothing has changed then.
pub fn decide(state: &State, command: &Command, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
    match command {
        Command::ApplyResources { resources } => catalogue::check::apply(&state.catalogue, resources),
        Command::RegisterArtifact { artifact } => artifact::register(state, artifact),
        Command::AttachEvidence { id, evidence } => evidence::attach(state, *id, evidence, ctx),
        Command::NoteVulnerabilities { id, evidence, vulnerabilities, unjudged } => {
            vulnerability::note(state, *id, evidence, vulnerabilities, *unjudged, ctx)
        }
        Command::ImportVulnerabilities { source, batch, changed, unchanged } => {
            Ok(vulnerability::import(*source, *batch, *changed, *unchanged))
        }
        Command::AcceptKnownErrors { id, note } => known_error::accept(state, *id, text(note)?, ctx),
        Command::CreateRelease { id, bundle } => release::create(state, *id, bundle),
        Command::NoteLibraryUses { id, uses } => release::note_library_uses(state, *id, uses),
        Command::SealRelease { id } => release::seal(state, *id, ctx),
        Command::StartRollout { id, release, environment, plan } => {
            rollout::start::start(state, *id, *release, environment, *plan, None, ctx)
        }
        Command::StartHotfix { id, release, environment, plan, emergency } => {
            rollout::start::start(state, *id, *release, environment, *plan, Some(emergency), ctx)
        }
        Command::NoteRollout { id, note } => rollout::room::note(state, *id, text(note)?),
        Command::NameDecider { id, decider } => rollout::room::name_decider(state, *id, text(decider)?),
        Command::PauseRollout { id, reason } => rollout::verbs::pause(state, *id, text(reason)?),
        Command::ResumeRollout { id } => rollout::verbs::resume(state, *id),
        Command::AbortRollout { id, reason } => rollout::verbs::abort(state, *id, text(reason)?),
        Command::RollBack { id, reason } => rollout::verbs::roll_back(state, *id, text(reason)?, ctx),
        Command::Retry { id } => rollout::verbs::retry(state, *id, ctx),
        Command::ApproveStep { id, step, note } => {
            rollout::verbs::approve(state, *id, *step, text(note)?, ctx)
        }
        Command::PauseScope { scope, reason } => Ok(state.pauses.pause(scope, text(reason)?)),
        Command::ResumeScope { scope } => state.pauses.resume(scope),
        Command::RequestException { id, exception } => {
            text(&exception.reason)?;
            state.calendars.exceptions.request(&state.catalogue, *id, exception, ctx)
        }
        Command::ApproveException { id } => state.calendars.exceptions.approve(&state.access, *id, ctx),
        Command::WithdrawException { id, reason } => state.calendars.exceptions.withdraw(*id, text(reason)?),
        Command::RequestWaiver { id, waiver } => state.waivers.request(&state.catalogue, *id, waiver, ctx),
        Command::ApproveWaiver { id } => state.waivers.approve(&state.access, *id, ctx),
        Command::WithdrawWaiver { id, reason } => state.waivers.withdraw(*id, text(reason)?),
        Command::BeginQuarantine { id, quarantine } => {
            state.quarantines.begin(&state.catalogue, *id, quarantine, ctx)
        }
        Command::EndQuarantine { id, reason } => state.quarantines.end(*id, text(reason)?),
        Command::RegisterKey { key } => {
            text(&key.label)?;
            state.keys.register(key, ctx)
        }
        Command::RevokeKey { key, since, reason } => state.keys.revoke(*key, *since, text(reason)?),
        Command::GrantDelegation { to, until, reason } => {
            state.delegations.grant(text(to)?, *until, text(reason)?, ctx)
        }
        Command::EndDelegation { to } => state.delegations.end(to, ctx),
        Command::GiveApproval { id, approval } => change::word::give(state, *id, approval, ctx),
        Command::WithdrawApproval { id, reason } => change::word::withdraw(state, *id, text(reason)?, ctx),
        Command::HoldReview { id, review } => review::hold(state, *id, review, ctx),
        Command::FinishAction { id, action, note } => review::finish(state, *id, action, text(note)?),
        Command::MeetCondition { id, board, vote, condition, note } => {
            board::meet(state, *id, board, vote, *condition, text(note)?, ctx)
        }
        Command::ReviewRunbook { runbook, revision, note } => {
            runbook::review(state, runbook, *revision, text(note)?, ctx)
        }
        Command::OutdateRunbook { runbook, reason } => runbook::outdate(state, runbook, text(reason)?, ctx),
        Command::FallBack { id, runbook, fallback, environment, reason } => {
            runbook::fall_back(state, *id, (runbook, fallback), environment, text(reason)?)
        }
        Command::NoteGates { id, decision } => change::gates::note(state, *id, decision, ctx),
        Command::FreezeScope { planned, at } => scope::freeze(state, planned, *at, ctx),
        Command::AddItem { planned, item } => scope::add(state, planned, item, ctx),
        Command::RequestLate { id, late } => scope::request_late(state, *id, late, ctx),
        Command::ApproveLate { id } => scope::approve_late(state, *id, ctx),
        Command::DeferItem { planned, item, to, reason } => {
            scope::defer(state, planned, item, to, reason, ctx)
        }
        Command::RecordSources { id, sources } => source::record(state, *id, sources),
        Command::RecordMergeBack { id, merge_back } => source::merged_back(state, *id, merge_back),
        Command::RegisterAgent { host, address, labels } => Ok(state.agents.register(host, *address, labels)),
        Command::ReportAgentLost { host } => Ok(state.agents.report_lost(host)),
        Command::ReportAgentFound { host } => Ok(state.agents.report_found(host)),
        Command::ReportStrays { host, found } => Ok(state.strays.report(host, found)),
        Command::ReportInstance { instance, condition, detail } => {
            Ok(environment::report_instance(state, instance, *condition, detail))
        }
        Command::ReceiveAlerts { notices } => Ok(alert::receive(state, notices, ctx)),
        Command::SetMarker { marker } => Ok(vec![Body::MarkerSet { marker: marker.clone() }]),
        Command::Report { key, outcome } => rollout::report::report(state, *key, outcome),
        Command::Decide { key, id, decision } => gate::decide(state, *key, *id, decision),
        Command::ReopenGates { id, step, attempt, reason } => {
            Ok(gate::reopen(state, *id, *step, *attempt, text(reason)?))
        }
        Command::Observe { key, block, verdict } => Ok(rollout::report::observe(state, *key, block, verdict)),
        Command::NoteSilence { rollout, step, silenced } => {
            Ok(rollout::report::silenced(state, *rollout, *step, silenced))
        }
        Command::IssueToken { id, name, role, secret_digest, expires, scope, account, groups, provider } => {
            let token = Body::TokenIssued {
                id: *id,
                name: text(name)?.to_owned(),
                role: *role,
                secret_digest: *secret_digest,
                expires: *expires,
                scope: scope.clone().map(Box::new),
                account: *account,
                groups: groups.clone(),
                provider: *provider,
            };
            state.access.issue(token, ctx)
        }
        Command::RecordFeed { feed, outcome } => {
            let outcome = match outcome {
                Ok((calendar, n_left_out)) => Ok((&**calendar, *n_left_out)),
                Err(fault) => Err(text(fault)?),
            };
            calendar::feed::record(state, feed, outcome)
        }
        Command::DepartTrain { train, departure, ids, fits } => {
            train::depart(state, train, *departure, (ids, fits), ctx)
        }
        Command::WarnOfPromises {} => Ok(train::endangered(state, ctx.now)
            .into_iter()
            .chain(train::place::moves(state, ctx.now))
            .chain(review::overdue(state, ctx.now))
            .collect()),
        Command::HearCi { webhook, delivery } => ci::hear(state, webhook, delivery),
        Command::NoteMirrored { id, mirrored } => itsm::note_mirrored(state, *id, mirrored),
        Command::NoteMirrorFailure { id, mirror, reason } => {
            itsm::note_failure(state, *id, mirror, text(reason)?)
        }
        Command::NoteTold { channel, notice } => channel::told(state, channel, *notice, ctx),
        Command::NoteUntold { channel, notice, reason } => {
            channel::failed(state, channel, *notice, text(reason)?, ctx)
        }
        Command::HearAnswer { id, answer } => itsm::hear(state, *id, answer),
        Command::AddAccount { id, account } => {
            text(&account.name)?;
            state.access.add_account(*id, account, ctx)
        }
        Command::SetPassword { id } => state.access.accounts.set_password(*id),
        Command::DisableAccount { id } => state.access.accounts.disable(*id),
        Command::EnableAccount { id } => state.access.accounts.enable(*id),
        Command::RequestGrant { id, privilege } => {
            text(&privilege.reason)?;
            state.access.request_grant(*id, privilege, ctx)
        }
        Command::ApproveGrant { id } => state.access.approve_grant(*id, ctx),
        Command::EndGrant { id, reason } => state.access.grants.end(*id, text(reason)?, ctx),
        Command::UseGrant { id, operation, resource } => {
            state.access.grants.note_use(*id, text(operation)?, text(resource)?, ctx)
        }
        Command::RecordRefusal { operation, resource, reason } => Ok(vec![Body::AccessRefused {
            operation: text(operation)?.to_owned(),
            resource: text(resource)?.to_owned(),
            reason: text(reason)?.to_owned(),
        }]),
        Command::RecordCommits { id, commits } => access::record_commits(state, *id, commits),
        Command::PlaceHold { name, reason } => Ok(state.custody.place(name, text(reason)?)),
        Command::ReleaseHold { name } => state.custody.release(name),
        Command::PruneArchive { archive, tables } => custody::prune(state, text(archive)?, tables, ctx),
        Command::EraseTexts { subject, texts, reason } => {
            custody::erase(state, subject, texts, text(reason)?, ctx)
        }
        Command::RevokeToken { id } => state.access.revoke(*id, ctx),
    }
}

pub(crate) fn text(text: &str) -> Result<&str, Rejection> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Rejection::new(
            Code::InvalidReason,
            format!("a text of {} bytes is longer than {TEXT_BYTES_MAX}", text.len()),
        ));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Rejection::new(Code::InvalidReason, "the text has control characters"));
    }
    Ok(text)
}
