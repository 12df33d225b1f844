//! `shipway user`

use clap::Subcommand;
use shipway_api::Client;
use shipway_api::operations::account::ListAccounts;
use shipway_api::permission::role_word;
use shipway_api::view::account::AccountView;
use shipway_model::AccountId;

use crate::failure::{Failure, Outcome};
use crate::output::{Paint, Table, plain, time};
use crate::settings::ConnectionArgs;

mod add;
mod list;
mod password;
mod switch;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    Add(add::Add),
    List(list::List),
    Password(password::Password),
    Disable(switch::Disable),
    Enable(switch::Enable),
}

impl User {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Add(it) => it.run(connection).await,
            Self::List(it) => it.run(connection).await,
            Self::Password(it) => it.run(connection).await,
            Self::Disable(it) => it.run(connection).await,
            Self::Enable(it) => it.run(connection).await,
        }
    }
}

/// The id of the account that people know by its name.
async fn id_of(client: &Client, name: &str) -> Result<AccountId, Failure> {
    let accounts = client.call::<ListAccounts>((), (), ()).await?.value.items;
    let found = accounts.iter().find(|it| it.account.name == name).map(|it| it.id);
    found.ok_or_else(|| Failure::new(format!("there is no account {}", plain(name)), "shipway user list"))
}

fn render(accounts: &[AccountView], paint: Paint) -> String {
    let mut table = Table::new(["NAME", "ROLE", "PERSON", "STANDING", "ADDED", "ADDED BY", "ID"]);
    for it in accounts {
        let standing = match (it.disabled, it.must_change_password) {
            (Some(_), _) => "closed",
            (None, true) => "one-time password",
            (None, false) => "open",
        };
        let person = it.known_as.as_ref().map_or("", |it| it.as_str());
        let (added, id) = (time(it.added), it.id.to_string());
        table.row([
            &it.account.name,
            role_word(it.account.role),
            person,
            standing,
            &added,
            &it.added_by,
            &id,
        ]);
    }
    table.render(paint, "There is no account.")
}
