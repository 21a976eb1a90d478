//! What somebody has asked a lane for: a delivery once more, a stretch of the log once more.

use holdfast_domain::webhooks::Delivery;
use holdfast_storage::journal::Position;

use super::{Key, Lane, Line, Track, waiting};
use crate::webhooks::message::Standing;

impl Lane {
    /// Takes up what somebody has asked the lane for. What it is told is what is written down of the
    /// lane, which may be ahead of that.
    pub(crate) fn heed(&mut self, standing: &Standing, durable: Position) {
        for delivery in standing.pending.iter().filter(|delivery| delivery.asked) {
            let next_at = delivery.next_attempt_at.unwrap_or_default();
            if let Some(key) = self.key_of(delivery) {
                self.parked.hurry(key, next_at);
            } else if !delivery.in_order && !self.is_settling(delivery) {
                let key = self.parked.next_key();
                self.parked.insert(key, waiting(delivery));
            }
        }
        self.begin_replay(standing, durable);
    }

    /// Who waits as this delivery, also when the log has named it and the lane has not heard so yet.
    fn key_of(&self, delivery: &Delivery) -> Option<Key> {
        let is_it = |line: &&Line| {
            let settled = &line.settled;
            settled.delivery.is_none()
                && (settled.event, settled.in_order) == (delivery.event, delivery.in_order)
        };
        let reported = || self.reported.iter().flat_map(|reported| &reported.lines).find(is_it);
        self.parked.find(delivery.id).or_else(|| reported()?.waiting)
    }

    /// Its last try is on the way into the log. One that the log has counted already was made before
    /// somebody asked for another.
    fn is_settling(&self, delivery: &Delivery) -> bool {
        let reported = self.reported.iter().flat_map(|reported| &reported.lines);
        self.lines.iter().chain(reported).any(|line| {
            let is_counted = line.settled.attempts <= delivery.attempts;
            line.settled.delivery == Some(delivery.id)
                && (!is_counted || cfg!(feature = "planted-redelivery-lost"))
        })
    }

    pub(super) fn begin_replay(&mut self, standing: &Standing, durable: Position) {
        if let Some(replay) = standing.replay
            && self.replay.as_ref().is_none_or(|(known, _)| known.id != replay.id)
        {
            let track = Track::after(replay.cursor, Some(durable));
            self.replay = Some((replay, track));
        }
    }
}
