//! What a file declares, and every place where it is named.

use super::Seen;
use crate::document::{Named, Spanned, Verb};
use std::collections::{HashMap, HashSet};
use troupe_core::diagnostic::{Sources, Span};

/// Something that has a name, by its position in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Symbol {
    Step(usize),
    Input(usize),
    Agent(usize),
    Model(usize),
    Corpus(usize),
    Sandbox(usize),
    Server(usize),
    /// The item of a step's fan-out.
    Item(usize),
}

/// A place where something is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    pub(super) symbol: Symbol,
    /// The bytes of the name, without quotes.
    pub(super) span: Span,
    pub(super) declares: bool,
}

/// Whether a byte of the first file, or the place right behind it, lies in a span.
pub(super) fn holds(span: Span, offset: usize) -> bool {
    span.source.0 == 0 && (span.start as usize..=span.end as usize).contains(&offset)
}

/// Every place where something that the file declares is named.
pub(super) fn occurrences(seen: &Seen, sources: &Sources) -> Vec<Occurrence> {
    let mut all = Collected {
        sources,
        found: Vec::new(),
        seen: HashSet::new(),
    };
    let declared = declarations(seen);
    for (symbol, name) in &declared {
        all.add(*symbol, name.span, true);
    }
    let names = |kind: fn(&Symbol) -> bool| -> HashMap<&str, Symbol> {
        let declared = declared.iter().filter(|(symbol, _)| kind(symbol));
        declared.map(|(symbol, name)| (name.value.as_str(), *symbol)).collect()
    };
    all.of_agents(seen, &names(|symbol| matches!(symbol, Symbol::Agent(_))));
    all.of_models(seen, &names(|symbol| matches!(symbol, Symbol::Model(_))));
    all.of_tools(
        seen,
        &names(|symbol| matches!(symbol, Symbol::Corpus(_) | Symbol::Sandbox(_) | Symbol::Server(_))),
    );
    all.of_sandboxes(seen, &names(|symbol| matches!(symbol, Symbol::Sandbox(_))));
    all.of_steps(seen, &names(|symbol| matches!(symbol, Symbol::Step(_))));
    let places: HashMap<Span, Symbol> = declared.iter().map(|(symbol, name)| (name.span, *symbol)).collect();
    all.of_expressions(seen, &places);
    all.found
}

/// Everything that the file declares.
pub(super) fn declarations(seen: &Seen) -> Vec<(Symbol, Spanned<String>)> {
    let document = &seen.document;
    let shared = &document.shared;
    let mut found: Vec<(Symbol, Spanned<String>)> = Vec::new();
    let mut add = |of: fn(usize) -> Symbol, names: Vec<&Spanned<String>>| {
        found.extend(names.into_iter().enumerate().map(|(at, name)| (of(at), name.clone())));
    };
    add(Symbol::Input, document.inputs.iter().map(|input| &input.name).collect());
    add(Symbol::Model, shared.models.iter().map(|model| &model.alias).collect());
    add(
        Symbol::Corpus,
        shared.corpora.iter().map(|corpus| &corpus.name).collect(),
    );
    add(
        Symbol::Sandbox,
        shared.sandboxes.iter().map(|sandbox| &sandbox.name).collect(),
    );
    add(
        Symbol::Server,
        shared.servers.iter().map(|server| &server.name).collect(),
    );
    add(Symbol::Agent, shared.agents.iter().map(|agent| &agent.name).collect());
    add(Symbol::Step, document.steps.iter().map(|step| &step.name).collect());
    for (at, step) in document.steps.iter().enumerate() {
        if let Some(fan_out) = &step.fan_out
            && let Some(span) = fan_out.named
        {
            let value = fan_out.variable.clone();
            found.push((Symbol::Item(at), Spanned { value, span }));
        }
    }
    found
}

struct Collected<'a> {
    sources: &'a Sources,
    found: Vec<Occurrence>,
    seen: HashSet<Span>,
}

impl Collected<'_> {
    fn add(&mut self, symbol: Symbol, span: Span, declares: bool) {
        let span = without_quotes(self.sources, span);
        if self.seen.insert(span) {
            self.found.push(Occurrence { symbol, span, declares });
        }
    }

    fn named(&mut self, names: &HashMap<&str, Symbol>, name: &Spanned<String>) {
        if let Some(symbol) = names.get(name.value.as_str()) {
            self.add(*symbol, name.span, false);
        }
    }

    fn of_agents(&mut self, seen: &Seen, names: &HashMap<&str, Symbol>) {
        for agent in &seen.document.shared.agents {
            let team = agent.team.iter().flat_map(|team| &team.agents);
            team.for_each(|member| self.named(names, member));
        }
        for step in &seen.document.steps {
            match &step.verb {
                Some(Verb::Agent { agent, .. }) => self.named(names, agent),
                Some(Verb::Discuss(discuss)) => {
                    let agents = discuss.agents.iter().chain(&discuss.lead);
                    agents.for_each(|agent| self.named(names, agent));
                }
                _ => {}
            }
        }
    }

    fn of_models(&mut self, seen: &Seen, names: &HashMap<&str, Symbol>) {
        if let Some(model) = &seen.document.defaults.model {
            self.named(names, model);
        }
        for agent in &seen.document.shared.agents {
            if let Named::Name(model) = &agent.model {
                self.named(names, model);
            }
        }
    }

    fn of_tools(&mut self, seen: &Seen, names: &HashMap<&str, Symbol>) {
        let granted = seen.document.shared.agents.iter().flat_map(|agent| &agent.tools);
        let called = seen.document.steps.iter().filter_map(|step| match &step.verb {
            Some(Verb::Tool { tool, .. }) => Some(tool),
            _ => None,
        });
        for tool in granted.chain(called) {
            let owner = tool.value.split('.').next().unwrap_or("");
            if let Some(symbol) = names.get(owner) {
                let whole = without_quotes(self.sources, tool.span);
                let start = whole.start as usize;
                self.add(*symbol, Span::new(whole.source, start, start + owner.len()), false);
            }
        }
    }

    fn of_sandboxes(&mut self, seen: &Seen, names: &HashMap<&str, Symbol>) {
        for step in &seen.document.steps {
            if let Some(Verb::Run(command)) = &step.verb
                && let Some(word) = command.sandbox.as_ref().and_then(|sandbox| sandbox.word.as_ref())
            {
                self.named(names, word);
            }
        }
    }

    fn of_steps(&mut self, seen: &Seen, names: &HashMap<&str, Symbol>) {
        for need in seen.document.steps.iter().flat_map(|step| &step.needs) {
            self.named(names, need);
        }
    }

    fn of_expressions(&mut self, seen: &Seen, places: &HashMap<Span, Symbol>) {
        for found in seen.checked.meanings.iter().flat_map(|meanings| &meanings.uses) {
            if let Some(symbol) = found.declared.and_then(|declared| places.get(&declared)) {
                self.add(*symbol, found.span, false);
            }
        }
    }
}

/// A name's bytes, when it stands in quotes those between them.
fn without_quotes(sources: &Sources, span: Span) -> Span {
    let (start, end) = (span.start as usize, span.end as usize);
    let text = sources.get(span.source).and_then(|file| file.text.get(start..end));
    match text.map(str::as_bytes) {
        Some([b'"', .., b'"'] | [b'\'', .., b'\'']) => Span::new(span.source, start + 1, end - 1),
        _ => span,
    }
}
