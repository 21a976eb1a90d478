//! What the machine says about itself and about the processes on it, read from `/proc`.
//!
//! Where there is no `/proc` the figures are missing, never guessed.

use std::{fs, path::Path, process::Command, time::Duration};

/// Linux counts processor time for user space in hundredths of a second, whatever its own tick.
const MICROS_PER_TICK: u64 = 10_000;

const BLOCK_BYTES: usize = 4_096;

/// Processor time since the start, in microseconds: of the whole machine, and of two processes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Work {
    busy_us: u64,
    server_us: u64,
    generator_us: u64,
}

/// How the processor time of a stretch was shared out.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shares {
    pub(crate) server_us: u64,
    pub(crate) generator_us: u64,
    /// Everybody else: the noise.
    pub(crate) others_us: u64,
}

impl Work {
    pub(crate) fn of(server: u32) -> Self {
        Self {
            busy_us: busy_us(),
            server_us: process_us(&server.to_string()),
            generator_us: process_us("self"),
        }
    }

    pub(crate) fn until(self, later: Self) -> Shares {
        let server_us = later.server_us.saturating_sub(self.server_us);
        let generator_us = later.generator_us.saturating_sub(self.generator_us);
        let busy_us = later.busy_us.saturating_sub(self.busy_us);
        Shares {
            server_us,
            generator_us,
            others_us: busy_us.saturating_sub(server_us).saturating_sub(generator_us),
        }
    }
}

/// Returns once the machine has been all but idle for a moment, or after `patience`.
pub(crate) async fn quiet(patience: Duration) {
    const LOOK: Duration = Duration::from_secs(1);
    const BUSY_PERCENT_MAX: u64 = 15;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    for _ in 0..patience.as_secs() {
        let before = busy_us();
        tokio::time::sleep(LOOK).await;
        if (busy_us() - before) * 100 / (cores * 1_000_000) < BUSY_PERCENT_MAX {
            return;
        }
    }
}

/// Of all cores: user, nice, system, interrupts and time stolen by the host.
fn busy_us() -> u64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let total = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = total.split_whitespace().skip(1).flat_map(str::parse).collect();
    [0, 1, 2, 5, 6, 7].iter().filter_map(|column| ticks.get(*column)).sum::<u64>() * MICROS_PER_TICK
}

fn process_us(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; columns are counted from behind it.
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let columns: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |column: usize| columns.get(column).and_then(|text| text.parse::<u64>().ok());
    (ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0)) * MICROS_PER_TICK
}

/// Writes the thread `name` of a process has made so far. The commit stage makes one per group, and
/// one a second for the high-water mark.
pub(crate) fn writes_of_thread(process: u32, name: &str) -> Option<u64> {
    let mut threads = fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten();
    let thread = threads.find(|thread| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
    })?;
    let io = fs::read_to_string(thread.path().join("io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("syscw: "))?.parse().ok()
}

/// Resident memory in bytes: `VmRSS:` now, `VmHWM:` at its highest.
pub(crate) fn resident_bytes(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// What a folder takes on disk, as `du` counts it.
#[cfg(unix)]
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => disk_bytes(&entry.path()),
        Ok(about) => about.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(bytes).sum()
}

/// What was written of the files in a folder: their lengths without the zeros they end with. A mark
/// that a file carries in its last block from the first is left out.
pub(crate) fn filled_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let filled = |entry: fs::DirEntry| {
        let bytes = fs::read(entry.path()).unwrap_or_default();
        let bytes = &bytes[..bytes.len().saturating_sub(BLOCK_BYTES)];
        bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
    };
    entries.flatten().map(filled).sum()
}

/// One line for the head of a results section.
pub(crate) fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = cpuinfo
        .lines()
        .filter(|line| line.starts_with("model name"))
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = models.first().copied().unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores ({}), kernel {}", model.trim(), kernel.trim())
}

/// The commit the tree is at, with a mark when files differ from it.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let head = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if changes.is_empty() => head,
        _ => format!("{head} with changes"),
    }
}
