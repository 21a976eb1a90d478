//! Ids: a prefix and a UUIDv7 in TypeID form, whose random part is the tag of the asset they belong to.
//!
//! Any id therefore names its asset (and shard) without a lookup. Ids are not secrets.
//! This file must not draw randomness or read the time: stamps and tags come in as values.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use type_safe_id::{StaticType, TypeSafeId};
use uuid::Uuid;

/// The 62 random bits that an asset and every id below it share. Routes to the asset's actor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Tag(u64);

impl Tag {
    const BITS: u64 = (1 << 62) - 1;

    /// Keeps the low 62 bits.
    pub const fn new(bits: u64) -> Self {
        Self(bits & Self::BITS)
    }

    pub const fn get(self) -> u64 {
        self.0
    }

    /// The top 8 bits of the tag: uniform, because a tag is the output of a MAC.
    pub const fn shard(self) -> Shard {
        Shard(self.0.to_be_bytes()[0] << 2 | (self.0.to_be_bytes()[1] >> 6))
    }
}

/// One of 256 fixed parts of the key space; order is promised per asset, fencing is per shard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Shard(pub u8);

impl Shard {
    pub const COUNT: usize = 256;

    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The part of an id that is unique inside its asset: 48 bits of milliseconds, 12 bits of counter.
/// Stamps of one asset are handed out in strictly growing order, so they order by creation.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Stamp(u64);

impl Stamp {
    pub const MIN: Stamp = Stamp(0);
    pub const MAX: Stamp = Stamp((1 << 60) - 1);

    /// `millis` since the Unix epoch (48 bits kept) and a counter (12 bits kept).
    pub const fn new(millis: u64, counter: u16) -> Self {
        Self(((millis & ((1 << 48) - 1)) << 12) | (counter as u64 & 0xfff))
    }

    /// The 60 bits as a number; [`Stamp::from_bits`] is its inverse.
    pub const fn bits(self) -> u64 {
        self.0
    }

    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & Self::MAX.0)
    }

    pub const fn millis(self) -> u64 {
        self.0 >> 12
    }

    /// The first stamp that is later than `self` and not before `millis`. A burst of more than
    /// 4,096 ids in one millisecond borrows from the next one.
    #[must_use]
    pub const fn next(self, millis: u64) -> Self {
        let fresh = Stamp::new(millis, 0);
        if fresh.0 > self.0 { fresh } else { Stamp(self.0 + 1) }
    }
}

/// An id of kind `K`: `<prefix>_<26 characters of base32 UUIDv7>`.
pub struct Id<K> {
    pub stamp: Stamp,
    pub tag: Tag,
    kind: PhantomData<fn() -> K>,
}

impl<K> Id<K> {
    pub const fn new(stamp: Stamp, tag: Tag) -> Self {
        Self { stamp, tag, kind: PhantomData }
    }

    /// The 128 bits: 48 time, version 7, 12 counter, variant 2, 62 tag (RFC 9562 section 5.7).
    pub fn uuid(self) -> Uuid {
        let (millis, counter) = (self.stamp.0 >> 12, self.stamp.0 & 0xfff);
        let high = (millis << 16) | 0x7000 | counter;
        let low = (0b10 << 62) | self.tag.0;
        Uuid::from_u64_pair(high, low)
    }

    /// `None` unless the UUID has version 7 and the RFC variant.
    pub fn from_uuid(uuid: Uuid) -> Option<Self> {
        let (high, low) = uuid.as_u64_pair();
        if (high >> 12) & 0xf != 7 || low >> 62 != 0b10 {
            return None;
        }
        let stamp = Stamp(((high >> 16) << 12) | (high & 0xfff));
        Some(Self::new(stamp, Tag::new(low)))
    }
}

/// What came in where an id was expected was none of that kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an id of this kind")]
pub struct ParseIdError;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal, $id:ident;)*) => {$(
        #[derive(Default)]
        pub struct $kind;
        impl StaticType for $kind {
            const TYPE: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )*};
}

kinds! {
    /// `ast_…`
    AssetKind = "ast", AssetId;
    /// `bkg_…`
    BookingKind = "bkg", BookingId;
    /// `aud_…`
    AuditKind = "aud", AuditId;
    /// `evt_…`: what a record tells the world; its stamp is that of the record's audit entry.
    EventKind = "evt", EventId;
    /// `crp_…`
    ReportKind = "crp", ReportId;
    /// `mnt_…`
    MaintenanceKind = "mnt", MaintenanceId;
    /// `whe_…`
    EndpointKind = "whe", EndpointId;
    /// `dlv_…`
    DeliveryKind = "dlv", DeliveryId;
    /// `reg_…`: the registry of an org.
    RegistryKind = "reg", RegistryId;
}

impl<K: StaticType> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TypeSafeId::<K>::from_uuid(self.uuid()).fmt(f)
    }
}

impl<K: StaticType> FromStr for Id<K> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parsed: TypeSafeId<K> = text.parse().map_err(|_| ParseIdError)?;
        Self::from_uuid(parsed.uuid()).ok_or(ParseIdError)
    }
}

/// Text where a person may read it (JSON), two numbers in the store.
impl<K: StaticType> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.stamp, self.tag).serialize(serializer)
        }
    }
}

impl<'de, K: StaticType> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            let (stamp, tag) = Deserialize::deserialize(deserializer)?;
            Ok(Self::new(stamp, tag))
        }
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        (self.stamp, self.tag) == (other.stamp, other.tag)
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
/// By creation inside one asset; across assets by time, then tag.
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.stamp, self.tag).cmp(&(other.stamp, other.tag))
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.stamp.hash(state);
        self.tag.hash(state);
    }
}
impl<K: StaticType> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
