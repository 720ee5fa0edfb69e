//! The brake: what a server's rate limit means for all callers of a model.
//!
//! ```text
//! open ──refused──► closed until the pause is over ──► one call after the other, so far apart
//!   ▲                      ▲                             │ accepted: half as far apart
//!   │                      └───────────refused───────────┤
//!   └────────────────so close that it does not matter────┘
//! ```
//! Calls pass in the order in which they came to the brake; one that was refused comes again behind the
//! others, so that no call spends all its attempts on finding out whether the server has recovered.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between the first calls after a pause: this part of the pause.
const SPACING_PART: u32 = 8;
/// The widest spacing: a pause of minutes must not make calls trickle for as long.
const SPACING_MAX: Duration = Duration::from_secs(2);
/// The closest spacing; below it calls pass freely.
const SPACING_MIN: Duration = Duration::from_millis(4);

/// Holds calls back after the server asked for it.
#[derive(Debug, Default)]
pub struct Brake {
    pressed: Mutex<Option<Pressed>>,
    /// Held by the call that passes next; the others queue up for it in the order in which they came.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy)]
struct Pressed {
    /// The end of the pause.
    until: Instant,
    /// Before this no call passes: the end of the pause, or so far behind the last call.
    next: Instant,
    /// Between two calls.
    spacing: Duration,
}

impl Brake {
    /// Waits until the call may go out. Dropping the future leaves the queue.
    pub async fn pass(&self) {
        if self.pressed().is_none() {
            return;
        }
        let _turn = self.turn.lock().await;
        // A call that goes out meanwhile may be refused, and the end of the pause be put off.
        while let Some(next) = self.next() {
            sleep_until(next).await;
        }
        if let Some(pressed) = &mut *self.pressed() {
            pressed.next = Instant::now() + pressed.spacing;
        }
    }

    /// Until when the next call has to wait, if it has to.
    fn next(&self) -> Option<Instant> {
        let pressed = *self.pressed();
        pressed
            .map(|pressed| pressed.next)
            .filter(|next| *next > Instant::now())
    }

    /// The server refused a call, and asks for a pause.
    pub fn refused(&self, pause: Duration) {
        let mut pressed = self.pressed();
        let until = Instant::now() + pause;
        let spacing = (pause / SPACING_PART).clamp(SPACING_MIN, SPACING_MAX);
        let before = *pressed;
        let until = before.map_or(until, |before| before.until.max(until));
        *pressed = Some(Pressed {
            until,
            next: before.map_or(until, |before| before.next.max(until)),
            spacing: before.map_or(spacing, |before| before.spacing.max(spacing)),
        });
    }

    /// The server took a call.
    pub fn accepted(&self) {
        let mut pressed = self.pressed();
        // What is accepted during a pause went out before it.
        let Some(now) = pressed.as_mut().filter(|pressed| pressed.until <= Instant::now()) else {
            return;
        };
        now.spacing /= 2;
        if now.spacing < SPACING_MIN {
            *pressed = None;
        }
    }

    #[cfg(test)]
    pub(crate) fn is_open(&self) -> bool {
        self.pressed().is_none()
    }

    /// Nothing panics while it holds the lock.
    fn pressed(&self) -> MutexGuard<'_, Option<Pressed>> {
        self.pressed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
