//! When a request that failed is tried again.

use super::Shared;
use crate::wire::retry;
use std::time::Duration;
use troupe_core::port::Error;

impl Shared {
    /// Waits until the attempt after `failed` ones may begin, or says why there is none. The server asks for
    /// `wait`; `limited` says that it is for a rate limit, which uses up none of the time `left` for the work.
    pub(super) async fn next_attempt(
        &self,
        failed: u32,
        error: Error,
        (wait, limited): (Option<Duration>, bool),
        left: Duration,
    ) -> Result<(), Error> {
        if failed >= self.attempts {
            return Err(match failed {
                0 | 1 => error,
                failed => after(error, &format!(" (after {failed} attempts)")),
            });
        }
        let pause = wait.unwrap_or_else(|| self.pace.backoff.pause(failed, retry::share()));
        if pause > if limited { self.pace.total } else { left } {
            let seconds = pause.as_secs();
            let late = format!(" (the next attempt would come in {seconds} s, beyond the timeout)");
            return Err(after(error, &late));
        }
        if limited {
            self.brake.refused(pause);
        } else {
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }
}

fn after(mut error: Error, addition: &str) -> Error {
    error.message.push_str(addition);
    error
}
