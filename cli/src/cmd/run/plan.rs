//! `troupe run --dry-run`: what a run would do, worked out from the file alone.

use crate::args::Run;
use crate::exit::Exit;
use crate::load::Loaded;
use crate::report::{self, Circumstances, Plan};
use crate::settings::Settings;
use crate::values;

/// Prints the plan. Nothing is called, opened, indexed or kept.
pub fn run(arguments: &Run, loaded: &Loaded, settings: &Settings) -> anyhow::Result<Exit> {
    let (inputs, missing) = values::inputs_so_far(arguments, &loaded.workflow)?;
    let circumstances = Circumstances {
        inputs: &inputs,
        missing: &missing,
        is_set: &|name| std::env::var_os(name).is_some(),
        allows_commands: arguments.allow_host_commands,
    };
    let plan = Plan::of(&loaded.workflow, &circumstances);
    if settings.json {
        report::print_json(&plan)?;
    } else {
        report::line(&plan.text())?;
    }
    Ok(Exit::Succeeded)
}
