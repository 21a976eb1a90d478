//! One try to deliver one event, start to end.
//!
//! Bounded in everything a receiver can stretch: the time to connect, the time of the whole try, the
//! head and the body of the answer. This file must not follow a redirect, use a proxy, or dial what
//! `Addresses` forbids; and it must not try twice.

use std::{sync::Arc, time::Duration};

use axum::http::HeaderName;
use holdfast_actors::webhooks::deliver::{Attempt, Deliver, Delivering, Outcome};
use holdfast_domain::webhooks::Failure;
use reqwest::{Client, ClientBuilder, redirect::Policy};

use super::{
    Addresses, SIGNATURE_HEADER, UrlFault, answer,
    names::{Judged, Names, Resolver, SystemNames},
    sign, url,
};

/// How deliveries are sent.
#[derive(Clone, Debug)]
pub struct SenderOptions {
    pub addresses: Addresses,
    /// Where the older signature travels.
    pub signature_header: HeaderName,
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// For the whole try, the body of the answer included.
    pub timeout: Duration,
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self {
            addresses: Addresses::default(),
            signature_header: SIGNATURE_HEADER,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
        }
    }
}

/// Why there can be no sender.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for webhooks cannot be set up")]
pub struct SenderError(#[from] reqwest::Error);

/// Events come in bursts: a connection that waits this long for the next is kept, and no longer,
/// because what its name leads to is asked again only for a new one.
const IDLE_MS_MAX: u64 = 15_000;
const IDLE_PER_HOST_MAX: usize = 8;
/// The head of an answer says a status and little else.
const ANSWER_HEADERS_MAX: usize = 64;

/// Sends deliveries over the network.
pub struct Sender {
    encrypted: Client,
    /// Reaches only networks that the operator opened.
    plain: Client,
    addresses: Arc<Addresses>,
    signature_header: HeaderName,
}

impl Sender {
    /// # Errors
    /// The TLS library cannot be set up. A machine without root certificates is no error: a warning
    /// says so, and each https try fails.
    pub fn new(options: SenderOptions) -> Result<Self, SenderError> {
        Self::with(options, Arc::new(SystemNames::default()), |builder| builder)
    }

    /// With another DNS, and a last word about both clients.
    ///
    /// # Errors
    /// As for [`Sender::new`].
    pub(super) fn with(
        options: SenderOptions,
        names: Arc<dyn Names>,
        finish: impl Fn(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, SenderError> {
        let SenderOptions { addresses, signature_header, connect_timeout, timeout } = options;
        let addresses = Arc::new(addresses);
        let builder = |opened_only| {
            let judged = Judged {
                names: Arc::clone(&names),
                addresses: Arc::clone(&addresses),
                opened_only,
            };
            let builder = Client::builder()
                .tls_backend_rustls()
                .https_only(!opened_only)
                // A proxy would dial for us, past every check.
                .no_proxy()
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .dns_resolver(Resolver(Arc::new(judged)))
                .http1_only()
                .http1_max_headers(ANSWER_HEADERS_MAX)
                .connect_timeout(connect_timeout)
                .timeout(timeout)
                .pool_idle_timeout(Duration::from_millis(IDLE_MS_MAX))
                .pool_max_idle_per_host(IDLE_PER_HOST_MAX);
            finish(builder)
        };
        let encrypted = builder(false).build().or_else(|error| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no root certificates on this machine: webhooks over https will fail"
            );
            builder(false).tls_certs_only([]).build()
        })?;
        let plain = builder(true).tls_certs_only([]).build()?;
        Ok(Self { encrypted, plain, addresses, signature_header })
    }

    async fn attempt(&self, attempt: Attempt) -> Outcome {
        // Hosts that are addresses are judged here; names when they are resolved.
        let url = match url::read(&attempt.url, &self.addresses) {
            Ok(url) => url,
            Err(UrlFault::Address) => return answer::failed(Failure::ForbiddenAddress),
            Err(_) => return answer::failed(Failure::UrlForbidden),
        };
        let Some(headers) = sign::headers(&attempt, &self.signature_header) else {
            return answer::failed(Failure::NotSendable);
        };
        let client = if url.scheme() == "https" { &self.encrypted } else { &self.plain };
        match client.post(url).headers(headers).body(attempt.body).send().await {
            Ok(response) => {
                let outcome =
                    answer::judge(response.status(), response.headers(), attempt.timestamp_s);
                answer::drop_body(response).await;
                outcome
            }
            Err(error) => answer::failed(answer::failure(&error)),
        }
    }
}

impl Deliver for Sender {
    fn deliver(&self, attempt: Attempt) -> Delivering<'_> {
        Box::pin(self.attempt(attempt))
    }
}
