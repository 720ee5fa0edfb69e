//! Values in brackets, read up to a place: `{ agent: lead, prompt: '…' }`.

/// A bracket that is open.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) is_map: bool,
    /// The keys of a mapping, the one whose value is being read included.
    pub(super) keys: Vec<String>,
    /// Whether the last of the keys has its value being read.
    pub(super) in_value: bool,
    /// Where the item, the key or the value that is being read begins.
    pub(super) start: usize,
}

/// What is open at a place.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) frames: Vec<Frame>,
    /// The quotes that are open, and where the text in them begins.
    pub(super) quote: Option<(u8, usize)>,
    at: usize,
    /// Whether the next character may begin a value.
    fresh: bool,
}

impl Flow {
    /// Reads from a bracket up to `end`. None when it was closed before.
    pub(super) fn read(text: &str, start: usize, end: usize) -> Option<Self> {
        let mut flow = Self {
            frames: Vec::new(),
            quote: None,
            at: start,
            fresh: true,
        };
        while flow.at < end {
            flow.step(text, end);
            if flow.frames.is_empty() {
                return None;
            }
        }
        (!flow.frames.is_empty()).then_some(flow)
    }

    /// The keys of the innermost mapping, those behind the place included.
    pub(super) fn keys(&self, text: &str) -> Vec<String> {
        const FAR: usize = 4_096;
        let depth = self.frames.len();
        let here = self.frames.last().map_or(0, |frame| frame.keys.len());
        let mut ahead = self.clone();
        let mut end = (self.at + FAR).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut keys = self.frames.last().map_or_else(Vec::new, |frame| frame.keys.clone());
        while ahead.at < end {
            ahead.step(text, end);
            if ahead.frames.len() < depth {
                break;
            }
            let found = ahead.frames[depth - 1].keys.iter().skip(here).cloned();
            keys.truncate(here);
            keys.extend(found);
        }
        keys
    }

    fn step(&mut self, text: &str, end: usize) {
        let bytes = text.as_bytes();
        let byte = bytes[self.at];
        self.at += 1;
        if let Some((quote, _)) = self.quote {
            if byte == b'\\' && quote == b'"' {
                self.at += 1;
            } else if byte == quote {
                if quote == b'\'' && bytes.get(self.at) == Some(&b'\'') {
                    self.at += 1;
                } else {
                    self.quote = None;
                }
            }
            self.at = self.at.min(end);
            return;
        }
        match byte {
            b'\'' | b'"' if self.fresh => {
                self.quote = Some((byte, self.at));
                self.fresh = false;
            }
            b'$' if text[self.at..end].starts_with("{{") => {
                self.at = text[self.at..end].find("}}").map_or(end, |close| self.at + close + 2);
            }
            b'{' | b'[' if self.fresh => self.frames.push(Frame {
                is_map: byte == b'{',
                keys: Vec::new(),
                in_value: false,
                start: self.at,
            }),
            b'}' | b']' => {
                self.frames.pop();
                self.fresh = false;
            }
            b',' => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.in_value = false;
                    frame.start = self.at;
                }
                self.fresh = true;
            }
            b':' if matches!(
                bytes.get(self.at),
                None | Some(b' ' | b'\n' | b'\r' | b'{' | b'[' | b'"' | b'\'')
            ) =>
            {
                self.colon(text);
            }
            b'#' if self.at >= 2 && bytes[self.at - 2].is_ascii_whitespace() => {
                self.at = text[self.at..end].find('\n').map_or(end, |line| self.at + line);
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => self.fresh = false,
        }
    }

    fn colon(&mut self, text: &str) {
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.is_map && !frame.in_value) {
            let key = text[frame.start..self.at - 1].trim().trim_matches(['"', '\'']);
            frame.keys.push(key.to_owned());
            frame.in_value = true;
            frame.start = self.at;
        }
        self.fresh = true;
    }
}
