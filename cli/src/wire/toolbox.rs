//! Tools: those of declared corpora and sandboxes, by what brings them.

use super::corpora;
use crate::exit::Usage;
use crate::load::Loaded;
use crate::settings::Settings;
use crate::workspace;
use anyhow::Context as _;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use troupe_agents::{Clock as _, SystemClock};
use troupe_core::Value;
use troupe_core::effect::Place;
use troupe_core::expression::Scope;
use troupe_core::ir::{self, ToolSource, Workflow};
use troupe_core::port::tool::Tool;
use troupe_sandbox::Places;
use troupe_sandbox::environment::build::BASE_IMAGE;
use troupe_sandbox::environment::{EnvironmentTool, Options};
use troupe_tools::{Corpus, Face, sandbox};

/// The tools of a workflow and of those that it calls; each corpus is opened once.
pub struct Toolbox<'a> {
    /// The folder that the patterns of corpora start from.
    folder: &'a Path,
    state: &'a Path,
    settings: &'a Settings,
    places: Arc<Places>,
    /// How environments are built, where somebody says.
    options: Option<Options>,
    open: Vec<(ir::Corpus, Arc<Corpus>)>,
    environments: Option<Arc<EnvironmentTool>>,
}

impl<'a> Toolbox<'a> {
    /// No corpus is open yet; tools of sandboxes work in `places`.
    pub fn new(loaded: &'a Loaded, state: &'a Path, settings: &'a Settings, places: Arc<Places>) -> Self {
        Self {
            folder: &loaded.folder,
            state,
            settings,
            places,
            options: None,
            open: Vec::new(),
            environments: None,
        }
    }

    /// With environments built as `options` say.
    pub fn building(self, options: Option<Options>) -> Self {
        Self { options, ..self }
    }

    /// Opens the corpora behind the wanted tools and gives the tools by index; those that are not wanted
    /// are left out of the returned map.
    pub fn tools(
        &mut self,
        workflow: &Workflow,
        wanted: &dyn Fn(&ir::Tool) -> bool,
    ) -> anyhow::Result<BTreeMap<usize, Arc<dyn Tool>>> {
        let mut tools = BTreeMap::new();
        for (index, tool) in workflow.tools.iter().enumerate().filter(|(_, tool)| wanted(tool)) {
            let prefix = prefix(workflow, index, tool.source.tool());
            let port = match &tool.source {
                ToolSource::Corpus { corpus, tool: name } => {
                    let declared = workflow.corpora.iter().find(|declared| declared.name == *corpus);
                    let declared = declared.with_context(|| format!("there is no corpus `{corpus}`"))?;
                    let face = Face::of(&prefix, &declared.offer, &declared.metadata);
                    troupe_tools::tool(&self.corpus(declared)?, name, &face)
                }
                ToolSource::Sandbox { tool: name, .. } => sandbox::tool(self.places.clone(), name, &prefix),
                ToolSource::Environment => Some(self.environments() as Arc<dyn Tool>),
                ToolSource::Mcp { .. } => {
                    let path = &tool.path;
                    return Err(Usage::error(format!(
                        "`{path}`: calling tools of MCP servers is not available yet"
                    )));
                }
            };
            tools.insert(
                index,
                port.with_context(|| format!("the tool `{}` is not built into this program", tool.path))?,
            );
        }
        Ok(tools)
    }

    /// What builds environments, where a step does; it is told later where they are kept.
    pub fn builds(&self) -> Option<Arc<EnvironmentTool>> {
        self.environments.clone()
    }

    fn environments(&mut self) -> Arc<EnvironmentTool> {
        let make = || {
            let options = self.options.clone().unwrap_or_else(|| {
                let base = std::env::var("TROUPE_BASE_IMAGE").ok().filter(|base| !base.is_empty());
                Options::of_machine(base.as_deref().unwrap_or(BASE_IMAGE), workspace::place(self.state))
            });
            let pending = self.places.pending().clone();
            Arc::new(EnvironmentTool::new(self.folder.to_owned(), options, pending, || {
                SystemClock.now_ms()
            }))
        };
        self.environments.get_or_insert_with(make).clone()
    }

    /// The corpora that are open.
    pub fn opened(&self) -> Vec<Arc<Corpus>> {
        self.open.iter().map(|(_, corpus)| corpus.clone()).collect()
    }

    fn corpus(&mut self, declared: &ir::Corpus) -> anyhow::Result<Arc<Corpus>> {
        // how a corpus is shown is no part of what is opened
        let declared = ir::Corpus {
            offer: ir::Offer::faithful(),
            metadata: Vec::new(),
            ..declared.clone()
        };
        if let Some((_, corpus)) = self.open.iter().find(|(known, _)| *known == declared) {
            return Ok(corpus.clone());
        }
        let corpus = corpora::open(&declared, self.folder, self.state, self.settings)?;
        self.open.push((declared, corpus.clone()));
        Ok(corpus)
    }
}

/// The sandbox that a tool works in for somebody outside of a run: made for one call, and gone afterwards.
pub fn place(workflow: &Workflow, tool: usize) -> anyhow::Result<Option<Place>> {
    let ToolSource::Sandbox { sandbox, name, .. } = &workflow.tools[tool].source else {
        return Ok(None);
    };
    let declared = &workflow.sandboxes[sandbox.at()].place;
    let image = declared.image.evaluate_text(&Defaults(workflow));
    let image = image.map_err(|error| {
        Usage::error(format!(
            "the image of sandbox `{name}`: {error}; outside of a run, inputs have their defaults"
        ))
    })?;
    Ok(Some(Place {
        room: None,
        image,
        directory: declared.directory.clone(),
        network: declared.network.clone(),
        rights: declared.rights,
        resources: declared.resources,
    }))
}

/// What the image of a sandbox may read, outside of a run: inputs by their defaults, and the environment.
struct Defaults<'a>(&'a Workflow);

impl Scope for Defaults<'_> {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<Value> {
        None
    }

    fn path<'a>(&'a self, path: &[String]) -> Option<Cow<'a, Value>> {
        match path {
            [root, name] if root == "inputs" => {
                let input = self.0.inputs.iter().find(|input| input.name == *name)?;
                input.default.as_ref().map(Cow::Borrowed)
            }
            [root, name] if root == "env" => std::env::var(name).ok().map(|value| Cow::Owned(value.into())),
            _ => None,
        }
    }
}

/// What stands before a tool's name for the agents that see it, so that its messages name it rightly.
fn prefix(workflow: &Workflow, index: usize, name: &str) -> String {
    let grants = workflow.agents.iter().flat_map(|agent| &agent.tools);
    let seen = grants
        .filter(|(_, tool)| tool.at() == index)
        .map(|(seen, _)| seen.as_str())
        .next();
    seen.and_then(|seen| seen.strip_suffix(name))
        .unwrap_or_default()
        .to_owned()
}
