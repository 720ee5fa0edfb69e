//! The screens of a run as one page that needs nothing else: the same lines, with the same tones.

use super::folds::Folds;
use super::model::{Heard, Model, Past, Spot, WatchOptions, Watched};
use super::page::Row;
use super::screen::{self, Subject};
use super::source::Facts;
use ratatui::text::Line;
use std::fmt::Write as _;
use std::sync::Arc;
use troupe_core::id::ActorId;
use troupe_core::view::Transcript;

/// Columns of the page.
const COLUMNS: u16 = 120;
/// Rows of a screen; of very wide runs the rest is left out, and counted.
const ROWS_MAX: usize = 4_000;

const STYLE: &str = "body{margin:2em auto;max-width:75em;padding:0 1em;font:15px/1.5 sans-serif;color:#222;background:#fff}\
pre{font:13px/1.35 monospace;overflow:auto}summary{cursor:pointer;font-weight:600;padding:.3em 0}a{color:inherit;text-decoration:none}\
a:hover{text-decoration:underline}.strong,.chosen{font-weight:700}.quiet{opacity:.6}.working{color:#07788a}.good{color:#1a7f37}\
.warning{color:#8a5a00}.bad{color:#c1121f}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#16181a}.working{color:#4dd0e1}.good{color:#66cc77}\
.warning{color:#e0b050}.bad{color:#ff7070}}";

/// A run as a page. `heard` are the transcripts of its agents, or of some of them; `now_ms` is the time at which
/// what still works is told. `events` are those that there are of the run, where the page shows it as it was after
/// fewer.
pub fn html(
    facts: Facts,
    folds: Folds,
    heard: Vec<(ActorId, Arc<Transcript>)>,
    now_ms: u64,
    events: Option<u64>,
) -> String {
    let options = WatchOptions {
        colour: true,
        unicode: true,
        run: Some(facts.run.clone()),
        own: false,
    };
    let title = format!("{} {}", folds.view.workflow, facts.run.as_str());
    let run = facts.run.clone();
    let mut model = Model::new(&options, (COLUMNS, 40), now_ms);
    let at = events.map(|_| folds.view.events);
    model.past = at.map(|at| Past {
        at,
        folds: Some(Arc::new(folds.clone())),
        base: Arc::new(folds.clone()),
    });
    let left_out = left_out(&folds, heard.len(), events);
    let history = folds.into();
    model.run = Some(Watched { facts, history });
    let linked: Vec<ActorId> = heard.iter().map(|(actor, _)| *actor).collect();
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n<h1>{0}</h1>\n",
        escaped(&title)
    );
    for line in left_out {
        let _ = writeln!(page, "<p>{}</p>", escaped(&line));
    }
    for tab in screen::beside(screen::of_run()) {
        model.spots = vec![Spot::new(tab, Some(run.clone()), None)];
        section(&mut page, &model, tab.name, None, tab == screen::of_run(), &linked);
    }
    for (actor, transcript) in heard {
        let mut spot = Spot::new(screen::of_agent(), Some(run.clone()), Some(actor));
        // On a page nothing can be unfolded: all of it is there.
        let said = u32::try_from(transcript.said.len()).unwrap_or(u32::MAX);
        spot.turned = (0..=said).map(|block| Row::Said(block, 0)).collect();
        debug_assert_eq!(spot.screen.of, Subject::Agent);
        model.spots = vec![spot];
        let run = run.clone();
        model.transcript = Some(Heard {
            run,
            actor,
            at,
            transcript,
        });
        let agent = model.folds().and_then(|folds| folds.view.agents.get(actor.at()));
        let name = agent.map_or_else(String::new, |agent| agent.address.clone());
        section(&mut page, &model, &name, Some(actor), false, &[]);
    }
    page.push_str("</html>\n");
    page
}

/// What the page does not show, and where that is.
fn left_out(folds: &Folds, heard: usize, events: Option<u64>) -> Vec<String> {
    let mut lines = Vec::new();
    let shown = folds.view.events;
    if let Some(events) = events.filter(|events| *events != shown) {
        lines.push(format!("As it was after {shown} of {events} events."));
    }
    let agents = folds.view.agents.len();
    if heard < agents {
        lines.push(format!(
            "What was said is here for {heard} of {agents} agents; `troupe watch` shows the others."
        ));
    }
    lines
}

fn section(page: &mut String, model: &Model, name: &str, actor: Option<ActorId>, is_open: bool, linked: &[ActorId]) {
    let shown = (model.spot().screen.page)(model);
    let id = actor.map_or_else(String::new, |actor| format!(" id=\"agent-{}\"", actor.0));
    let open = if is_open { " open" } else { "" };
    let _ = write!(page, "<details{id}{open}><summary>{}</summary>\n<pre>", escaped(name));
    for line in &shown.head {
        push(page, model, line);
        page.push('\n');
    }
    let rows = shown.rows.len().min(ROWS_MAX);
    for (at, row) in shown.rows[..rows].iter().enumerate() {
        let link = match row {
            Row::Agent(actor) if linked.contains(actor) => Some(actor.0),
            _ => None,
        };
        if let Some(actor) = link {
            let open = "document.getElementById(this.hash.slice(1)).open=true";
            let _ = write!(page, "<a href=\"#agent-{actor}\" onclick=\"{open}\">");
        }
        push(page, model, &(shown.paint)(at, model.row_pen()));
        page.push_str(if link.is_some() { "</a>\n" } else { "\n" });
    }
    if rows == 0 {
        page.push_str(&escaped(&shown.nothing));
    }
    if rows < shown.rows.len() {
        let _ = write!(page, "… {} more rows", shown.rows.len() - rows);
    }
    page.push_str("</pre></details>\n");
}

fn push(page: &mut String, model: &Model, line: &Line<'_>) {
    for span in &line.spans {
        match model.theme.class(span.style) {
            "" => page.push_str(&escaped(&span.content)),
            class => {
                let _ = write!(page, "<span class=\"{class}\">{}</span>", escaped(&span.content));
            }
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
