//! The output of a process: kept up to a limit, read to its end so that the process never blocks.

use tokio::io::{AsyncRead, AsyncReadExt};

/// What one stream has said so far.
pub(crate) struct Capture {
    kept: Vec<u8>,
    limit: usize,
    total: u64,
}

impl Capture {
    /// Keeps the first `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            limit,
            total: 0,
        }
    }

    /// Reads `stream` to its end. May be dropped at any time: what was read stays.
    pub(crate) async fn read(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut buffer = vec![0; 64 * 1024];
        // A stream that breaks off has ended as far as the reader is concerned; the exit code tells the rest.
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            self.push(&buffer[..count]);
        }
    }

    /// Takes what comes next.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = self.limit - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.total += bytes.len() as u64;
    }

    /// The text: bytes that are not UTF-8 become `U+FFFD`, and a cut is said on a last line.
    pub(crate) fn into_text(mut self) -> String {
        if self.total <= self.kept.len() as u64 {
            return lossy(self.kept);
        }
        self.kept.truncate(whole_characters(&self.kept));
        let kept = self.kept.len();
        let mut text = lossy(self.kept);
        end_line(&mut text);
        text.push_str(&format!(
            "[output cut: the first {kept} of {} bytes are kept]\n",
            self.total
        ));
        text
    }
}

/// Makes what is pushed next start on a line of its own.
pub(crate) fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Length without a last character that the cut went through.
fn whole_characters(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        // A sequence that could still have become a character is at most three bytes long.
        Some(last) if (1..4).contains(&last.invalid().len()) => match std::str::from_utf8(last.invalid()) {
            Err(error) if error.error_len().is_none() => bytes.len() - last.invalid().len(),
            _ => bytes.len(),
        },
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests;
