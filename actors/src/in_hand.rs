//! What an actor was at when it failed: the message in hand, noted so cheaply that every message can
//! be, and read only after a failure.
//!
//! Nothing here allocates before something has failed, and nothing decides what a failure means.

use crate::message::Ask;

/// As the `request_id` of a request: at most 128 visible ASCII characters.
const ID_BYTES_MAX: usize = 128;

/// The message an actor had in hand when it failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InHand {
    /// `create_booking`, `read_asset`, `tick` …
    pub kind: &'static str,
    /// Of a command; reads and ticks carry none.
    pub request_id: Option<String>,
}

/// A failure of an asset's actor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    pub at: holdfast_domain::Timestamp,
    pub message: String,
    /// `None` when it failed between two messages.
    pub in_hand: Option<InHand>,
}

/// A message as it must be remembered while it is worked on: it is moved into the step, and gone with
/// it when that panics. Lives on the stack: a copy of some thirty bytes.
pub struct Note {
    kind: &'static str,
    id: [u8; ID_BYTES_MAX],
    id_bytes: usize,
}

impl Note {
    pub fn of(ask: &Ask) -> Self {
        let sent = match ask {
            Ask::Command(request) => request.request_id.as_bytes(),
            Ask::Webhooks(ask) => ask.request_id().as_bytes(),
            Ask::Registry(ask) => ask.request_id().as_bytes(),
            _ => &[],
        };
        let id_bytes = sent.len().min(ID_BYTES_MAX);
        let mut id = [0; ID_BYTES_MAX];
        id[..id_bytes].copy_from_slice(&sent[..id_bytes]);
        Self { kind: ask.kind(), id, id_bytes }
    }

    pub fn read(&self) -> InHand {
        let id = String::from_utf8_lossy(&self.id[..self.id_bytes]);
        InHand { kind: self.kind, request_id: (!id.is_empty()).then(|| id.into_owned()) }
    }
}
