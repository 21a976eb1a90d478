//! The figures of a run as text: for the terminal, and as a section of `benches/RESULTS.md`.

use std::fmt::Write as _;

use crate::round::{Aftermath, Round};

const MIB: f64 = 1024.0 * 1024.0;

/// Least, middle and greatest.
pub(crate) struct Spread {
    sorted: Vec<f64>,
}

impl Spread {
    pub(crate) fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    pub(crate) fn median(&self) -> f64 {
        let (upper, lower) = (self.sorted.len() / 2, self.sorted.len().saturating_sub(1) / 2);
        let at = |index: usize| self.sorted.get(index).copied().unwrap_or(f64::NAN);
        f64::midpoint(at(lower), at(upper))
    }

    fn text(&self, decimals: usize) -> String {
        let least = self.sorted.first().copied().unwrap_or(f64::NAN);
        let greatest = self.sorted.last().copied().unwrap_or(f64::NAN);
        if self.median().is_nan() {
            return "–".to_owned();
        }
        format!("{least:.decimals$} – **{:.decimals$}** – {greatest:.decimals$}", self.median())
    }
}

impl Round {
    pub(crate) fn rate(&self) -> f64 {
        self.tally.booked as f64 / self.tally.elapsed.as_secs_f64()
    }

    fn latency_ms(&self, quantile: f64) -> f64 {
        self.tally.latency.value_at_quantile(quantile) as f64 / 1e3
    }

    fn server_us(&self) -> f64 {
        self.shares.server_us as f64 / self.tally.acknowledged as f64
    }

    fn generator_us(&self) -> f64 {
        self.shares.generator_us as f64 / self.tally.acknowledged as f64
    }

    /// Server and generator together: what bounds the rate where nothing else runs.
    fn processor_us(&self) -> f64 {
        self.server_us() + self.generator_us()
    }

    fn records_per_group(&self) -> f64 {
        self.groups.map_or(f64::NAN, |groups| self.tally.acknowledged as f64 / groups as f64)
    }

    fn peak_resident_mib(&self) -> f64 {
        self.peak_resident_bytes.map_or(f64::NAN, |bytes| bytes as f64 / MIB)
    }

    /// Of the processor time that was used at all.
    fn others_percent(&self) -> f64 {
        let shares = self.shares;
        let all = shares.server_us + shares.generator_us + shares.others_us;
        100.0 * shares.others_us as f64 / all.max(1) as f64
    }

    /// For the terminal, as soon as the round is over.
    pub(crate) fn line(&self, name: &str) -> String {
        format!(
            "  {name:<9} {:>8.0}/s  p50 {:.2} ms  p99 {:.2} ms  max {:.1} ms  server {:.1} µs, \
             generator {:.1} µs of processor each, others {:.0} %{}{}",
            self.rate(),
            self.latency_ms(0.5),
            self.latency_ms(0.99),
            self.latency_ms(1.0),
            self.server_us(),
            self.generator_us(),
            self.others_percent(),
            match self.groups {
                None => String::new(),
                Some(_) => format!(", groups of {:.1}", self.records_per_group()),
            },
            match self.tally.overloaded {
                0 => String::new(),
                refused => format!(", {refused} × 503 OVERLOADED"),
            }
        )
    }
}

/// What was measured, with one round of each turn.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) rounds: Vec<Round>,
}

/// Least – median – greatest of each figure; ratios are taken within a turn, to the first column.
pub(crate) fn table(columns: &[Column]) -> String {
    let mut text = String::from("| |");
    for column in columns {
        let _ = write!(text, " {} |", column.name);
    }
    let _ = write!(text, "\n|---|{}\n", "---|".repeat(columns.len()));
    let mut row = |name: &str, decimals: usize, figure: &dyn Fn(&Column, usize) -> f64| {
        let _ = write!(text, "| {name} |");
        for column in columns {
            let figures = (0..column.rounds.len()).map(|turn| figure(column, turn));
            let _ = write!(text, " {} |", Spread::of(figures).text(decimals));
        }
        text.push('\n');
    };
    let of = |figure: fn(&Round) -> f64| {
        move |column: &Column, turn: usize| figure(&column.rounds[turn])
    };
    row("answers/s", 0, &of(Round::rate));
    row("p50, ms", 2, &of(|round| round.latency_ms(0.5)));
    row("p99, ms", 2, &of(|round| round.latency_ms(0.99)));
    row("max, ms", 1, &of(|round| round.latency_ms(1.0)));
    row("server, µs of processor per answer", 1, &of(Round::server_us));
    row("records in a group, one `fdatasync` each", 1, &of(Round::records_per_group));
    row("generator, µs of processor per answer", 1, &of(Round::generator_us));
    row("peak RSS of the server, MiB", 0, &of(Round::peak_resident_mib));
    row("noise: processor time of other processes, %", 0, &of(Round::others_percent));
    row("**answers/s as a ratio**", 2, &|column, turn| {
        column.rounds[turn].rate() / columns[0].rounds[turn].rate()
    });
    row("processor time (server and generator) per answer as a ratio", 2, &|column, turn| {
        columns[0].rounds[turn].processor_us() / column.rounds[turn].processor_us()
    });
    text
}

/// How a sustained round went, look by look.
pub(crate) fn timeline(round: &Round) -> String {
    let mut text = String::from(
        "| second | bookings/s since the last row | records not folded |\n|---|---|---|\n",
    );
    for (earlier, later) in round.looks.iter().zip(round.looks.iter().skip(1)) {
        let made = later.acknowledged.saturating_sub(earlier.acknowledged) as f64;
        let rate = made / (later.seconds - earlier.seconds).max(f64::EPSILON);
        let unfolded = later.unfolded.map_or("not told".to_owned(), |lag| lag.to_string());
        let _ = writeln!(text, "| {:.0} | {rate:.0} | {unfolded} |", later.seconds);
    }
    text
}

/// What a sustained round left behind, in one paragraph.
pub(crate) fn aftermath(round: &Round, after: &Aftermath) -> String {
    let booked = round.tally.acknowledged as f64;
    let bytes = (after.journal_filled_bytes + after.views_bytes) as f64;
    format!(
        "{} bookings acknowledged, {} × 503 OVERLOADED. Orderly end {:.1} s, start again {:.1} s. \
         On disk after folding {:.0} bytes per booking (journal {:.0} MiB, {:.0} MiB with the \
         segments prepared ahead; views {:.0} MiB).\n",
        round.tally.acknowledged,
        round.tally.overloaded,
        after.stop_seconds,
        after.start_seconds,
        bytes / booked,
        after.journal_filled_bytes as f64 / MIB,
        after.journal_bytes as f64 / MIB,
        after.views_bytes as f64 / MIB,
    )
}
