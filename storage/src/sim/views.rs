//! Views in memory that remember every flushed state, to fall back to one of them after a crash.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use crate::views::{Views, ViewsError};

/// Flushed states that a crash may still fall back to; before the oldest there is the empty one.
const FLUSHED_KEPT: usize = 32;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What is left after a crash.
#[derive(Clone, Debug)]
pub enum Crash {
    /// Nothing: the folder was deleted.
    Empty,
    /// The state of an earlier flush: 0 is the newest, 1 the one before, … (the empty state when
    /// there are not as many).
    Flushed(usize),
    /// The newest flushed state and, of the writes after it, those whose turn in this list (taken
    /// round and round) is true. A store may well keep more than it was asked to.
    Partly(Vec<bool>),
}

#[derive(Default)]
struct State {
    rows: Rows,
    /// Oldest first.
    flushed: VecDeque<Rows>,
    /// Since the last flush; `None` removes.
    unflushed: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl State {
    fn remember(&mut self, rows: Rows) {
        if self.flushed.len() == FLUSHED_KEPT {
            self.flushed.pop_front();
        }
        self.flushed.push_back(rows);
    }
}

type Hook = dyn Fn() + Send + Sync;

/// A [`Views`] that crashes and fails on demand. Clones share one store.
#[derive(Clone)]
pub struct MemoryViews {
    state: Arc<Mutex<State>>,
    /// Writes and flushes that still succeed.
    calls_left: Arc<AtomicU64>,
    after_read: Arc<Mutex<Option<Arc<Hook>>>>,
}

impl Default for MemoryViews {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryViews {
    pub fn new() -> Self {
        Self {
            state: Arc::default(),
            calls_left: Arc::new(AtomicU64::new(u64::MAX)),
            after_read: Arc::default(),
        }
    }

    /// Loses what a crash loses; errors asked for by [`MemoryViews::fail_after`] end.
    pub fn crash(&self, crash: &Crash) {
        self.calls_left.store(u64::MAX, Ordering::SeqCst);
        let mut state = self.state.lock();
        match crash {
            Crash::Empty => *state = State::default(),
            Crash::Flushed(back) => {
                let keep = state.flushed.len().saturating_sub(*back);
                state.flushed.truncate(keep);
                state.rows = state.flushed.back().cloned().unwrap_or_default();
            }
            Crash::Partly(turns) => {
                let mut rows = state.flushed.back().cloned().unwrap_or_default();
                let kept = turns.iter().cycle();
                for ((key, value), _) in
                    state.unflushed.drain(..).zip(kept).filter(|(_, kept)| **kept)
                {
                    apply(&mut rows, key, value);
                }
                // What survived is on the disk now.
                state.remember(rows.clone());
                state.rows = rows;
            }
        }
        state.unflushed.clear();
    }

    /// The next `calls` writes and flushes succeed, all later ones fail, until the next crash or
    /// until this is called again.
    pub fn fail_after(&self, calls: u64) {
        self.calls_left.store(calls, Ordering::SeqCst);
    }

    /// Calls `hook` after each read, when the store is free again: what happens then happens
    /// between the reads of somebody who reads twice.
    pub fn after_read(&self, hook: Option<Arc<Hook>>) {
        *self.after_read.lock() = hook;
    }

    /// Every row as it is now.
    pub fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.state.lock().rows.clone()
    }

    fn write_call(&self) -> Result<(), ViewsError> {
        let spend = |left: u64| match left {
            u64::MAX => Some(left),
            _ => left.checked_sub(1),
        };
        match self.calls_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(_) => Ok(()),
            Err(_) => Err(ViewsError::Store("injected".to_owned())),
        }
    }

    fn write(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), ViewsError> {
        self.write_call()?;
        let mut state = self.state.lock();
        let (key, value) = (key.to_vec(), value.map(<[u8]>::to_vec));
        apply(&mut state.rows, key.clone(), value.clone());
        state.unflushed.push((key, value));
        Ok(())
    }

    fn read_done(&self) {
        let hook = self.after_read.lock().clone();
        if let Some(hook) = hook {
            hook();
        }
    }
}

fn apply(rows: &mut Rows, key: Vec<u8>, value: Option<Vec<u8>>) {
    match value {
        Some(value) => rows.insert(key, value),
        None => rows.remove(&key),
    };
}

impl Views for MemoryViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewsError> {
        let value = self.state.lock().rows.get(key).cloned();
        self.read_done();
        Ok(value)
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), ViewsError> {
        self.write(key, Some(value))
    }

    fn remove(&self, key: &[u8]) -> Result<(), ViewsError> {
        self.write(key, None)
    }

    /// The simulator rebuilds after every fault, so there is nothing to remember.
    fn condemn(&self) -> Result<(), ViewsError> {
        Ok(())
    }

    /// One row at a time, so that writers come between as they do with the real store.
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), ViewsError> {
        let (mut from, mut to) = (Bound::Included(from.to_vec()), Bound::Excluded(to.to_vec()));
        loop {
            let row = {
                let state = self.state.lock();
                if is_empty(&from, &to) {
                    break;
                }
                let mut rows = state.rows.range((from.clone(), to.clone()));
                let row = if backwards { rows.next_back() } else { rows.next() };
                row.map(|(key, value)| (key.clone(), value.clone()))
            };
            let Some((key, value)) = row else { break };
            if !each(&key, &value) {
                break;
            }
            if backwards {
                to = Bound::Excluded(key);
            } else {
                from = Bound::Excluded(key);
            }
        }
        self.read_done();
        Ok(())
    }

    fn flush(&self) -> Result<(), ViewsError> {
        self.write_call()?;
        let mut state = self.state.lock();
        let rows = state.rows.clone();
        state.remember(rows);
        state.unflushed.clear();
        Ok(())
    }
}

/// Ranges that the map would panic on, or that hold nothing.
fn is_empty(from: &Bound<Vec<u8>>, to: &Bound<Vec<u8>>) -> bool {
    match (from, to) {
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}
