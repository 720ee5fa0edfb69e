//! Kept environments to whether their verdicts still hold, several at once.

use super::junit::Case;
use crate::report;
use crate::settings::Settings;
use futures_util::StreamExt as _;
use serde::Serialize;
use troupe_core::port::pool::{Environment, Usage};
use troupe_core::port::sandbox::Deaf;
use troupe_sandbox::environment::{Again, Builder, Instance, Verdict};

/// What came of checking an environment again.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The instance's name.
    pub instance_id: String,
    /// The image.
    pub image_name: String,
    /// Its language.
    pub language: String,
    /// Whether the verdict still holds.
    pub holds: bool,
    /// The verdict now.
    pub verdict: Option<Verdict>,
    /// Why, in a sentence.
    pub reason: String,
    /// Tests that end in another way than they did.
    pub changed: Vec<String>,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// What its sandboxes used.
    pub usage: Usage,
}

impl Verified {
    fn of(environment: &Environment, again: Again) -> Self {
        Self {
            instance_id: environment.instance.clone(),
            image_name: environment.image.clone(),
            language: environment.language.clone(),
            holds: again.holds,
            verdict: again.verdict,
            reason: again.reason,
            changed: again.changed,
            duration_ms: again.duration_ms,
            usage: again.usage,
        }
    }

    /// As JUnit tells it.
    pub fn case(&self) -> Case {
        Case {
            language: self.language.clone(),
            name: self.instance_id.clone(),
            duration_ms: self.duration_ms,
            failure: (!self.holds).then(|| ("changed".to_owned(), self.reason.clone())),
            trouble: None,
        }
    }
}

/// Checks environments again, `jobs` at once, with the patches of an instance where one stands beside. Gives what came
/// of them in their order, and those about which nothing can be said.
pub async fn verify(
    builder: &Builder,
    wanted: &[(Environment, Option<Instance>)],
    jobs: usize,
    settings: &Settings,
) -> (Vec<Verified>, Vec<(String, String)>) {
    let work = wanted.iter().map(|(environment, instance)| async move {
        let again = builder.verify(environment, instance.as_ref(), &mut Deaf).await;
        if let Ok(again) = &again {
            let took = report::duration(again.duration_ms);
            settings.say(format!("{}: {} ({took})", environment.instance, again.reason));
        }
        (environment, again)
    });
    let ended: Vec<_> = futures_util::stream::iter(work).buffered(jobs).collect().await;
    let (mut verified, mut troubles) = (Vec::new(), Vec::new());
    for (environment, again) in ended {
        match again {
            Ok(again) => verified.push(Verified::of(environment, again)),
            Err(error) => troubles.push((environment.instance.clone(), error.to_string())),
        }
    }
    (verified, troubles)
}
