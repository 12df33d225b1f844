//! Local accounts, and signing in by them.

use std::collections::BTreeSet;

use shipway_api::Code;
use shipway_api::operations::account::{
    AddAccount, ChangePassword, DisableAccount, EnableAccount, ListAccounts, ResetPassword, SignIn,
    SignInByCode, SignOut,
};
use shipway_api::view::account::AccountView;
use shipway_api::view::token::IssuedToken;
use shipway_engine::State;
use shipway_engine::access::AccountState;
use shipway_model::AccountId;

use super::token;
use crate::access::Bearer;
use crate::app::App;
use crate::problem::Failure;
use crate::router::Routes;
use crate::sign_in;

mod add;
mod change_password;
mod disable;
mod enable;
mod list;
mod reset_password;
mod sign_in_by_code;
mod sign_in_by_password;
mod sign_out;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<AddAccount, _, _>(add::handle)
        .add::<ListAccounts, _, _>(list::handle)
        .add::<ResetPassword, _, _>(reset_password::handle)
        .add::<DisableAccount, _, _>(disable::handle)
        .add::<EnableAccount, _, _>(enable::handle)
        .add::<SignIn, _, _>(sign_in_by_password::handle)
        .add::<SignInByCode, _, _>(sign_in_by_code::handle)
        .add::<SignOut, _, _>(sign_out::handle)
        .add::<ChangePassword, _, _>(change_password::handle)
}

fn view(state: &State, account: &AccountState) -> AccountView {
    AccountView {
        id: account.id,
        account: account.account.clone(),
        known_as: state.access.person(&account.account.name).cloned(),
        added: account.added,
        added_by: account.added_by.clone(),
        disabled: account.disabled,
        must_change_password: account.must_change_password(),
    }
}

/// One that was just decided about.
fn shown(state: &State, id: AccountId) -> AccountView {
    view(state, state.access.accounts.get(id).expect("what was decided about is known"))
}

fn unknown(id: AccountId) -> Failure {
    Failure::new(Code::UnknownAccount, format!("there is no account {id}"))
        .hint("`shipway user list` shows those there are")
}

/// A sign-in's token, whole, to be shown once.
async fn issue(
    app: &App,
    account: &AccountState,
    groups: Option<&BTreeSet<String>>,
    bearer: &Bearer,
) -> Result<IssuedToken, Failure> {
    sign_in::give_token(app, account, groups, bearer).await?;
    let state = app.runtime.state();
    let token = state.access.get(bearer.id()).expect("it was committed just now");
    Ok(IssuedToken { token: token::view(token), secret: bearer.reveal() })
}
