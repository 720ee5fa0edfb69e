//! A plan for people.

use super::needs::{Command, Needs, Variable};
use super::{Action, Member, Plan, PlannedInput, PlannedStep};
use crate::report::number::{dollars, duration, grouped, plural};
use troupe_core::estimate::Worst;
use troupe_core::limits::{Limits, Mode};

/// Characters of a value or a type that are shown in one line.
const SHOWN: usize = 160;

impl Plan {
    /// The plan in lines, without a line break at the end.
    pub fn text(&self) -> String {
        let mut text = format!("plan of {}; nothing was called\n", self.workflow);
        if !self.description.is_empty() {
            text.push_str(&format!("{}\n", self.description.trim_end()));
        }
        let refused = self.unavailable.iter().map(|reason| format!("  {reason}"));
        section(&mut text, "it would be refused", refused);
        section(&mut text, "inputs", self.inputs.iter().map(input));
        section(
            &mut text,
            "steps",
            self.steps.iter().enumerate().map(|(n, one)| step(n + 1, one)),
        );
        let outputs = self
            .outputs
            .iter()
            .map(|one| format!("  {}: {}", one.name, cut(&one.kind)));
        section(&mut text, "outputs", outputs);
        section(&mut text, "needs", needs(&self.needs));
        section(&mut text, "worst case", self.worst_case());
        text.trim_end().to_owned()
    }

    fn worst_case(&self) -> Vec<String> {
        let worst = &self.worst_case;
        let limits = &self.limits;
        let mut lines = Vec::new();
        if worst.agents > 0 {
            let (agents, tokens) = (grouped(limits.agents.into()), grouped(limits.tokens));
            lines.push(format!(
                "  {} of {agents} that the run may start",
                plural(worst.agents, "agent")
            ));
            lines.push(format!("  {}", plural(worst.turns, "model call")));
            lines.push(format!(
                "  {} of {tokens} that the run may use",
                plural(worst.tokens, "token")
            ));
        }
        if worst.commands > 0 {
            lines.push(format!("  {}", plural(worst.commands, "command")));
        }
        let may_cost = match worst.cost.dollars > 0.0 && worst.cost.unpriced.is_empty() {
            true => format!(" of {} that the run may cost", dollars(limits.cost_micros as f64 / 1e6)),
            false => String::new(),
        };
        lines.push(format!("  {}{may_cost}", cost(worst)));
        lines.push(match worst.seconds {
            Some(seconds) => format!("  {} from beginning to end", duration(seconds.saturating_mul(1000))),
            None => format!("  no bound on time: {}", unbounded(&self.steps)),
        });
        if limits.mode == Mode::Audit {
            lines.push("  no limit stops it: `limits.mode` is audit".to_owned());
        }
        lines
    }
}

/// A heading and its lines; nothing without lines.
fn section(text: &mut String, heading: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    text.push_str(&format!("\n{heading}\n"));
    lines.for_each(|line| {
        text.push_str(&line);
        text.push('\n');
    });
}

fn input(input: &PlannedInput) -> String {
    let PlannedInput { name, kind, value, .. } = input;
    match value {
        Some(value) => format!("  {name}: {} = {}", cut(kind), cut(&value.to_string())),
        None => format!("  {name}: {}, missing: give it with -i {name}=…", cut(kind)),
    }
}

fn step(number: usize, step: &PlannedStep) -> String {
    let mut lines = vec![format!("  {number}. {}", step.name)];
    let mut add = |line: String| lines.push(format!("     {line}"));
    action(&step.action).into_iter().for_each(&mut add);
    if !step.after.is_empty() {
        add(format!("after {}", step.after.join(", ")));
    }
    modifiers(step).into_iter().for_each(&mut add);
    add(format!("gives {}", cut(&step.output)));
    let worst = &step.estimate.worst;
    if worst.agents > 0 {
        add(format!(
            "worst case: {}, {}, {}, {}",
            plural(worst.agents, "agent"),
            plural(worst.turns, "model call"),
            plural(worst.tokens, "token"),
            cost(worst)
        ));
    }
    lines.join("\n")
}

fn action(action: &Action) -> Vec<String> {
    match action {
        Action::Agent {
            agent,
            model,
            tools,
            team,
            limits,
        } => {
            let mut lines = vec![format!("agent {agent} on {model}{}", with_tools(tools))];
            lines.extend(team.iter().map(member));
            lines.push(bounds(limits));
            lines
        }
        Action::Tool { tool, with } => vec![format!("tool {tool} with {}", cut(&with.to_string()))],
        Action::Run { command } => vec![format!("run {}", command_line(command))],
        Action::Workflow { workflow, with } => vec![format!("workflow {workflow} with {}", cut(&with.to_string()))],
        Action::Approve {
            message,
            choices,
            deadline_ms,
            on_deadline,
        } => {
            let mut lines = vec![format!("approve {:?}: {}", cut(message), choices.join(" or "))];
            lines.extend(deadline_ms.map(|ms| match on_deadline {
                Some(choice) => format!("after {} it is {choice}", duration(ms)),
                None => format!("after {} it fails", duration(ms)),
            }));
            lines
        }
        Action::Unavailable { word } => vec![format!("{word}: not available yet")],
    }
}

fn member(member: &Member) -> String {
    format!(
        "starts {} on {}{}, {} at once, {} a turn",
        member.agent,
        member.model,
        with_tools(&member.tools),
        member.at_once,
        member.in_one_wave
    )
}

fn with_tools(tools: &[String]) -> String {
    if tools.is_empty() {
        String::new()
    } else {
        format!(" with {}", tools.join(", "))
    }
}

fn bounds(limits: &Limits) -> String {
    format!(
        "within {}, {} ({} in one prompt), {}",
        plural(limits.turns.into(), "turn"),
        plural(limits.tokens, "token"),
        grouped(limits.context_tokens),
        duration(limits.seconds.saturating_mul(1000))
    )
}

fn modifiers(step: &PlannedStep) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(step.when.as_ref().map(|when| format!("when {}", cut(when))));
    lines.extend(step.for_each.as_ref().map(|each| {
        let key = each.key.as_ref().map(|key| format!(", known by {}", cut(key)));
        format!(
            "for each {} of {}: at most {}, {} at once{}",
            each.variable,
            cut(&each.items),
            plural(step.estimate.items, "item"),
            each.parallel,
            key.unwrap_or_default()
        )
    }));
    lines.extend(step.repeat.as_ref().map(|repeat| {
        format!(
            "until {}, at most {}",
            cut(&repeat.until),
            plural(repeat.max.into(), "round")
        )
    }));
    lines.extend(step.retry.as_ref().map(|retry| {
        let kinds = match retry.errors.is_empty() {
            true => String::new(),
            false => format!(", for failures of {}", retry.errors.join(", ")),
        };
        format!(
            "at most {}, the second after {}{kinds}",
            plural(retry.attempts.into(), "attempt"),
            duration(retry.backoff_ms)
        )
    }));
    lines.extend(
        step.timeout_ms
            .map(|ms| format!("an attempt ends after {}", duration(ms))),
    );
    lines.extend(
        step.goes_on_after_failures
            .then(|| "the run goes on when it fails".to_owned()),
    );
    lines
}

fn needs(needs: &Needs) -> Vec<String> {
    let variable = |what: &str, one: &Variable| {
        let set = if one.set { "set" } else { "NOT set" };
        format!("  {what} {}: {set}", one.name)
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(
        needs
            .environment
            .iter()
            .map(|one| variable("environment variable", one)),
    );
    lines.extend(needs.secrets.iter().map(|one| variable("secret", one)));
    if !needs.commands.is_empty() {
        let leave = if needs.commands_allowed { "given" } else { "NOT given" };
        lines.push(format!(
            "  --allow-host-commands: {leave}; on this machine it would start"
        ));
        lines.extend(needs.commands.iter().map(command));
    }
    lines
}

fn command(command: &Command) -> String {
    let place = match &command.workflow {
        Some(workflow) => format!("{workflow}/{}", command.step),
        None => command.step.clone(),
    };
    format!("    {place}: {}", command_line(&command.command))
}

fn command_line(command: &[String]) -> String {
    let word = |word: &String| {
        let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,+@%".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word.clone()
        } else {
            format!("{word:?}")
        }
    };
    cut(&command.iter().map(word).collect::<Vec<_>>().join(" "))
}

fn cost(worst: &Worst) -> String {
    let known = dollars(worst.cost.dollars);
    if worst.cost.unpriced.is_empty() {
        return known;
    }
    let unknown = format!("unknown cost (no `price` of {})", worst.cost.unpriced.join(", "));
    if worst.cost.dollars > 0.0 {
        format!("{known} and {unknown}")
    } else {
        unknown
    }
}

/// The steps that may take as long as they like, told by their names.
fn unbounded(steps: &[PlannedStep]) -> String {
    let names: Vec<&str> = steps
        .iter()
        .filter(|step| step.estimate.worst.seconds.is_none())
        .map(|step| step.name.as_str())
        .collect();
    let shown = names.len().min(5);
    let more = match names.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{}{more} {verb} no `timeout`", names[..shown].join(", "))
}

fn cut(text: &str) -> String {
    let text = text.replace('\n', " ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
