//! Local accounts, and signing in by them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::AccountId;
use shipway_model::access::Account;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::account::{AccountView, OneTimePassword};
use crate::view::token::IssuedToken;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountPath {
    pub account: AccountId,
}

/// Passwords are not shown where requests are printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPassword {
    /// The one that holds now.
    #[schemars(length(max = 1000))]
    pub current: String,
    #[schemars(length(min = 12, max = 128))]
    pub new: String,
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

operations! {
    /// Add an account. Its one-time password is in this answer and nowhere else.
    AddAccount "addAccount": Post "/api/v1/accounts", Admin {
        body: Json<Account>,
        answer: Json<OneTimePassword>,
        status: 201,
        errors: [AccountExists, InvalidAccount, Impersonation, SecretShown, InvalidReason],
    }

    /// List the accounts.
    ListAccounts "listAccounts": Get "/api/v1/accounts", Auditor {
        answer: Json<Page<AccountView>>,
    }

    /// Give an account a new one-time password. Its sign-ins end.
    ResetPassword "resetPassword": Post "/api/v1/accounts/{account}/password", Admin {
        path: AccountPath,
        answer: Json<OneTimePassword>,
        errors: [UnknownAccount],
    }

    /// Close an account. Its sign-ins end.
    DisableAccount "disableAccount": Post "/api/v1/accounts/{account}/disable", Admin {
        path: AccountPath,
        answer: Json<AccountView>,
        errors: [UnknownAccount],
    }

    /// Open an account again.
    EnableAccount "enableAccount": Post "/api/v1/accounts/{account}/enable", Admin {
        path: AccountPath,
        answer: Json<AccountView>,
        errors: [UnknownAccount],
    }

    /// Sign in with a name and a password, as `Authorization: Basic`. The answer's token ends after twelve hours.
    SignIn "signIn": Post "/api/v1/sign-in", Password {
        answer: Json<IssuedToken>,
        status: 201,
        errors: [TooManyAttempts],
    }

    /// Fetch a sign-in that was finished in a browser: its code and the verifier, as `Authorization: Basic`. The answer's token ends
    /// after twelve hours.
    SignInByCode "signInByCode": Post "/api/v1/sign-in/code", Code {
        answer: Json<IssuedToken>,
        status: 201,
    }

    /// Sign out: the token that asks ends.
    SignOut "signOut": Delete "/api/v1/sign-in", AnyToken {
        answer: (),
        status: 204,
    }

    /// Change one's own password. All sign-ins end; the answer holds the token of a new one.
    ChangePassword "changePassword": Put "/api/v1/password", AnyToken {
        body: Json<NewPassword>,
        answer: Json<IssuedToken>,
        errors: [WeakPassword, TooManyAttempts, UnknownAccount],
    }
}
