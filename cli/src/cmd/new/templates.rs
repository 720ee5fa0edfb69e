//! The templates of `troupe new`: a folder under `cli/templates` and an entry here each.

/// A folder that is copied.
pub struct Template {
    /// Its name on the command line, and its folder's.
    pub name: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// Its files: path and text.
    pub files: &'static [(&'static str, &'static str)],
    /// Commands to try, in its folder.
    pub next: &'static [&'static str],
}

macro_rules! template {
    ($name:literal, $about:literal, [$($file:literal),* $(,)?], $next:expr) => {
        Template {
            name: $name,
            about: $about,
            files: &[$(($file, include_str!(concat!("../../../templates/", $name, "/", $file)))),*],
            next: &$next,
        }
    };
}

/// All templates, the simplest first.
pub const TEMPLATES: &[Template] = &[
    template!(
        "agent",
        "one agent that answers from a folder of notes",
        [
            "workflow.yaml",
            "README.md",
            "prompts/reader.md",
            "notes/compost.md",
            "notes/tomatoes.md"
        ],
        [
            "troupe run .",
            "troupe run . -i 'question=What belongs on a compost heap?'"
        ]
    ),
    template!(
        "research-team",
        "a lead that hands questions to subagents which search at the same time",
        [
            "workflow.yaml",
            "README.md",
            "prompts/lead.md",
            "prompts/seeker.md",
            "notes/brakes.md",
            "notes/chain.md",
            "notes/tyres.md",
        ],
        ["troupe run . --dry-run", "troupe run ."]
    ),
    template!(
        "debate",
        "two sides that argue, a critic for each, and a judge with a typed verdict",
        [
            "workflow.yaml",
            "README.md",
            "prompts/debater.md",
            "prompts/critic.md",
            "prompts/judge.md",
            "notes/in-favour.md",
            "notes/against.md",
        ],
        ["troupe run . --dry-run", "troupe run ."]
    ),
    template!(
        "environment",
        "a repository that is checked out, built and tested by commands",
        ["workflow.yaml", "README.md", "sample/build.sh", "sample/test.sh"],
        ["troupe run . --dry-run", "troupe run . --allow-host-commands"]
    ),
];
