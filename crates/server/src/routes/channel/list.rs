//! Listing Channels, in the order of their names.

use std::collections::BTreeSet;

use shipway_api::operations::channel::ListChannels;
use shipway_api::view::channel::{ChannelView, NoticeView};
use shipway_engine::channel::{self, Told};
use shipway_model::Name;
use shipway_model::resource::Channel;
use shipway_model::resource::channel::Occasion;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::whole;

pub(super) async fn handle(it: Incoming<ListChannels>) -> Outcome<ListChannels> {
    let state = it.state();
    let all = channel::declared(&state).map(|(name, channel)| view(name, channel, state.channels.get(name)));
    Ok(whole(all.collect()))
}

fn view(name: &Name, channel: &Channel, told: Option<&Told>) -> ChannelView {
    let waiting = told.into_iter().flat_map(|it| &it.waiting);
    let mut waiting: Vec<NoticeView> = waiting
        .map(|(id, it)| NoticeView { id: *id, occasion: it.occasion, at: it.at, fault: it.fault.clone() })
        .collect();
    waiting.sort_by_key(|it| (it.at, it.id));
    let tells: BTreeSet<Occasion> = Occasion::ALL.into_iter().filter(|it| channel.tells_of(*it)).collect();
    ChannelView {
        channel: name.clone(),
        tells,
        n_told: told.map_or(0, |it| it.n_told),
        latest: told.and_then(|it| it.latest),
        n_given_up: told.map_or(0, |it| it.n_given_up),
        waiting,
    }
}
