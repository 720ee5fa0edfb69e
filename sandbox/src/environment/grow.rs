//! The two stages of an attempt: an image is grown, and both states of it are tested.

use super::attempt::Checked;
use super::check::{self, Tests, Unapplied};
use super::job::Job;
use super::plan::Plan;
use super::script::{self, FOLDER};
use super::usage::measured;
use super::witness::Witness;
use crate::error::Error;
use crate::held::Held;
use troupe_core::port::build::Command;
use troupe_core::port::sandbox::{Deaf, Ended, Execution, Sandbox};

impl Job<'_> {
    /// Makes an image: another one, the repository's files in its folder, and a setup script. Gives how the script
    /// ended where it failed.
    pub(super) async fn grow(
        &self,
        from: &str,
        image: &str,
        before: &str,
        setup: Option<&str>,
        witness: &mut Witness<'_>,
    ) -> Result<Result<(), Ended>, Error> {
        let blueprint = self.builder.blueprint(from, &self.instance.id);
        let (engine, pending) = (&self.builder.engine, &self.builder.pending);
        let sandbox = Held::make(engine, blueprint, pending).await?;
        let grown = self.grow_in(&*sandbox, image, before, setup, witness).await;
        self.used(measured(&*sandbox).await);
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
        witness: &mut Witness<'_>,
    ) -> Result<Result<(), Ended>, Error> {
        let emptied = sandbox.execute(Execution::script(before), &mut Deaf).await?;
        if !emptied.succeeded() {
            return Ok(Err(emptied));
        }
        witness.begin(Command::Files);
        sandbox.put(FOLDER, self.archive.clone()).await?;
        let scripts = [
            (Command::Files, Some(script::repository())),
            (Command::Setup, setup.map(str::to_owned)),
        ];
        for (command, text) in scripts {
            let Some(text) = text else { continue };
            if command != Command::Files {
                witness.begin(command);
            }
            let execution = Execution {
                stdin: Some(text.into_bytes()),
                timeout: Some(self.builder.options.setup_timeout),
                ..Execution::script(script::from_stdin("setup.sh"))
            };
            let ended = sandbox.execute(execution, witness).await?;
            witness.end(check::code(ended.reason));
            if !ended.succeeded() {
                return Ok(Err(ended));
            }
        }
        if let Some(setup) = setup {
            self.look_ahead(sandbox, setup, witness).await?;
        }
        witness.begin(Command::Keep);
        sandbox.commit(image).await?;
        witness.end(0);
        Ok(Ok(()))
    }

    /// Where patches change what the repository depends on, the setup runs once more with these files alone as they
    /// will be, and they are brought back: the check has no network. What fails here shows there.
    async fn look_ahead(&self, sandbox: &dyn Sandbox, setup: &str, witness: &mut Witness<'_>) -> Result<(), Error> {
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
        witness.begin(Command::SetupAhead);
        let ended = sandbox.execute(execution, witness).await?;
        witness.end(check::code(ended.reason));
        let back = format!("cd {FOLDER}\n{}", script::restored(&manifests));
        sandbox.execute(Execution::script(back), &mut Deaf).await?;
        Ok(())
    }

    /// Tests both states of an image.
    pub(super) async fn check(
        &self,
        plan: &Plan,
        image: &str,
        witness: &mut Witness<'_>,
    ) -> Result<Result<Checked, Unapplied>, Error> {
        let blueprint = self.builder.blueprint(image, &self.instance.id);
        let tests = Tests {
            test_patch: &self.instance.test_patch,
            fix_patch: &self.instance.fix_patch,
            command: &plan.test,
            runner: plan.runner,
        };
        let options = &self.builder.options;
        let limits = (options.repeats, options.test_timeout);
        let checked = check::both(self.builder, &blueprint, tests, limits, witness).await?;
        if let Ok(checked) = &checked {
            self.used(checked.usage);
        }
        Ok(checked)
    }
}
