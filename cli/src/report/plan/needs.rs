//! What a run needs from its surroundings: variables, secrets, and leave to start commands.

use super::{Circumstances, written};
use serde::Serialize;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::expression::{Scope, as_text};
use troupe_core::ir::{Model, Verb, Workflow};
use troupe_models::catalog;

/// Everything that is needed. Values are never looked at.
#[derive(Debug, Serialize)]
pub struct Needs {
    /// Environment variables that expressions read.
    pub environment: Vec<Variable>,
    /// Environment variables that hold secrets.
    pub secrets: Vec<Variable>,
    /// Commands that would run on this machine, unsandboxed.
    pub commands: Vec<Command>,
    /// Whether they were allowed to.
    pub commands_allowed: bool,
}

/// An environment variable.
#[derive(Debug, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether it is there.
    pub set: bool,
}

/// A command as it stands in the file.
#[derive(Debug, Serialize)]
pub struct Command {
    /// The workflow, where it is a called one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The step.
    pub step: String,
    /// Program and arguments.
    pub command: Vec<String>,
}

impl Needs {
    /// What `workflow` needs, and the workflows that it calls.
    pub fn of(workflow: &Workflow, circumstances: &Circumstances<'_>) -> Self {
        let mut found = Found::default();
        found.workflow(workflow, None);
        let variables = |names: BTreeSet<String>| {
            let variable = |name: String| Variable {
                set: (circumstances.is_set)(&name),
                name,
            };
            names.into_iter().map(variable).collect()
        };
        Self {
            environment: variables(found.names.environment),
            secrets: variables(found.names.secrets),
            commands: found.commands,
            commands_allowed: circumstances.allows_commands,
        }
    }
}

#[derive(Default)]
struct Found {
    names: Names,
    commands: Vec<Command>,
    seen: HashSet<*const Workflow>,
}

#[derive(Debug, Default)]
struct Names {
    environment: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Found {
    fn workflow(&mut self, workflow: &Workflow, called: Option<&str>) {
        self.names.environment.extend(workflow.env.iter().cloned());
        self.names.secrets.extend(workflow.secrets.iter().cloned());
        workflow.models.iter().for_each(|model| self.model(model));
        for step in &workflow.steps {
            if let Verb::Run { command, .. } = &step.verb
                && command.sandbox.is_none()
            {
                self.commands.push(Command {
                    workflow: called.map(str::to_owned),
                    step: step.name.clone(),
                    command: command.arguments.iter().map(|one| as_text(&written(one))).collect(),
                });
            }
        }
        for inner in &workflow.workflows {
            if self.seen.insert(Arc::as_ptr(inner)) {
                self.workflow(inner, Some(&inner.name));
            }
        }
    }

    fn model(&mut self, model: &Model) {
        let noted = Noted(RefCell::new(std::mem::take(&mut self.names)));
        for template in [&model.base_url, &model.api_key].into_iter().flatten() {
            // Its value is of no interest: what it reads on the way is.
            let _ = template.evaluate(&noted);
        }
        self.names = noted.0.into_inner();
        let provider = catalog::provider(&model.provider);
        let own_key = provider.and_then(catalog::Provider::key_variable);
        if model.api_key.is_none() && model.base_url.is_none() {
            self.names.secrets.extend(own_key.map(str::to_owned));
        }
    }
}

/// A scope in which everything is there and empty, and that remembers what it was asked for.
struct Noted(RefCell<Names>);

impl Noted {
    fn note(&self, root: &str, name: &str) {
        let mut names = self.0.borrow_mut();
        match root {
            "env" => names.environment.insert(name.to_owned()),
            "secrets" => names.secrets.insert(name.to_owned()),
            _ => false,
        };
    }
}

impl Scope for Noted {
    fn root(&self, name: &str, fields: Option<&[String]>) -> Option<Value> {
        let fields = fields?;
        fields.iter().for_each(|field| self.note(name, field));
        Some(Value::Object(
            fields.iter().map(|field| (field.clone(), Value::from(""))).collect(),
        ))
    }

    fn path<'a>(&'a self, path: &[String]) -> Option<Cow<'a, Value>> {
        let [root, name] = path else { return None };
        self.note(root, name);
        Some(Cow::Owned(Value::from("")))
    }
}
