//! One request with one JSON object for an answer, through brake and attempts.

use super::Shared;
use super::exchange::{ERROR_BYTES_MAX, seconds};
use super::fault::Fault;
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use troupe_core::Value;
use troupe_core::port::{Error, ErrorKind};

/// Most bytes of an answer: 2048 vectors of 4096 numbers, written out, are a third of it.
const ANSWER_BYTES_MAX: usize = 512 << 20;

impl Shared {
    /// Posts `body` and reads the answer.
    ///
    /// # Errors
    /// `Timeout` and `Unavailable` when all attempts failed, `Invalid` for an answer of another shape, and
    /// what the server's status means.
    pub async fn ask<T: DeserializeOwned>(&self, body: &Value) -> Result<T, Error> {
        let mut deadline = Instant::now() + self.pace.total;
        let mut failed = 0;
        loop {
            let since = Instant::now();
            self.brake.pass().await;
            // Waiting for a rate limit does not use up the time for the work.
            deadline += since.elapsed();
            let (error, wait, limited) = match self.attempt(body, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error) | Fault::Parameter(_, error)) => return Err(error),
                Err(Fault::Passing { error, wait, limited }) => (error, wait, limited),
            };
            failed += 1;
            let left = deadline.saturating_duration_since(Instant::now());
            self.next_attempt(failed, error, (wait, limited), left).await?;
        }
    }

    async fn attempt<T: DeserializeOwned>(&self, body: &Value, deadline: Instant) -> Result<T, Fault> {
        let left = deadline.saturating_duration_since(Instant::now());
        timeout(left, self.post_once(body))
            .await
            .unwrap_or_else(|_| Err(self.late(self.pace.total)))
    }

    fn late(&self, total: Duration) -> Fault {
        let what = format!("no whole answer within {} s", seconds(total));
        Fault::Final(self.error(ErrorKind::Timeout, what))
    }

    async fn post_once<T: DeserializeOwned>(&self, body: &Value) -> Result<T, Fault> {
        let post = self.post().map_err(Fault::Final)?.json(body);
        let mut response = post.send().await.map_err(|error| self.transport_fault(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let most = if status.is_success() {
            ANSWER_BYTES_MAX
        } else {
            ERROR_BYTES_MAX
        };
        let mut bytes = Vec::new();
        while bytes.len() < most {
            match response.chunk().await {
                Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                Ok(None) => break,
                // What was read of the reason is all that can be shown.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(self.transport_fault(error)),
            }
        }
        if !status.is_success() {
            return Err(self.status_fault(status.as_u16(), &headers, &bytes));
        }
        self.brake.accepted();
        serde_json::from_slice(&bytes).map_err(|error| {
            let what = "the answer has another shape than expected; check the base_url";
            Fault::Final(self.error(ErrorKind::Invalid, what).caused_by(error))
        })
    }
}
