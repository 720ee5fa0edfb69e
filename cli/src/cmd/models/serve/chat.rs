//! `POST /v1/chat/completions`: answers of a model, whole or in pieces. Whoever goes away ends them.

use super::answer::{self, Heading};
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
use troupe_core::port::model::{Delta, DeltaStream, Fold, ModelRequest};
use troupe_core::port::{Error, ErrorKind};

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
    let heading = Heading::new(name);
    let place = Arc::clone(&serving.places).acquire_owned().await;
    let place = place.map_err(|error| Error::new(ErrorKind::Cancelled, "the server ends").caused_by(error))?;
    let choices = (0..asked.choices).map(|at| model.generate(of_choice(&asked.request, at)));
    // What goes wrong before the first piece has a status of its own, in a stream too.
    let begun = future::try_join_all(choices).await?;
    if !asked.stream {
        let replies = future::try_join_all(begun.into_iter().map(whole)).await?;
        return Ok(Json(heading.completion(&replies)).into_response());
    }
    let events = events(heading, begun, asked.usage).map(move |event| {
        // It is given back when the stream is dropped.
        let _ = &place;
        Ok::<_, Infallible>(format!("data: {event}\n\n"))
    });
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(events)).into_response())
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
}

/// One step of an answer.
enum Step {
    /// A piece for the client.
    Piece(Value),
    /// Why it ended, and what it cost.
    Ended(&'static str, Usage),
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
                // What was told cannot be taken back.
                Some(Ok(Delta::Void)) if self.told => {
                    let error = Error::new(
                        ErrorKind::Unavailable,
                        "the answer began anew after parts of it were sent; ask again",
                    );
                    return self.end(Step::Broke(error));
                }
                Some(Ok(delta)) => {
                    if let Some(piece) = answer::delta(&delta) {
                        self.told = true;
                        self.calls |= matches!(delta, Delta::ToolCall { .. });
                        return Some(Step::Piece(piece));
                    }
                }
                Some(Err(error)) => return self.end(Step::Broke(error)),
                None => return self.end(Step::Ended(answer::reason(self.finish, self.calls), self.usage)),
            }
        }
    }

    fn end(&mut self, step: Step) -> Option<Step> {
        self.deltas = None;
        Some(step)
    }
}

/// All answers as the data of server-sent events, each piece when it comes. Dropping the stream drops the answers.
fn events(heading: Heading, begun: Vec<DeltaStream>, include_usage: bool) -> impl Stream<Item = String> + Send {
    let tellings = begun.into_iter().enumerate().map(|(index, deltas)| {
        let telling = Telling {
            deltas: Some(deltas),
            told: false,
            calls: false,
            finish: Finish::default(),
            usage: Usage::default(),
        };
        let steps = stream::unfold(
            telling,
            |mut telling| async move { Some((telling.next().await?, telling)) },
        );
        let first = stream::once(future::ready(Step::Piece(
            json!({ "role": "assistant", "content": "" }),
        )));
        first.chain(steps).map(move |step| (index, step)).boxed()
    });
    let state = (heading.clone(), Usage::default());
    let steps = stream::select_all(tellings).scan(state, |(heading, total), (index, step)| {
        let (event, broke) = match step {
            Step::Piece(delta) => (heading.piece(index, &delta, None), false),
            Step::Ended(reason, usage) => {
                (total.prompt_tokens, total.cached_tokens) = (usage.prompt_tokens, usage.cached_tokens);
                total.completion_tokens += usage.completion_tokens;
                (heading.piece(index, &json!({}), Some(reason)), false)
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
