//! `troupe models pull`: a model from a hub or a path into the folder of models, whole or not at all.

use super::Progress;
use crate::args::Pull;
use crate::cmd::block_on;
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{places, report};
use anyhow::Context as _;
use globset::GlobBuilder;
use serde_json::json;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use troupe_core::port::{Error, ErrorKind};
use troupe_models::hub::{self, Choice, Hub, Listing};
use troupe_models::local::shape::{self, Shape};
use troupe_models::local::shelf::Files;
use troupe_models::local::{Manifest, Sum, verify};

pub(super) fn run(arguments: &Pull, settings: &Settings) -> anyhow::Result<Exit> {
    let source = Source::of(&arguments.source);
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => source.name(),
    };
    let target = target(&name)?;
    let partial = target.with_file_name(format!(".{name}.partial"));
    fs::create_dir_all(&partial).with_context(|| format!("{} cannot be made", partial.display()))?;
    let lock = File::create(partial.join("lock"))?;
    if lock.try_lock().is_err() {
        return Err(Usage::error(format!(
            "another `troupe models pull` is getting local/{name}"
        )));
    }
    let manifest = match &source {
        Source::Path(path) => copy(path, &partial, settings)?,
        Source::Hub { repository, revision } => {
            let wanted = arguments.file.as_deref().map(pattern).transpose()?;
            block_on(fetch(repository, revision, wanted.as_ref(), &partial, settings))?
        }
    };
    let files = Files::at(&partial).context("the files that came make no model")?;
    let mut verified = verify::Verified::default();
    verify::structure(&name, &files, &mut verified);
    if !verified.faults.is_empty() {
        let faults = verified.faults.join("\n  ");
        let message = format!(
            "what came is no model that works; it stays in {}\n  {faults}",
            partial.display()
        );
        return Err(Error::new(ErrorKind::Corrupt, message).into());
    }
    manifest.write(&partial)?;
    fs::remove_file(partial.join("lock"))?;
    fs::rename(&partial, &target).with_context(|| format!("{} cannot be made", target.display()))?;
    tell(&name, &target, settings)
}

fn tell(name: &str, target: &Path, settings: &Settings) -> anyhow::Result<Exit> {
    let files = Files::at(target).context("the model is gone again")?;
    let shape = Shape::of(&files)?;
    if settings.json {
        report::print_json(&json!({ "name": name, "path": files.path(), "shape": shape }))?;
    } else {
        let (bytes, format) = (report::bytes(shape.weights), &shape.format);
        report::line(&format!("local/{name}: {bytes} in {format}, {}", target.display()))?;
    }
    Ok(Exit::Succeeded)
}

/// Where a model comes from.
enum Source {
    Path(PathBuf),
    Hub { repository: String, revision: String },
}

impl Source {
    fn of(text: &str) -> Self {
        if ["/", "./", "../", "."].iter().any(|start| text.starts_with(start)) {
            return Self::Path(text.into());
        }
        let (repository, revision) = text.split_once('@').unwrap_or((text, "main"));
        Self::Hub {
            repository: repository.to_owned(),
            revision: revision.to_owned(),
        }
    }

    fn name(&self) -> String {
        let name = match self {
            Self::Path(path) => {
                let own = path.canonicalize().unwrap_or_else(|_| path.clone());
                own.file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
            }
            Self::Hub { repository, .. } => repository.rsplit('/').next().unwrap_or_default().to_owned(),
        };
        name.strip_suffix(".gguf").map(str::to_owned).unwrap_or(name)
    }
}

/// The folder that the model will have.
fn target(name: &str) -> anyhow::Result<PathBuf> {
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '@']);
    if !plain {
        return Err(Usage::error(format!(
            "`{name}` cannot be a model's name: give one with --name"
        )));
    }
    let place = places::pulled_models();
    let place = place.ok_or_else(|| Usage::error("there is no folder for models: set TROUPE_MODELS"))?;
    let target = place.join(name);
    if target.symlink_metadata().is_ok() {
        let target = target.display();
        return Err(Usage::error(format!(
            "there is a local/{name} already ({target}); `troupe models rm {name}` removes it, --name gives another name"
        )));
    }
    Ok(target)
}

fn pattern(text: &str) -> anyhow::Result<globset::GlobMatcher> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build();
    let glob = glob.map_err(|error| Usage::error(format!("--file {text}: {error}")))?;
    Ok(glob.compile_matcher())
}

async fn fetch(
    repository: &str,
    revision: &str,
    wanted: Option<&globset::GlobMatcher>,
    partial: &Path,
    settings: &Settings,
) -> anyhow::Result<Manifest> {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = said("HF_ENDPOINT").unwrap_or_else(|| hub::ENDPOINT.to_owned());
    let hub = Hub::new(&endpoint, said("HF_TOKEN").as_deref()).map_err(|error| Usage::error(error.message))?;
    let listing = hub.list(repository, revision).await?;
    let matches = |path: &str| wanted.is_some_and(|wanted| wanted.is_match(path));
    let choice = hub::choose(&listing.files, wanted.map(|_| &matches as &dyn Fn(&str) -> bool));
    let choice = choice.map_err(|error| Usage::error(format!("{repository}: {error}")))?;
    let files = download(&hub, &listing, &choice, partial, settings).await?;
    Ok(Manifest {
        source: format!("{}/{repository}", endpoint.trim_end_matches('/')),
        revision: Some(listing.commit),
        files,
    })
}

async fn download(
    hub: &Hub,
    listing: &Listing,
    choice: &Choice,
    partial: &Path,
    settings: &Settings,
) -> anyhow::Result<std::collections::BTreeMap<String, Sum>> {
    let mut sums = std::collections::BTreeMap::new();
    for (remote, name) in &choice.files {
        let progress = Progress::new(name, remote.bytes.unwrap_or(0), settings);
        let sum = hub
            .download(listing, remote, &partial.join(name), &|bytes| progress.at(bytes))
            .await;
        progress.done();
        sums.insert(name.clone(), sum?);
        if name == "config.json" {
            let known = shape::family(&partial.join(name));
            known.map_err(|error| Usage::error(format!("{}: {error}", listing.repository)))?;
        }
    }
    Ok(sums)
}

/// Links the files of a model, or copies them where another file system begins.
fn copy(path: &Path, partial: &Path, settings: &Settings) -> anyhow::Result<Manifest> {
    let missing = || {
        let what = "config.json, tokenizer.json and model.safetensors, or a single .gguf";
        Usage::error(format!("{}: there is no model: a folder with {what}", path.display()))
    };
    let files = Files::at(path).ok_or_else(missing)?;
    Shape::of(&files)?;
    let mut manifest = Manifest {
        source: path.canonicalize()?.display().to_string(),
        ..Manifest::default()
    };
    for (from, name) in local_files(&files)? {
        let to = partial.join(&name);
        fs::create_dir_all(to.parent().unwrap_or(partial))?;
        // What an earlier attempt left.
        let _ = fs::remove_file(&to);
        let from = from.canonicalize()?;
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
        }
        let progress = Progress::new(&name, to.metadata()?.len(), settings);
        let mut done = 0;
        let sum = Sum::of(&to, &mut |bytes| {
            done += bytes;
            progress.at(done);
        })?;
        progress.done();
        manifest.files.insert(name, sum);
    }
    Ok(manifest)
}

/// The files of a model on this machine, by the rule for those on a hub.
fn local_files(files: &Files) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let folder = files.folder();
    let mut there = Vec::new();
    for folder in [folder.to_owned(), folder.join("1_Pooling")] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            there.push(entry?.path());
        }
    }
    let remote = |path: &PathBuf| {
        let name = path.strip_prefix(folder).ok()?.to_str()?.to_owned();
        Some(hub::Remote {
            path: name,
            bytes: None,
            digest: hub::Digest::Unknown,
        })
    };
    let remotes: Vec<hub::Remote> = there.iter().filter_map(remote).collect();
    let own = files.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let one = |path: &str| own.as_deref() == Some(path);
    let wanted = matches!(files, Files::Gguf(_)).then_some(&one as &dyn Fn(&str) -> bool);
    let choice = hub::choose(&remotes, wanted).map_err(|error| Usage::error(error.message))?;
    Ok(choice
        .files
        .into_iter()
        .map(|(remote, name)| (folder.join(remote.path), name))
        .collect())
}
