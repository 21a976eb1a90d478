//! Settings of webhooks whose values have a form of their own.
//!
//! This file must not send anything; it says which values hold.

use std::{str::FromStr, time::Duration};

use anyhow::{Context as _, ensure};
use axum::http::HeaderName;
use holdfast_actors::webhooks::{RetrySchedule, WebhookOptions};
use holdfast_http::webhooks::{Addresses, SIGNATURE_HEADER, SenderOptions, is_signature_header};
use ipnet::IpNet;
use serde::Deserialize;

/// A length of time as people write it: `250ms`, `5s`, `30m`, `2h`, `5d`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// Anything longer is a slip of the pen: after five days of failure an endpoint is off.
const SPAN_DAYS_MAX: u64 = 7;

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!("`{text}` is no length of time: 1ms to {SPAN_DAYS_MAX}d, like 5s, 30m or 2h")
        };
        let text = text.trim();
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit_ms: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(fault()),
        };
        let number: u64 = number.parse().map_err(|_| fault())?;
        let span_ms = number.checked_mul(unit_ms).ok_or_else(fault)?;
        if (1..=SPAN_DAYS_MAX * 86_400_000).contains(&span_ms) {
            Ok(Self(Duration::from_millis(span_ms)))
        } else {
            Err(fault())
        }
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How long after each failed try the next one follows, separated by commas.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Schedule(pub Vec<Duration>);

const RETRIES_MAX: usize = 20;

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let spans: Result<Vec<Duration>, String> =
            text.split(',').map(|span| span.parse().map(|Span(span)| span)).collect();
        let spans = spans?;
        if spans.len() > RETRIES_MAX {
            return Err(format!("{} retries are more than {RETRIES_MAX}", spans.len()));
        }
        Ok(Self(spans))
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// What was set.
#[derive(Clone, Debug, Default)]
pub struct WebhookSettings {
    pub allow_net: Option<Vec<IpNet>>,
    pub retry: Option<Schedule>,
    pub rate_max: Option<u32>,
    pub signature_header: Option<String>,
    pub timeout: Option<Span>,
}

/// What holds.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    pub sender: SenderOptions,
    pub lanes: WebhookOptions,
}

impl WebhookSettings {
    /// Defaults for whatever nobody set.
    ///
    /// # Errors
    /// A header that cannot carry the signature.
    pub fn resolve(self) -> anyhow::Result<WebhookConfig> {
        let defaults = SenderOptions::default();
        let signature_header = match self.signature_header {
            None => SIGNATURE_HEADER,
            Some(name) => {
                let header: HeaderName = name.parse().with_context(|| {
                    format!("webhook-signature-header `{name}` is no name of a header")
                })?;
                ensure!(
                    is_signature_header(&header),
                    "webhook-signature-header `{name}` has another meaning in a delivery"
                );
                header
            }
        };
        let rate_max = self.rate_max.unwrap_or(WebhookOptions::default().rate_max);
        ensure!(rate_max > 0, "webhook-rate-max must be at least 1");
        let timeout = self.timeout.map_or(defaults.timeout, |Span(timeout)| timeout);
        Ok(WebhookConfig {
            sender: SenderOptions {
                addresses: Addresses::new(self.allow_net.unwrap_or_default()),
                signature_header,
                connect_timeout: defaults.connect_timeout.min(timeout),
                timeout,
            },
            lanes: WebhookOptions {
                retry: self
                    .retry
                    .map_or_else(RetrySchedule::default, |retry| RetrySchedule(retry.0)),
                rate_max,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use holdfast_http::webhooks::Reach;

    use super::*;
    use crate::config::Settings;

    fn resolve(text: &str) -> anyhow::Result<WebhookConfig> {
        let config = toml::from_str::<Settings>(text)?.resolve()?;
        Ok(WebhookConfig { sender: config.webhook_sender, lanes: config.engine.webhooks })
    }

    #[test]
    fn nothing_set_means_what_is_documented() {
        let documented: Schedule = "5s,5m,30m,2h,5h,10h,14h,20h,24h".parse().unwrap();
        let config = resolve("").unwrap();
        assert_eq!(config.lanes.retry.0, documented.0);
        assert_eq!(config.sender.timeout, Duration::from_secs(15));
        assert_eq!(config.sender.connect_timeout, Duration::from_secs(5));
        assert_eq!(config.sender.signature_header, "x-toss-signature");
        assert!(!config.sender.addresses.opens_any());
    }

    #[test]
    fn what_is_set_holds() {
        let config = resolve(
            "webhook_allow_net = [\"127.0.0.0/8\", \"fd00::/8\"]\n\
             webhook_retry = \"250ms, 5s,1d\"\n\
             webhook_signature_header = \"X-Acme-Signature\"\n\
             webhook_timeout = \"2s\"",
        )
        .unwrap();
        let spans = [250, 5_000, 86_400_000].map(Duration::from_millis);
        assert_eq!(config.lanes.retry.0, spans);
        assert_eq!(config.sender.timeout, Duration::from_secs(2));
        assert_eq!(config.sender.connect_timeout, Duration::from_secs(2));
        assert_eq!(config.sender.signature_header, "x-acme-signature");
        for (address, reach) in [
            ("127.0.0.1", Reach::Opened),
            ("fd00::1", Reach::Opened),
            ("10.0.0.1", Reach::Forbidden),
        ] {
            assert_eq!(config.sender.addresses.reach(address.parse().unwrap()), reach);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let many = format!("webhook_retry = \"{}\"", vec!["1s"; 21].join(","));
        assert!(resolve(&many.replacen("1s,", "", 1)).is_ok());
        for text in [
            many.as_str(),
            "webhook_retry = \"\"",
            "webhook_retry = \"5s,,5s\"",
            "webhook_retry = \"5\"",
            "webhook_retry = \"0s\"",
            "webhook_retry = \"-5s\"",
            "webhook_retry = \"8d\"",
            "webhook_retry = \"99999999999999999d\"",
            "webhook_retry = \"5 s\"",
            "webhook_timeout = \"15\"",
            "webhook_timeout = \"0ms\"",
            "webhook_signature_header = \"X Y\"",
            "webhook_signature_header = \"\"",
            "webhook_signature_header = \"Webhook-Signature\"",
            "webhook_allow_net = [\"10.0.0.0/33\"]",
            "webhook_allow_net = [\"localhost\"]",
        ] {
            assert!(resolve(text).is_err(), "{text}");
        }
    }
}
