//! Text → chunks of about so many tokens, cut at sentence ends, without overlap (A-RAG §1.1).

/// The largest piece that is counted in one go, in bytes: keeps text without any sentence end affordable.
const PIECE_BYTES_MAX: usize = 16 * 1024;
/// So many bytes count as a token at least: tokenizers take an endless word for one unknown token.
const TOKEN_BYTES_MAX: usize = 32;

/// Which blocks of a text belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// None.
    Prose,
    /// Those between fences.
    Markdown,
    /// Those between blank lines that begin at the left margin: functions, classes, their comments.
    Code,
}

/// Cuts `text` into chunks of at most `limit` tokens where sentence ends allow it. A piece without a
/// sentence end that is larger than `limit` is cut at white space, and failing that anywhere.
/// A block of `style` that fits into a chunk is not cut.
pub fn chunks(text: &str, limit: usize, style: Style, count: &dyn Fn(&str) -> usize) -> Vec<String> {
    let whole = text.trim();
    if whole.is_empty() {
        return Vec::new();
    }
    if whole.len() <= limit && whole.len() <= PIECE_BYTES_MAX {
        // no tokenizer makes more tokens than bytes
        return vec![whole.to_owned()];
    }
    let mut packer = Packer {
        limit,
        count,
        chunks: Vec::new(),
        current: String::new(),
        tokens: 0,
    };
    let blocks = match style {
        Style::Prose => vec![(whole, false)],
        Style::Markdown => fenced_blocks(whole),
        Style::Code => code_blocks(whole).map(|block| (block, true)).collect(),
    };
    for block in blocks {
        match block {
            (code, true) if code.len() <= PIECE_BYTES_MAX && count(code) <= limit => packer.add(code),
            (prose, _) => pieces(prose).for_each(|piece| packer.add(piece)),
        }
    }
    packer.finish()
}

struct Packer<'a> {
    limit: usize,
    count: &'a dyn Fn(&str) -> usize,
    chunks: Vec<String>,
    current: String,
    tokens: usize,
}

impl Packer<'_> {
    fn add(&mut self, piece: &str) {
        let tokens = (self.count)(piece).max(piece.len() / TOKEN_BYTES_MAX);
        if tokens > self.limit
            && let Some(middle) = middle(piece)
        {
            let (left, right) = piece.split_at(middle);
            self.add(left);
            return self.add(right);
        }
        if self.tokens + tokens > self.limit {
            self.close();
        }
        self.current.push_str(piece);
        self.tokens += tokens;
    }

    fn close(&mut self) {
        let chunk = self.current.trim();
        if !chunk.is_empty() {
            self.chunks.push(chunk.to_owned());
        }
        self.current.clear();
        self.tokens = 0;
    }

    fn finish(mut self) -> Vec<String> {
        self.close();
        self.chunks
    }
}

/// Where to halve a piece: after the white space nearest to its middle, else at the middle character.
fn middle(piece: &str) -> Option<usize> {
    let mut centre = piece.len() / 2;
    while !piece.is_char_boundary(centre) {
        centre += 1;
    }
    let after = |(at, c): (usize, char)| at + c.len_utf8();
    let spaces = || piece.char_indices().filter(|(_, c)| c.is_whitespace()).map(after);
    let space = spaces()
        .min_by_key(|at| at.abs_diff(centre))
        .filter(|at| *at < piece.len());
    let at = space.unwrap_or(centre);
    (at > 0 && at < piece.len()).then_some(at)
}

/// The text in pieces that end with a sentence, its closing quotes and the white space behind it, or
/// with a line. Joined, the pieces are the text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(piece_end(rest));
        rest = after;
        Some(piece)
    })
}

fn piece_end(text: &str) -> usize {
    let mut ended = false;
    let mut spaced = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if at >= PIECE_BYTES_MAX => return at,
            '\n' => spaced = true,
            _ if spaced && !character.is_whitespace() => return at,
            '.' | '!' | '?' | '。' | '！' | '？' => ended = true,
            '"' | '\'' | ')' | ']' | '”' | '’' | '»' => {}
            _ if character.is_whitespace() => spaced = spaced || ended,
            _ => ended = false,
        }
    }
    text.len()
}

/// Splits Markdown into code blocks (true) with their fences and everything between them (false).
fn fenced_blocks(text: &str) -> Vec<(&str, bool)> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut fence: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let mark = fence_of(line);
        match fence {
            None if mark.is_some() => {
                blocks.push((&text[start..at], false));
                start = at;
                fence = mark;
            }
            Some(open)
                if mark.is_some_and(|m| m.starts_with(open)) && line.trim().trim_matches(['`', '~']).is_empty() =>
            {
                blocks.push((&text[start..at + line.len()], true));
                start = at + line.len();
                fence = None;
            }
            _ => {}
        }
        at += line.len();
    }
    blocks.push((&text[start..], fence.is_some()));
    blocks.retain(|(block, _)| !block.is_empty());
    blocks
}

/// Splits code before every line at the left margin that follows a blank one. Joined, the blocks are the text.
fn code_blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut blank = false;
        let mut end = 0;
        for line in rest.split_inclusive('\n') {
            let margin = !line.starts_with([' ', '\t', '}', ')', ']']) && !line.trim().is_empty();
            if blank && margin {
                break;
            }
            blank = line.trim().is_empty();
            end += line.len();
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        (!block.is_empty()).then_some(block)
    })
}

fn fence_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    (length >= 3).then(|| &line[..length])
}

#[cfg(test)]
mod tests;
