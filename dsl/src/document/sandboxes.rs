//! `sandboxes`: places apart with a name, and the `sandbox` of a command.

use super::fields::Fields;
use super::{Spanned, names, values};
use crate::code;
use crate::expression::{self, Tree};
use crate::language::{SANDBOX, SANDBOX_DECLARED};
use crate::report::Report;
use crate::yaml::{Entry, Kind, Node};
use troupe_core::Value;
use troupe_core::effect::WORK;
use troupe_core::ir::Share;
use troupe_core::port::sandbox::{HostPattern, Hosts, Network, Resources, Rights};

/// Where commands run.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// Absent when it could not be read.
    pub(crate) image: Option<Tree>,
    /// What was written where it was one word alone: it may be the name of a declared sandbox.
    pub(crate) word: Option<Spanned<String>>,
    pub(crate) directory: String,
    pub(crate) network: Network,
    pub(crate) rights: Rights,
    pub(crate) resources: Resources,
}

/// One with a name.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) name: Spanned<String>,
    pub(crate) sandbox: Sandbox,
    pub(crate) share: Share,
}

pub(super) fn read(report: &mut Report, section: &Entry) -> Vec<Declared> {
    let entries = values::mapping(report, section, "names with images").unwrap_or(&[]);
    entries.iter().map(|entry| declared(report, entry)).collect()
}

fn declared(report: &mut Report, entry: &Entry) -> Declared {
    names::label(report, &entry.key, entry.key_span, "a sandbox");
    let name = Spanned {
        value: entry.key.clone(),
        span: entry.key_span,
    };
    let Kind::Map(fields) = &entry.value.kind else {
        return Declared {
            name,
            sandbox: of_image(report, entry),
            share: Share::Agent,
        };
    };
    let fields = Fields::read(report, &SANDBOX_DECLARED, fields, entry.key_span);
    let share = match fields.word(report, "share") {
        Some("run") => Share::Run,
        _ => Share::Agent,
    };
    let sandbox = of_fields(report, &fields);
    Declared { name, sandbox, share }
}

/// The `sandbox` of a command.
pub(super) fn of_command(report: &mut Report, owner: &Fields<'_>, entry: &Entry) -> Sandbox {
    let fields = match &entry.value.kind {
        Kind::Map(_) => owner.inner(report, "sandbox", &SANDBOX),
        _ => None,
    };
    match fields {
        Some(fields) => of_fields(report, &fields),
        None => of_image(report, entry),
    }
}

fn of_image(report: &mut Report, entry: &Entry) -> Sandbox {
    let image = expression::text(report, &entry.value, "the image of a sandbox");
    let word = match &image {
        Some(Tree::Literal(Value::String(word), span)) => Some(Spanned {
            value: word.clone(),
            span: *span,
        }),
        _ => None,
    };
    Sandbox {
        image,
        word,
        directory: WORK.to_owned(),
        network: Network::None,
        rights: Rights::Least,
        resources: Resources::default(),
    }
}

fn of_fields(report: &mut Report, fields: &Fields<'_>) -> Sandbox {
    fields.require(report, "image");
    let usual = Resources::default();
    let cpus = fields.number(report, "cpus");
    Sandbox {
        image: fields.template(report, "image"),
        word: None,
        directory: directory(report, fields),
        network: network(report, fields),
        rights: match fields.word(report, "rights") {
            Some("install") => Rights::Install,
            _ => Rights::Least,
        },
        resources: Resources {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the language bounds it by 0.01 and 1024"
            )]
            cpu_thousandths: cpus.map(|cpus| (cpus * 1_000.0).round() as u32),
            memory_mb: fields.count(report, "memory_mb").or(usual.memory_mb),
            disk_mb: fields.count(report, "disk_mb").or(usual.disk_mb),
            pids: fields.count(report, "pids").or(usual.pids),
        },
    }
}

fn directory(report: &mut Report, fields: &Fields<'_>) -> String {
    let Some(given) = fields.text(report, "directory") else {
        return WORK.to_owned();
    };
    if !given.value.starts_with('/') {
        let message = format!("`{}` is no directory of a sandbox: it starts with `/`", given.value);
        report.error(code::WRONG_KIND, given.span, message);
    }
    given.value
}

fn network(report: &mut Report, fields: &Fields<'_>) -> Network {
    let hosts = fields.get("network").and_then(|entry| match &entry.value.kind {
        Kind::List(items) => Some((entry, items)),
        _ => None,
    });
    if let Some((entry, items)) = hosts {
        if items.is_empty() {
            let message = "`network` lists no host: write `none`, or leave it out";
            report.error(code::WRONG_KIND, entry.value.span, message);
        }
        let hosts = items.iter().filter_map(|item| host(report, item));
        return Network::Hosts(Hosts::new(hosts.collect()));
    }
    match fields.word(report, "network") {
        Some("all") => Network::All,
        _ => Network::None,
    }
}

fn host(report: &mut Report, item: &Node) -> Option<HostPattern> {
    let text = values::text_of(report, "network", item)?;
    let host = text.value.parse();
    host.map_err(|message: String| report.error(code::WRONG_KIND, text.span, message))
        .ok()
}
