//! What has changed about endpoints and lanes since the courier last looked.

use std::collections::BTreeMap;

use holdfast_domain::Tag;
use holdfast_storage::journal::Place;
use parking_lot::Mutex;

/// What a committed record says to the lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum News {
    /// The endpoints of an org changed.
    Endpoints,
    /// Somebody asked a lane for something.
    Lane,
}

/// One entry for each aggregate that changed, however often: bounded by their number.
#[derive(Default)]
pub struct Changes(Mutex<BTreeMap<Tag, (News, Place)>>);

impl Changes {
    /// `place`: before the group of the record. The earliest one counts until all is taken: what is
    /// noted again because it could not be heeded must not lose it to what came meanwhile.
    pub fn note(&self, tag: Tag, news: News, place: Place) {
        let mut changes = self.0.lock();
        let (_, known) = changes.entry(tag).or_insert((news, place));
        if place.position < known.position {
            *known = place;
        }
    }

    pub fn take(&self) -> Vec<(Tag, News, Place)> {
        let taken = std::mem::take(&mut *self.0.lock());
        taken.into_iter().map(|(tag, (news, place))| (tag, news, place)).collect()
    }
}

#[cfg(test)]
mod tests {
    use holdfast_storage::journal::Address;

    use super::*;

    #[test]
    fn the_earliest_place_counts() {
        let place = |position| Place { position, next: Address { segment: 1, offset: 0 } };
        let (changes, tag) = (Changes::default(), Tag::new(7));
        changes.note(tag, News::Endpoints, place(9));
        changes.note(tag, News::Endpoints, place(5));
        changes.note(tag, News::Endpoints, place(7));
        assert_eq!(changes.take(), [(tag, News::Endpoints, place(5))]);
        assert!(changes.take().is_empty());
    }
}
