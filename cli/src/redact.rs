//! The last fence before stderr: whatever is printed there by a log, a panic or an error holds no secret.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::sync::{PoisonError, RwLock};
use troupe_agents::Secrets;

/// The secrets of the workflow that this process runs; a process that serves several knows them all.
static KNOWN: RwLock<Vec<Secrets>> = RwLock::new(Vec::new());

/// Keeps the values of these secrets off stderr from now on.
pub fn know(secrets: &Secrets) {
    KNOWN
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .push(secrets.clone());
}

/// The text without the value of any secret that is known.
pub fn text(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known
        .iter()
        .fold(text.to_owned(), |text, secrets| secrets.conceal_text(&text))
}

/// Panics print what everything else prints: no secret.
pub fn guard_panics() {
    std::panic::set_hook(Box::new(|panic| {
        // a library's panic over a broken file is caught and told as what is wrong with the file
        if std::thread::current().name() == Some(troupe_tools::PRINT_THREAD) {
            return;
        }
        let backtrace = Backtrace::capture();
        let mut told = panic.to_string();
        if backtrace.status() == BacktraceStatus::Captured {
            told.push_str(&format!("\n{backtrace}"));
        }
        // There is nobody left to tell when stderr is gone.
        let _ = writeln!(std::io::stderr(), "{}", text(&told));
    }));
}

/// Stderr for logs; a line is written as a whole.
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(text(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Prints the spans and events that `TROUPE_LOG` asks for, in the syntax of `tracing`'s filters: `debug`,
/// `troupe_agents=debug,sqlx=info`. Without it nothing listens, and nothing is made.
///
/// # Errors
/// When the filter cannot be read.
pub fn listen() -> anyhow::Result<()> {
    let Some(filter) = std::env::var("TROUPE_LOG").ok().filter(|filter| !filter.is_empty()) else {
        return Ok(());
    };
    let filter = tracing_subscriber::EnvFilter::try_new(&filter)
        .map_err(|error| crate::exit::Usage::error(format!("TROUPE_LOG=`{filter}` is no filter: {error}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(|| Stderr)
        .init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_told_raw_or_as_json() {
        let value = "redacted-\"1";
        know(&Secrets::new(vec![("KEY".to_owned(), value.to_owned())], Vec::new()));
        let told = text(&format!(
            "panicked at a.rs:1:\n{value} and {}",
            serde_json::json!({ "k": value })
        ));
        assert_eq!(told, "panicked at a.rs:1:\n[secret:KEY] and {\"k\":\"[secret:KEY]\"}");
    }
}
