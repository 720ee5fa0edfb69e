//! What the screens want to read once: chunks with their files, outputs, what lists do not hold.

use super::{follow, tape};
use crate::past::{self, Past};
use crate::settings::Settings;
use crate::wire::corpora;
use crate::{cmd, load};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use troupe_core::Value;
use troupe_core::engine::{self, State};
use troupe_core::id::{ItemIndex, RunId, StepIndex};
use troupe_core::ir::Workflow;
use troupe_core::view::{RunView, StepStatus};
use troupe_store::Reader;
use troupe_tools::Corpus;
use troupe_tui::watch::{Details, News, Opened, Passage, Wanted};

/// The corpora that were opened, by the run that a person started.
#[derive(Clone, Default)]
pub(super) struct Corpora(Arc<Mutex<BTreeMap<RunId, Vec<Arc<Corpus>>>>>);

/// Fetches something.
pub(super) async fn fetch(
    reader: &Reader,
    wanted: Wanted,
    corpora: &Corpora,
    state: &Path,
    settings: &Settings,
) -> anyhow::Result<News> {
    match wanted {
        Wanted::Chunk { run, chunk } => {
            let header = reader.run(&run.root()).await?.header;
            let workflow = past::compiled(&header)?;
            let (corpora, state, settings) = (corpora.clone(), state.to_owned(), settings.clone());
            let path = PathBuf::from(&header.path);
            let found = tokio::task::spawn_blocking(move || {
                let open = corpora.of(&run.root(), &workflow, &path, &state, &settings);
                let found = open.iter().find_map(|corpus| passage(corpus, &chunk));
                found.with_context(|| format!("no corpus of the run has a chunk `{chunk}` any more"))
            });
            Ok(News::Passage(found.await??))
        }
        Wanted::Output {
            run,
            at,
            step,
            item,
            edit,
        } => output(reader, &run, at, (step, item), edit).await,
        Wanted::Act(_) => anyhow::bail!("an act is no reading"),
    }
}

impl Corpora {
    fn of(&self, run: &RunId, workflow: &Workflow, path: &Path, state: &Path, settings: &Settings) -> Vec<Arc<Corpus>> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = known().get(run) {
            return open.clone();
        }
        let mut declared = Vec::new();
        cmd::declare(workflow, &mut declared);
        let folder = load::folder_of(path);
        // One that cannot be opened has no chunks to show; the others have.
        let open = declared
            .iter()
            .filter_map(|corpus| corpora::open(corpus, &folder, state, settings).ok());
        let open: Vec<Arc<Corpus>> = open.collect();
        known().insert(run.clone(), open.clone());
        open
    }
}

fn passage(corpus: &Corpus, id: &str) -> Option<Passage> {
    let chunk = corpus.chunk(id)?;
    Some(Passage {
        title: format!("chunk {id}"),
        file: Some(chunk.file.to_owned()),
        text: chunk.text.to_owned(),
    })
}

/// What a list does not say of a run.
pub(super) async fn details(reader: &Reader, run: &RunId) -> anyhow::Result<Details> {
    let record = reader.run(run).await?;
    let workflow = follow::workflow(reader, &record).await?;
    let mut view = RunView::new(&workflow);
    tape::play(reader, &record.header, (0, record.events), |entries| {
        entries.iter().for_each(|entry| view.fold(&workflow, entry));
    })
    .await?;
    let is_over =
        |status: StepStatus| !matches!(status, StepStatus::Waiting | StepStatus::Running | StepStatus::InDoubt);
    let over = view.steps.iter().filter(|step| is_over(step.status)).count();
    Ok(Details {
        steps_over: u32::try_from(over).unwrap_or(u32::MAX),
        steps: u32::try_from(view.steps.len()).unwrap_or(u32::MAX),
        cost_micros: view.spent.cost_micros,
    })
}

async fn output(
    reader: &Reader,
    run: &RunId,
    at: Option<u64>,
    (step, item): (StepIndex, Option<ItemIndex>),
    edit: bool,
) -> anyhow::Result<News> {
    let mut past = Past::read(reader, run).await?;
    let workflow = past.workflow(reader).await?;
    past.entries
        .truncate(at.map_or(usize::MAX, |at| usize::try_from(at).unwrap_or(usize::MAX)));
    let view = RunView::of(&workflow, &past.entries);
    let place = match item {
        Some(item) => view.place(&workflow, step, item),
        None => view.steps[step.at()].name.clone(),
    };
    let state = engine::fold(&workflow, past.events());
    let value = value(&workflow, &state, &view, step, item);
    let value = value.with_context(|| match view.steps[step.at()].failure.as_ref() {
        Some(failure) => format!("{place} has no output: {failure}"),
        None => format!("{place} has no output yet"),
    })?;
    // A text is read as it is, and edited as the JSON that a fork takes.
    Ok(match (edit, &value) {
        (false, Value::String(text)) => News::Passage(Passage {
            title: format!("output of {place}"),
            file: None,
            text: text.clone(),
        }),
        (false, value) => News::Passage(Passage {
            title: format!("output of {place}"),
            file: None,
            text: serde_json::to_string_pretty(value)?,
        }),
        (true, value) => News::Output(Opened {
            run: run.clone(),
            at,
            place,
            text: serde_json::to_string_pretty(value)?,
        }),
    })
}

fn value(
    workflow: &Workflow,
    state: &State,
    view: &RunView,
    step: StepIndex,
    item: Option<ItemIndex>,
) -> Option<Value> {
    let of = |item| state.output(workflow, step, item).cloned();
    match (item, &workflow.step(step).fan_out) {
        (Some(item), _) => of(item),
        (None, None) => of(ItemIndex(0)),
        (None, Some(_)) if view.steps[step.at()].started_ms.is_none() => None,
        // Of items that failed there is nothing, as the workflow sees it too.
        (None, Some(_)) => {
            let items = view.steps[step.at()].items;
            Some(
                (0..items)
                    .map(|item| of(ItemIndex(item)).unwrap_or(Value::Null))
                    .collect(),
            )
        }
    }
}
