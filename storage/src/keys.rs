//! Every key of the views, in one place. Numbers are big-endian, so byte order is domain order.
//!
//! `kind | shard | tag | …` for what belongs to an asset, `kind | user | position` for a person's
//! bookings. This file must not know what the rows hold.

use holdfast_domain::{Stamp, Tag, registry::Key};

use crate::journal::Position;

const APPLIED: u8 = 0;
const HEAD: u8 = 1;
const PAGE: u8 = 2;
const CHUNK: u8 = 3;
const LEAF: u8 = 4;
const USER: u8 = 5;
const ITEM: u8 = 6;
const REGISTRY: u8 = 7;

/// One past the greatest stamp: the upper end of an asset's last leaf.
pub(crate) const STAMP_END: u64 = Stamp::MAX.bits() + 1;

/// The version of what the rows hold. Raised with any change of their shape, or of a snapshot's: views
/// of another version are not read but built anew.
const VERSION: u8 = 3;

/// How far the views are.
pub(crate) const fn applied() -> [u8; 2] {
    [APPLIED, VERSION]
}

/// `from..to` over what says how far views of any version are.
pub(crate) const fn applied_by_any() -> ([u8; 1], [u8; 1]) {
    ([APPLIED], [APPLIED + 1])
}

/// The row that an asset has exactly one of.
pub(crate) fn head(tag: Tag) -> Vec<u8> {
    of_asset(HEAD, tag, &[])
}

/// `from..to` over all head rows.
pub(crate) const fn heads() -> ([u8; 1], [u8; 1]) {
    ([HEAD], [HEAD + 1])
}

/// A full audit page, by its first version.
pub(crate) fn page(tag: Tag, first: u64) -> Vec<u8> {
    of_asset(PAGE, tag, &first.to_be_bytes())
}

/// A piece of a snapshot taken at `version`.
pub(crate) fn chunk(tag: Tag, version: u64, number: u32) -> Vec<u8> {
    let mut rest = [0; 12];
    rest[..8].copy_from_slice(&version.to_be_bytes());
    rest[8..].copy_from_slice(&number.to_be_bytes());
    of_asset(CHUNK, tag, &rest)
}

/// Finished bookings from a stamp (as a number, so that [`STAMP_END`] is a bound) on.
pub(crate) fn leaf(tag: Tag, low: u64) -> Vec<u8> {
    of_asset(LEAF, tag, &low.to_be_bytes())
}

/// The lower end that a [`leaf`] key names; `None` when it is no such key.
pub(crate) fn low_of_leaf(key: &[u8]) -> Option<u64> {
    if key.len() != 18 || key.first() != Some(&LEAF) {
        return None;
    }
    key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Bookings created by a user, by the position of the first of the row.
pub(crate) fn user(user: u64, position: Position) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(USER);
    key.extend_from_slice(&user.to_be_bytes());
    key.extend_from_slice(&position.to_be_bytes());
    key
}

/// A condition report or a maintenance (`noun` tells which), by its stamp.
pub(crate) fn item(tag: Tag, noun: u8, stamp: Stamp) -> Vec<u8> {
    let mut rest = [noun; 9];
    rest[1..].copy_from_slice(&stamp.bits().to_be_bytes());
    of_asset(ITEM, tag, &rest)
}

/// The stamp that an [`item`] key names; `None` when it is no such key.
pub(crate) fn stamp_of_item(key: &[u8]) -> Option<Stamp> {
    if key.len() != 19 || key.first() != Some(&ITEM) {
        return None;
    }
    key.last_chunk().map(|bytes| Stamp::from_bits(u64::from_be_bytes(*bytes)))
}

/// A row of the registry with this tag.
pub(crate) fn registry(tag: Tag, key: Key) -> Vec<u8> {
    of_asset(REGISTRY, tag, &key.bytes())
}

/// `from..to` over the rows of all registries after that with the tag `after`.
pub(crate) fn registries(after: Option<Tag>) -> (Vec<u8>, [u8; 1]) {
    let from = after.map_or(vec![REGISTRY], |tag| {
        let mut last = registry(tag, Key::END);
        last.push(0);
        last
    });
    (from, [REGISTRY + 1])
}

/// The tag in a [`registry`] key; `None` when it is no such key.
pub(crate) fn tag_of_registry(key: &[u8]) -> Option<Tag> {
    if key.len() != 10 + Key::BYTES || key.first() != Some(&REGISTRY) {
        return None;
    }
    key[2..].first_chunk().map(|bytes| Tag::new(u64::from_be_bytes(*bytes)))
}

/// The row that a [`registry`] key names; `None` when it is no such key.
pub(crate) fn key_of_registry(key: &[u8]) -> Option<Key> {
    if key.len() != 10 + Key::BYTES || key.first() != Some(&REGISTRY) {
        return None;
    }
    key.last_chunk().and_then(|bytes| Key::from_bytes(*bytes))
}

fn of_asset(kind: u8, tag: Tag, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(10 + rest.len());
    key.extend_from_slice(&[kind, tag.shard().0]);
    key.extend_from_slice(&tag.get().to_be_bytes());
    key.extend_from_slice(rest);
    key
}

#[cfg(test)]
mod tests {
    use holdfast_domain::registry::AssetKey;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn byte_order_is_domain_order(
            (a, b) in (any::<u64>(), any::<u64>()),
            (x, y) in (any::<u64>(), any::<u64>()),
            (m, n) in (any::<u32>(), any::<u32>()),
        ) {
            let (s, t) = (Tag::new(a), Tag::new(b));
            let by_shard = (s.shard(), s).cmp(&(t.shard(), t));
            prop_assert_eq!(by_shard, s.cmp(&t), "sorting by tag sorts by shard");
            prop_assert_eq!(head(s).cmp(&head(t)), s.cmp(&t));
            prop_assert_eq!(page(s, x).cmp(&page(t, y)), (s, x).cmp(&(t, y)));
            prop_assert_eq!(chunk(s, x, m).cmp(&chunk(t, y, n)), (s, x, m).cmp(&(t, y, n)));
            prop_assert_eq!(leaf(s, x).cmp(&leaf(t, y)), (s, x).cmp(&(t, y)));
            prop_assert_eq!(user(a, x).cmp(&user(b, y)), (a, x).cmp(&(b, y)));
            let (i, j) = (Stamp::from_bits(x), Stamp::from_bits(y));
            let (k, l) = (m.to_le_bytes()[0], n.to_le_bytes()[0]);
            prop_assert_eq!(item(s, k, i).cmp(&item(t, l, j)), (s, k, i).cmp(&(t, l, j)));
        }

        #[test]
        fn kinds_do_not_mix(a in any::<u64>(), x in any::<u64>(), n in any::<u32>()) {
            let tag = Tag::new(a);
            let stamp = Stamp::from_bits(x);
            let row = Key::From(AssetKey(x), AssetKey(a));
            let keys = [
                applied().to_vec(),
                head(tag),
                page(tag, x),
                chunk(tag, x, n),
                leaf(tag, x),
                user(a, x),
                item(tag, 1, stamp),
                registry(tag, row),
            ];
            prop_assert!(keys.is_sorted());
            let (from, to) = heads();
            let inside: Vec<bool> =
                keys.iter().map(|key| from[..] <= key[..] && key[..] < to[..]).collect();
            prop_assert_eq!(inside, [false, true, false, false, false, false, false, false]);
            prop_assert_eq!(low_of_leaf(&leaf(tag, x)), Some(x));
            prop_assert_eq!(stamp_of_item(&item(tag, 1, stamp)), Some(stamp));
            prop_assert_eq!(key_of_registry(&registry(tag, row)), Some(row));
            prop_assert_eq!(key_of_registry(&item(tag, 1, stamp)), None);
            prop_assert_eq!(stamp_of_item(&leaf(tag, x)), None);
            prop_assert_eq!(low_of_leaf(&user(a, x)), None);
            prop_assert_eq!(low_of_leaf(&page(tag, x)), None);
        }
    }
}
