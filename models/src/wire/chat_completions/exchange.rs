//! One request from the model's brake to the last delta.
//!
//! ```text
//! Braking ──let pass──► Sending ──2xx──► Receiving ──whole──► Ended
//!    ▲                     │ passing fault    │ passing fault: what was handed on is void
//!    └──────── pause ◄─────┴──────────────────┘
//! ```
//! A rate limit is a pause for the model as a whole, any other fault one for its request alone.
//! Dropping the exchange closes the connection.

use super::Shared;
use super::chunk::Decoder;
use super::fault::Fault;
use super::names::WireNames;
use super::request::{Refused, encode};
use crate::wire::sse;
use reqwest::Response;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use troupe_core::message::Usage;
use troupe_core::port::model::{Delta, ModelRequest};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::tokens;

/// Most bytes of an error's body that are read.
pub const ERROR_BYTES_MAX: usize = 64 << 10;

/// Where an exchange stands.
#[derive(Debug)]
enum Phase {
    Braking,
    Sending,
    Receiving(Box<Receiver>),
    Ended,
}

/// An answer that is being received.
#[derive(Debug)]
struct Receiver {
    response: Response,
    framing: Framing,
    chunks: Decoder,
}

/// How the body is cut into chunks.
#[derive(Debug)]
enum Framing {
    /// As server-sent events.
    Events(sse::Decoder),
    /// Not at all: a server that does not stream sends one JSON object.
    Whole(Vec<u8>),
}

impl Framing {
    fn of(response: &Response) -> Self {
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        match kind {
            Some(kind) if kind.trim_start().starts_with("application/json") => Self::Whole(Vec::new()),
            _ => Self::Events(sse::Decoder::default()),
        }
    }

    /// Takes the next bytes, or the end of the body, and returns the chunks that they complete.
    fn take(&mut self, bytes: Option<&[u8]>) -> Result<Vec<String>, sse::TooLong> {
        let mut chunks = Vec::new();
        match (self, bytes) {
            (Self::Events(events), Some(bytes)) => events.push(bytes, &mut chunks)?,
            (Self::Events(events), None) => events.finish(&mut chunks),
            (Self::Whole(body), Some(bytes)) if body.len() + bytes.len() > sse::EVENT_BYTES_MAX => {
                return Err(sse::TooLong);
            }
            (Self::Whole(body), Some(bytes)) => body.extend_from_slice(bytes),
            (Self::Whole(body), None) => chunks.push(String::from_utf8_lossy(body).into_owned()),
        }
        Ok(chunks)
    }
}

/// One request on its way.
#[derive(Debug)]
pub struct Exchange {
    shared: Arc<Shared>,
    request: ModelRequest,
    phase: Phase,
    ready: VecDeque<Delta>,
    /// Bytes of the answer that were handed on and are not void.
    answered: usize,
    failed: u32,
    deadline: Instant,
}

impl Exchange {
    /// An exchange that has not begun.
    pub fn new(shared: Arc<Shared>, request: ModelRequest) -> Self {
        let deadline = Instant::now() + shared.pace.total;
        Self {
            shared,
            request,
            phase: Phase::Braking,
            ready: VecDeque::new(),
            answered: 0,
            failed: 0,
            deadline,
        }
    }

    /// The next delta; none after the last one and after an error.
    pub async fn next(&mut self) -> Option<Result<Delta, Error>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                self.answered += delta.bytes();
                return Some(Ok(delta));
            }
            let step = match self.phase {
                Phase::Braking => {
                    self.brake().await;
                    Ok(())
                }
                Phase::Sending => self.send().await,
                Phase::Receiving(_) => self.receive().await,
                Phase::Ended => return None,
            };
            if let Err(fault) = step
                && let Err(error) = self.recover(fault).await
            {
                self.end();
                return Some(Err(error));
            }
        }
    }

    async fn brake(&mut self) {
        let since = Instant::now();
        self.shared.brake.pass().await;
        self.count_as_queued(since.elapsed());
        self.phase = Phase::Sending;
    }

    async fn send(&mut self) -> Result<(), Fault> {
        let names = WireNames::new(&self.request.tools);
        let body = encode(&self.shared, &self.request, &names, self.shared.refused());
        let post = self.shared.post().map_err(Fault::Final)?;
        let post = post
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream")
            .body(body);
        let response = self.in_time(post.send()).await?;
        let response = response.map_err(|error| self.shared.transport_fault(error))?;
        if !response.status().is_success() {
            return Err(self.read_error(response).await);
        }
        self.shared.brake.accepted();
        self.phase = Phase::Receiving(Box::new(Receiver {
            framing: Framing::of(&response),
            response,
            chunks: Decoder::new(names),
        }));
        Ok(())
    }

    async fn read_error(&self, mut response: Response) -> Fault {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while body.len() < ERROR_BYTES_MAX {
            match self.in_time(response.chunk()).await {
                Ok(Ok(Some(bytes))) => body.extend_from_slice(&bytes),
                // What was read of the reason is all that can be shown.
                _ => break,
            }
        }
        self.shared.status_fault(status, &headers, &body)
    }

    async fn receive(&mut self) -> Result<(), Fault> {
        let Phase::Receiving(mut receiver) = std::mem::replace(&mut self.phase, Phase::Ended) else {
            return Ok(());
        };
        let bytes = match self.in_time(receiver.response.chunk()).await {
            Ok(Ok(bytes)) => bytes,
            // The answer is whole: a connection that breaks now takes nothing away from it.
            _ if receiver.chunks.has_reason() => None,
            Ok(Err(error)) => return Err(self.shared.transport_fault(error)),
            Err(fault) => return Err(fault),
        };
        let mut deltas = Vec::new();
        let whole = self.take(&mut receiver, bytes.as_deref(), &mut deltas)?;
        self.ready.extend(deltas);
        if whole {
            tokio::spawn(drain(receiver.response));
        } else {
            self.phase = Phase::Receiving(receiver);
        }
        Ok(())
    }

    /// Takes the next bytes, or the end of the body; whether the answer is whole.
    fn take(&self, receiver: &mut Receiver, bytes: Option<&[u8]>, deltas: &mut Vec<Delta>) -> Result<bool, Fault> {
        let chunks = receiver.framing.take(bytes);
        let chunks = chunks.map_err(|error| Fault::Final(self.shared.error(ErrorKind::Invalid, error)))?;
        for data in &chunks {
            let taken = receiver.chunks.push(data, deltas);
            taken.map_err(|error| self.shared.chunk_fault(data, error))?;
        }
        if bytes.is_some() && !receiver.chunks.is_done() {
            return Ok(false);
        }
        if !receiver.chunks.finish(deltas) {
            let what = "the stream was cut off before the answer was finished";
            return Err(Fault::passing(self.shared.error(ErrorKind::Unavailable, what)));
        }
        if !receiver.chunks.has_usage() {
            deltas.push(Delta::Usage(self.estimated_usage(deltas)));
        }
        Ok(true)
    }

    /// A server that reports no usage must not make an agent's token limit void.
    fn estimated_usage(&self, last: &[Delta]) -> Usage {
        let prompt: u64 = self
            .request
            .messages
            .iter()
            .map(|message| message.estimated_tokens())
            .sum();
        let bytes = self.answered + last.iter().map(Delta::bytes).sum::<usize>();
        Usage {
            prompt_tokens: prompt + tokens::estimate(&self.request.system),
            completion_tokens: (bytes as u64).div_ceil(4),
            ..Usage::default()
        }
    }

    /// Waits for the next attempt, or says why there is none.
    async fn recover(&mut self, fault: Fault) -> Result<(), Error> {
        let (error, wait, limited) = match fault {
            Fault::Final(error) => return Err(error),
            Fault::Parameter(parameter, error) => return self.leave_out(parameter, error),
            Fault::Passing { error, wait, limited } => (error, wait, limited),
        };
        self.failed += 1;
        let next = self
            .shared
            .next_attempt(self.failed, error, (wait, limited), self.time_left());
        next.await?;
        if self.answered > 0 {
            self.answered = 0;
            self.ready.push_back(Delta::Void);
        }
        self.phase = Phase::Braking;
        Ok(())
    }

    fn leave_out(&mut self, parameter: Refused, error: Error) -> Result<(), Error> {
        let sent = self.shared.refused();
        if sent.contains(parameter) {
            return Err(error);
        }
        self.shared.refuse(parameter);
        self.phase = Phase::Braking;
        Ok(())
    }

    /// Waiting is reported and does not use up the time for the work.
    fn count_as_queued(&mut self, waited: Duration) {
        self.deadline += waited;
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        if ms > 0 {
            self.ready.push_back(Delta::Queued(ms));
        }
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Bounds a wait for the server by silence and by the time that is left.
    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Fault> {
        let left = self.time_left();
        let idle = self.shared.pace.idle;
        timeout(idle.min(left), work).await.map_err(|_| {
            let total = self.shared.pace.total;
            if left <= idle {
                let what = format!("no whole answer within {} s", seconds(total));
                return Fault::Final(self.shared.error(ErrorKind::Timeout, what));
            }
            let what = format!("the server was silent for {} s", seconds(idle));
            Fault::passing(self.shared.error(ErrorKind::Timeout, what))
        })
    }

    fn end(&mut self) {
        self.phase = Phase::Ended;
        self.ready.clear();
    }
}

/// Reads the end of a body whose answer is whole, so that its connection can serve again.
async fn drain(mut response: Response) {
    let rest = async { while let Ok(Some(_)) = response.chunk().await {} };
    // A server that keeps the stream open has nothing more to say; the connection is given up.
    let _ = timeout(Duration::from_secs(1), rest).await;
}

pub fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}
