//! Ids and instants: what is read, what is refused, how they are written.

use holdfast_domain::{AssetId, BookingId, Shard, Stamp, Tag, Timestamp};
use proptest::prelude::*;

#[test]
fn instants_in_and_out() {
    const FORM: &str = "must be an RFC 3339 instant with an offset";
    const YEARS: &str = "must lie in the years 1970 to 9999";
    const FRACTION: &str = "must have at most three fraction digits";
    for (sent, wanted) in [
        ("2025-09-01T08:00:00Z", Ok("2025-09-01T08:00:00Z")),
        ("2025-09-01t08:00:00z", Ok("2025-09-01T08:00:00Z")),
        ("2025-09-01T08:00:00.000Z", Ok("2025-09-01T08:00:00Z")),
        ("2025-09-01T08:00:00.5Z", Ok("2025-09-01T08:00:00.500Z")),
        ("2025-09-01T08:00:00.001+02:00", Ok("2025-09-01T06:00:00.001Z")),
        ("2025-09-01T00:30:00-05:45", Ok("2025-09-01T06:15:00Z")),
        ("1970-01-01T00:00:00Z", Ok("1970-01-01T00:00:00Z")),
        ("9999-12-31T23:59:59.999Z", Ok("9999-12-31T23:59:59.999Z")),
        ("1969-12-31T23:59:59.999Z", Err(YEARS)),
        ("9999-12-31T23:59:59-00:01", Err(YEARS)),
        ("2025-09-01T08:00:00.0000Z", Err(FRACTION)),
        ("2025-09-01T08:00:00", Err(FORM)),
        ("2025-09-01 08:00:00Z", Err(FORM)),
        ("2025-09-01", Err(FORM)),
        ("2025-02-29T08:00:00Z", Err(FORM)),
        ("2025-09-01T24:00:00Z", Err(FORM)),
        ("2025-09-01T08:00Z", Err(FORM)),
        ("2025-09-01T08:00:00+0200", Err(FORM)),
        ("", Err(FORM)),
        ("now", Err(FORM)),
        ("２０２５-09-01T08:00:00Z", Err(FORM)),
        ("2025-09-01T08:00:00\u{2212}02:00", Err(FORM)),
    ] {
        let read = Timestamp::parse(sent).map(|it| it.to_string());
        assert_eq!(read.as_deref().map_err(|why| *why), wanted, "{sent}");
    }
}

#[test]
fn ids_in_and_out() {
    let id = BookingId::new(Stamp::new(1_700_000_000_000, 7), Tag::new(42));
    let text = id.to_string();
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(text.len(), 30);
    for wrong in [
        "",
        "bkg_",
        "bkg_123",
        &text[4..],
        &text.replace("bkg_", "ast_"),
        &text.to_uppercase(),
        &format!("{text} "),
        &format!("{text}0"),
        &text[..29],
        // Version 4, then a wrong variant.
        "bkg_2x4y6z8a0b4c2d3e4f5g6h7j8k",
        "bkg_00000000000000000000000000",
        "bkg_7zzzzzzzzzzzzzzzzzzzzzzzzz",
        "bkg_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    ] {
        assert!(wrong.parse::<BookingId>().is_err(), "{wrong}");
    }
    assert!(text.parse::<AssetId>().is_err());
}

#[test]
fn stamps_grow() {
    let stamp = Stamp::new(5, 0);
    assert_eq!(stamp.next(5), Stamp::new(5, 1));
    assert_eq!(stamp.next(6), Stamp::new(6, 0));
    assert_eq!(stamp.next(1), Stamp::new(5, 1), "a clock that runs back does not matter");
    assert_eq!(Stamp::new(5, 0xfff).next(5), Stamp::new(6, 0), "a burst borrows from the next");
}

proptest! {
    #[test]
    fn every_id_survives_its_text(stamp in 0..=Stamp::MAX.bits(), tag in any::<u64>()) {
        let id = AssetId::new(Stamp::from_bits(stamp), Tag::new(tag));
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(AssetId::from_uuid(id.uuid()), Some(id));
        let top = u8::try_from(id.tag.get() >> 54).unwrap();
        prop_assert_eq!(id.tag.shard(), Shard(top));
    }

    #[test]
    fn every_instant_survives_its_text(millis in 0..=Timestamp::MAX.millis()) {
        let at = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
    }
}
