//! `troupe citations`: whether what a run's answers cite is there, and was read by who cites it.

use super::block_on;
use crate::args::Citations as Arguments;
use crate::exit::Exit;
use crate::past::{self, Past};
use crate::report::{self, Cited, CitedCorpus};
use crate::settings::Settings;
use crate::wire::corpora;
use crate::{load, workspace};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::citation::{self, Grounds, Ids, Shapes};
use troupe_core::engine::read_answer;
use troupe_core::id::{ActorId, RunId};
use troupe_core::ir::{self, Workflow};
use troupe_core::types::Type;
use troupe_core::view::{AgentStatus, Reads, RunView};
use troupe_store::Reader;
use troupe_tools::Corpus;

pub fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let family = block_on(Family::read(&folder, &arguments.run))?;
    let corpora = Corpora::open(&family, &folder, settings);
    let cited = check(&family, &corpora);
    let told = report::Citations {
        run: &family.run,
        cited,
        corpora: corpora.told,
    };
    if settings.json {
        report::print_json(&told.object())?;
    } else {
        report::line(&told.text())?;
    }
    Ok(match told.counts().faults() {
        0 => Exit::Succeeded,
        _ => Exit::Failed,
    })
}

/// A run and those that it started.
struct Family {
    run: RunId,
    /// What the run that a person started runs.
    root: Arc<Workflow>,
    /// Where its files are, when nobody has moved them.
    path: String,
    members: Vec<Member>,
    /// Ids of chunks that anybody of them read, or was shown.
    read: BTreeSet<String>,
    shown: BTreeSet<String>,
}

/// A run, its agents, and what they read.
struct Member {
    run: RunId,
    workflow: Arc<Workflow>,
    view: RunView,
    reads: Reads,
}

impl Family {
    async fn read(folder: &Path, text: &str) -> anyhow::Result<Self> {
        let reader = Reader::open(folder).await?;
        let run = workspace::find(&reader, text).await?;
        let header = reader.run(&run.root()).await?.header;
        let mut family = Self {
            root: Arc::new(past::compiled(&header)?),
            path: header.path,
            run: run.clone(),
            members: Vec::new(),
            read: BTreeSet::new(),
            shown: BTreeSet::new(),
        };
        let mut runs = reader.find(&format!("{run}.")).await?;
        runs.push(run.clone());
        runs.sort();
        for member in runs {
            if let Some(workflow) = load::called(family.root.clone(), &member) {
                family.take(member.clone(), workflow, Past::read(&reader, &member).await?);
            }
        }
        family.hear_above(&reader).await?;
        Ok(family)
    }

    fn take(&mut self, run: RunId, workflow: Arc<Workflow>, past: Past) {
        let view = RunView::of(&workflow, &past.entries);
        let reads = Reads::of(&past.entries);
        self.note(&reads);
        self.members.push(Member {
            run,
            workflow,
            view,
            reads,
        });
    }

    /// What a part of a run cites may have been read by those that it was started by.
    async fn hear_above(&mut self, reader: &Reader) -> anyhow::Result<()> {
        let mut next = self.run.parent();
        while let Some(above) = next {
            self.note(&Reads::of(&Past::read(reader, &above).await?.entries));
            next = above.parent();
        }
        Ok(())
    }

    fn note(&mut self, reads: &Reads) {
        self.read.extend(reads.read.iter().cloned());
        self.shown.extend(reads.shown.iter().cloned());
    }
}

/// The corpora of a family's workflows, as far as they can be opened.
#[derive(Default)]
struct Corpora {
    open: Vec<Arc<Corpus>>,
    shapes: Shapes,
    told: Vec<CitedCorpus>,
}

impl Corpora {
    fn open(family: &Family, state: &Path, settings: &Settings) -> Self {
        let mut corpora = Self::default();
        let mut declared = Vec::new();
        declare(&family.root, &mut declared);
        let folder = load::folder_of(Path::new(&family.path));
        for corpus in declared {
            let opened = corpora::open(&corpus, &folder, state, settings);
            let error = opened.as_ref().err().map(report::error_text);
            corpora.told.push(CitedCorpus {
                name: corpus.name,
                error,
            });
            if let Ok(open) = opened {
                corpora.shapes.merge(Shapes::of(open.chunks().map(|chunk| chunk.id)));
                corpora.open.push(open);
            }
        }
        corpora
    }

    fn file(&self, id: &str) -> Option<String> {
        let mut corpora = self.open.iter();
        corpora.find_map(|corpus| Some(corpus.chunk(id)?.file.to_owned()))
    }

    /// Whether one of them has the chunk; none when one that might could not be opened.
    fn has(&self, id: &str) -> Option<bool> {
        let found = self.open.iter().any(|corpus| corpus.chunk(id).is_some());
        (found || self.open.len() == self.told.len()).then_some(found)
    }
}

/// The corpora that a workflow and those that it calls declare, each once however it is shown.
pub fn declare(workflow: &Workflow, declared: &mut Vec<ir::Corpus>) {
    for corpus in &workflow.corpora {
        let corpus = ir::Corpus {
            offer: ir::Offer::faithful(),
            metadata: Vec::new(),
            ..corpus.clone()
        };
        if !declared.contains(&corpus) {
            declared.push(corpus);
        }
    }
    workflow.workflows.iter().for_each(|called| declare(called, declared));
}

/// The citations of every agent that answered, in the order in which the agents started.
fn check(family: &Family, corpora: &Corpora) -> Vec<Cited> {
    let seen = |id: &str| family.read.contains(id) || family.shown.contains(id);
    let in_index = |id: &str| if seen(id) { Some(true) } else { corpora.has(id) };
    let known = |id: &str| in_index(id) == Some(true);
    let ids = Ids {
        known: &known,
        shapes: &corpora.shapes,
    };
    let mut cited = Vec::new();
    for member in &family.members {
        for (at, agent) in member.view.agents.iter().enumerate() {
            if agent.status != AgentStatus::Answered {
                continue;
            }
            let own = member.reads.of_team(&member.view.agents, ActorId(at as u32));
            let grounds = Grounds {
                in_index: &in_index,
                own: &own,
                run: &family.read,
            };
            let found = citation::find(&answer(member, at), ids).into_iter();
            cited.extend(found.map(|citation| Cited {
                run: member.run.clone(),
                agent: agent.address.clone(),
                level: grounds.level(&citation.id),
                file: corpora.file(&citation.id),
                citation,
            }));
        }
    }
    cited
}

/// An agent's answer: what its step wants, where it works for one; text where it cannot be read so.
fn answer(member: &Member, at: usize) -> Value {
    let agent = &member.view.agents[at];
    let output = match agent.parent {
        None => &member.workflow.step(agent.step).output,
        Some(_) => &Type::String,
    };
    let text = &agent.message.text;
    read_answer(output, text).unwrap_or_else(|_| Value::String(text.clone()))
}
