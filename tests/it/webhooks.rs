//! Webhooks in this process: what reaches receivers that the test plays, when, and what is left after a
//! restart (`lanes`); and the routes that say who is told of what (the rest).

mod access;
mod deliveries;
mod desk;
mod lanes;
pub(crate) mod receivers;
mod routes;
mod secrets;
mod told;
mod urls;
