//! One answer while it is written: tokens in, pieces of text, thought and tool calls out.

use super::Slot;
use crate::local::chat::{Answer, Stops, Writer as Text};
use crate::local::engine::{Event, Job, Sampler, Work, Writer};
use crate::local::failed;
use futures_util::Stream;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use troupe_core::message::{Finish, Usage};
use troupe_core::port::Error;
use troupe_core::port::model::{Delta, ModelRequest};

/// See the module. Dropping it ends the sequence.
pub struct Answering {
    label: String,
    model: Arc<Slot>,
    events: UnboundedReceiver<Event>,
    text: Text,
    stops: Stops,
    answer: Answer,
    usage: Usage,
    /// What is told next.
    ready: VecDeque<Result<Delta, Error>>,
    is_over: bool,
}

impl Answering {
    /// Asks for the answer to a request.
    ///
    /// # Errors
    /// `Invalid` for what the model's template refuses, or what no grammar can be made of.
    pub fn begin(label: &str, model: Arc<Slot>, request: &ModelRequest) -> Result<Self, Error> {
        let Some(loaded) = model.loaded.get() else {
            return Err(failed(label, "it is not loaded"));
        };
        let chat = &loaded.chat;
        let prompt = chat.prompt(request)?;
        let sampling = loaded.sampling(&request.sampling);
        let room = loaded.settings.context.saturating_sub(prompt.len());
        let most = sampling.max_tokens.map_or(room, |most| room.min(most as usize));
        // Without a seed every answer is another one.
        let seed = RandomState::new().hash_one(prompt.len());
        let (listener, events) = unbounded_channel();
        let writer = Writer {
            sampler: Sampler::new(sampling, &prompt, seed),
            constraint: chat.constrain(request)?,
            ends: chat.eos().to_vec(),
            most,
            listener,
        };
        let (text, answer) = (chat.writer(), chat.answer(request));
        loaded.engine.submit(Job {
            prompt,
            work: Work::Write(vec![writer]),
            branch: request.branch.clone(),
        });
        Ok(Self {
            label: label.to_owned(),
            events,
            text,
            stops: Stops::new(request.sampling.stop.iter().cloned()),
            answer,
            usage: Usage::default(),
            ready: VecDeque::new(),
            is_over: false,
            model,
        })
    }

    /// The pieces as they come.
    pub fn stream(self) -> impl Stream<Item = Result<Delta, Error>> + Send {
        futures_util::stream::unfold(self, |mut answering| async move {
            let item = answering.next().await?;
            Some((item, answering))
        })
    }

    async fn next(&mut self) -> Option<Result<Delta, Error>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.is_over {
                return None;
            }
            let event = self.events.recv().await;
            let event =
                event.unwrap_or_else(|| Event::Failed("its thread has ended after a fault of its own".to_owned()));
            self.take(event);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Read { prompt, reused } => {
                self.usage.prompt_tokens = prompt as u64;
                self.usage.cached_tokens = reused as u64;
                self.ready.push_back(Ok(Delta::Usage(self.usage)));
            }
            Event::Token(written) => {
                self.usage.completion_tokens += 1;
                let loaded = self.model.loaded.get();
                let piece = loaded.and_then(|loaded| self.text.push(loaded.chat.vocabulary(), written.token));
                self.ready.push_back(Ok(Delta::Token(written)));
                if let Some(piece) = piece {
                    let shown = self.stops.push(&piece);
                    self.show(&shown);
                    if self.stops.stopped() {
                        self.events.close();
                        self.end(Finish::Stop);
                    }
                }
            }
            Event::End(finish) => {
                let last = self.text.finish().unwrap_or_default();
                let shown = self.stops.push(&last);
                self.show(&shown);
                self.end(finish);
            }
            Event::Failed(trouble) => {
                self.ready.push_back(Err(failed(&self.label, trouble)));
                self.is_over = true;
            }
            Event::Scores(_) | Event::Hidden(_) => {}
        }
    }

    fn show(&mut self, text: &str) {
        if !text.is_empty() {
            self.ready.extend(self.answer.push(text).into_iter().map(Ok));
        }
    }

    fn end(&mut self, finish: Finish) {
        let held = self.stops.finish();
        self.show(&held);
        self.ready.extend(self.answer.finish().into_iter().map(Ok));
        self.ready.push_back(Ok(Delta::Usage(self.usage)));
        self.ready.push_back(Ok(Delta::Finish(finish)));
        self.is_over = true;
    }
}
