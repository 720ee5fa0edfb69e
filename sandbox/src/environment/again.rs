//! Kept environments, checked once more: nothing is set up, and both states are tested as when they were verified.

use super::attempt::Checked;
use super::build::Builder;
use super::check::{self, Tests};
use super::instance::Instance;
use super::verdict::{Lists, TestRun, Verdict};
use super::witness::Witness;
use crate::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Instant;
use troupe_core::port::build::{BuildEvent, Way};
use troupe_core::port::pool::{Check, Environment, Usage};
use troupe_core::port::sandbox::Listener;

/// What came of checking an environment again.
#[derive(Debug, Clone)]
pub struct Again {
    /// Whether the verdict still holds.
    pub holds: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// The verdict now; none where nothing could be checked.
    pub verdict: Option<Verdict>,
    /// Tests that ended as the lists say, and do not now.
    pub changed: Vec<String>,
    /// Tests by how they ended now.
    pub lists: Lists,
    /// The last runs before the fix and after it.
    pub runs: Option<(TestRun, TestRun)>,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// What its sandboxes used.
    pub usage: Usage,
}

impl Again {
    fn not(reason: impl Into<String>) -> Self {
        Self {
            holds: false,
            reason: reason.into(),
            verdict: None,
            changed: Vec::new(),
            lists: Lists::default(),
            runs: None,
            duration_ms: 0,
            usage: Usage::default(),
        }
    }
}

impl Builder {
    /// Tests both states of a kept environment again, with the patches of `instance` where one is given.
    ///
    /// # Errors
    /// When the engine or the pool fails: that says nothing about the environment.
    pub async fn verify(
        &self,
        environment: &Environment,
        instance: Option<&Instance>,
        listener: &mut dyn Listener,
    ) -> Result<Again, Error> {
        let began = Instant::now();
        let mut witness = Witness::new(listener, self.pool.record((self.now_ms)()), self.now_ms);
        witness.note(BuildEvent::Begun {
            instance: environment.instance.clone(),
            repository: environment.repository.clone(),
            asked_by: self.asked_by.clone(),
            attempts: 0,
        });
        let again = self.verified_again(environment, instance, &mut witness).await;
        witness.over(again.as_ref().map(|again| {
            let image = again.holds.then(|| environment.image.clone());
            (image, again.reason.clone())
        }));
        let mut again = again?;
        again.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if again.holds {
            let used_at_ms = (self.now_ms)();
            let used = Environment {
                used_at_ms,
                ..environment.clone()
            };
            self.pool.add(&used).await?;
        }
        Ok(again)
    }

    async fn verified_again(
        &self,
        environment: &Environment,
        instance: Option<&Instance>,
        witness: &mut Witness<'_>,
    ) -> Result<Again, Error> {
        let Some(check) = &environment.check else {
            return Ok(Again::not(
                "an older Troupe kept it, without what it takes to check it: build it again",
            ));
        };
        let (Some(runner), Some(was)) = (read(&check.runner), read(&check.verdict)) else {
            return Ok(Again::not("a newer Troupe kept it: check it with that one"));
        };
        match self.engine.image(&environment.image).await? {
            None => return Ok(Again::not("its image is gone: build it again")),
            Some(digest) if digest != environment.digest => {
                return Ok(Again::not("its image is another one than was verified: build it again"));
            }
            Some(_) => {}
        }
        let tests = Tests {
            test_patch: instance.map_or(&check.test_patch, |instance| &instance.test_patch),
            fix_patch: instance.map_or(&check.fix_patch, |instance| &instance.fix_patch),
            command: &check.test,
            runner,
        };
        let blueprint = self.blueprint(&environment.image, &environment.instance);
        let limits = (self.options.repeats, self.options.test_timeout);
        let image = &*environment.image;
        witness.attempt(Way::Again, (image, image), &[]);
        let again = match check::both(self, &blueprint, tests, limits, witness).await? {
            Ok(checked) => compared(check, was, checked),
            Err(unapplied) => Again::not(format!("`{}` does not apply: {}", unapplied.patch, unapplied.why)),
        };
        witness.found(again.verdict, again.holds, &*again.reason);
        Ok(again)
    }
}

/// A check, beside what was found when the environment was kept.
fn compared(check: &Check, was: Verdict, checked: Checked) -> Again {
    let (lists, verdict) = (checked.lists, checked.verdict);
    let pairs = [
        (&check.fail_to_pass, &lists.fail_to_pass),
        (&check.pass_to_pass, &lists.pass_to_pass),
    ];
    let changed = pairs
        .iter()
        .flat_map(|(then, now)| then.iter().filter(|name| !now.contains(name)));
    let changed: Vec<String> = changed.cloned().collect();
    let holds = verdict == was && changed.is_empty();
    let reason = match (verdict == was, changed.first()) {
        (true, None) => format!("still {verdict}"),
        (true, Some(first)) => format!(
            "still {verdict}, but {first} ends in another way, one of {}",
            changed.len()
        ),
        (false, _) => format!("no longer as it was: {verdict}"),
    };
    Again {
        holds,
        reason,
        verdict: Some(verdict),
        changed,
        lists,
        runs: Some((checked.before, checked.after)),
        duration_ms: 0,
        usage: checked.usage,
    }
}

/// A plain name, as it is kept.
pub(super) fn written(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The same, read again; none where a newer Troupe wrote it.
pub(super) fn read<Name: DeserializeOwned>(text: &str) -> Option<Name> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
