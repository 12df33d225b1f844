//! Channels through which people are told.

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::channel::ChannelView;

operations! {
    /// List Channels: what each was told, what waits for it, and why it does.
    ListChannels "listChannels": Get "/api/v1/channels", Viewer {
        answer: Json<Page<ChannelView>>,
    }
}
