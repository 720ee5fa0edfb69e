//! `troupe env show`: one verified environment.

use super::list;
use crate::exit::{Exit, Usage};
use crate::report;
use crate::settings::Settings;

pub fn run(name: &str, settings: &Settings) -> anyhow::Result<Exit> {
    let environments = list::all(None, settings)?;
    let found = environments.iter().find(|it| it.image == name || it.instance == name);
    let Some(environment) = found else {
        let message = format!("there is no environment `{name}`; `troupe env ls` lists them");
        return Err(Usage::error(message));
    };
    if settings.json {
        report::print_json(environment)?;
        return Ok(Exit::Succeeded);
    }
    report::line(&format!("image       {}", environment.image))?;
    report::line(&format!("digest      {}", environment.digest))?;
    report::line(&format!("instance    {}", environment.instance))?;
    report::line(&format!(
        "repository  {} {}",
        environment.repository, environment.version
    ))?;
    report::line(&format!("language    {}", environment.language))?;
    report::line(&format!("begins with {}", environment.base))?;
    if let Some(parent) = &environment.parent {
        report::line(&format!("grew from   {parent}"))?;
    }
    report::line(&format!("\n# setup\n{}", environment.setup.trim_end()))?;
    if let Some(delta) = &environment.delta {
        report::line(&format!("\n# then\n{}", delta.trim_end()))?;
    }
    report::line(&format!("\n# tests\n{}", environment.evaluation.trim_end()))?;
    Ok(Exit::Succeeded)
}
