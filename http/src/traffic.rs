//! Requests counted: by route template, method and status, with how long each took.
//!
//! Every counter is made before the first request, so a request pays a look into a short table, two
//! readings of the clock and three relaxed additions: no lock, no text, no memory. A raw path is never
//! counted, or a stranger could fill the memory.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
};
use holdfast_actors::{
    Engine, Refusal,
    histogram::{Distribution, Histogram},
};
use holdfast_domain::Rejection;

use crate::{error::ApiError, permissions, problem::codes};

/// Stands for whatever no route matched.
const NO_ROUTE: &str = "none";

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];

/// The statuses of answers that are no problem; those of problems are in their table.
const GOOD: [StatusCode; 5] = [
    StatusCode::OK,
    StatusCode::CREATED,
    StatusCode::NO_CONTENT,
    StatusCode::SEE_OTHER,
    StatusCode::NOT_MODIFIED,
];

/// Microseconds.
const DURATION_BOUNDS_US: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// All counters.
pub(crate) struct Traffic {
    /// The last one is [`NO_ROUTE`].
    routes: Vec<&'static str>,
    statuses: Vec<StatusCode>,
    /// By route, then by method.
    cells: Vec<Cell>,
    overlaps: AtomicU64,
}

/// Of one route and method.
struct Cell {
    /// By the place of the status; one more for any other.
    answers: Box<[AtomicU64]>,
    duration_us: Histogram,
}

/// A request that is being answered.
#[derive(Clone, Copy)]
pub(crate) struct Began {
    cell: usize,
    at_us: u64,
}

/// What was counted of one route and method.
pub(crate) struct Counted {
    pub(crate) route: &'static str,
    pub(crate) method: &'static str,
    /// By status, only those that occurred.
    pub(crate) answers: Vec<(String, u64)>,
    pub(crate) duration_us: Distribution,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        let mut routes: Vec<&str> = permissions::all().map(|row| row.path).collect();
        routes.sort_unstable();
        routes.dedup();
        routes.push(NO_ROUTE);
        let mut statuses = GOOD.to_vec();
        statuses.extend(codes::ALL.iter().map(|code| code.status));
        statuses.sort_unstable();
        statuses.dedup();
        let cell = |_| Cell {
            answers: (0..=statuses.len()).map(|_| AtomicU64::new(0)).collect(),
            duration_us: Histogram::new(DURATION_BOUNDS_US),
        };
        let cells = (0..routes.len() * METHODS.len()).map(cell).collect();
        Self { routes, statuses, cells, overlaps: AtomicU64::new(0) }
    }

    pub(crate) fn begin(&self, request: &Request, engine: &Engine) -> Began {
        let template = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        let route = template.and_then(|path| self.routes.binary_search_by(|it| it.cmp(&path)).ok());
        let route = route.unwrap_or(self.routes.len() - 1);
        let cell = route * METHODS.len() + place_of(request.method());
        Began { cell, at_us: engine.monotonic_us() }
    }

    pub(crate) fn end(&self, began: Began, status: StatusCode, engine: &Engine) {
        let cell = &self.cells[began.cell];
        let place = self.statuses.binary_search(&status).unwrap_or(self.statuses.len());
        cell.answers[place].fetch_add(1, Ordering::Relaxed);
        cell.duration_us.add(engine.monotonic_us().saturating_sub(began.at_us));
    }

    /// A problem goes out.
    pub(crate) fn refused(&self, error: &ApiError) {
        if let ApiError::Refused(
            Refusal::Rejected(Rejection::Overlap { .. })
            | Refusal::Replayed { rejection: Rejection::Overlap { .. }, .. },
        ) = error
        {
            self.overlaps.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn overlaps(&self) -> u64 {
        self.overlaps.load(Ordering::Relaxed)
    }

    /// Every route and method that was asked.
    pub(crate) fn counted(&self) -> Vec<Counted> {
        let cells = self.cells.chunks(METHODS.len());
        let all = self.routes.iter().zip(cells).flat_map(|(route, cells)| {
            METHODS.iter().zip(cells).map(|(method, cell)| Counted {
                route,
                method,
                answers: self.answers(cell),
                duration_us: cell.duration_us.read(),
            })
        });
        all.filter(|counted| !counted.answers.is_empty()).collect()
    }

    fn answers(&self, cell: &Cell) -> Vec<(String, u64)> {
        let names = self.statuses.iter().map(|status| status.as_str()).chain(["other"]);
        let counts = cell.answers.iter().map(|count| count.load(Ordering::Relaxed));
        names
            .zip(counts)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_owned(), count))
            .collect()
    }
}

fn place_of(method: &Method) -> usize {
    let name = method.as_str();
    METHODS.iter().position(|it| *it == name).unwrap_or(METHODS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_are_sorted_but_for_the_one_that_is_none() {
        let traffic = Traffic::new();
        let (last, routes) = traffic.routes.split_last().unwrap();
        assert!(routes.is_sorted() && *last == NO_ROUTE);
        assert!(traffic.statuses.is_sorted());
        assert_eq!(place_of(&Method::PATCH), 4);
        assert_eq!(place_of(&Method::TRACE), 7);
    }
}
