//! Which rows a screen of so many lines shows: steps, and under those at work the agents that matter most.
//!
//! Pure and cheap: one pass over all agents, then work in proportion to the rows. Nothing is formatted here.

use crate::census::{Census, Group, Tally, works};
use std::collections::BTreeSet;
use troupe_core::id::ActorId;
use troupe_core::view::{AgentStatus, RunView, StepStatus};

/// One line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// The run.
    Run,
    /// Why the run failed.
    Failure,
    /// A step, by its position.
    Step(usize),
    /// Steps that have no row.
    MoreSteps(StepTally),
    /// An agent, with the lines of the tree in front of it.
    Agent(ActorId, Vec<Rail>),
    /// Agents of one lead or step that have no row.
    MoreAgents(Tally, Vec<Rail>),
}

/// A piece of the tree's lines, one for each level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rail {
    /// An ancestor has more below.
    Through,
    /// An ancestor was the last of its group.
    Gap,
    /// The row itself, more of its group follow.
    Branch,
    /// The row itself, the last of its group.
    Last,
}

/// Steps by status, in the order of [`StepStatus`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StepTally([u32; 6]);

impl StepTally {
    fn add(&mut self, status: StepStatus) {
        self.0[status as usize] += 1;
    }

    /// How many.
    pub(crate) fn total(self) -> u32 {
        self.0.iter().sum()
    }

    /// `9 succeeded, 3 waiting`.
    pub(crate) fn words(self) -> String {
        use StepStatus::{Failed, InDoubt, Running, Skipped, Succeeded, Waiting};
        let order = [Failed, InDoubt, Running, Succeeded, Skipped, Waiting].into_iter();
        let words = order.filter_map(|status| {
            let n = self.0[status as usize];
            (n > 0).then(|| format!("{n} {}", status.word()))
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The rows of a screen of `height` lines; fewer where there is less to show.
pub(crate) fn rows(view: &RunView, census: &Census, height: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(height);
    if height == 0 {
        return rows;
    }
    rows.push(Row::Run);
    if view.failure.is_some() && height > 1 {
        rows.push(Row::Failure);
    }
    let room = height - rows.len();
    let agents = |step: usize| match view.status.is_over() {
        true => census.steps[step].roots.size(),
        false => usize::try_from(census.steps[step].agents).unwrap_or(usize::MAX),
    };
    let wanted = detailed(view, census).map(agents).fold(0, usize::saturating_add);
    let steps = choose_steps(view, room.saturating_sub((room / 2).min(wanted)));
    let shown: Vec<usize> = detailed(view, census).filter(|step| steps.contains(step)).collect();
    let folded = usize::from(steps.len() < view.steps.len() && room > 0);
    let forest = Forest::plant(view, census, &shown, room.saturating_sub(steps.len() + folded));
    for step in &steps {
        rows.push(Row::Step(*step));
        if let Some(tree) = shown.iter().position(|shown| shown == step) {
            forest.list(tree, &mut Vec::new(), &mut rows);
        }
    }
    if folded > 0 {
        let mut rest = StepTally::default();
        let hidden = (0..view.steps.len()).filter(|at| !steps.contains(at));
        hidden.for_each(|at| rest.add(view.steps[at].status));
        rows.push(Row::MoreSteps(rest));
    }
    rows.truncate(height);
    rows
}

/// Steps whose agents are worth rows: those at work; all of them once the run is over.
fn detailed<'a>(view: &'a RunView, census: &'a Census) -> impl Iterator<Item = usize> + 'a {
    (0..view.steps.len()).filter(|at| {
        let at_work = view.status.is_over() || view.steps[*at].status == StepStatus::Running;
        at_work && census.steps[*at].agents > 0
    })
}

/// The steps that get one of `room` rows, in the view's order; one row is kept for the rest, if there is a rest.
fn choose_steps(view: &RunView, room: usize) -> BTreeSet<usize> {
    if view.steps.len() <= room {
        return (0..view.steps.len()).collect();
    }
    let of = |status| (0..view.steps.len()).filter(move |at| view.steps[*at].status == status);
    let order = of(StepStatus::Failed)
        .chain(of(StepStatus::InDoubt))
        .chain(of(StepStatus::Running))
        .chain(of(StepStatus::Waiting))
        .chain(of(StepStatus::Succeeded).rev())
        .chain(of(StepStatus::Skipped));
    order.take(room.saturating_sub(1)).collect()
}

/// Trees of agents in a flat list; the first nodes are the steps.
struct Forest {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    actor: Option<ActorId>,
    children: Vec<usize>,
    rest: Option<Tally>,
}

/// A group that asks for rows, and the node under which they go.
struct Plot {
    node: usize,
    group: Group,
    waiting: u64,
}

impl Plot {
    /// Rows for everything in it.
    fn wants(&self) -> usize {
        self.group.size() + usize::from(self.waiting > 0)
    }
}

impl Forest {
    /// Shares `room` rows among the agents of `steps`, level by level, so that leads come before subagents.
    fn plant(view: &RunView, census: &Census, steps: &[usize], mut room: usize) -> Self {
        let mut forest = Self {
            nodes: steps.iter().map(|_| Node::default()).collect(),
        };
        let mut plots: Vec<Plot> = (0..steps.len())
            .map(|node| Plot {
                node,
                group: census.steps[steps[node]].roots,
                waiting: 0,
            })
            .collect();
        while room > 0 && !plots.is_empty() {
            let shares = share(room, &plots.iter().map(Plot::wants).collect::<Vec<_>>());
            let mut next = Vec::new();
            for (plot, share) in plots.iter().zip(&shares) {
                forest.grow(view, census, plot, *share, &mut next);
            }
            room -= shares.iter().sum::<usize>();
            plots = next;
        }
        forest
    }

    fn grow(&mut self, view: &RunView, census: &Census, plot: &Plot, share: usize, next: &mut Vec<Plot>) {
        if share == 0 {
            return;
        }
        let everybody = share >= plot.wants();
        let seats = if everybody { plot.group.size() } else { share - 1 };
        let mut rest = Tally {
            waiting: plot.waiting,
            ..Tally::default()
        };
        let chosen = choose_agents(view, census, plot.group, seats);
        if !everybody {
            let seated: BTreeSet<ActorId> = chosen.iter().copied().collect();
            let standing = census.members(plot.group).filter(|actor| !seated.contains(actor));
            standing.for_each(|actor| rest += Tally::one(view, actor));
        }
        self.nodes[plot.node].rest = (rest.total() > 0).then_some(rest);
        for actor in chosen {
            let agent = &view.agents[actor.at()];
            let node = self.nodes.len();
            self.nodes[plot.node].children.push(node);
            self.nodes.push(Node {
                actor: Some(actor),
                ..Node::default()
            });
            // While a run goes on, those who are done make room; once it is over, everybody did something.
            if works(view, agent) || view.status.is_over() {
                next.push(Plot {
                    node,
                    group: census.children(actor),
                    waiting: agent.waiting.into(),
                });
            }
        }
    }

    /// The rows below a node, in the tree's order.
    fn list(&self, node: usize, rails: &mut Vec<Rail>, rows: &mut Vec<Row>) {
        let Node { children, rest, .. } = &self.nodes[node];
        for (position, child) in children.iter().enumerate() {
            let last = position + 1 == children.len() && rest.is_none();
            let own = |rail| rails.iter().copied().chain([rail]).collect();
            if let Some(actor) = self.nodes[*child].actor {
                rows.push(Row::Agent(actor, own(if last { Rail::Last } else { Rail::Branch })));
            }
            rails.push(if last { Rail::Gap } else { Rail::Through });
            self.list(*child, rails, rows);
            rails.pop();
        }
        if let Some(rest) = rest {
            rows.push(Row::MoreAgents(
                *rest,
                rails.iter().copied().chain([Rail::Last]).collect(),
            ));
        }
    }
}

/// Gives rows one by one to those who want more, until nobody does or the room is used up.
fn share(room: usize, wants: &[usize]) -> Vec<usize> {
    let mut shares = vec![0; wants.len()];
    let mut left = room;
    while left > 0 {
        let before = left;
        for (share, want) in shares.iter_mut().zip(wants) {
            if *share < *want && left > 0 {
                (*share, left) = (*share + 1, left - 1);
            }
        }
        if left == before {
            break;
        }
    }
    shares
}

/// The agents of a group that matter most, in that order: at work, failed, the others.
pub(crate) fn choose_agents(view: &RunView, census: &Census, group: Group, seats: usize) -> Vec<ActorId> {
    let mut ranks: [Vec<ActorId>; 3] = Default::default();
    for actor in census.members(group) {
        let agent = &view.agents[actor.at()];
        let rank = match &agent.status {
            AgentStatus::Failed(_) => 1,
            _ if works(view, agent) => 0,
            _ => 2,
        };
        if ranks[rank].len() < seats {
            ranks[rank].push(actor);
        }
    }
    let mut chosen = ranks.concat();
    chosen.truncate(seats);
    chosen
}

#[cfg(test)]
mod tests;
