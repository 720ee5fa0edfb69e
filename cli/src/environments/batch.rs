//! Instances to records, several at once; what is over already is not built again.

use super::advice::{Advice, Advisor};
use super::record::{self, Record};
use crate::report;
use crate::settings::Settings;
use anyhow::Context as _;
use futures_util::StreamExt as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;
use troupe_core::port::sandbox::{Listener, Stream};
use troupe_sandbox::environment::{Builder, Built, Instance, Tail, source, told};

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Those that are over, in the order of the instances.
    pub records: Vec<Record>,
    /// Those about which nothing can be said, with the trouble.
    pub troubles: Vec<(String, String)>,
}

/// Builds instances, `jobs` at once. Those of one repository follow each other, the newest first, since newer
/// environments mostly serve older commits.
pub async fn build(
    (builder, advisor): (&Builder, Option<&Advisor<'_>>),
    instances: Vec<Instance>,
    (out, jobs): (&Path, usize),
    settings: &Settings,
) -> anyhow::Result<Batch> {
    let order: Vec<String> = instances.iter().map(|instance| instance.id.clone()).collect();
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let groups = by_repository(instances, builder.options.reuse).into_iter();
    let work = groups.map(|group| async move {
        let mut ended = Vec::new();
        for instance in group {
            let one = one((builder, advisor), &instance, out, settings).await;
            ended.push((instance.id, one));
        }
        ended
    });
    let ended: Vec<_> = futures_util::stream::iter(work).buffer_unordered(jobs).collect().await;
    let mut batch = Batch::default();
    for (id, one) in ended.into_iter().flatten() {
        match one {
            Ok(record) => batch.records.push(record),
            Err(error) => batch.troubles.push((id, error.to_string())),
        }
    }
    let place = |id: &String| order.iter().position(|other| other == id);
    batch.records.sort_by_key(|record| place(&record.instance_id));
    batch.troubles.sort_by_key(|(id, _)| place(id));
    Ok(batch)
}

fn by_repository(instances: Vec<Instance>, reuse: bool) -> Vec<Vec<Instance>> {
    let mut groups: Vec<Vec<Instance>> = Vec::new();
    for instance in instances {
        let same = |group: &&mut Vec<Instance>| reuse && group[0].repository == instance.repository;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(instance),
            None => groups.push(vec![instance]),
        }
    }
    for group in &mut groups {
        group.sort_by(|one, other| other.created_at.cmp(&one.created_at));
    }
    groups
}

async fn one(
    (builder, advisor): (&Builder, Option<&Advisor<'_>>),
    instance: &Instance,
    out: &Path,
    settings: &Settings,
) -> anyhow::Result<Record> {
    let folder = record::folder(out, instance);
    let fingerprint = fingerprint(builder, advisor, instance);
    if let Some(record) = Record::read(&folder).filter(|record| record.fingerprint == fingerprint)
        && is_there(builder, &record).await?
    {
        settings.say(format!("{}: {} (built before)", instance.id, record.reason));
        return Ok(record);
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    settings.say(format!("{}: building", instance.id));
    let log = folder.join("build.log");
    let mut log = Log {
        file: File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?,
        tail: Tail::default(),
    };
    let (built, tokens) = match built(builder, advisor, (instance, &fingerprint), &mut log, settings).await {
        Ok(built) => built,
        Err(error) => {
            settings.say(format!("{}: {}{error}", instance.id, settings.error_mark()));
            return Err(error);
        }
    };
    let record = Record {
        tokens,
        ..Record::of(instance, &built, fingerprint)
    };
    let written = record.write(&folder, &built);
    written.with_context(|| format!("{} cannot be written", folder.display()))?;
    let took = report::duration(record.duration_ms);
    settings.say(format!("{}: {} ({took})", instance.id, record.reason));
    Ok(record)
}

/// By rules, and then by agents where there are any and another plan could do; with the tokens that it took.
async fn built(
    builder: &Builder,
    advisor: Option<&Advisor<'_>>,
    (instance, key): (&Instance, &str),
    log: &mut Log,
    settings: &Settings,
) -> anyhow::Result<(Built, u64)> {
    let began = Instant::now();
    let by_rules = builder.build(instance, log).await?;
    let Some(advisor) = advisor.filter(|_| by_rules.is_mendable()) else {
        return Ok((by_rules, 0));
    };
    settings.say(format!("{}: {}; agents plan", instance.id, by_rules.reason));
    let last = told(instance, &by_rules, &log.tail.text());
    let Advice { given, tokens } = advisor.plan(instance, last, key).await?;
    let mut built = match &given {
        // Their image is there: what is left is the check, by the same rules as every other one.
        Some(given) => {
            let by_agents = builder.build_as(instance, Some(given), log).await?;
            let mut usage = by_rules.usage;
            usage.add(by_agents.usage);
            Built {
                attempts: [by_rules.attempts, by_agents.attempts].concat(),
                usage,
                ..by_agents
            }
        }
        None => by_rules,
    };
    built.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok((built, tokens))
}

/// Whether the image of a record is still there; one without an image asks for none.
async fn is_there(builder: &Builder, record: &Record) -> anyhow::Result<bool> {
    Ok(match &record.image_name {
        None => true,
        Some(image) => builder.engine.image(image).await? == record.image_digest,
    })
}

/// All that decides what comes of an instance.
fn fingerprint(builder: &Builder, advisor: Option<&Advisor<'_>>, instance: &Instance) -> String {
    let mut hasher = blake3::Hasher::new();
    let record = serde_json::Value::Object(instance.record.clone()).to_string();
    // Where they cannot be read, building them says so.
    let sources = source::identity(&instance.source).unwrap_or_default();
    let options = &builder.options;
    let limits = format!(
        "{} {} {:?} {:?} {:?} {:?}",
        options.attempts,
        options.repeats,
        options.resources,
        options.setup_timeout,
        options.test_timeout,
        options.equipment.env.keys()
    );
    let agents = advisor.map(|advisor| advisor.fingerprint().to_owned());
    let asked = agents.iter();
    let parts = [
        &record,
        &instance.test_patch,
        &instance.fix_patch,
        &sources,
        &options.base,
        &limits,
    ];
    for part in parts.into_iter().chain(asked) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Writes what commands print to a file as they do, and keeps the end of it.
struct Log {
    file: File,
    tail: Tail,
}

impl Listener for Log {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        // A log that cannot be written fails nothing that is built.
        let _ = self.file.write_all(bytes);
        self.tail.hear(stream, bytes);
    }
}
