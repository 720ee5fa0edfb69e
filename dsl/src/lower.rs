//! A checked document → IR.

use crate::check::Checked;
use crate::document::{Agent, Artifacts, Corpus, Declared, Document, Encoder, Model, Sandbox, Step, Verb};
use troupe_core::Value;
use troupe_core::diagnostic::Sources;
use troupe_core::expression::Template;
use troupe_core::id::{AgentIndex, ModelIndex, StepIndex, ToolIndex, WorkflowIndex};
use troupe_core::ir;

/// Items at once unless the file says otherwise.
const PARALLEL: u32 = 8;

/// The workflow of a document without errors.
pub(crate) fn lower(
    document: &Document,
    checked: &Checked,
    sources: &Sources,
    unavailable: &[String],
    file_stem: &str,
) -> ir::Workflow {
    // Where each of the document's steps stands in the order.
    let mut ranks = vec![0; document.steps.len()];
    for (rank, step) in checked.order.iter().enumerate() {
        ranks[*step] = rank;
    }
    let inputs = document.inputs.iter().map(|input| ir::Input {
        name: input.name.value.clone(),
        kind: input.kind.clone(),
        default: input.default.clone(),
    });
    let corpora = document.shared.corpora.iter().map(corpus);
    let outputs = document.outputs.iter().zip(&checked.outputs);
    let outputs = outputs.filter_map(|((name, tree), kind)| {
        Some(ir::Output {
            name: name.value.clone(),
            value: tree.as_ref()?.template(),
            kind: kind.clone(),
        })
    });
    ir::Workflow {
        name: document.name.clone().unwrap_or_else(|| file_stem.to_owned()),
        description: document.description.clone(),
        inputs: inputs.collect(),
        env: checked.env.clone(),
        secrets: checked.secrets.clone(),
        models: checked.models.iter().map(model).collect(),
        corpora: corpora.collect(),
        sandboxes: document.shared.sandboxes.iter().filter_map(sandbox).collect(),
        tools: checked.tools.clone(),
        agents: document
            .shared
            .agents
            .iter()
            .zip(&checked.agents)
            .map(|(agent, known)| lower_agent(agent, known))
            .collect(),
        steps: checked
            .order
            .iter()
            .filter_map(|at| lower_step(document, &document.steps[*at], &checked.steps[*at], &ranks))
            .collect(),
        workflows: checked
            .workflows
            .iter()
            .filter_map(|called| called.workflow.clone())
            .collect(),
        outputs: outputs.collect(),
        unavailable: unavailable.to_vec(),
        limits: document.limits.with_defaults(),
        fingerprint: fingerprint(sources),
    }
}

fn model(model: &Model) -> ir::Model {
    ir::Model {
        alias: model.alias.value.clone(),
        provider: model.provider.clone(),
        name: model.name.clone(),
        base_url: model.base_url.as_ref().map(|tree| tree.template()),
        api_key: model.api_key.as_ref().map(|tree| tree.template()),
        sampling: model.sampling.clone(),
        timeout_seconds: model.timeout_seconds,
        attempts: model.attempts,
        parallel: model.parallel,
        price: model.price,
    }
}

fn corpus(corpus: &Corpus) -> ir::Corpus {
    ir::Corpus {
        name: corpus.name.value.clone(),
        files: corpus.files.iter().map(|pattern| pattern.value.clone()).collect(),
        chunk_tokens: corpus.chunk_tokens,
        embedder: corpus.embedder.as_ref().map_or_else(ir::Encoder::builtin, encoder),
        reranker: corpus.reranker.as_ref().map(encoder),
        metadata: corpus.metadata.clone(),
        offer: corpus.offer.clone(),
    }
}

/// None when an image could not be read.
fn sandbox(declared: &Declared) -> Option<ir::Sandbox> {
    Some(ir::Sandbox {
        name: declared.name.value.clone(),
        place: place(&declared.sandbox)?,
        share: declared.share,
    })
}

/// A bare word may be a declared sandbox; anything else is an image.
fn quarters(document: &Document, sandbox: &Sandbox) -> Option<ir::Quarters> {
    let declared = sandbox.word.as_ref().and_then(|word| document.sandbox(&word.value));
    Some(match declared {
        Some(declared) => ir::Quarters::Declared(declared),
        None => ir::Quarters::Own(place(sandbox)?),
    })
}

fn place(sandbox: &Sandbox) -> Option<ir::PlaceTemplate> {
    Some(ir::PlaceTemplate {
        image: sandbox.image.as_ref()?.template(),
        directory: sandbox.directory.clone(),
        network: sandbox.network.clone(),
        rights: sandbox.rights,
        resources: sandbox.resources,
    })
}

fn encoder(encoder: &Encoder) -> ir::Encoder {
    ir::Encoder {
        provider: encoder.provider.clone(),
        name: encoder.name.clone(),
        base_url: encoder.base_url.as_ref().map(|tree| tree.template()),
        api_key: encoder.api_key.as_ref().map(|tree| tree.template()),
        dimension: encoder.dimension,
        pooling: encoder.pooling,
        query_prefix: encoder.query_prefix.clone(),
        passage_prefix: encoder.passage_prefix.clone(),
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn lower_agent(agent: &Agent, known: &crate::check::Agent) -> ir::Agent {
    let team = agent.team.as_ref().map(|team| ir::Team {
        agents: known.team.iter().map(|at| AgentIndex(index(*at))).collect(),
        parallel: team.parallel,
        per_wave: team.per_wave,
    });
    ir::Agent {
        name: agent.name.value.clone(),
        model: ModelIndex(index(known.model)),
        system: agent
            .system
            .as_ref()
            .map_or_else(|| Template::Literal(Value::from("")), |tree| tree.template()),
        tools: known
            .tools
            .iter()
            .map(|(name, at)| (name.clone(), ToolIndex(index(*at))))
            .collect(),
        team,
        limits: known.limits,
    }
}

fn lower_step(document: &Document, step: &Step, known: &crate::check::Step, ranks: &[usize]) -> Option<ir::Step> {
    let verb = lower_verb(document, step, known)?;
    let repeat = match &step.repeat {
        Some(repeat) => Some(ir::Repeat {
            until: repeat.until.as_ref()?.expression.clone(),
            max: repeat.max,
            carry: repeat.carry.as_ref().map(|tree| tree.template()),
        }),
        None => None,
    };
    let mut after: Vec<StepIndex> = known.after.iter().map(|at| StepIndex(index(ranks[*at]))).collect();
    after.sort_unstable();
    let fan_out = match &step.fan_out {
        Some(fan_out) => Some(ir::FanOut {
            items: fan_out.items.as_ref()?.expression.clone(),
            variable: fan_out.variable.clone(),
            parallel: fan_out.parallel.or(document.defaults.parallel).unwrap_or(PARALLEL),
            key: fan_out.key.as_ref().map(|key| key.expression.clone()),
        }),
        None => None,
    };
    Some(ir::Step {
        name: step.name.value.clone(),
        cache: cache(document, step, &verb, known.effect),
        verb,
        when: step.when.as_ref().map(|when| when.expression.clone()),
        after,
        fan_out,
        repeat,
        retry: known.retry.clone(),
        timeout_ms: step.timeout_ms.or(document.defaults.timeout_ms),
        on_error: known.on_error,
        output: known.output.clone(),
        effect: known.effect,
        on_crash: step
            .on_crash
            .as_ref()
            .map(|on_crash| on_crash.value)
            .or(document.defaults.on_crash)
            .unwrap_or_default(),
    })
}

/// A call that may be made only once has no answer that another could have.
fn cache(document: &Document, step: &Step, verb: &ir::Verb, effect: ir::EffectClass) -> Option<ir::CacheUse> {
    let calls = matches!(verb, ir::Verb::Agent { .. } | ir::Verb::Tool { .. });
    let said = step.cache.as_ref().or(document.defaults.cache.as_ref())?;
    said.value.filter(|_| calls && effect != ir::EffectClass::Once)
}

fn lower_verb(document: &Document, step: &Step, known: &crate::check::Step) -> Option<ir::Verb> {
    Some(match step.verb.as_ref()? {
        Verb::Agent { prompt, .. } => ir::Verb::Agent {
            agent: AgentIndex(index(known.callee)),
            prompt: prompt.as_ref()?.template(),
            limits: known.limits,
        },
        Verb::Tool { arguments, .. } => ir::Verb::Tool {
            tool: ToolIndex(index(known.callee)),
            arguments: arguments.as_ref()?.template(),
        },
        Verb::Run(command) => ir::Verb::Run {
            command: ir::CommandTemplate {
                arguments: command.arguments.iter().map(|tree| tree.template()).collect(),
                env: command
                    .env
                    .iter()
                    .map(|(name, tree)| (name.clone(), tree.template()))
                    .collect(),
                stdin: command.stdin.as_ref().map(|tree| tree.template()),
                sandbox: match &command.sandbox {
                    Some(sandbox) => Some(quarters(document, sandbox)?),
                    None => None,
                },
                artifacts: command.artifacts.as_ref().map(Artifacts::lowered),
            },
            json: step.output.is_some(),
        },
        Verb::Workflow { inputs, .. } => ir::Verb::Workflow {
            workflow: WorkflowIndex(index(known.callee)),
            inputs: inputs.as_ref()?.template(),
        },
        Verb::Approve(approve) => ir::Verb::Approve(ir::Approve {
            message: approve.message.as_ref()?.template(),
            choices: approve.choices.iter().map(|choice| choice.value.clone()).collect(),
            deadline_ms: approve.deadline_ms,
            on_deadline: approve.on_deadline.as_ref().map(|choice| choice.value.clone()),
        }),
        Verb::Environment { given } => ir::Verb::Tool {
            tool: ToolIndex(index(known.callee)),
            arguments: given.as_ref()?.template(),
        },
        verb @ (Verb::Discuss(_) | Verb::Plan { .. }) => ir::Verb::Unavailable { verb: verb.word() },
    })
}

/// A hash of the workflow's text and of every file that it includes. Lengths go in as well, so that
/// no text can pass for the border between two.
fn fingerprint(sources: &Sources) -> String {
    let mut hasher = blake3::Hasher::new();
    for (at, file) in sources.files.iter().enumerate() {
        // The workflow may be moved; a prompt's path is a part of what the workflow says.
        let name = if at == 0 { "" } else { file.name.as_str() };
        for part in [name, file.text.as_str()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
