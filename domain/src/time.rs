//! Instants as the product knows them: whole milliseconds in UTC, years 1970 to 9999.
//!
//! This file must not read a clock; an instant is a value that somebody hands in.

use std::fmt;

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59.999Z
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// Clamps to the years 1970 to 9999.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The same number for an id's time part.
    pub const fn unsigned_millis(self) -> u64 {
        self.0.unsigned_abs()
    }

    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    #[must_use]
    pub const fn plus_minutes(self, minutes: i64) -> Self {
        self.plus_millis(minutes.saturating_mul(60_000))
    }

    /// RFC 3339 with an offset, at most three fraction digits, years 1970 to 9999.
    ///
    /// # Errors
    /// A sentence for the client, in the words of a 422.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "must be an RFC 3339 instant with an offset";
        let fraction = text
            .split_once('.')
            .map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        if fraction > 3 {
            return Err("must have at most three fraction digits");
        }
        // chrono also reads a space for the `T` and a typographic minus; RFC 3339 does not.
        let separated = text.as_bytes().get(10).is_some_and(|b| b.eq_ignore_ascii_case(&b'T'));
        if !separated || !text.is_ascii() {
            return Err(FORM);
        }
        let millis = DateTime::parse_from_rfc3339(text).map_err(|_| FORM)?.timestamp_millis();
        if !(0..=Self::MAX.0).contains(&millis) {
            return Err("must lie in the years 1970 to 9999");
        }
        Ok(Self(millis))
    }
}

/// UTC with `Z`; no fraction when zero, else three digits.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.0 % 1000 == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        let instant = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&instant.to_rfc3339_opts(format, true))
    }
}

/// Text where a person may read it (JSON), a number in the store.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
        } else {
            Ok(Self(i64::deserialize(deserializer)?))
        }
    }
}
