//! What steps with the verb `environment` call: a builder, as a tool.

use super::build::{Builder, Built, Given, Options};
use super::instance::{self, Instance};
use super::results::Runner;
use crate::docker::Docker;
use crate::held::Pending;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use troupe_core::ir::ENVIRONMENT;
use troupe_core::message::ToolOutput;
use troupe_core::port::pool::EnvironmentPool;
use troupe_core::port::sandbox::{Listener, Stream};
use troupe_core::port::tool::{Invocation, Tool, ToolSpec};
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;

/// Bytes of what was printed last that are told.
const LOG_BYTES: usize = 12 << 10;
/// Milliseconds after which a build is given up: its commands have limits of their own, and this is beyond them all.
const MOST_MS: u64 = 24 * 3_600_000;

/// Builds environments, each as its call says.
pub struct EnvironmentTool {
    spec: ToolSpec,
    /// Where the paths of instances are seen from.
    folder: PathBuf,
    options: Options,
    now_ms: fn() -> u64,
    pending: Pending,
    pool: OnceLock<Arc<dyn EnvironmentPool>>,
}

impl EnvironmentTool {
    /// Without a pool yet; its sandboxes are waited for in `pending`.
    pub fn new(folder: PathBuf, options: Options, pending: Pending, now_ms: fn() -> u64) -> Self {
        let spec = ToolSpec {
            name: ENVIRONMENT.to_owned(),
            description: "Builds and verifies the environment of a repository at a commit.".to_owned(),
            parameters: json!({ "type": "object" }),
            result: Type::Any,
        };
        Self {
            spec,
            folder,
            options,
            now_ms,
            pending,
            pool: OnceLock::new(),
        }
    }

    /// Where verified environments are kept, from now on.
    pub fn keep_in(&self, pool: Arc<dyn EnvironmentPool>) {
        // One process has one pool: a second one is the same.
        let _ = self.pool.set(pool);
    }

    async fn builder(&self, arguments: &Value, key: &str) -> Result<Builder, Error> {
        let Some(pool) = self.pool.get().cloned() else {
            return Err(Error::new(ErrorKind::Other, "environments are built by runs only"));
        };
        let mut options = Options {
            keep_sources: true,
            ..self.options.clone()
        };
        let base = arguments["base"].as_str().filter(|base| !base.trim().is_empty());
        if let Some(base) = base {
            base.clone_into(&mut options.base);
        }
        if let Some(attempts) = arguments["attempts"].as_u64() {
            options.attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        }
        Ok(Builder {
            engine: Arc::new(Docker::connect().await?),
            pool,
            pending: self.pending.clone(),
            options,
            asked_by: Some(key.to_owned()),
            now_ms: self.now_ms,
        })
    }

    fn instance(&self, given: &Value) -> Result<Instance, Error> {
        let Value::Object(record) = given else {
            let message = "`instance` is an object with `instance_id`, `test_patch`, `patch` and where the sources are";
            return Err(Error::new(ErrorKind::Invalid, message));
        };
        let instance = instance::instance(record.clone(), &self.folder);
        instance.map_err(|why| Error::new(ErrorKind::Invalid, format!("`instance`: {why}")))
    }
}

#[async_trait]
impl Tool for EnvironmentTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// Builds are heavy: one for two processors.
    fn parallel(&self) -> u32 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        u32::try_from(processors / 2).unwrap_or(1).max(1)
    }

    fn timeout_ms(&self) -> u64 {
        MOST_MS
    }

    async fn call(&self, invocation: Invocation) -> Result<ToolOutput, Error> {
        let arguments = &invocation.arguments;
        let instance = self.instance(&arguments["instance"])?;
        let given = given(arguments)?;
        let builder = self.builder(arguments, &invocation.key).await?;
        let mut tail = Tail::default();
        let built = builder.build_as(&instance, given.as_ref(), &mut tail).await;
        let built = built.map_err(trouble)?;
        let result = told(&instance, &built, &tail.text());
        Ok(ToolOutput {
            text: format!("{}: {}", instance.id, built.reason),
            result,
            ..ToolOutput::default()
        })
    }
}

/// The plan that a call gives, if it gives one.
fn given(arguments: &Value) -> Result<Option<Given>, Error> {
    let text = |key: &str| arguments[key].as_str().map(str::to_owned);
    let (Some(setup), Some(test), Some(word)) = (text("setup"), text("test"), text("runner")) else {
        return Ok(None);
    };
    match Runner::named(&word) {
        Some(runner) => Ok(Some(Given { setup, test, runner })),
        None => {
            let known = Runner::ALL.map(|(name, _)| name).join(", ");
            let message = format!("`runner`: `{word}` prints nothing that can be read: {known}");
            Err(Error::new(ErrorKind::Invalid, message))
        }
    }
}

fn trouble(error: crate::Error) -> Error {
    Error::new(ErrorKind::Other, error.to_string())
}

/// What came of an instance, as the verb `environment` gives it; `log` is the end of what was printed.
pub fn told(instance: &Instance, built: &Built, log: &str) -> Value {
    let environment = built.environment.as_ref();
    let last = built.attempts.last();
    let diagnosis = last.and_then(|attempt| attempt.diagnosis.as_ref());
    let verdict = built.verdict.map(|verdict| json!(verdict));
    json!({
        "verified": environment.is_some(),
        "mendable": built.is_mendable(),
        "verdict": verdict,
        "reason": built.reason,
        "image": environment.map(|environment| &environment.image),
        "sources": built.sources.as_deref().unwrap_or_default(),
        "language": environment.map(|environment| &environment.language),
        "setup": last.map_or("", |attempt| &attempt.setup),
        "test": last.map_or("", |attempt| &attempt.test),
        "runner": last.map_or("", |attempt| attempt.runner.word()),
        "tests": instance.tests,
        "attempts": built.attempts.len(),
        "category": diagnosis.map(|diagnosis| diagnosis.category),
        "guidance": diagnosis.map(|diagnosis| diagnosis.guidance.clone()).unwrap_or_default(),
        "log": if environment.is_some() { "" } else { log },
        "fail_to_pass": built.lists.fail_to_pass,
        "pass_to_pass": built.lists.pass_to_pass,
    })
}

/// Keeps the end of what commands print.
#[derive(Debug, Default)]
pub struct Tail(Vec<u8>);

impl Listener for Tail {
    fn hear(&mut self, _: Stream, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        if self.0.len() > 4 * LOG_BYTES {
            self.0.drain(..self.0.len() - LOG_BYTES);
        }
    }
}

impl Tail {
    /// The last 12 KiB.
    pub fn text(&self) -> String {
        let from = self.0.len().saturating_sub(LOG_BYTES);
        String::from_utf8_lossy(&self.0[from..]).into_owned()
    }
}
