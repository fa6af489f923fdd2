//! What a monitoring system sees: `/metrics` for Prometheus and `/healthz`.

use {
    crate::measure::duration,
    axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get},
    earnout_sdk::text::time,
    prometheus::{
        Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder, core::Collector,
    },
    std::{
        io,
        net::SocketAddr,
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicI64, Ordering},
        },
        time::Duration,
    },
    tokio::net::TcpListener,
};

/// All figures of the daemon.
pub struct Metrics {
    registry: Registry,
    /// Last measured value by feed of a shared KPI, fixed point. An individual one has as many as there are grants.
    pub last_value: IntGaugeVec,
    /// When each feed's last vote was confirmed, Unix seconds.
    pub last_success: IntGaugeVec,
    /// How long the oldest vote that is due has been, seconds, by feed.
    pub lag: IntGaugeVec,
    /// Values that are held, by feed.
    pub holds: IntGaugeVec,
    /// Values of periods that are not settled, by feed and by where this oracle's vote stands.
    pub values: IntGaugeVec,
    /// Lamports of the payer.
    pub balance: IntGauge,
    /// This machine's clock minus the chain's, seconds.
    pub clock_skew: IntGauge,
    /// Votes that the chain has.
    pub votes: IntCounter,
    /// Transactions by what became of them.
    pub transactions: IntCounterVec,
    /// Alerts by kind.
    pub alerts: IntCounterVec,
    /// Requests that no endpoint answered at once.
    pub endpoint_failures: IntCounter,
    /// When a round was last completed, Unix seconds; 0 before the first.
    last_round: AtomicI64,
    /// When anything was last brought forward, Unix seconds.
    last_step: AtomicI64,
    clock_is_wrong: AtomicBool,
    /// After how long without anything being done the daemon is ill.
    patience: Duration,
}

impl Metrics {
    /// All figures at zero. `patience` is how long the daemon may do nothing before it is ill.
    pub fn new(patience: Duration) -> prometheus::Result<Arc<Self>> {
        let registry = Registry::new_custom(Some("earnout_oracle".to_owned()), None)?;
        let gauge = |name, help| register(&registry, IntGauge::new(name, help)?);
        let gauges =
            |name, help, labels: &[&str]| register(&registry, IntGaugeVec::new(Opts::new(name, help), labels)?);
        let counters =
            |name, help, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels)?);
        Ok(Arc::new(Self {
            last_value: gauges(
                "last_value",
                "Last measured value of a shared KPI, fixed point",
                &["feed"],
            )?,
            last_success: gauges(
                "last_success_timestamp_seconds",
                "When the last vote was confirmed",
                &["feed"],
            )?,
            lag: gauges(
                "lag_seconds",
                "How long the oldest vote that is due has been due",
                &["feed"],
            )?,
            holds: gauges("holds", "Values that are held", &["feed"])?,
            values: gauges(
                "values",
                "Values of periods that have ended and are not settled, by where this oracle's vote stands",
                &["feed", "state"],
            )?,
            balance: gauge("balance_lamports", "Balance of the payer")?,
            clock_skew: gauge("clock_skew_seconds", "Clock of this machine minus that of the chain")?,
            votes: register(&registry, IntCounter::new("votes_total", "Votes that the chain has")?)?,
            transactions: counters("transactions_total", "Transactions by outcome", &["outcome"])?,
            alerts: counters("alerts_total", "Alerts by kind", &["kind"])?,
            endpoint_failures: register(
                &registry,
                IntCounter::new("endpoint_failures_total", "Requests that an endpoint did not answer")?,
            )?,
            registry,
            last_round: AtomicI64::new(0),
            last_step: AtomicI64::new(time::now()),
            clock_is_wrong: AtomicBool::new(false),
            patience,
        }))
    }

    /// Notes that a round was completed at `now`, Unix seconds, and whether this machine's clock is right: with a wrong
    /// one nothing is attested.
    pub fn round(&self, now: i64, clock_is_right: bool) {
        self.last_round.store(now, Ordering::Relaxed);
        self.clock_is_wrong.store(!clock_is_right, Ordering::Relaxed);
        self.progress(now);
    }

    /// Notes that a round that is not completed yet goes on at `now`, Unix seconds.
    pub fn progress(&self, now: i64) {
        self.last_step.store(now, Ordering::Relaxed);
    }

    /// Whether the daemon does its work at `now`, and in words.
    pub fn health(&self, now: i64) -> (bool, String) {
        if self.clock_is_wrong.load(Ordering::Relaxed) {
            let words = "this machine's clock and the chain's differ, so nothing is attested\n";
            return (false, words.to_owned());
        }
        let (last, step) = (
            self.last_round.load(Ordering::Relaxed),
            self.last_step.load(Ordering::Relaxed),
        );
        let ago = now.saturating_sub(step);
        let well = ago <= duration::seconds(self.patience);
        let words = match last {
            0 => format!("no round was completed yet; the first one last went on {ago} s ago\n"),
            _ => {
                let ended = now.saturating_sub(last);
                format!("the last round was completed {ended} s ago; something was last done {ago} s ago\n")
            }
        };
        (well, words)
    }

    /// The figures in Prometheus' text format.
    pub fn text(&self) -> prometheus::Result<String> {
        let mut buffer = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut buffer)?;
        Ok(String::from_utf8_lossy(&buffer).into_owned())
    }
}

fn register<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// Serves `/healthz` and `/metrics` on `address` until the process ends.
pub async fn serve(address: SocketAddr, metrics: Arc<Metrics>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/metrics", get(text))
        .with_state(metrics);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn healthz(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    let (well, words) = metrics.health(time::now());
    let status = if well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, words)
}

async fn text(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    match metrics.text() {
        Ok(text) => (StatusCode::OK, [("content-type", "text/plain; version=0.0.4")], text),
        Err(error) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            [("content-type", "text/plain")],
            format!("{error}\n"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn figures_and_health_are_served() {
        let metrics = Metrics::new(Duration::from_secs(60)).unwrap();
        metrics.last_value.with_label_values(&["mau"]).set(42);
        let address = serve("127.0.0.1:0".parse().unwrap(), metrics.clone()).await.unwrap();
        let get = async |path: &str| {
            let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        assert_eq!(get("/healthz").await.0, 200);
        let (status, text) = get("/metrics").await;
        assert_eq!(status, 200);
        assert!(text.contains("earnout_oracle_last_value{feed=\"mau\"} 42"), "{text}");
        assert!(!metrics.health(i64::MAX).0);
        metrics.round(time::now(), false);
        let (status, words) = get("/healthz").await;
        assert!(status == 503 && words.contains("clock"), "{words}");
    }

    /// Whoever restarts what is ill would never let a long round come to its end.
    #[test]
    fn a_round_that_goes_on_is_well_however_long_it_takes() {
        let metrics = Metrics::new(Duration::from_secs(60)).unwrap();
        let begun = time::now();
        let (well, words) = metrics.health(begun + 59);
        assert!(well && words.contains("no round was completed yet"), "{words}");
        assert!(!metrics.health(begun + 62).0);
        for minute in 1..10 {
            metrics.progress(begun + 60 * minute);
            assert!(metrics.health(begun + 60 * minute + 59).0);
        }
        metrics.round(begun + 600, true);
        assert!(
            metrics
                .health(begun + 659)
                .1
                .starts_with("the last round was completed 59 s ago")
        );
        assert!(!metrics.health(begun + 661).0);
    }
}
