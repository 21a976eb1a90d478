//! What was found, as text: idle beside the minute in which the herd falls due.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use crate::{
    client::{Kind, Sample},
    machine::Shares,
    probe::Seen,
};

const MIB: f64 = 1024.0 * 1024.0;
const LATENCY_US_MAX: u64 = 600_000_000;
/// A row of the course of the minute.
const ROW_SECONDS: u32 = 5;

/// One of the two windows.
pub(crate) struct Stretch {
    pub(crate) seconds: f64,
    pub(crate) shares: Shares,
    pub(crate) resident_bytes: Option<u64>,
}

pub(crate) struct Findings {
    pub(crate) idle: Stretch,
    pub(crate) during: Stretch,
    pub(crate) samples: Vec<Sample>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) peak_resident_bytes: Option<u64>,
}

impl Findings {
    /// Response times of what was to be sent within these seconds from the first due instant on.
    fn latency(&self, kind: Kind, from: f64, until: f64) -> Latency {
        let mut latency = Histogram::new_with_max(LATENCY_US_MAX, 3)
            .expect("the bounds of the histogram are sound");
        for sample in &self.samples {
            if sample.kind == kind && (from..until).contains(&sample.sent_seconds) {
                latency.saturating_record(sample.micros);
            }
        }
        Latency(latency)
    }

    /// How many of the herd were over by then.
    fn over_by(&self, seconds: f64) -> usize {
        let by_then = self.seen.partition_point(|seen| seen.at_seconds <= seconds);
        self.seen[..by_then].last().map_or(0, |seen| seen.count)
    }

    fn last_seconds(&self) -> f64 {
        self.seen.last().map_or(f64::NAN, |seen| seen.at_seconds)
    }

    fn late_seconds(&self, quantile: f64) -> f64 {
        let mut late: Vec<f64> = self.seen.iter().map(|seen| seen.late_seconds).collect();
        late.sort_by(f64::total_cmp);
        let last = late.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let index = (last as f64 * quantile).round() as usize;
        late.get(index).copied().unwrap_or(f64::NAN)
    }
}

struct Latency(Histogram<u64>);

impl Latency {
    fn ms(&self, quantile: f64) -> f64 {
        if self.0.is_empty() {
            return f64::NAN;
        }
        self.0.value_at_quantile(quantile) as f64 / 1e3
    }
}

impl Stretch {
    fn server_percent(&self) -> f64 {
        self.shares.server_us as f64 / 1e4 / self.seconds
    }

    fn generator_percent(&self) -> f64 {
        self.shares.generator_us as f64 / 1e4 / self.seconds
    }

    fn others_percent(&self) -> f64 {
        self.shares.others_us as f64 / 1e4 / self.seconds
    }

    fn resident_mib(&self) -> f64 {
        self.resident_bytes.map_or(f64::NAN, |bytes| bytes as f64 / MIB)
    }
}

pub(crate) fn table(findings: &Findings) -> String {
    let Findings { idle, during, .. } = findings;
    let mut text = String::from("| | idle | herd falls due | ratio |\n|---|---|---|---|\n");
    let mut row = |name: &str, decimals: usize, before: f64, after: f64| {
        let ratio = after / before;
        let _ =
            writeln!(text, "| {name} | {before:.decimals$} | {after:.decimals$} | {ratio:.2} |");
    };
    for (name, kind) in [("booking", Kind::Booking), ("GET of an asset", Kind::Read)] {
        let before = findings.latency(kind, -idle.seconds, 0.0);
        let after = findings.latency(kind, 0.0, f64::INFINITY);
        for (quantile, called) in [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (1.0, "max")] {
            row(&format!("{name}: {called}, ms"), 2, before.ms(quantile), after.ms(quantile));
        }
        row(&format!("{name}: answers"), 0, before.0.len() as f64, after.0.len() as f64);
    }
    row("seconds", 1, idle.seconds, during.seconds);
    row("server, % of a core", 1, idle.server_percent(), during.server_percent());
    row("generator, % of a core", 1, idle.generator_percent(), during.generator_percent());
    row("noise: other processes, % of a core", 1, idle.others_percent(), during.others_percent());
    row("RSS of the server at the end, MiB", 0, idle.resident_mib(), during.resident_mib());
    let _ = writeln!(
        text,
        "\nThe last of the herd was over {:.1} s after the first was due, which are due within 60 s. \
         From due to seen over: p50 {:.2} s, p99 {:.2} s, max {:.2} s of {} looked at. Peak RSS {:.0} \
         MiB.\n",
        findings.last_seconds(),
        findings.late_seconds(0.5),
        findings.late_seconds(0.99),
        findings.late_seconds(1.0),
        findings.seen.len(),
        findings.peak_resident_bytes.map_or(f64::NAN, |bytes| bytes as f64 / MIB),
    );
    text + &course(findings)
}

/// Five seconds a row.
fn course(findings: &Findings) -> String {
    let mut text = String::from(
        "| seconds after the first was due | over a second | booking p50, ms | p99, ms | max, ms |\n\
         |---|---|---|---|---|\n",
    );
    let mut from = -2.0 * f64::from(ROW_SECONDS);
    // What is left of the last row may be too short to say anything.
    while from + 1.0 < findings.last_seconds() {
        let until = from + f64::from(ROW_SECONDS);
        let latency = findings.latency(Kind::Booking, from, until);
        let over = findings.over_by(until) - findings.over_by(from);
        let _ = writeln!(
            text,
            "| {from:.0} to {until:.0} | {:.0} | {:.2} | {:.2} | {:.2} |",
            over as f64 / (until.min(findings.last_seconds()) - from),
            latency.ms(0.5),
            latency.ms(0.99),
            latency.ms(1.0)
        );
        from = until;
    }
    text
}
