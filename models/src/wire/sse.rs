//! Server-sent events: bytes in, in pieces of any size; the data of whole events out.
//!
//! After <https://html.spec.whatwg.org/multipage/server-sent-events.html>. Bytes are kept as bytes
//! until a line is whole, so a character that arrives in two pieces survives.

/// Longest line or event that is kept, in bytes. A server that sends more is not speaking the dialect.
pub const EVENT_BYTES_MAX: usize = 16 << 20;

/// The server sent a line or an event beyond [`EVENT_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {} MiB", EVENT_BYTES_MAX >> 20)]
pub struct TooLong;

/// The state between two pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    after_carriage_return: bool,
    started: bool,
}

impl Decoder {
    /// Takes the next bytes and adds the data of every event that they complete to `events`.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<String>) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_carriage_return && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        if !bytes.is_empty() {
            self.after_carriage_return = false;
        }
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(&rest[..at]);
            self.check_length()?;
            let ended_by_carriage_return = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if ended_by_carriage_return {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_carriage_return = true,
                }
            }
            self.end_line(events);
        }
        self.line.extend_from_slice(rest);
        self.check_length()
    }

    /// The stream ended. An event without its closing blank line is handed out all the same: some
    /// servers leave that line out after the last one, and a truncated event is found by its JSON.
    pub fn finish(&mut self, events: &mut Vec<String>) {
        if !self.line.is_empty() {
            self.end_line(events);
        }
        events.extend(self.data.take());
    }

    fn check_length(&self) -> Result<(), TooLong> {
        let held = self.line.len() + self.data.as_ref().map_or(0, String::len);
        if held > EVENT_BYTES_MAX { Err(TooLong) } else { Ok(()) }
    }

    fn end_line(&mut self, events: &mut Vec<String>) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = if self.started {
            &*line
        } else {
            line.trim_start_matches('\u{feff}')
        };
        self.started = true;
        if line.is_empty() {
            events.extend(self.data.take());
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        // `error:` is no field of the standard; older llama.cpp servers report their faults in it.
        if matches!(field, "data" | "error") {
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
