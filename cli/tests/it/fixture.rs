//! A folder of its own for every test, and the binary run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A workspace in a temporary folder.
pub struct Place {
    folder: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Stdout as the JSON that `--json` promises.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// The folder of the examples.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .canonicalize()
        .unwrap()
}

impl Place {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with its folders.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// The binary with `arguments`, in the folder and with nothing of the developer's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for name in [
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "TROUPE_WORKSPACE",
            "TROUPE_MODELS",
            "CI",
            "GITHUB_ACTIONS",
            "NO_COLOR",
            "TROUPE_LOG",
            "TROUPE_BASE_IMAGE",
            "TROUPE_CA_CERTIFICATES",
        ] {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(name);
            }
        }
        command.env("TROUPE_WORKSPACE", self.path());
        // Numbers are those of the processor, whatever else the machine has.
        command.env("TROUPE_DEVICE", "cpu");
        command
    }

    /// Runs the binary to its end.
    pub fn troupe(&self, arguments: &[&str]) -> Ended {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Ended {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

/// A small corpus and a workflow over it.
pub fn small() -> Place {
    let place = Place::new();
    place
        .file(
            "corpus/owls.md",
            "# Owls\n\nOwls hunt at night. Their hearing is asymmetric, which helps them to find mice.",
        )
        .file(
            "corpus/bats.md",
            "# Bats\n\nBats navigate by echolocation. A bat eats a thousand insects an hour.",
        )
        .file(
            "workflow.yaml",
            "troupe: 1\nname: animals\ninputs: { question: { type: string, default: How do bats navigate? } }\n\
             models: { fast: builtin/reader }\ncorpora: { animals: { files: corpus/*.md } }\n\
             agents: { seeker: { model: fast, system: Answer from the corpus., tools: [animals] } }\n\
             steps: { ask: { agent: seeker, prompt: \"${{ inputs.question }}\" } }\n\
             outputs: { answer: \"${{ steps.ask.output }}\" }\n",
        );
    place
}

/// Whether an engine and an image are there to test on.
pub fn image() -> Option<String> {
    let image = std::env::var("TROUPE_TEST_IMAGE").ok();
    if image.is_none() {
        println!("passed over: TROUPE_TEST_IMAGE names no image");
    }
    image
}
