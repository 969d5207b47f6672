//! What all requests share.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use headcount_address::ServerNames;
use headcount_engine::{Filter, ListQuery, View};
use headcount_query::Question;
use tokio::time::{Duration, timeout};

use crate::{
    batch::BatchClient,
    http::{
        cache::{CachedResponse, ResponseCache},
        limiter::ConnectionLimiter,
        list_paths::ListFormat,
        parameters::ListPage,
        proxy::TrustedProxies,
        stop_signal::StopSignal,
    },
    live::Hub,
    metrics::Metrics,
    options::Options,
    page::PageFiles,
    state::{ServerState, require},
};

/// A scrape and the status must not hang together with the publisher: they also describe a server that has
/// no figures.
const FIGURES_WAIT: Duration = Duration::from_secs(2);

pub(crate) struct App {
    pub(crate) state: ServerState,
    pub(crate) options: Options,
    /// The names that requests may be addressed to.
    pub(crate) names: ServerNames,
    pub(crate) proxies: TrustedProxies,
    pub(crate) page: PageFiles,
    pub(crate) hub: Arc<Hub>,
    pub(crate) batch: BatchClient,
    pub(crate) metrics: Arc<Metrics>,
    /// Open connections, for the metrics.
    pub(crate) connections: Arc<ConnectionLimiter>,
    pub(crate) stop: StopSignal,
    pub(crate) data: ResponseCache<(Filter, ListPage)>,
    pub(crate) top_venues: ResponseCache<(Filter, ListPage)>,
    pub(crate) summary: ResponseCache<Filter>,
    pub(crate) lists: ResponseCache<(Filter, ListQuery, ListFormat)>,
    pub(crate) status: CachedResponse,
    pub(crate) started: Instant,
}

impl App {
    pub(crate) fn new(
        state: ServerState,
        options: Options,
        local: SocketAddr,
        connections: Arc<ConnectionLimiter>,
        stop: StopSignal,
    ) -> Arc<Self> {
        let page = PageFiles::embedded();
        let metrics = Arc::new(Metrics::default());
        let hub = Hub::new(
            &state,
            &options,
            page.build(),
            Arc::clone(&metrics),
            stop.clone(),
        );
        Arc::new(Self {
            names: ServerNames::new(local, &options.hosts),
            proxies: TrustedProxies::new(&options),
            batch: BatchClient::new(state.batch.clone(), &options),
            state,
            options,
            page,
            hub,
            metrics,
            connections,
            stop,
            data: ResponseCache::default(),
            top_venues: ResponseCache::default(),
            summary: ResponseCache::default(),
            lists: ResponseCache::default(),
            status: CachedResponse::default(),
            started: Instant::now(),
        })
    }

    /// The unfiltered figures, or nothing while there are none or they take too long.
    pub(crate) async fn figures(&self) -> Option<Arc<View>> {
        require(&self.state.ready.borrow()).ok()?;
        let views = &self.state.views;
        let figures = views.ask(|reply| Question::View(Filter::default(), reply));
        timeout(FIGURES_WAIT, figures).await.ok()?.ok()
    }
}
