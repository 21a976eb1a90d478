//! Who may give a command: visibility, role, user, location; and which booking it names.
//!
//! Judged before anything else, also before a replay, so that a key never shows what its holder may
//! no longer see. Knows no rule of booking.

use crate::{
    access::{self, Place},
    asset::{AssetState, BookingStatus, Command, Finished, NewAsset, NewBooking, booking::Booking},
    id::BookingId,
    principal::Principal,
    rejection::Rejection,
    request::Request,
};

/// The booking a permitted command names.
pub(super) enum Named<'a> {
    /// The command is about no booking.
    Nothing,
    /// What the body named is none that the caller may see.
    Absent,
    Live(&'a Booking),
    Finished(BookingStatus),
}

/// Why the command goes no further.
pub(super) enum Held {
    Refused(Rejection),
    /// It depends on a booking that is no longer live.
    Needs(BookingId),
}

impl From<Rejection> for Held {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

pub(super) fn authorise<'a>(
    state: &'a AssetState,
    request: &Request,
    finished: Finished<'_>,
) -> Result<Named<'a>, Held> {
    let principal = request.principal.as_ref();
    if let Command::RegisterAsset(new) = &request.command {
        may_register(principal, new)?;
        return Ok(Named::Nothing);
    }
    let place = state.place().ok_or(Rejection::NotFound)?;
    match &request.command {
        Command::RegisterAsset(_) => {}
        Command::UpdateAsset(change) => {
            may_update(principal, place, change.location_id.as_deref())?;
        }
        Command::CreateBooking(new) => may_book(principal, place, new)?,
        Command::CancelBooking { booking, .. } => {
            return reach(state, principal, place, Some(*booking), finished)?
                .ok_or(Rejection::NotFound.into());
        }
        Command::CheckIn { booking, .. } | Command::CheckOut { booking, .. } => {
            return match reach(state, principal, place, *booking, finished)? {
                Some(named) => Ok(named),
                None if access::is_visible(principal, place) => Ok(Named::Absent),
                None => Err(Rejection::NotFound.into()),
            };
        }
    }
    Ok(Named::Nothing)
}

fn may_register(principal: &Principal, new: &NewAsset) -> Result<(), Rejection> {
    if !principal.manages() {
        return Err(Rejection::ForbiddenRole);
    }
    if new.owner_org_id != principal.org || !principal.locations.contain(&new.location_id) {
        return Err(Rejection::ForbiddenLocation);
    }
    Ok(())
}

/// Moving needs the old location (that is what managing means) and the new one.
fn may_update(principal: &Principal, place: Place<'_>, to: Option<&str>) -> Result<(), Rejection> {
    if !access::is_visible(principal, place) {
        return Err(Rejection::NotFound);
    }
    if !access::manages(principal, place) {
        return Err(Rejection::ForbiddenRole);
    }
    if to.is_some_and(|location| !principal.locations.contain(location)) {
        return Err(Rejection::ForbiddenLocation);
    }
    Ok(())
}

fn may_book(principal: &Principal, place: Place<'_>, new: &NewBooking) -> Result<(), Rejection> {
    if !access::is_visible(principal, place) {
        return Err(Rejection::NotFound);
    }
    if new.user_id != principal.subject && !access::manages(principal, place) {
        return Err(Rejection::ForbiddenUser);
    }
    Ok(())
}

/// The booking, when the caller may act on it; `None` when there is none that it may see.
fn reach<'a>(
    state: &'a AssetState,
    principal: &Principal,
    place: Place<'_>,
    id: Option<BookingId>,
    finished: Finished<'_>,
) -> Result<Option<Named<'a>>, Held> {
    let Some(id) = id.filter(|id| id.tag == state.tag) else { return Ok(None) };
    let (named, own) = if let Some(booking) = state.bookings.get(&id.stamp) {
        let own = access::owns_booking(principal, &booking.org_id, &booking.user_id);
        (Named::Live(booking), own)
    } else if id.stamp > state.last_stamp {
        return Ok(None);
    } else {
        match finished {
            Finished::Unknown => return Err(Held::Needs(id)),
            Finished::Loaded(image) if image.id == id => {
                let own = access::owns_booking(principal, &image.org_id, &image.user_id);
                (Named::Finished(image.status), own)
            }
            Finished::Absent | Finished::Loaded(_) => return Ok(None),
        }
    };
    if own || access::manages(principal, place) {
        Ok(Some(named))
    } else if access::inspects(principal, place) {
        Err(Rejection::ForbiddenRole.into())
    } else {
        Ok(None)
    }
}
