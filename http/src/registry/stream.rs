//! Long documents, sent part by part: each part is made on a thread that may wait for the disk, one
//! ahead of the client, so a list of any length takes the memory of two parts.
//!
//! The first part is made before the status is sent: what is wrong from the start is told as anywhere
//! else. A part that fails later breaks the body off, so that nobody takes a piece for the whole. When
//! the client goes away the body is dropped, and no further part is made.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use holdfast_actors::registry::Cut;
use holdfast_domain::registry::{self, AssetName, Listing, RowsError, Selection};
use hyper::body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};

/// About how long one is.
const PART_BYTES: usize = 64 * 1024;

/// A document that is made from its beginning to its end.
pub(super) trait Document: Sized + Send + 'static {
    /// The next part, and what makes the one after it; `None` where this is the last.
    fn part(self) -> Result<(Vec<u8>, Option<Self>), RowsError>;
}

/// The array of the selected assets.
pub(super) struct Assets {
    cut: Arc<Cut>,
    selection: Selection,
    from: Option<AssetName>,
    /// Whether there is an asset before the next one.
    begun: bool,
}

impl Assets {
    pub(super) fn new(cut: &Arc<Cut>, selection: Selection) -> Self {
        Self { cut: Arc::clone(cut), selection, from: None, begun: false }
    }
}

impl Document for Assets {
    fn part(mut self) -> Result<(Vec<u8>, Option<Self>), RowsError> {
        let first = self.from.is_none();
        let page = registry::asset_page(
            self.cut.index(),
            &*self.cut,
            &self.selection,
            self.from.as_ref(),
            PART_BYTES,
        )?;
        let mut part = Vec::with_capacity(page.json.len() + 2);
        if first {
            part.push(b'[');
        }
        if self.begun && !page.json.is_empty() {
            part.push(b',');
        }
        part.extend_from_slice(&page.json);
        if page.next.is_none() {
            part.push(b']');
            return Ok((part, None));
        }
        self.begun |= !page.json.is_empty();
        self.from = page.next;
        Ok((part, Some(self)))
    }
}

/// The document of an asset's associations from one end.
pub(super) struct Associations {
    cut: Arc<Cut>,
    listing: Listing,
    from: usize,
}

impl Associations {
    pub(super) fn new(cut: &Arc<Cut>, listing: Listing) -> Self {
        Self { cut: Arc::clone(cut), listing, from: 0 }
    }
}

impl Document for Associations {
    fn part(mut self) -> Result<(Vec<u8>, Option<Self>), RowsError> {
        let (part, next) = registry::association_page(
            self.cut.index(),
            &*self.cut,
            &self.listing,
            self.from,
            PART_BYTES,
        )?;
        let Some(next) = next else { return Ok((part, None)) };
        self.from = next;
        Ok((part, Some(self)))
    }
}

/// A document whose first part is made.
pub(super) struct Opened<D>(Vec<u8>, Option<D>);

/// Makes the first part; may wait for the disk.
///
/// # Errors
/// When it cannot be read.
pub(super) fn open<D: Document>(document: D) -> Result<Opened<D>, RowsError> {
    let (first, rest) = document.part()?;
    Ok(Opened(first, rest))
}

impl<D: Document> Opened<D> {
    pub(super) fn into_body(self) -> Body {
        match self {
            Self(whole, None) => Body::from(whole),
            Self(first, rest) => {
                Body::new(Parts { first: Some(first.into()), ahead: rest.map(make) })
            }
        }
    }
}

type Made<D> = JoinHandle<Result<(Vec<u8>, Option<D>), RowsError>>;

fn make<D: Document>(document: D) -> Made<D> {
    spawn_blocking(|| document.part())
}

/// The parts of a document as they come.
struct Parts<D> {
    first: Option<Bytes>,
    /// The part after it, which is being made.
    ahead: Option<Made<D>>,
}

impl<D: Document> HttpBody for Parts<D> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let Some(ahead) = &mut self.ahead else { return Poll::Ready(None) };
        let made = ready!(Pin::new(ahead).poll(context));
        self.ahead = None;
        let made = made.map_err(io::Error::other).and_then(|made| made.map_err(io::Error::other));
        Poll::Ready(Some(match made {
            Ok((part, rest)) => {
                self.ahead = rest.map(make);
                Ok(Frame::data(part.into()))
            }
            Err(error) => {
                tracing::warn!(%error, "a list of the registry was broken off");
                Err(error)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.ahead.is_none()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http_body_util::BodyExt as _;

    use super::*;

    /// Counts up to `last`; fails at `fault`.
    struct Counting {
        at: usize,
        last: usize,
        fault: Option<usize>,
        made: Arc<AtomicUsize>,
    }

    impl Counting {
        fn to(last: usize, fault: Option<usize>) -> Self {
            Self { at: 0, last, fault, made: Arc::default() }
        }
    }

    impl Document for Counting {
        fn part(mut self) -> Result<(Vec<u8>, Option<Self>), RowsError> {
            self.made.fetch_add(1, Ordering::SeqCst);
            if self.fault == Some(self.at) {
                return Err(RowsError("gone".into()));
            }
            let part = format!("{} ", self.at).into_bytes();
            self.at += 1;
            Ok((part, (self.at <= self.last).then_some(self)))
        }
    }

    #[tokio::test]
    async fn all_parts_come_in_their_order() {
        for (last, expected) in [(0, "0 "), (4, "0 1 2 3 4 ")] {
            let body = open(Counting::to(last, None)).unwrap().into_body();
            assert_eq!(body.size_hint().exact().is_some(), last == 0);
            assert_eq!(body.collect().await.unwrap().to_bytes(), expected);
        }
    }

    #[tokio::test]
    async fn a_fault_at_the_start_is_told_and_a_later_one_breaks_off() {
        assert!(open(Counting::to(4, Some(0))).is_err());
        let mut body = open(Counting::to(4, Some(2))).unwrap().into_body();
        for _ in 0..2 {
            assert!(body.frame().await.unwrap().is_ok());
        }
        assert!(body.frame().await.unwrap().is_err());
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn at_most_one_part_is_made_ahead() {
        let document = Counting::to(1_000, None);
        let made = Arc::clone(&document.made);
        let mut body = open(document).unwrap().into_body();
        for taken in 1..10 {
            body.frame().await.unwrap().unwrap();
            assert!(made.load(Ordering::SeqCst) <= taken + 1);
        }
        drop(body);
        assert!(made.load(Ordering::SeqCst) <= 11);
    }
}
