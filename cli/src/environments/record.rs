//! What is kept of an instance: a folder of scripts, logs and a record, written when it is over and not before.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::io;
use std::path::{Path, PathBuf};
use troupe_core::port::pool::{Environment, Usage};
use troupe_sandbox::environment::build::Path as Way;
use troupe_sandbox::environment::verdict::{Lists, TestRun};
use troupe_sandbox::environment::{Built, Instance, Verdict};

const FILE: &str = "record.json";

/// An instance that is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// The instance's name.
    pub instance_id: String,
    /// What it was built from: the instance's fields and patches, and the settings that decide.
    pub fingerprint: String,
    /// The language of the plan, or the one that was told.
    pub language: String,
    /// The verdict; none where nothing could be checked.
    pub verdict: Option<Verdict>,
    /// Why, in a sentence.
    pub reason: String,
    /// How the environment was found.
    pub path: Way,
    /// The image, where it is verified.
    pub image_name: Option<String>,
    /// Its digest.
    pub image_digest: Option<String>,
    /// Attempts that were made.
    pub attempts: usize,
    /// Milliseconds that all of it took.
    pub duration_ms: u64,
    /// Tokens of agents that planned.
    #[serde(default)]
    pub tokens: u64,
    /// What its sandboxes used.
    #[serde(default)]
    pub usage: Usage,
    /// Tests by how they ended.
    pub tests: Lists,
}

impl Record {
    /// That of what was built.
    pub fn of(instance: &Instance, built: &Built, fingerprint: String) -> Self {
        let environment = built.environment.as_ref();
        let told = instance.language.as_ref().map(|language| language.name().to_owned());
        Self {
            instance_id: instance.id.clone(),
            fingerprint,
            language: environment.map(|it| it.language.clone()).or(told).unwrap_or_default(),
            verdict: built.verdict,
            reason: built.reason.clone(),
            path: built.path,
            image_name: environment.map(|it| it.image.clone()),
            image_digest: environment.map(|it| it.digest.clone()),
            attempts: built.attempts.len(),
            duration_ms: built.duration_ms,
            tokens: 0,
            usage: built.usage,
            tests: built.lists.clone(),
        }
    }

    /// Whether the environment is verified.
    pub fn is_verified(&self) -> bool {
        self.verdict.is_some_and(Verdict::is_verified)
    }

    /// The record that lies in an instance's folder, if there is a whole one.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(folder.join(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes scripts and logs, then the record: where it lies, everything does.
    pub fn write(&self, folder: &Path, built: &Built) -> io::Result<()> {
        let put = |name: &str, text: &str| std::fs::write(folder.join(name), text);
        if let Some(attempt) = built.attempts.last() {
            put("setup.sh", &attempt.setup)?;
        }
        if let Some(environment) = &built.environment {
            put("eval.sh", &environment.evaluation)?;
            put("instance.json", &pretty(&Value::Object(handed_on(environment))))?;
        }
        if let Some((before, after)) = &built.runs {
            put("before.log", &before.log)?;
            put("after.log", &after.log)?;
            put(
                "runs.json",
                &pretty(&json!({ "before": run(before), "after": run(after) })),
            )?;
        }
        let attempts: Vec<Value> = built.attempts.iter().map(attempt).collect();
        put("attempts.json", &pretty(&Value::Array(attempts)))?;
        let draft = folder.join(format!("{FILE}.new"));
        std::fs::write(&draft, pretty(&serde_json::to_value(self)?))?;
        std::fs::rename(draft, folder.join(FILE))
    }
}

fn attempt(attempt: &troupe_sandbox::environment::Attempt) -> Value {
    let diagnosis = attempt.diagnosis.as_ref().map(|diagnosis| {
        let (category, missing) = (diagnosis.category, &diagnosis.missing);
        json!({ "error_category": category, "missing": missing, "guidance": diagnosis.guidance })
    });
    json!({ "step": attempt.step, "reasons": attempt.reasons, "test": attempt.test, "diagnosis": diagnosis })
}

fn run(run: &TestRun) -> Value {
    json!({
        "exit_code": run.code, "failure": run.failure, "duration_ms": run.duration_ms,
        "passed": run.results.passed(), "failed": run.results.failed(),
    })
}

/// The instance as MEnvData-SWE hands it on: its own fields, the scripts and the image.
pub fn handed_on(environment: &Environment) -> Map<String, Value> {
    let check = environment.check.clone().unwrap_or_default();
    let way = match (&environment.parent, &environment.delta) {
        (None, _) => Way::Scratch,
        (Some(_), None) => Way::Unchanged,
        (Some(_), Some(_)) => Way::Patched,
    };
    let mut record = check.record;
    record
        .entry("instance_id")
        .or_insert_with(|| json!(environment.instance));
    let fields = json!({
        "repo": environment.repository,
        "language": environment.language,
        "version": environment.version,
        "patch": check.fix_patch,
        "test_patch": check.test_patch,
        "env_setup_script": environment.delta.as_deref().unwrap_or_default(),
        "original_env_setup_script": environment.setup,
        "eval_script": environment.evaluation,
        "image_name": environment.image,
        "image_digest": environment.digest,
        "parent_image_name": environment.parent,
        "base_image": environment.base,
        "verdict": check.verdict,
        "reuse_path": way,
        "FAIL_TO_PASS": check.fail_to_pass,
        "PASS_TO_PASS": check.pass_to_pass,
    });
    if let Value::Object(fields) = fields {
        for (name, value) in fields {
            // A `repo` that was given stays as it was given.
            if name != "repo" || !record.contains_key("repo") {
                record.insert(name, value);
            }
        }
    }
    record
}

/// A value as files have it.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The folder of an instance.
pub fn folder(out: &Path, instance: &Instance) -> PathBuf {
    out.join(&instance.id)
}
