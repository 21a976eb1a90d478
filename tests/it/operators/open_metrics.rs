//! A strict reader of the `OpenMetrics` text form, as far as counters, gauges and histograms go.

use std::collections::{BTreeMap, BTreeSet};

/// Every sample, by its name with its labels as written in the order of their names.
pub(super) struct Metrics {
    samples: BTreeMap<String, f64>,
}

/// A metric family, from its `# HELP` to the next one's.
struct Family {
    name: String,
    kind: String,
}

impl Metrics {
    /// Panics where the text is not as the format wants it.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.strip_suffix("# EOF\n").expect("it ends with its mark");
        let (mut families, mut samples) = (BTreeSet::new(), BTreeMap::new());
        let mut family: Option<Family> = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help has words");
                assert!(is_name(name) && help.ends_with('.'), "{line}");
                assert!(families.insert(name.to_owned()), "{name} twice");
                let kind = lines.next().and_then(|it| it.strip_prefix(&format!("# TYPE {name} ")));
                let kind = kind.unwrap_or_else(|| panic!("{name} has no type")).to_owned();
                assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{kind}");
                if let Some(unit) = lines
                    .next_if(|it| it.starts_with("# UNIT "))
                    .and_then(|it| it.split(' ').nth(3))
                {
                    assert!(name.ends_with(&format!("_{unit}")), "{name} is not in {unit}");
                }
                family = Some(Family { name: name.to_owned(), kind });
                continue;
            }
            let family = family.as_ref().expect("samples follow their family");
            let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            let (name, labels) = labels_of(sample);
            assert!(family.names(name, &labels), "{line} in {}", family.name);
            assert!(family.kind == "gauge" || value >= 0.0, "{line}");
            let known = samples.insert(key(name, &labels), value);
            assert_eq!(known, None, "{sample} twice");
        }
        let metrics = Self { samples };
        metrics.buckets_add_up();
        metrics
    }

    #[track_caller]
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let key = key(name, labels);
        *self.samples.get(&key).unwrap_or_else(|| panic!("no {key}"))
    }

    /// What came to a counter since `before`, where it may not have been.
    #[track_caller]
    pub(super) fn grown(&self, name: &str, labels: &[(&str, &str)], before: &Self) -> f64 {
        self.value(name, labels) - before.samples.get(&key(name, labels)).unwrap_or(&0.0)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.samples.keys().cloned().collect()
    }

    /// Buckets grow with their bound, and the last one holds all.
    fn buckets_add_up(&self) {
        let mut rows: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (sample, value) in &self.samples {
            let (name, mut labels) = labels_of(sample);
            let Some(name) = name.strip_suffix("_bucket") else { continue };
            let place = labels.iter().position(|(label, _)| *label == "le").unwrap();
            let bound = labels.remove(place).1;
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            rows.entry(key(&format!("{name}_count"), &labels)).or_default().push((bound, *value));
        }
        assert!(!rows.is_empty());
        for (count, mut row) in rows {
            row.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(row.is_sorted_by_key(|(_, value)| *value), "{count}");
            let last = row.last().unwrap();
            assert_eq!(
                (last.0, Some(&last.1)),
                (f64::INFINITY, self.samples.get(&count)),
                "{count}"
            );
        }
    }
}

impl Family {
    /// Whether a sample of this name belongs to it.
    fn names(&self, sample: &str, labels: &[(&str, &str)]) -> bool {
        let suffix = sample.strip_prefix(&self.name).unwrap_or("no such");
        let bucket = labels.iter().any(|(name, _)| *name == "le");
        match self.kind.as_str() {
            "counter" => suffix == "_total",
            "gauge" => suffix.is_empty(),
            _ => bucket == (suffix == "_bucket") && ["_bucket", "_sum", "_count"].contains(&suffix),
        }
    }
}

/// Lower-case words, digits and underscores.
fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit();
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(word)
}

/// The name of a sample and its labels; none of ours hold a quote or a comma.
fn labels_of(sample: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((name, rest)) = sample.split_once('{') else { return (sample, Vec::new()) };
    let rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("{sample}"));
    let labels = rest.split(',').filter(|label| !label.is_empty()).map(|label| {
        let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{sample}"));
        assert!(is_name(name), "{sample}");
        (name, value.strip_suffix('"').unwrap_or_else(|| panic!("{sample}")))
    });
    assert!(is_name(name), "{sample}");
    (name, labels.collect())
}

fn key(name: &str, labels: &[(&str, &str)]) -> String {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    format!("{name}{{{}}}", labels.join(","))
}
