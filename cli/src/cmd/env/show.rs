//! `troupe env show`: one verified environment.

use super::list;
use crate::environments::used;
use crate::exit::Exit;
use crate::report;
use crate::settings::Settings;

pub fn run(name: &str, settings: &Settings) -> anyhow::Result<Exit> {
    let environments = list::all(None, settings)?;
    let environment = &super::named(&environments, name).ok_or_else(|| super::unknown(name))?;
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
    if let Some(check) = &environment.check {
        let (mended, kept) = (check.fail_to_pass.len(), check.pass_to_pass.len());
        report::line(&format!(
            "verdict     {}; tests: {mended} mended, {kept} kept",
            check.verdict
        ))?;
    }
    let used = used(&environment.usage);
    if !used.is_empty() {
        report::line(&format!("building it {used}"))?;
    }
    report::line(&format!("\n# setup\n{}", environment.setup.trim_end()))?;
    if let Some(delta) = &environment.delta {
        report::line(&format!("\n# then\n{}", delta.trim_end()))?;
    }
    report::line(&format!("\n# tests\n{}", environment.evaluation.trim_end()))?;
    Ok(Exit::Succeeded)
}
