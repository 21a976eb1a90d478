//! Registering and changing an asset.

use holdfast_domain::{Kind, Outcome, asset::AssetDocument};

use crate::{
    scenario::{check, run},
    world::{World, t},
};

fn image(world: &World) -> AssetDocument {
    serde_json::from_slice(&world.state.asset_document().unwrap().json).unwrap()
}

#[test]
fn nothing_is_there_before_the_registration() {
    let mut world = World::empty();
    run(
        &mut world,
        "07:00 ann book 09:00~10:00     => refused NOT_FOUND
         07:00 boss name A3             => refused NOT_FOUND
         07:00 ann cancel #0            => refused NOT_FOUND
         07:00 ann check-in #none       => refused NOT_FOUND
         07:00 ann check-out #0         => refused NOT_FOUND",
    );
    assert_eq!(world.state.version(), 0);
    assert!(world.state.asset_document().is_none() && world.state.place().is_none());
}

#[test]
fn a_tag_carries_one_asset() {
    let mut world = World::empty();
    run(
        &mut world,
        "07:00 ann register key=k           => refused FORBIDDEN_ROLE
         07:00 auditor register key=k       => refused FORBIDDEN_ROLE
         07:00 guest-boss register key=k    => refused FORBIDDEN_LOCATION
         07:00 far-boss register key=k      => refused FORBIDDEN_LOCATION
         07:00 boss register key=k          => ACTIVE
         07:00 boss register key=k          => replay of ACTIVE
         07:00 boss register key=other      => refused INTERNAL
         07:00 chief register key=k         => refused INTERNAL
         07:00 ann register key=k           => refused FORBIDDEN_ROLE
         07:00 boss book 09:00~10:00 key=k  => refused IDEMPOTENCY_KEY_REUSED
         07:00 boss book 09:00~10:00 key=b  => CONFIRMED
         07:00 boss register key=b          => refused IDEMPOTENCY_KEY_REUSED",
    );
    let asset = image(&world);
    assert_eq!((asset.version, asset.etag.as_str(), asset.terms_version), (1, "\"1-0\"", 1));
}

#[test]
fn status_moves_freely_but_retired_is_final() {
    check(
        "07:00 boss status INACTIVE     => INACTIVE
         07:00 boss status MAINTENANCE  => MAINTENANCE
         07:00 boss status ACTIVE       => ACTIVE
         07:00 ann book 09:00~10:00     => CONFIRMED
         07:00 boss status RETIRED      => kept ASSET_HAS_LIVE_BOOKINGS
         07:00 ann cancel #1            => CANCELLED
         07:00 boss status RETIRED      => RETIRED
         07:00 boss status RETIRED      => RETIRED
         07:00 boss status ACTIVE       => kept INVALID_TRANSITION RETIRED
         07:00 boss status MAINTENANCE  => kept INVALID_TRANSITION RETIRED
         07:00 boss name Old            => RETIRED
         07:00 ann book 09:00~10:00     => kept ASSET_UNAVAILABLE RETIRED",
    );
}

#[test]
fn a_change_needs_the_current_version() {
    check(
        r#"07:00 boss name A3 if-match=none     => refused PRECONDITION_REQUIRED
           07:00 boss name A3 if-match="0-0"    => refused PRECONDITION_FAILED
           07:00 boss name A3 if-match=1-0      => refused PRECONDITION_FAILED
           07:00 boss name A3 if-match="1-0" key=a => ACTIVE
           07:00 boss name A4 if-match="1-0"    => refused PRECONDITION_FAILED
           07:00 boss name A4 if-match="2-0"    => ACTIVE
           07:00 boss name A3 if-match="1-0" key=a => replay of ACTIVE
           07:00 boss status RETIRED if-match="1-0" => refused PRECONDITION_FAILED"#,
    );
}

#[test]
fn a_change_that_changes_nothing_keeps_its_key_and_the_version() {
    let mut world = check("07:00 boss name A3 => ACTIVE");
    let before = world.state.asset_document().unwrap();
    run(
        &mut world,
        "08:00 boss name A3 key=same        => ACTIVE
         08:00 boss status ACTIVE           => ACTIVE
         08:00 boss share                   => ACTIVE
         08:00 boss terms                   => ACTIVE
         08:00 boss move loc_7              => ACTIVE
         08:00 boss name A3 key=same        => replay of ACTIVE",
    );
    assert_eq!(world.state.asset_document().unwrap(), before);
    assert_eq!(world.log.len(), 7, "each left a record, the replay none");
    for record in &world.log[2..] {
        let Outcome::Accepted(accepted) = &record.outcome else { panic!("refused") };
        assert_eq!(record.kind, Kind::AssetUpdated);
        assert!(accepted.events.is_empty());
        assert_eq!(accepted.after, &before.json[..]);
        assert_eq!(accepted.before.as_deref(), Some(&before.json[..]));
        assert_eq!(accepted.etag, before.etag);
    }
}

#[test]
fn bookings_leave_the_version_of_their_asset_alone() {
    let world = check(
        "07:00 boss name A3             => ACTIVE
         08:00 ann book 09:00~10:00     => CONFIRMED
         08:00 ann book 09:00~10:00     => kept BOOKING_OVERLAP #1 09:00~10:00 next 10:00~11:00
         09:00 ann check-in #1          => CHECKED_IN",
    );
    let asset = image(&world);
    assert_eq!((asset.version, asset.created_at, asset.updated_at), (2, t("00:00"), t("07:00")));
    assert_eq!(world.state.version(), 5);
}

#[test]
fn terms_are_versioned_and_canonical() {
    let mut world =
        check(r#"07:00 boss terms {"min_minutes":30,"buffer_after_minutes":15} => ACTIVE"#);
    let asset = image(&world);
    assert_eq!(asset.terms_version, 2);
    assert_eq!(asset.booking_terms.unwrap()["min_minutes"], 30);
    run(
        &mut world,
        r##"07:00 boss terms {"buffer_after_minutes":15, "min_minutes": 30}  => ACTIVE
            07:00 boss terms {"colour":1} => refused VALIDATION_FAILED #/booking_terms/colour unknown member
            07:00 boss terms nonsense     => refused VALIDATION_FAILED #/booking_terms must be an object"##,
    );
    assert_eq!(
        image(&world).terms_version,
        2,
        "the same terms in another order are the same terms"
    );
    run(&mut world, "07:00 boss terms => ACTIVE");
    let asset = image(&world);
    assert_eq!((asset.terms_version, asset.booking_terms), (3, None));
}
