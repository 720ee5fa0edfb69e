//! The two stages of an attempt: an image is grown, and both states of it are tested.

use super::attempt::Checked;
use super::check::{self, State, Unapplied};
use super::job::Job;
use super::plan::Plan;
use super::script::{self, FOLDER};
use super::verdict::TestRun;
use crate::error::Error;
use troupe_core::port::sandbox::{Deaf, Ended, Execution, Listener, Sandbox};

impl Job<'_> {
    /// Makes an image: another one, the repository's files in its folder, and a setup script. Gives how the script
    /// ended where it failed.
    pub(super) async fn grow(
        &self,
        from: &str,
        image: &str,
        before: &str,
        setup: Option<&str>,
        listener: &mut dyn Listener,
    ) -> Result<Result<(), Ended>, Error> {
        let blueprint = self.builder.blueprint(from, self.instance);
        let sandbox = self.builder.engine.create(&blueprint).await?;
        let grown = self.grow_in(&*sandbox, image, before, setup, listener).await;
        let removed = sandbox.remove().await;
        let grown = grown?;
        removed?;
        Ok(grown)
    }

    async fn grow_in(
        &self,
        sandbox: &dyn Sandbox,
        image: &str,
        before: &str,
        setup: Option<&str>,
        listener: &mut dyn Listener,
    ) -> Result<Result<(), Ended>, Error> {
        let emptied = sandbox.execute(Execution::script(before), &mut Deaf).await?;
        if !emptied.succeeded() {
            return Ok(Err(emptied));
        }
        sandbox.put(FOLDER, self.archive.clone()).await?;
        let scripts = [Some(script::repository()), setup.map(str::to_owned)];
        for text in scripts.into_iter().flatten() {
            let execution = Execution {
                stdin: Some(text.into_bytes()),
                timeout: Some(self.builder.options.setup_timeout),
                ..Execution::script(script::from_stdin("setup.sh"))
            };
            let ended = sandbox.execute(execution, listener).await?;
            if !ended.succeeded() {
                return Ok(Err(ended));
            }
        }
        if let Some(setup) = setup {
            self.look_ahead(sandbox, setup, listener).await?;
        }
        sandbox.commit(image).await?;
        Ok(Ok(()))
    }

    /// Where patches change what the repository depends on, the setup runs once more with these files alone as they
    /// will be, and they are brought back: the check has no network. What fails here shows there.
    async fn look_ahead(&self, sandbox: &dyn Sandbox, setup: &str, listener: &mut dyn Listener) -> Result<(), Error> {
        let patches = [&self.instance.fix_patch, &self.instance.test_patch];
        let manifests = script::manifests(&patches.map(String::as_str));
        if manifests.is_empty() {
            return Ok(());
        }
        let timeout = Some(self.builder.options.setup_timeout);
        for patch in patches {
            let execution = Execution {
                stdin: Some(patch.as_bytes().to_vec()),
                ..Execution::script(script::applied_alone(&manifests))
            };
            sandbox.execute(execution, &mut Deaf).await?;
        }
        let execution = Execution {
            stdin: Some(setup.as_bytes().to_vec()),
            timeout,
            ..Execution::script(script::from_stdin("setup.sh"))
        };
        sandbox.execute(execution, listener).await?;
        let back = format!("cd {FOLDER}\n{}", script::restored(&manifests));
        sandbox.execute(Execution::script(back), &mut Deaf).await?;
        Ok(())
    }

    /// Tests both states of an image: once after the fix, which tells most failures, then the rest.
    pub(super) async fn check(
        &self,
        plan: &Plan,
        image: &str,
        listener: &mut dyn Listener,
    ) -> Result<Result<Checked, Unapplied>, Error> {
        let blueprint = self.builder.blueprint(image, self.instance);
        let engine = &*self.builder.engine;
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for repeat in 0..self.builder.options.repeats.max(1) {
            for state in [State::After, State::Before] {
                let task = (self.instance, plan, state);
                let limits = (self.builder.options.test_timeout, &*nonce());
                let run = match check::run(engine, &blueprint, task, limits, listener).await? {
                    Ok(run) => run,
                    Err(unapplied) => return Ok(Err(unapplied)),
                };
                match state {
                    State::After => after.push(run),
                    State::Before => before.push(run),
                }
            }
            let hopeless = !after.iter().all(TestRun::passed) || before.iter().any(TestRun::passed);
            if hopeless && repeat == 0 {
                break;
            }
        }
        Ok(Ok(Checked::of(before, after)))
    }
}

/// A word that no test can know.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!(
        "{:016x}{:016x}",
        RandomState::new().hash_one(1),
        RandomState::new().hash_one(2)
    )
}
