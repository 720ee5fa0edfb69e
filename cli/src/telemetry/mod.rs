//! Telemetry of runs as they happen: a view over the journal, sent to whoever wants it.
//!
//! What a run appends goes, once it is durable, to a thread that folds it into spans and metrics
//! (`core::view::{trace, metrics}`), and from there in batches to one that sends them. Neither can slow or
//! fail a run: the first is never waited for, what the second has no room for is dropped and
//! counted, and at the end both get a few seconds and no more.

mod encode;
mod ids;
mod options;
mod otlp;
mod pipeline;
mod watched;

pub use encode::traces_json;
pub use ids::TraceId;
pub use options::Options;
pub use otlp::Otlp;

use crate::settings::Settings;
use pipeline::Pipeline;
use std::sync::Arc;
use std::time::Duration;
use troupe_core::ir::Workflow;
use troupe_core::port::journal::Journal;
use troupe_core::view::metrics::Series;
use troupe_core::view::trace::Span;

/// How long the end of a run waits for what is still to be sent.
const FLUSH: Duration = Duration::from_secs(5);

/// Somebody who takes telemetry. Called on a thread of its own, and may take its time.
pub trait Exporter: Send {
    /// Takes spans that ended; the sentence says why not.
    ///
    /// # Errors
    /// When they did not arrive.
    fn spans(&mut self, spans: &[Span]) -> Result<(), String>;

    /// Takes everything that was counted between two times, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When it did not arrive.
    fn metrics(&mut self, series: &[Series], start_ms: u64, end_ms: u64) -> Result<(), String>;
}

/// Everybody who takes telemetry, as the settings say: one line each.
fn exporters(options: &Options) -> Vec<Box<dyn Exporter>> {
    let otlp = Otlp::new(options).map(|exporter| Box::new(exporter) as Box<dyn Exporter>);
    [otlp].into_iter().flatten().collect()
}

/// The telemetry of one run and of those that it starts.
pub struct Telemetry {
    pipeline: Option<Pipeline>,
}

impl Telemetry {
    /// Begins to watch, when anybody wants to know.
    pub fn start(workflow: &Arc<Workflow>, settings: &Settings) -> Self {
        let options = &settings.telemetry;
        options
            .warnings
            .iter()
            .for_each(|warning| settings.say(format!("warning: {warning}")));
        let exporters = exporters(options);
        let pipeline = (!exporters.is_empty()).then(|| Pipeline::start(workflow.clone(), options.contents, exporters));
        Self { pipeline }
    }

    /// The journal, watched when anybody wants to know.
    pub fn journal(&self, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
        match &self.pipeline {
            None => journal,
            Some(pipeline) => Arc::new(watched::Watched::new(journal, pipeline.news())),
        }
    }

    /// Sends what is left, within [`FLUSH`], and says once what went wrong.
    pub async fn finish(self, settings: &Settings) {
        let Some(pipeline) = self.pipeline else { return };
        let ended = tokio::task::spawn_blocking(move || pipeline.finish(FLUSH)).await;
        if let Ok(Some(trouble)) = ended {
            settings.say(format!("warning: {}", crate::redact::text(&trouble)));
        }
    }
}
