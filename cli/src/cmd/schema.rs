//! `troupe schema`: the language as JSON Schema, for editors.

use crate::args::Schema;
use crate::exit::Exit;
use crate::report;

pub fn run(arguments: &Schema) -> anyhow::Result<Exit> {
    let schema = if arguments.shared {
        troupe_dsl::shared_json_schema()
    } else {
        troupe_dsl::json_schema()
    };
    report::print_json(&schema)?;
    Ok(Exit::Succeeded)
}
