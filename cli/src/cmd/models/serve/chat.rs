//! `POST /v1/chat/completions`: answers of a model, whole or in pieces. Whoever goes away ends them.

use super::answer::{self, Heading};
use super::likely::Likely;
use super::refusal::Refusal;
use super::request;
use super::{Served, Serving};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _, future, stream};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use troupe_core::message::{Finish, Reply, Usage};
use troupe_core::port::model::{Delta, DeltaStream, Fold, Model, ModelRequest};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::recording::Written;

/// Answers a request.
pub async fn complete(
    State(serving): State<Arc<Serving>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let asked = request::read(&body?)?;
    let (name, served) = serving.find(&asked.model)?;
    let Served::Text(model) = served else {
        return Err(Refusal::parameter(
            "model",
            format!("{name} embeds and does not write: ask /v1/embeddings"),
        ));
    };
    let likely = match asked.likely {
        Some(most) => Some(likely(name, model.as_ref(), most).await?),
        None => None,
    };
    let heading = Heading::new(name);
    let place = Arc::clone(&serving.places).acquire_owned().await;
    let place = place.map_err(|error| Error::new(ErrorKind::Cancelled, "the server ends").caused_by(error))?;
    let choices = (0..asked.choices).map(|at| model.generate(of_choice(&asked.request, at)));
    // What goes wrong before the first piece has a status of its own, in a stream too.
    let begun = future::try_join_all(choices).await?;
    if !asked.stream {
        let replies = future::try_join_all(begun.into_iter().map(whole)).await?;
        return Ok(Json(heading.completion(&replies, likely.as_ref())).into_response());
    }
    let events = events(heading, begun, asked.usage, likely).map(move |event| {
        // It is given back when the stream is dropped.
        let _ = &place;
        Ok::<_, Infallible>(format!("data: {event}\n\n"))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// How the tokens of a model are told, where it tells of them.
async fn likely(name: &str, model: &dyn Model, most: usize) -> Result<Likely, Refusal> {
    let untold = || {
        let what = format!("{name} does not tell how likely its tokens are; models in this process (local/…) do");
        Refusal::parameter("logprobs", what)
    };
    let words = model.words().await?.ok_or_else(untold)?;
    Ok(Likely { words, most })
}

/// Several answers to one request differ, and are the same the next time.
fn of_choice(request: &ModelRequest, at: u32) -> ModelRequest {
    let mut request = request.clone();
    request.sampling.seed = request.sampling.seed.map(|seed| seed.wrapping_add(at.into()));
    request
}

async fn whole(mut deltas: DeltaStream) -> Result<Reply, Error> {
    let started = Instant::now();
    let mut fold = Fold::default();
    while let Some(delta) = deltas.next().await {
        fold.push(delta?);
    }
    Ok(fold.finish(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)))
}

/// What is left to tell of one answer.
struct Telling {
    /// None when it ended.
    deltas: Option<DeltaStream>,
    told: bool,
    calls: bool,
    finish: Finish,
    usage: Usage,
    likely: Option<Likely>,
    /// Tokens that are told with the next piece.
    tokens: Vec<Written>,
}

/// One step of an answer.
enum Step {
    /// A piece for the client, and how likely its tokens were.
    Piece(Value, Option<Value>),
    /// Why it ended, what it cost, and how likely the last tokens were.
    Ended(&'static str, Usage, Option<Value>),
    /// It broke.
    Broke(Error),
}

impl Telling {
    async fn next(&mut self) -> Option<Step> {
        let deltas = self.deltas.as_mut()?;
        loop {
            match deltas.next().await {
                Some(Ok(Delta::Usage(usage))) => self.usage = usage,
                Some(Ok(Delta::Finish(finish))) => self.finish = finish,
                Some(Ok(Delta::Token(written))) if self.likely.is_some() => self.tokens.push(written),
                // What was told cannot be taken back.
                Some(Ok(Delta::Void)) if self.told => {
                    let error = Error::new(
                        ErrorKind::Unavailable,
                        "the answer began anew after parts of it were sent; ask again",
                    );
                    return self.end(Step::Broke(error));
                }
                Some(Ok(Delta::Void)) => self.tokens.clear(),
                Some(Ok(delta)) => {
                    if let Some(piece) = answer::delta(&delta) {
                        self.told = true;
                        self.calls |= matches!(delta, Delta::ToolCall { .. });
                        return Some(Step::Piece(piece, self.likely()));
                    }
                }
                Some(Err(error)) => return self.end(Step::Broke(error)),
                None => {
                    let likely = self.likely();
                    let reason = answer::reason(self.finish, self.calls);
                    return self.end(Step::Ended(reason, self.usage, likely));
                }
            }
        }
    }

    /// The tokens since the last piece.
    fn likely(&mut self) -> Option<Value> {
        let tokens = std::mem::take(&mut self.tokens);
        let likely = self.likely.as_ref().filter(|_| !tokens.is_empty())?;
        Some(likely.told(tokens))
    }

    fn end(&mut self, step: Step) -> Option<Step> {
        self.deltas = None;
        Some(step)
    }
}

/// All answers as the data of server-sent events, each piece when it comes. Dropping the stream drops the answers.
fn events(
    heading: Heading,
    begun: Vec<DeltaStream>,
    include_usage: bool,
    likely: Option<Likely>,
) -> impl Stream<Item = String> + Send {
    let tellings = begun.into_iter().enumerate().map(move |(index, deltas)| {
        let telling = Telling {
            deltas: Some(deltas),
            told: false,
            calls: false,
            finish: Finish::default(),
            usage: Usage::default(),
            likely: likely.clone(),
            tokens: Vec::new(),
        };
        let steps = stream::unfold(
            telling,
            |mut telling| async move { Some((telling.next().await?, telling)) },
        );
        let role = json!({ "role": "assistant", "content": "" });
        let first = stream::once(future::ready(Step::Piece(role, None)));
        first.chain(steps).map(move |step| (index, step)).boxed()
    });
    let state = (heading.clone(), Usage::default());
    let steps = stream::select_all(tellings).scan(state, |(heading, total), (index, step)| {
        let (event, broke) = match step {
            Step::Piece(delta, likely) => (heading.piece(index, &delta, None, likely.as_ref()), false),
            Step::Ended(reason, usage, likely) => {
                (total.prompt_tokens, total.cached_tokens) = (usage.prompt_tokens, usage.cached_tokens);
                total.completion_tokens += usage.completion_tokens;
                (heading.piece(index, &json!({}), Some(reason), likely.as_ref()), false)
            }
            Step::Broke(error) => (Refusal::from(error).object(), true),
        };
        future::ready(Some((event, *total, broke)))
    });
    closed(steps, heading, include_usage)
}

/// The events, and after the last of them, unless it is an error, the usage and the mark of the end.
fn closed(
    steps: impl Stream<Item = (Value, Usage, bool)> + Send,
    heading: Heading,
    include_usage: bool,
) -> impl Stream<Item = String> + Send {
    let state = (Box::pin(steps), Some((Usage::default(), false)));
    stream::unfold(state, move |(mut steps, last)| {
        let heading = heading.clone();
        async move {
            let (total, broke) = last?;
            if broke {
                return None;
            }
            if let Some((event, total, broke)) = steps.next().await {
                return Some((event.to_string(), (steps, Some((total, broke)))));
            }
            let end = match include_usage {
                true => format!("{}\n\ndata: [DONE]", heading.last(&total)),
                false => "[DONE]".to_owned(),
            };
            Some((end, (steps, None)))
        }
    })
}
