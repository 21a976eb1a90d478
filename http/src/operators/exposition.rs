//! The figures as `OpenMetrics` text: their names, units and labels. Read and written out when somebody
//! asks; the registry is a value of that moment.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use holdfast_actors::{
    histogram::Distribution,
    roster::{Kind, State},
    vitals::Vitals,
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet,
        text::encode,
    },
    metrics::MetricType,
    registry::{Registry, Unit},
};

use crate::app::App;

/// In a second.
const MICROS: f64 = 1e6;

/// # Errors
/// Never for names and labels like ours; the library's form.
pub(super) fn text(app: App, vitals: Vitals) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition { app, vitals }));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

struct Exposition {
    app: App,
    vitals: Vitals,
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition").field("vitals", &self.vitals).finish_non_exhaustive()
    }
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet(encoder);
        self.requests(&mut sheet)?;
        self.actors(&mut sheet)?;
        self.assets(&mut sheet)?;
        self.commits(&mut sheet)?;
        self.followers(&mut sheet)
    }
}

impl Exposition {
    fn requests(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let counted = self.app.traffic.counted();
        let answers = counted.iter().flat_map(|of| {
            let labels = |code| [("route", of.route), ("method", of.method), ("code", code)];
            of.answers.iter().map(move |(code, count)| (labels(code.as_str()), *count))
        });
        let help = "Requests answered, by route template.";
        sheet.counters("http_requests", help, answers)?;
        let durations = counted
            .iter()
            .map(|of| ([("route", of.route), ("method", of.method)], &of.duration_us));
        let help = "From a request's head to its answer's.";
        sheet.durations("http_request_duration", help, durations)?;
        let help = "Answers that a window is taken (409 BOOKING_OVERLAP).";
        sheet.counter("booking_conflicts", help, self.app.traffic.overlaps())
    }

    /// Everybody under supervision. Lanes are counted together: they are as many as endpoints.
    fn actors(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        #[derive(Default)]
        struct Of {
            states: [usize; State::ALL.len()],
            depth: Option<usize>,
            restarts: u64,
            failures: u64,
        }
        let mut actors: BTreeMap<Cow<'_, str>, Of> = BTreeMap::new();
        for member in &self.vitals.members {
            let name = match member.kind {
                Kind::Lane => Cow::Borrowed("lanes"),
                _ => Cow::Borrowed(&*member.name),
            };
            let of = actors.entry(name).or_default();
            for (state, count) in State::ALL.iter().zip(&mut of.states) {
                *count += usize::from(*state == member.state);
            }
            of.depth = member.mailbox_depth.map(|depth| depth + of.depth.unwrap_or(0)).or(of.depth);
            of.restarts += member.restarts;
            of.failures += member.failures;
        }
        if let Some(of) = actors.get_mut("assets") {
            of.restarts += self.vitals.asset_restarts;
            of.failures += self.vitals.asset_failures;
        }
        let states = actors.iter().flat_map(|(name, of)| {
            let labels = |state: &State| [("actor", &**name), ("state", state.name())];
            State::ALL.iter().zip(of.states).map(move |(state, count)| (labels(state), count))
        });
        sheet.gauges("actors", "Threads, supervisors and lanes by state.", states)?;
        let of = |(name, of): (_, _)| ([("actor", name)], of);
        let each = || actors.iter().map(|(name, of)| (&**name, of)).map(of);
        let depths = each().filter_map(|(labels, of)| of.depth.map(|depth| (labels, depth)));
        let help = "What waits for an actor; for assets all messages under way.";
        sheet.gauges("actor_mailbox_depth", help, depths)?;
        let restarts = each().map(|(labels, of)| (labels, of.restarts));
        sheet.counters("actor_restarts", "Starts after a failure.", restarts)?;
        let failures = each().map(|(labels, of)| (labels, of.failures));
        sheet.counters("actor_failures", "Panics and errors that ended an actor.", failures)
    }

    fn assets(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let Vitals { census, in_flight_bytes, .. } = &self.vitals;
        let states = [
            ("hydrating", census.hydrating),
            ("live", census.live),
            ("idle", census.idle),
            ("failed", census.failed),
            ("quarantined", census.quarantined),
        ];
        let help = "Assets the router knows, by the state of their actor.";
        sheet.gauges("assets", help, states.map(|(state, n)| ([("state", state)], n)))?;
        sheet.gauge("live_actors", "Actors of assets in memory.", None, census.actors())?;
        let help = "Assets held back after repeated failures.";
        sheet.gauge("quarantined_assets", help, None, census.quarantined)?;
        let help = "Memory of the live actors with their state.";
        sheet.gauge("resident", help, Some(&Unit::Bytes), census.resident_bytes)?;
        let help = "Memory of requests and answers under way.";
        sheet.gauge("in_flight", help, Some(&Unit::Bytes), *in_flight_bytes)
    }

    fn commits(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let Vitals { group_records, sync_us, wait_us, .. } = &self.vitals;
        let help = "Records committed with one write and one fdatasync.";
        sheet.histogram("journal_group_records", help, (None, 1.0), group_records)?;
        let help = "One write and one fdatasync of a group.";
        sheet.duration("journal_fsync", help, sync_us)?;
        let help = "From the decision of a group's oldest record to the group's answers.";
        sheet.duration("gate_wait", help, wait_us)?;
        let help = "Records handed over and not yet taken by the commit stage.";
        sheet.gauge("gate_records", help, None, self.vitals.gate_records)?;
        let help = "Room prepared on disk for records to come.";
        let room = self.vitals.journal_room_bytes;
        sheet.gauge("journal_room", help, Some(&Unit::Bytes), room)?;
        let help = "1 once a write or sync has failed: nothing more is acknowledged.";
        sheet.gauge("journal_poisoned", help, None, u64::from(self.vitals.poisoned))
    }

    fn followers(&self, sheet: &mut Sheet<'_>) -> fmt::Result {
        let help = "Records committed and not yet folded into the views.";
        sheet.gauge("tail_entries", help, None, self.vitals.tail_entries)?;
        let help = "Age of the oldest record not yet folded.";
        let lag = seconds(1_000 * self.vitals.fold_lag_ms);
        sheet.gauge("fold_lag", help, Some(&Unit::Seconds), lag)?;
        let help = "Assets that wait for a moment at which something happens by itself.";
        sheet.gauge("timers", help, None, self.vitals.timers)?;
        let help = "How long the longest due asset has been waiting for its reminder.";
        let lag = seconds(1_000 * self.vitals.timer_lag_ms);
        sheet.gauge("timer_lag", help, Some(&Unit::Seconds), lag)?;
        let lanes = self.vitals.lanes;
        let tries =
            [("delivered", lanes.delivered), ("retried", lanes.retried), ("dead", lanes.dead)];
        let help = "Tries to deliver a webhook, by what came of them.";
        sheet.counters("webhook_tries", help, tries.map(|(name, n)| ([("outcome", name)], n)))?;
        let help = "Records that the lane furthest back has still to read.";
        sheet.gauge("webhook_records_behind", help, None, lanes.records_behind)
    }
}

/// What is written to.
struct Sheet<'a>(DescriptorEncoder<'a>);

impl Sheet<'_> {
    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, f64>(&count, None)
    }

    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in rows {
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        Ok(())
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: impl EncodeGaugeValue,
    ) -> fmt::Result {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&value)
    }

    fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, usize)>,
    ) -> fmt::Result {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in rows {
            metric.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// One without labels; its values are told in parts of `scale`.
    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        (unit, scale): (Option<&Unit>, f64),
        seen: &Distribution,
    ) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        distribution(metric, scale, seen)
    }

    /// One that was counted in microseconds and is told in seconds.
    fn duration(&mut self, name: &str, help: &str, seen: &Distribution) -> fmt::Result {
        self.histogram(name, help, (Some(&Unit::Seconds), MICROS), seen)
    }

    fn durations<'d, L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, &'d Distribution)>,
    ) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        let mut metric = self.0.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for (labels, seen) in rows {
            distribution(metric.encode_family(&labels)?, MICROS, seen)?;
        }
        Ok(())
    }
}

fn distribution(mut metric: MetricEncoder<'_>, scale: f64, seen: &Distribution) -> fmt::Result {
    let bounds = seen.bounds.iter().map(|bound| exact(*bound) / scale).chain([f64::INFINITY]);
    let buckets: Vec<_> = bounds.zip(seen.counts.iter().copied()).collect();
    let sum = exact(seen.sum) / scale;
    metric.encode_histogram::<NoLabelSet>(sum, seen.count(), &buckets, None)
}

fn seconds(micros: u64) -> f64 {
    exact(micros) / MICROS
}

#[expect(clippy::cast_precision_loss, reason = "a sum of microseconds passes 2^53 in 285 years")]
fn exact(number: u64) -> f64 {
    number as f64
}
