//! Unified diffs as models write them: hunks are found by their lines, whatever their numbers say.

/// Changes of files, in the order in which they were given.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) targets: Vec<Target>,
}

/// The changes of one file. It has a name before, a name afterwards, or both.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    before: Option<String>,
    after: Option<String>,
    hunks: Vec<Hunk>,
}

/// Lines that follow each other.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hunk {
    /// The line that it says it begins at, from 1; 0 where it says nothing.
    stated: usize,
    lines: Vec<(Mark, String)>,
    /// Whether the file ends without a line break afterwards, as the hunk says.
    open_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Kept,
    Removed,
    Added,
}

/// What becomes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing: it is as the patch makes it.
    None,
    Added(String),
    Changed(String),
    Removed,
}

impl Change {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::None => "as_it_was",
            Self::Added(_) => "added",
            Self::Changed(_) => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Patch {
    /// Reads a diff; what stands around it, such as a fence or the headers of `git`, is passed over.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let lines: Vec<&str> = text.lines().collect();
        let mut targets: Vec<Target> = Vec::new();
        let mut at = 0;
        while at < lines.len() {
            if let Some((before, after)) = header(&lines, at) {
                let hunks = Vec::new();
                targets.push(Target { before, after, hunks });
                at += 2;
            } else if let Some(stated) = hunk_header(lines[at]) {
                let Some(target) = targets.last_mut() else {
                    return Err("a hunk comes before the lines `--- a/PATH` and `+++ b/PATH` of its file".to_owned());
                };
                let (hunk, next) = hunk(&lines, at + 1, stated);
                target.hunks.push(hunk);
                at = next;
            } else {
                at += 1;
            }
        }
        if targets.is_empty() {
            return Err("there is no file in it: each begins with the lines `--- a/PATH` and `+++ b/PATH`".to_owned());
        }
        match targets
            .iter()
            .find(|target| target.before.is_none() && target.after.is_none())
        {
            Some(_) => Err("a file is `/dev/null` before and afterwards".to_owned()),
            None => Ok(Self { targets }),
        }
    }
}

/// The names of a file, where a pair of header lines begins.
fn header(lines: &[&str], at: usize) -> Option<(Option<String>, Option<String>)> {
    let before = lines[at].strip_prefix("--- ")?;
    let after = lines.get(at + 1)?.strip_prefix("+++ ")?;
    Some((named(before, "a/"), named(after, "b/")))
}

fn named(name: &str, prefix: &str) -> Option<String> {
    let name = name.split('\t').next().unwrap_or(name).trim().trim_matches('"');
    (name != "/dev/null").then(|| name.strip_prefix(prefix).unwrap_or(name).to_owned())
}

/// The line that a hunk says it begins at: `@@ -12,7 +12,8 @@`, or `@@` alone.
fn hunk_header(line: &str) -> Option<usize> {
    let rest = line.strip_prefix("@@")?;
    let digits = rest.trim_start().strip_prefix('-').unwrap_or_default();
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    Some(digits.parse().unwrap_or(0))
}

/// The hunk whose lines begin at `at`, and where it ends.
fn hunk(lines: &[&str], mut at: usize, stated: usize) -> (Hunk, usize) {
    let mut hunk = Hunk {
        stated,
        ..Hunk::default()
    };
    let mut last = None;
    while let Some(line) = lines.get(at).filter(|_| header(lines, at).is_none()) {
        let mark = match line.as_bytes().first() {
            Some(b'+') => Mark::Added,
            Some(b'-') => Mark::Removed,
            // Models leave out the space of an empty line.
            Some(b' ') | None => Mark::Kept,
            Some(b'\\') => {
                hunk.open_end |= last != Some(Mark::Removed);
                at += 1;
                continue;
            }
            Some(_) => break,
        };
        last = Some(mark);
        hunk.lines.push((mark, line.get(1..).unwrap_or_default().to_owned()));
        at += 1;
    }
    // Empty lines at the end stand between this hunk and what follows.
    while at > 0 && lines[at - 1].is_empty() && hunk.lines.last() == Some(&(Mark::Kept, String::new())) {
        hunk.lines.pop();
        at -= 1;
    }
    let next = at + lines[at..].iter().take_while(|line| line.is_empty()).count();
    (hunk, next)
}

impl Target {
    /// The file that is there before.
    pub(super) fn before(&self) -> &str {
        self.before.as_deref().or(self.after.as_deref()).unwrap_or_default()
    }

    /// The file that is meant: as it is called afterwards, where it is not removed.
    pub(super) fn path(&self) -> &str {
        self.after.as_deref().or(self.before.as_deref()).unwrap_or_default()
    }

    /// What becomes of the file with this text, or of the one that is not there.
    pub(super) fn applied(&self, now: Option<&str>) -> Result<Change, String> {
        let added = || Change::Added(self.added());
        match (&self.before, &self.after, now) {
            (None, Some(_), None) => Ok(added()),
            (None, _, Some(text)) if added() == Change::Added(text.to_owned()) => Ok(Change::None),
            (None, _, Some(_)) => Err("the file is there already, and the patch adds it".to_owned()),
            (Some(_), None, None) => Ok(Change::None),
            (Some(_), None, Some(text)) => edited(text, &self.hunks, forward).map(|_| Change::Removed),
            (_, _, None) => Err("there is no such file".to_owned()),
            (Some(before), Some(after), Some(text)) => match edited(text, &self.hunks, forward) {
                Ok(new) if new == text && before == after => Ok(Change::None),
                Ok(new) => Ok(Change::Changed(new)),
                Err(_) if self.is_in(text) => Ok(Change::None),
                Err(reason) => Err(reason),
            },
        }
    }

    /// Whether a text is as the patch makes it: all that its hunks leave stands there.
    fn is_in(&self, text: &str) -> bool {
        let leaves = |hunk: &Hunk| hunk.lines.iter().any(|(mark, _)| *mark != Mark::Removed);
        self.hunks.iter().all(leaves) && edited(text, &self.hunks, backward).is_ok()
    }

    /// The text of a file that is added.
    fn added(&self) -> String {
        let lines = self.hunks.iter().flat_map(|hunk| &hunk.lines);
        let lines: Vec<&str> = lines
            .filter(|(mark, _)| *mark != Mark::Removed)
            .map(|(_, line)| line.as_str())
            .collect();
        let open_end = self.hunks.last().is_some_and(|hunk| hunk.open_end);
        joined(&lines, !open_end)
    }
}

/// What a mark means to whoever applies a patch.
fn forward(mark: Mark) -> Mark {
    mark
}

/// What it means to whoever takes a patch back.
fn backward(mark: Mark) -> Mark {
    match mark {
        Mark::Kept => Mark::Kept,
        Mark::Removed => Mark::Added,
        Mark::Added => Mark::Removed,
    }
}

/// The text after all hunks.
fn edited(text: &str, hunks: &[Hunk], meaning: fn(Mark) -> Mark) -> Result<String, String> {
    // A line keeps what stands before its line break: files of another system have a carriage return there.
    let lines: Vec<&str> = match text.strip_suffix('\n') {
        Some(body) => body.split('\n').collect(),
        None if text.is_empty() => Vec::new(),
        None => text.split('\n').collect(),
    };
    let ending = match lines.first() {
        Some(line) if line.ends_with('\r') => "\r",
        _ => "",
    };
    let mut edited: Vec<String> = Vec::with_capacity(lines.len());
    let mut reached = 0;
    // How far the numbers of the hunks are off, as far as is known.
    let mut shift = 0;
    for (number, hunk) in (1..).zip(hunks) {
        let old: Vec<&str> = hunk
            .lines
            .iter()
            .filter(|(mark, _)| meaning(*mark) != Mark::Added)
            .map(|(_, line)| line.as_str())
            .collect();
        let stated = (hunk.stated.max(1) - 1).saturating_add_signed(shift);
        let Some(at) = place(&lines, &old, reached, stated, hunk.stated > 0) else {
            return Err(missed(number, &old, &lines));
        };
        shift += at as isize - stated as isize;
        edited.extend(lines[reached..at].iter().map(|line| (*line).to_owned()));
        reached = at;
        for (mark, line) in &hunk.lines {
            match meaning(*mark) {
                Mark::Kept => {
                    edited.push(lines[reached].to_owned());
                    reached += 1;
                }
                Mark::Removed => reached += 1,
                Mark::Added => edited.push(format!("{}{ending}", line.trim_end_matches('\r'))),
            }
        }
    }
    let to_the_end = reached == lines.len();
    edited.extend(lines[reached..].iter().map(|line| (*line).to_owned()));
    let open_end = match hunks.last() {
        Some(hunk) if to_the_end => hunk.open_end || (!text.is_empty() && !text.ends_with('\n') && !adds_last(hunk)),
        _ => !text.ends_with('\n'),
    };
    Ok(joined(&edited, !open_end))
}

fn adds_last(hunk: &Hunk) -> bool {
    hunk.lines.last().is_some_and(|(mark, _)| *mark == Mark::Added)
}

/// Where `old` stands in `lines` from `reached` on, as near as possible to where it is said to be: as it is, or else
/// with other spaces at the ends of its lines.
fn place(lines: &[&str], old: &[&str], reached: usize, stated: usize, is_stated: bool) -> Option<usize> {
    if old.is_empty() {
        // `@@ -0,0` and `@@` alone add at the end.
        return Some(if is_stated {
            stated.clamp(reached, lines.len())
        } else {
            lines.len()
        });
    }
    let last = lines.len().checked_sub(old.len())?;
    let nearest = |same: fn(&str, &str) -> bool| {
        (reached..=last)
            .filter(|at| lines[*at..].iter().zip(old).all(|(line, old)| same(line, old)))
            .min_by_key(|at| at.abs_diff(stated))
    };
    nearest(|line, old| line == old).or_else(|| nearest(|line, old| line.trim_end() == old.trim_end()))
}

/// Why a hunk has no place, with the line of it that is in no place at all, where there is one.
fn missed(number: usize, old: &[&str], lines: &[&str]) -> String {
    let stranger = old
        .iter()
        .find(|old| !lines.iter().any(|line| line.trim_end() == old.trim_end()));
    let why = match stranger {
        Some(line) => format!("its line `{}` is nowhere in it", line.trim()),
        None => "its lines are in it, but not one after the other".to_owned(),
    };
    format!("hunk {number} does not fit the file: {why}. Read the file and write the hunk anew")
}

fn joined<L: AsRef<str>>(lines: &[L], closed: bool) -> String {
    let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
    let mut text = lines.join("\n");
    if closed && !lines.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
