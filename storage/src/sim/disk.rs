//! A disk in memory that loses, tears and reorders whatever was not synced.
//!
//! Reads see the page cache: every write at once. A crash keeps what was synced and, of the rest,
//! what chance decides. A failed sync leaves pages that read well, count as clean and are not on the
//! disk: no later sync writes them, only a rewrite does.

use std::{collections::BTreeMap, io, sync::Arc};

use parking_lot::Mutex;

use crate::{
    disk::{Disk, DiskFile},
    sim::Seed,
};

/// What goes wrong, counted from the moment the plan is set. Numbers start at 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FaultPlan {
    /// The nth write fails after writing some of its bytes.
    pub fail_write: Option<u64>,
    /// The nth sync of a file fails.
    pub fail_sync: Option<u64>,
    /// The power fails in the nth operation that changes the disk; it and all later ones fail.
    pub crash_at: Option<u64>,
    /// All files together cannot grow beyond this.
    pub space_bytes: Option<u64>,
}

/// Handles share one state; see [`SimDisk::fork`] for a copy.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Clone)]
struct State {
    seed: Seed,
    files: Vec<Pages>,
    /// Name → index in `files`, as seen now and as the disk has it.
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    plan: FaultPlan,
    writes: u64,
    syncs: u64,
    operations: u64,
    off: bool,
}

#[derive(Clone, Default)]
struct Pages {
    cached: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Write>,
}

#[derive(Clone)]
struct Write {
    offset: usize,
    bytes: Vec<u8>,
}

impl SimDisk {
    /// Empty. Everything it does by chance follows from `seed`.
    pub fn new(seed: u64) -> Self {
        let state = State {
            seed: Seed::new(seed),
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            plan: FaultPlan::default(),
            writes: 0,
            syncs: 0,
            operations: 0,
            off: false,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Sets the faults to come and starts counting anew.
    pub fn plan(&self, plan: FaultPlan) {
        let mut state = self.state.lock();
        state.plan = plan;
        (state.writes, state.syncs, state.operations) = (0, 0, 0);
    }

    /// Operations that changed the disk (create, remove, write, sync, folder sync) since the last
    /// plan: the crash points of what was done.
    pub fn operations(&self) -> u64 {
        self.state.lock().operations
    }

    /// Syncs of files since the last plan.
    pub fn syncs(&self) -> u64 {
        self.state.lock().syncs
    }

    /// The disk as the next start after a power failure finds it. This one is dead from now on.
    #[must_use]
    pub fn crash(&self, seed: u64) -> SimDisk {
        let mut old = self.state.lock();
        old.off = true;
        let mut state = old.clone();
        drop(old);
        state.seed = Seed::new(seed);
        state.lose_what_was_not_synced();
        (state.plan, state.off) = (FaultPlan::default(), false);
        (state.writes, state.syncs, state.operations) = (0, 0, 0);
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The process was killed and starts again: the page cache is as it was, the faults are over.
    pub fn restart(&self) {
        self.plan(FaultPlan::default());
        self.state.lock().off = false;
    }

    /// An independent copy, page cache and all.
    #[must_use]
    pub fn fork(&self) -> SimDisk {
        Self { state: Arc::new(Mutex::new(self.state.lock().clone())) }
    }

    /// Changes bytes under everybody's feet, on the disk and in the cache: rot.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidInput` beyond the end of the file.
    pub fn rot(&self, name: &str, offset: usize, mask: u8) -> io::Result<()> {
        self.edit(name, |pages| {
            for image in [&mut pages.cached, &mut pages.durable] {
                *image.get_mut(offset).ok_or(io::ErrorKind::InvalidInput)? ^= mask;
            }
            Ok(())
        })
    }

    /// Cuts a file short, on the disk and in the cache.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn truncate(&self, name: &str, len: usize) -> io::Result<()> {
        self.edit(name, |pages| {
            pages.cached.truncate(len);
            pages.durable.truncate(len);
            Ok(())
        })
    }

    fn edit(&self, name: &str, edit: impl FnOnce(&mut Pages) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state.lock();
        let index = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        edit(&mut state.files[index])
    }

    fn handle(&self, index: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { state: Arc::clone(&self.state), index })
    }
}

impl State {
    fn alive(&self) -> io::Result<()> {
        if self.off { Err(io::Error::other("the simulated power is off")) } else { Ok(()) }
    }

    /// Counts an operation; true when the power fails in it.
    fn begin(&mut self) -> io::Result<bool> {
        self.alive()?;
        self.operations += 1;
        self.off = self.plan.crash_at == Some(self.operations);
        Ok(self.off)
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|index| self.files[*index].cached.len() as u64).sum()
    }

    fn lose_what_was_not_synced(&mut self) {
        let Self { seed, files, names, durable_names, .. } = self;
        let mut changed: Vec<String> = names.keys().chain(durable_names.keys()).cloned().collect();
        changed.dedup();
        for name in changed {
            if names.get(&name) != durable_names.get(&name) && seed.one_in(2) {
                match names.get(&name) {
                    Some(index) => durable_names.insert(name, *index),
                    None => durable_names.remove(&name),
                };
            }
        }
        names.clone_from(durable_names);
        for pages in files {
            pages.settle(seed);
        }
    }
}

impl Pages {
    /// What of the unsynced writes reached the disk, in any order, is all there is now.
    fn settle(&mut self, seed: &mut Seed) {
        while !self.unsynced.is_empty() {
            let write = self.unsynced.swap_remove(seed.index(self.unsynced.len()));
            write.survive(seed, &mut self.durable);
        }
        self.cached.clone_from(&self.durable);
    }
}

impl Write {
    fn apply(&self, image: &mut Vec<u8>) {
        let end = self.offset + self.bytes.len();
        if image.len() < end {
            image.resize(end, 0);
        }
        image[self.offset..end].copy_from_slice(&self.bytes);
    }

    /// Lost, kept, cut at a byte or a sector, or any subset of its bytes.
    fn survive(&self, seed: &mut Seed, image: &mut Vec<u8>) {
        let len = self.bytes.len();
        let cut = seed.index(len + 1);
        let keeps: Box<dyn FnMut(usize) -> bool + '_> = match seed.below(6) {
            0 => return,
            1 => return self.apply(image),
            2 => Box::new(move |at| at < cut),
            3 => Box::new(move |at| at >= cut),
            4 => {
                let sectors = seed.next();
                Box::new(move |at| (sectors >> ((self.offset + at) / 512 % 64)) & 1 == 1)
            }
            _ => Box::new(|_| seed.one_in(2)),
        };
        for at in (0..len).filter({
            let mut keeps = keeps;
            move |at| keeps(*at)
        }) {
            let place = self.offset + at;
            if image.len() <= place {
                image.resize(place + 1, 0);
            }
            image[place] = self.bytes[at];
        }
    }
}

impl Disk for SimDisk {
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        let dies = state.begin()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let index = state.files.len();
        state.files.push(Pages::default());
        state.names.insert(name.to_owned(), index);
        if dies {
            state.alive()?;
        }
        drop(state);
        Ok(self.handle(index))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock();
        state.alive()?;
        let index = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        drop(state);
        Ok(self.handle(index))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        state.alive()?;
        let inside = |name: &String| {
            let rest = name.strip_prefix(folder)?.strip_prefix('/')?;
            (!rest.contains('/')).then(|| rest.to_owned())
        };
        Ok(state.names.keys().filter_map(inside).collect())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        let dies = state.begin()?;
        state.names.remove(name).ok_or(io::ErrorKind::NotFound)?;
        if dies { state.alive() } else { Ok(()) }
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.begin()? {
            return state.alive();
        }
        let inside =
            |name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let State { names, durable_names, .. } = &mut *state;
        durable_names.retain(|name, _| !inside(name));
        let here = names.iter().filter(|(name, _)| inside(name));
        durable_names.extend(here.map(|(name, index)| (name.clone(), *index)));
        Ok(())
    }
}

struct SimFile {
    state: Arc<Mutex<State>>,
    index: usize,
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        let state = self.state.lock();
        state.alive()?;
        Ok(state.files[self.index].cached.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state.lock();
        state.alive()?;
        let cached = &state.files[self.index].cached;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(cached.len());
        let count = buffer.len().min(cached.len() - from);
        buffer[..count].copy_from_slice(&cached[from..from + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        let dies = state.begin()?;
        state.writes += 1;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut error = None;
        let mut bytes = bytes.to_vec();
        if state.plan.fail_write == Some(state.writes) {
            let some = state.seed.index(bytes.len() + 1);
            bytes.truncate(some);
            error = Some(io::Error::other("simulated write fault"));
        }
        let len = state.files[self.index].cached.len();
        let growth = (offset + bytes.len()).saturating_sub(len) as u64;
        if let Some(space) = state.plan.space_bytes
            && growth > 0
            && state.used_bytes() + growth > space
        {
            bytes.clear();
            error = Some(io::ErrorKind::StorageFull.into());
        }
        if !bytes.is_empty() {
            let write = Write { offset, bytes };
            let pages = &mut state.files[self.index];
            write.apply(&mut pages.cached);
            pages.unsynced.push(write);
        }
        if dies {
            state.alive()?;
        }
        error.map_or(Ok(()), Err)
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.begin()? {
            return state.alive();
        }
        state.syncs += 1;
        let fails = state.plan.fail_sync == Some(state.syncs);
        let State { files, seed, .. } = &mut *state;
        let Pages { durable, unsynced, .. } = &mut files[self.index];
        if fails {
            for write in unsynced.drain(..) {
                write.survive(seed, durable);
            }
            return Err(io::Error::other("simulated sync fault"));
        }
        for write in unsynced.drain(..) {
            write.apply(durable);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(disk: &SimDisk, name: &str) -> Option<Vec<u8>> {
        let file = disk.open(name).ok()?;
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        Some(bytes)
    }

    /// A disk with one durable file of four bytes.
    fn with_file(seed: u64) -> (SimDisk, Arc<dyn DiskFile>) {
        let disk = SimDisk::new(seed);
        let file = disk.create("a/f").unwrap();
        disk.sync_folder("a").unwrap();
        file.write_at(b"oooo", 0).unwrap();
        file.sync().unwrap();
        (disk, file)
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_is_torn_in_every_way() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..2_000 {
            let (disk, file) = with_file(seed);
            file.write_at(b"NNNN", 0).unwrap();
            assert_eq!(content(&disk, "a/f").unwrap(), b"NNNN");
            let after = disk.crash(seed);
            assert!(file.len().is_err(), "the old machine is off");
            seen.insert(content(&after, "a/f").unwrap());
        }
        assert_eq!(seen.len(), 16, "every subset of the four bytes");
    }

    #[test]
    fn names_not_synced_may_vanish_or_come_back() {
        let (mut vanished, mut came_back) = (0, 0);
        for seed in 0..64 {
            let (disk, _) = with_file(seed);
            disk.create("a/new").unwrap();
            disk.remove("a/f").unwrap();
            let after = disk.crash(seed);
            vanished += usize::from(content(&after, "a/new").is_none());
            came_back += usize::from(content(&after, "a/f").is_some());
        }
        assert!((1..64).contains(&vanished) && (1..64).contains(&came_back));
    }

    #[test]
    fn a_failed_sync_leaves_pages_that_no_later_sync_writes() {
        let mut lost = 0;
        for seed in 0..64 {
            let (disk, file) = with_file(seed);
            disk.plan(FaultPlan { fail_sync: Some(1), ..FaultPlan::default() });
            file.write_at(b"NNNN", 0).unwrap();
            file.sync().unwrap_err();
            file.sync().unwrap();
            assert_eq!(content(&disk, "a/f").unwrap(), b"NNNN");
            lost += usize::from(content(&disk.fork().crash(seed), "a/f").unwrap() != b"NNNN");
            file.write_at(b"NNNN", 0).unwrap();
            file.sync().unwrap();
            assert_eq!(content(&disk.crash(seed), "a/f").unwrap(), b"NNNN");
        }
        assert!(lost > 32);
    }

    #[test]
    fn a_full_disk_takes_no_growth_but_overwrites() {
        let (disk, file) = with_file(1);
        disk.plan(FaultPlan { space_bytes: Some(6), ..FaultPlan::default() });
        assert_eq!(file.write_at(b"xxxx", 4).unwrap_err().kind(), io::ErrorKind::StorageFull);
        file.write_at(b"xx", 4).unwrap();
        file.write_at(b"yyyyyy", 0).unwrap();
    }

    #[test]
    fn nothing_works_after_the_crash_point() {
        let (disk, file) = with_file(1);
        disk.plan(FaultPlan { crash_at: Some(2), ..FaultPlan::default() });
        file.write_at(b"x", 0).unwrap();
        file.sync().unwrap_err();
        assert_eq!(disk.operations(), 2);
        disk.open("a/f").err().unwrap();
        disk.list("a").unwrap_err();
        file.write_at(b"x", 0).unwrap_err();
    }
}
