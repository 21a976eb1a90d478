//! Configuration: one list of settings, read from flags, environment and file, in that order.
//!
//! Every setting is a long flag, a `HOLDFAST_…` variable and a member of the TOML file under the same
//! name. This file must not act on a setting; it only decides which value holds.

pub mod webhooks;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, ensure};
use holdfast_actors::{EngineOptions, timers::TimerOptions};
use holdfast_http::webhooks::SenderOptions;
use holdfast_storage::{fold::FoldOptions, views::SledViews};
use ipnet::IpNet;
use serde::Deserialize;

use webhooks::{Schedule, Span, WebhookSettings};

/// How log lines are written to stderr.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// What may be set, each absent until somebody sets it.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address of the booking API [default: 127.0.0.1:8080]
    #[arg(long, env = "HOLDFAST_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address for operators [default: 127.0.0.1:8081]
    #[arg(long, env = "HOLDFAST_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// Where everything is kept [default: ./data]
    #[arg(long, env = "HOLDFAST_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Base of the links in problem documents, without a slash at the end [default: none]
    #[arg(long, env = "HOLDFAST_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Refuse tokens of any other `iss`
    #[arg(long, env = "HOLDFAST_JWT_ISSUER", value_name = "ISS")]
    pub jwt_issuer: Option<String>,
    /// Refuse tokens for any other `aud`
    #[arg(long, env = "HOLDFAST_JWT_AUDIENCE", value_name = "AUD")]
    pub jwt_audience: Option<String>,
    /// Form of the log lines on stderr [default: text]
    #[arg(long, env = "HOLDFAST_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged, as `level` or `target=level,…` [default: info]
    #[arg(long, env = "HOLDFAST_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Threads of the async runtime [default: one per core]
    #[arg(long, env = "HOLDFAST_WORKER_THREADS", value_name = "N")]
    pub worker_threads: Option<usize>,
    /// Open connections; more wait to be accepted [default: 15000]
    #[arg(long, env = "HOLDFAST_CONNECTIONS_MAX", value_name = "N")]
    pub connections_max: Option<usize>,
    /// How long SIGTERM lets requests in flight finish [default: 10000]
    #[arg(long, env = "HOLDFAST_DRAIN_MS_MAX", value_name = "MS")]
    pub drain_ms_max: Option<u64>,
    /// Commands that may wait for one asset [default: 4096]
    #[arg(long, env = "HOLDFAST_WAITING_PER_ASSET_MAX", value_name = "N")]
    pub waiting_per_asset_max: Option<usize>,
    /// Commands that may wait in all [default: 65536]
    #[arg(long, env = "HOLDFAST_WAITING_MAX", value_name = "N")]
    pub waiting_max: Option<usize>,
    /// Bytes of requests in flight [default: 64 MiB]
    #[arg(long, env = "HOLDFAST_IN_FLIGHT_BYTES_MAX", value_name = "BYTES")]
    pub in_flight_bytes_max: Option<usize>,
    /// A command not decided by then is refused [default: 10000]
    #[arg(long, env = "HOLDFAST_DEADLINE_MS", value_name = "MS")]
    pub deadline_ms: Option<u64>,
    /// Memory of live assets before idle ones are put away [default: 512 MiB]
    #[arg(long, env = "HOLDFAST_RESIDENT_BYTES_MAX", value_name = "BYTES")]
    pub resident_bytes_max: Option<usize>,
    /// Size of a journal file [default: 64 MiB]
    #[arg(long, env = "HOLDFAST_JOURNAL_SEGMENT_BYTES", value_name = "BYTES")]
    pub journal_segment_bytes: Option<u32>,
    /// Fold into the views when so many records wait … [default: 262144]
    #[arg(long, env = "HOLDFAST_FOLD_ENTRIES", value_name = "N")]
    pub fold_entries: Option<usize>,
    /// … or the oldest has waited so long [default: 10000]
    #[arg(long, env = "HOLDFAST_FOLD_AGE_MS", value_name = "MS")]
    pub fold_age_ms: Option<i64>,
    /// Assets reminded per second of what is due by itself [default: 800]
    #[arg(long, env = "HOLDFAST_TICKS_PER_SECOND_MAX", value_name = "N")]
    pub ticks_per_second_max: Option<u32>,
    /// Memory of the view store's cache [default: 96 MiB]
    #[arg(long, env = "HOLDFAST_VIEW_CACHE_BYTES", value_name = "BYTES")]
    pub view_cache_bytes: Option<u64>,
    /// Networks that webhooks may reach beside the public internet, with plain http too [default: none]
    #[arg(
        long,
        env = "HOLDFAST_WEBHOOK_ALLOW_NET",
        value_delimiter = ',',
        action = clap::ArgAction::Append,
        value_name = "CIDR"
    )]
    pub webhook_allow_net: Option<Vec<IpNet>>,
    /// When a webhook that failed is tried again, at most 20 times [default: 5s,5m,30m,2h,5h,10h,14h,20h,24h]
    #[arg(long, env = "HOLDFAST_WEBHOOK_RETRY", value_name = "TIMES")]
    pub webhook_retry: Option<Schedule>,
    /// Tries a second to one webhook endpoint [default: 300]
    #[arg(long, env = "HOLDFAST_WEBHOOK_RATE_MAX", value_name = "N")]
    pub webhook_rate_max: Option<u32>,
    /// Header with the hex signature of the body [default: X-TOSS-Signature]
    #[arg(long, env = "HOLDFAST_WEBHOOK_SIGNATURE_HEADER", value_name = "NAME")]
    pub webhook_signature_header: Option<String>,
    /// How long a receiver may take for one webhook [default: 15s]
    #[arg(long, env = "HOLDFAST_WEBHOOK_TIMEOUT", value_name = "TIME")]
    pub webhook_timeout: Option<Span>,
    /// Print a token and a booking to try out, also when stdout is no terminal
    #[arg(
        long,
        env = "HOLDFAST_DEMO",
        num_args = 0..=1,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new(),
        value_name = "BOOL"
    )]
    pub demo: Option<bool>,
}

/// Every setting with the value that holds.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Empty, or a base without a slash at the end.
    pub public_url: String,
    pub jwt_issuer: Option<String>,
    pub jwt_audience: Option<String>,
    pub log_format: LogFormat,
    pub log: String,
    pub worker_threads: Option<usize>,
    pub connections_max: usize,
    pub drain_ms_max: u64,
    pub engine: EngineOptions,
    pub view_cache_bytes: u64,
    pub webhook_sender: SenderOptions,
    pub demo: bool,
}

const MIB: u32 = 1024 * 1024;

/// A record must fit: a request of 256 KiB makes one of less than 1 MiB (before, after and events).
const SEGMENT_BYTES_MIN: u32 = 4 * MIB;
/// Addresses inside a segment are 32 bits wide.
const SEGMENT_BYTES_MAX: u32 = 1024 * MIB;

impl Settings {
    /// What the TOML file at `path` sets.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or names something that is no setting.
    pub fn from_file(path: &std::path::Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not usable", path.display()))
    }

    /// `self` where it is set, otherwise `lower`.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            admin_listen: self.admin_listen.or(lower.admin_listen),
            data_dir: self.data_dir.or(lower.data_dir),
            public_url: self.public_url.or(lower.public_url),
            jwt_issuer: self.jwt_issuer.or(lower.jwt_issuer),
            jwt_audience: self.jwt_audience.or(lower.jwt_audience),
            log_format: self.log_format.or(lower.log_format),
            log: self.log.or(lower.log),
            worker_threads: self.worker_threads.or(lower.worker_threads),
            connections_max: self.connections_max.or(lower.connections_max),
            drain_ms_max: self.drain_ms_max.or(lower.drain_ms_max),
            waiting_per_asset_max: self.waiting_per_asset_max.or(lower.waiting_per_asset_max),
            waiting_max: self.waiting_max.or(lower.waiting_max),
            in_flight_bytes_max: self.in_flight_bytes_max.or(lower.in_flight_bytes_max),
            deadline_ms: self.deadline_ms.or(lower.deadline_ms),
            resident_bytes_max: self.resident_bytes_max.or(lower.resident_bytes_max),
            journal_segment_bytes: self.journal_segment_bytes.or(lower.journal_segment_bytes),
            fold_entries: self.fold_entries.or(lower.fold_entries),
            fold_age_ms: self.fold_age_ms.or(lower.fold_age_ms),
            ticks_per_second_max: self.ticks_per_second_max.or(lower.ticks_per_second_max),
            view_cache_bytes: self.view_cache_bytes.or(lower.view_cache_bytes),
            webhook_allow_net: self.webhook_allow_net.or(lower.webhook_allow_net),
            webhook_retry: self.webhook_retry.or(lower.webhook_retry),
            webhook_rate_max: self.webhook_rate_max.or(lower.webhook_rate_max),
            webhook_signature_header: self
                .webhook_signature_header
                .or(lower.webhook_signature_header),
            webhook_timeout: self.webhook_timeout.or(lower.webhook_timeout),
            demo: self.demo.or(lower.demo),
        }
    }

    /// Defaults for whatever nobody set.
    ///
    /// # Errors
    /// A value with which nothing would work, in words for whoever set it.
    pub fn resolve(self) -> anyhow::Result<Config> {
        let webhooks = WebhookSettings {
            allow_net: self.webhook_allow_net,
            retry: self.webhook_retry,
            rate_max: self.webhook_rate_max,
            signature_header: self.webhook_signature_header,
            timeout: self.webhook_timeout,
        };
        let webhooks = webhooks.resolve()?;
        let limits = EngineOptions::default();
        let engine = EngineOptions {
            waiting_per_asset_max: self
                .waiting_per_asset_max
                .unwrap_or(limits.waiting_per_asset_max),
            waiting_max: self.waiting_max.unwrap_or(limits.waiting_max),
            in_flight_bytes_max: self.in_flight_bytes_max.unwrap_or(limits.in_flight_bytes_max),
            deadline_ms: self.deadline_ms.unwrap_or(limits.deadline_ms),
            resident_bytes_max: self.resident_bytes_max.unwrap_or(limits.resident_bytes_max),
            segment_bytes: self.journal_segment_bytes.unwrap_or(limits.segment_bytes),
            fold: FoldOptions {
                entries: self.fold_entries.unwrap_or(limits.fold.entries),
                age_ms: self.fold_age_ms.unwrap_or(limits.fold.age_ms),
                ..limits.fold
            },
            timers: TimerOptions {
                ticks_per_second_max: self
                    .ticks_per_second_max
                    .unwrap_or(limits.timers.ticks_per_second_max),
                ..limits.timers
            },
            webhooks: webhooks.lanes,
        };
        let public_url = self.public_url.unwrap_or_default();
        let config = Config {
            listen: self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            admin_listen: self.admin_listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8081))),
            data_dir: self.data_dir.unwrap_or_else(|| PathBuf::from("./data")),
            public_url: public_url.trim_end_matches('/').to_owned(),
            jwt_issuer: self.jwt_issuer,
            jwt_audience: self.jwt_audience,
            log_format: self.log_format.unwrap_or_default(),
            log: self.log.unwrap_or_else(|| "info".to_owned()),
            worker_threads: self.worker_threads,
            connections_max: self.connections_max.unwrap_or(15_000),
            drain_ms_max: self.drain_ms_max.unwrap_or(10_000),
            engine,
            view_cache_bytes: self.view_cache_bytes.unwrap_or(SledViews::CACHE_BYTES),
            webhook_sender: webhooks.sender,
            demo: self.demo.unwrap_or(false),
        };
        config.check()?;
        Ok(config)
    }
}

impl Config {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(self.worker_threads != Some(0), "worker-threads must be at least 1");
        ensure!(self.connections_max > 0, "connections-max must be at least 1");
        let engine = &self.engine;
        ensure!(engine.waiting_per_asset_max > 0, "waiting-per-asset-max must be at least 1");
        ensure!(engine.waiting_max > 0, "waiting-max must be at least 1");
        ensure!(engine.in_flight_bytes_max > 0, "in-flight-bytes-max must be at least 1");
        ensure!(engine.deadline_ms > 0, "deadline-ms must be at least 1");
        let segment = engine.segment_bytes;
        ensure!(
            (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&segment),
            "journal-segment-bytes must lie in {SEGMENT_BYTES_MIN}..={SEGMENT_BYTES_MAX}"
        );
        ensure!(engine.fold.entries > 0, "fold-entries must be at least 1");
        ensure!(engine.fold.age_ms >= 0, "fold-age-ms must not be negative");
        ensure!(engine.timers.ticks_per_second_max > 0, "ticks-per-second-max must be at least 1");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let flags = Settings { waiting_max: Some(7), ..Settings::default() };
        let config = flags
            .over(file("waiting_max = 9\nfold_age_ms = 3\nlog_format = \"json\""))
            .resolve()
            .unwrap();
        assert_eq!(config.engine.waiting_max, 7);
        assert_eq!(config.engine.fold.age_ms, 3);
        assert_eq!(config.log_format, LogFormat::Json);
        assert_eq!(config.engine.deadline_ms, 10_000);
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn a_typo_in_the_file_is_refused() {
        assert!(toml::from_str::<Settings>("listne = \"127.0.0.1:1\"").is_err());
    }

    #[test]
    fn values_with_which_nothing_works_are_refused() {
        for text in [
            "worker_threads = 0",
            "connections_max = 0",
            "waiting_max = 0",
            "journal_segment_bytes = 4096",
            "fold_entries = 0",
            "fold_age_ms = -1",
            "ticks_per_second_max = 0",
        ] {
            assert!(file(text).resolve().is_err(), "{text}");
        }
    }
}
