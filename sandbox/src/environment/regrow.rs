//! Reuse: environments that were verified for another commit, first as they are and then with a plan's setup run in them.

use super::attempt::Step;
use super::build::{Built, Path};
use super::job::{Job, setup_fails};
use super::plan::Plan;
use super::results::Stage;
use super::witness::Witness;
use super::{again, reuse, script};
use crate::error::Error;
use troupe_core::port::build::Way;
use troupe_core::port::pool::Environment;

/// Dependencies that are installed beside the sources: what of an older environment's folder is used again.
const INSTALLED: [&str; 4] = ["node_modules", "vendor", ".venv", "venv"];

impl Job<'_> {
    /// The environment from one that was verified for another commit, if one serves.
    pub(super) async fn reuse(&mut self, witness: &mut Witness<'_>) -> Result<Option<Built>, Error> {
        if !self.builder.options.reuse || self.given.is_some() {
            return Ok(None);
        }
        let pool = self.builder.pool.list(Some(&self.instance.repository)).await?;
        let by_rules = self.plan(&[]).ok();
        for parent in reuse::candidates(self.instance, &self.builder.options.base, &pool) {
            if self.builder.engine.image(&parent.image).await?.is_none() {
                // Somebody has removed the image: what is left is a memory of it.
                self.builder.pool.forget(&parent.image).await?;
                continue;
            }
            let Some(plan) = by_rules.clone().or_else(|| plan_of(parent)) else {
                continue;
            };
            if let Some(built) = self.grown_from(parent, &plan, witness).await? {
                return Ok(Some(built));
            }
        }
        Ok(None)
    }

    async fn grown_from(
        &mut self,
        parent: &Environment,
        plan: &Plan,
        witness: &mut Witness<'_>,
    ) -> Result<Option<Built>, Error> {
        // First as it is, then with the plan's setup run in it: that finds most of its work done.
        for delta in [None, Some(plan.setup.as_str())] {
            let step = if delta.is_some() { Step::Patch } else { Step::Probe };
            let image = self.image_name(&parent.digest, delta.unwrap_or_default());
            let way = if delta.is_some() { Way::Patch } else { Way::Reuse };
            witness.attempt(way, (&parent.image, &image), &plan.reasons);
            let grown = self
                .grow(&parent.image, &image, &script::emptied(&INSTALLED), delta, witness)
                .await?;
            if let Err(ended) = grown {
                let diagnosis = self.diagnose(plan, Stage::Setup, &ended);
                witness.came_to(None, setup_fails(&diagnosis));
                self.note(step, plan, Some(diagnosis));
                continue;
            }
            let checked = match self.check(plan, &image, witness).await? {
                Ok(checked) => checked,
                Err(unapplied) => return Ok(Some(self.unapplied(plan, &image, unapplied, witness).await?)),
            };
            witness.came_to(Some(checked.verdict), checked.verdict.to_string());
            self.note(step, plan, None);
            if checked.verdict.is_verified() {
                let path = if delta.is_some() {
                    Path::Patched
                } else {
                    Path::Unchanged
                };
                return Ok(Some(
                    self.verified(checked, plan, &image, (path, Some(parent), delta))
                        .await?,
                ));
            }
            self.builder.engine.remove_image(&image).await?;
        }
        Ok(None)
    }
}

/// The plan that verified an environment: where no rules know the language, an earlier one of agents' may do.
fn plan_of(environment: &Environment) -> Option<Plan> {
    let check = environment.check.as_ref()?;
    Some(Plan {
        setup: environment.setup.clone(),
        test: check.test.clone(),
        runner: again::read(&check.runner)?,
        reasons: vec![format!("as it was for {}", environment.instance)],
    })
}
