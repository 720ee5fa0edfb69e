//! Language models in this process, behind the port: requests become sequences of one engine, and its tokens an answer.

mod answering;
mod loaded;
mod place;

pub use loaded::{Alone, Loaded, decoder, words};
pub use place::{Planned, plan};

use super::engine::{Event, Job, Work};
use super::shelf::{self, Files};
use super::{failed, tensors, weights};
use answering::Answering;
use async_trait::async_trait;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use troupe_core::port::Error;
use troupe_core::port::model::{DeltaStream, Held, Model, ModelRequest, Score, Words};

/// A model of this process, by its name. It is loaded by the first request, and once for all who use it.
pub struct LocalModel {
    name: String,
    identity: String,
    model: Arc<Slot>,
}

/// A model's files, and what was loaded from them.
struct Slot {
    files: Files,
    loaded: OnceCell<Loaded>,
}

/// The models of this process that somebody has: the same files are loaded once.
static SLOTS: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

impl Slot {
    fn of(files: Files) -> Arc<Self> {
        let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| slot.strong_count() > 0);
        if let Some(same) = slots.iter().filter_map(Weak::upgrade).find(|slot| slot.files == files) {
            return same;
        }
        let slot = Arc::new(Self {
            files,
            loaded: OnceCell::new(),
        });
        slots.push(Arc::downgrade(&slot));
        slot
    }
}

impl LocalModel {
    /// The model called `name` in one of `places`. Only its name and its files' names are looked at.
    ///
    /// # Errors
    /// `Missing` when it is in none of them, `Invalid` for files that cannot be read.
    pub fn find(name: &str, places: &[PathBuf]) -> Result<Self, Error> {
        let files = shelf::find(name, places)?;
        let label = format!("local/{name}");
        let parts = parts(&files).map_err(|error| failed(&label, error))?;
        let print = weights::fingerprint(&parts).map_err(|error| failed(&label, error))?;
        Ok(Self {
            identity: format!("{label} {print}"),
            name: label,
            model: Slot::of(absolute(files)),
        })
    }

    /// What was loaded; loads it where that was not done.
    ///
    /// # Errors
    /// `Invalid`, with the file and what is wrong with it, or with the memory that it needs.
    pub async fn loaded(&self) -> Result<&Loaded, Error> {
        let load = || async {
            let (name, files) = (self.name.clone(), self.model.files.clone());
            let loading = tokio::task::spawn_blocking(move || Loaded::read(&name, &files));
            loading.await.map_err(|error| failed(&self.name, error))?
        };
        self.model.loaded.get_or_try_init(load).await
    }

    /// Asks the engine for one thing, and waits for it.
    async fn ask(
        &self,
        prompt: Vec<u32>,
        work: impl FnOnce(tokio::sync::mpsc::UnboundedSender<Event>) -> Work,
    ) -> Result<Event, Error> {
        let (listener, mut events) = unbounded_channel();
        self.loaded().await?.engine.submit(Job {
            prompt,
            work: work(listener),
            branch: None,
        });
        self.outcome(&mut events).await
    }

    async fn outcome(&self, events: &mut UnboundedReceiver<Event>) -> Result<Event, Error> {
        while let Some(event) = events.recv().await {
            match event {
                Event::Read { .. } => {}
                Event::Failed(trouble) => return Err(failed(&self.name, trouble)),
                event => return Ok(event),
            }
        }
        Err(failed(
            &self.name,
            "the model's thread has ended after a fault of its own",
        ))
    }
}

fn parts(files: &Files) -> Result<Vec<PathBuf>, String> {
    match files {
        Files::Folder(folder) => tensors::parts(folder),
        Files::Gguf(path) => Ok(vec![path.clone()]),
    }
}

/// Files by one name, however they were found.
fn absolute(files: Files) -> Files {
    let whole = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
    match files {
        Files::Folder(path) => Files::Folder(whole(path)),
        Files::Gguf(path) => Files::Gguf(whole(path)),
    }
}

#[async_trait]
impl Model for LocalModel {
    async fn generate(&self, request: ModelRequest) -> Result<DeltaStream, Error> {
        self.loaded().await?;
        Ok(Box::pin(
            Answering::begin(&self.name, Arc::clone(&self.model), &request)?.stream(),
        ))
    }

    fn label(&self) -> String {
        self.name.clone()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    async fn score(&self, request: ModelRequest, answer: &str) -> Result<Score, Error> {
        let chat = &self.loaded().await?.chat;
        let mut tokens = chat.prompt(&request)?;
        let from = tokens.len();
        tokens.extend(
            chat.vocabulary()
                .encode(answer)
                .map_err(|error| failed(&self.name, error))?,
        );
        tokens.extend(chat.eos().first());
        match self.ask(tokens, |listener| Work::Score(from, listener)).await? {
            Event::Scores(scores) => Ok(Score {
                tokens: scores.len(),
                sum: scores.iter().map(|score| f64::from(*score)).sum(),
            }),
            other => Err(failed(&self.name, format!("{other:?} where scores belong"))),
        }
    }

    async fn hidden(&self, request: ModelRequest, layer: usize) -> Result<Vec<f32>, Error> {
        let prompt = self.loaded().await?.chat.prompt(&request)?;
        match self.ask(prompt, |listener| Work::Hidden(layer, listener)).await? {
            Event::Hidden(vector) => Ok(vector),
            other => Err(failed(&self.name, format!("{other:?} where a vector belongs"))),
        }
    }

    async fn words(&self) -> Result<Option<Words>, Error> {
        self.loaded().await?;
        let model = Arc::clone(&self.model);
        Ok(Some(Arc::new(move |token| {
            let vocabulary = model.loaded.get().map(|loaded| loaded.chat.vocabulary());
            let word = vocabulary.and_then(|vocabulary| vocabulary.words().get(token as usize));
            word.map(|word| word.bytes.clone()).unwrap_or_default()
        })))
    }

    async fn hold(&self, request: &ModelRequest) -> Option<Held> {
        let loaded = self.loaded().await.ok()?;
        let prompt = loaded.chat.shared(request).ok()?;
        Some(Box::new(loaded.engine.hold(prompt)))
    }
}

#[cfg(test)]
mod tests;
