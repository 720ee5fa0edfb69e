//! A declared output, filled from evidence by the types and names of its fields.
//!
//! | field | becomes |
//! |---|---|
//! | string named like `chunk`, `source`, `citation`, `id` | the id of the best passage |
//! | string named like `title`, `paper` | its title, or its id |
//! | string named like `question`, `task` | the question |
//! | string named like `url`, `link`, `code` | the first fitting address in the evidence |
//! | string named like `answer`, `quote`, `evidence`, `summary` | the best sentence |
//! | other string | the name that stands nearest to the field's own word, or the best sentence |
//! | boolean | whether the evidence holds enough of the question's, or the field's, words; negation is not seen |
//! | integer, number | the number nearest to the field's word in the best sentence that has one |
//! | enum | the word that occurs in the best sentence, then anywhere in the evidence |
//! | list | one entry a sentence, or one object a passage |
//!
//! What finds nothing is null where that fits, and otherwise the end of it.

use super::evidence::Passage;
use super::numbers::{numbers, to_value};
use super::scoring::Question;
use super::searcher::NO_PASSAGE;
use super::words::{Word, stem, words};
use indexmap::IndexMap;
use troupe_core::types::Type;
use troupe_core::{Object, Value};

/// Most entries of a list of sentences, names or numbers.
const ENTRIES_MAX: usize = 10;
/// A boolean is true from this share of the words on.
const SUPPORTED_COVERAGE: f64 = 0.5;

/// What a value is filled from.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What was asked.
    pub question: String,
    /// What was read.
    pub passages: Vec<Passage>,
}

/// A part of the output that the evidence cannot fill.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "builtin/reader cannot fill `{path}` ({wanted}) from what it read. It is no language model and only copies what \
     it finds: allow null there, or use a language model."
)]
pub struct Unfilled {
    /// Where, such as `$.rows[].items`.
    pub path: String,
    /// The type that is asked for.
    pub wanted: String,
}

/// Fills a value of `output`.
///
/// # Errors
/// Names the first part that needs a value and finds none.
pub fn fill(output: &Type, scope: &Scope) -> Result<Value, Unfilled> {
    value(output, "", "$", scope)
}

fn value(output: &Type, name: &str, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let found = match output {
        Type::Null => Some(Value::Null),
        Type::Any => text(Role::of(name), name, scope).map(Value::from).or(Some(Value::Null)),
        Type::Boolean => Some(Value::Bool(is_supported(name, scope))),
        Type::Integer => number(name, scope, |value| value.fract() == 0.0),
        Type::Number => number(name, scope, |_| true),
        Type::String => text(Role::of(name), name, scope).map(Value::from),
        Type::File => None,
        Type::Enum(choices) => choice(choices, name, scope).map(Value::from),
        Type::List(item) => return list(item, name, path, scope),
        Type::Object(fields) => return object(fields, path, scope),
        Type::Union(parts) => return union(output, parts, name, path, scope),
    };
    found.ok_or_else(|| Unfilled {
        path: path.to_owned(),
        wanted: output.to_string(),
    })
}

fn object(fields: &IndexMap<String, Type>, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let filled = fields
        .iter()
        .map(|(name, field)| Ok((name.clone(), value(field, name, &format!("{path}.{name}"), scope)?)));
    filled.collect::<Result<Object, Unfilled>>().map(Value::Object)
}

/// The first part that can be filled. Prose never stands in where null is allowed: a sentence that is
/// merely near is worse than none.
fn union(whole: &Type, parts: &[Type], name: &str, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let optional = whole.allows_null();
    for part in parts.iter().filter(|part| **part != Type::Null) {
        if optional && *part == Type::String && Role::of(name) == Role::Name {
            if let Some(found) = named(name, scope) {
                return Ok(Value::from(found));
            }
        } else if optional && matches!(part, Type::String | Type::Object(_) | Type::Boolean) && !is_answered(scope) {
            continue;
        } else if let Ok(found) = value(part, name, path, scope) {
            return Ok(found);
        }
    }
    if optional {
        return Ok(Value::Null);
    }
    Err(Unfilled {
        path: path.to_owned(),
        wanted: whole.to_string(),
    })
}

fn list(item: &Type, name: &str, path: &str, scope: &Scope) -> Result<Value, Unfilled> {
    let path = format!("{path}[]");
    let relevant = relevant(scope);
    let entries: Vec<Value> = match item {
        Type::Object(_) => {
            let per_passage = relevant
                .iter()
                .map(|passage| value(item, name, &path, &scope.only(passage)));
            let (filled, failed): (Vec<_>, Vec<_>) = per_passage.partition(Result::is_ok);
            match failed.into_iter().next() {
                Some(Err(unfilled)) if filled.is_empty() => return Err(unfilled),
                _ => filled.into_iter().flatten().collect(),
            }
        }
        Type::String if Role::of(name).is_of_the_passage() => {
            let per_passage = relevant
                .iter()
                .filter_map(|passage| text(Role::of(name), name, &scope.only(passage)));
            per_passage.map(Value::from).collect()
        }
        Type::String => best_sentences(name, scope).into_iter().map(Value::from).collect(),
        Type::Integer | Type::Number => {
            let all = best_sentences(name, scope)
                .into_iter()
                .flat_map(|sentence| numbers(&sentence));
            let fitting = all
                .map(|found| found.value)
                .filter(|value| *item == Type::Number || value.fract() == 0.0);
            fitting.filter_map(to_value).collect()
        }
        other => value(other, name, &path, scope)
            .into_iter()
            .filter(|value| !value.is_null())
            .collect(),
    };
    let mut unique: Vec<Value> = Vec::new();
    for entry in entries {
        if unique.len() < ENTRIES_MAX.max(relevant.len()) && !unique.contains(&entry) {
            unique.push(entry);
        }
    }
    Ok(Value::Array(unique))
}

/// What a string field is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Id,
    Title,
    Question,
    Address,
    Prose,
    Name,
}

impl Role {
    fn of(field: &str) -> Self {
        let words: Vec<String> = field_words(field);
        let last = words.last().map_or("", String::as_str);
        let is = |names: &[&str]| names.contains(&last);
        if is(&["id", "chunk", "citation", "cite", "source", "reference", "passage"]) {
            Self::Id
        } else if is(&["title", "paper", "document", "article", "work"]) {
            Self::Title
        } else if is(&["question", "query", "task", "subtask"]) {
            Self::Question
        } else if is(&[
            "url",
            "link",
            "code",
            "repository",
            "repo",
            "homepage",
            "website",
            "address",
            "href",
            "github",
        ]) {
            Self::Address
        } else if words.is_empty() || words.iter().any(|word| PROSE.contains(&word.as_str())) {
            Self::Prose
        } else {
            Self::Name
        }
    }

    /// Whether every passage has one of its own.
    fn is_of_the_passage(self) -> bool {
        matches!(self, Self::Id | Self::Title | Self::Address)
    }
}

/// Fields that hold sentences.
const PROSE: &[&str] = &[
    "abstract",
    "answer",
    "background",
    "claim",
    "comment",
    "conclusion",
    "contribution",
    "definition",
    "description",
    "detail",
    "evidence",
    "excerpt",
    "explanation",
    "fact",
    "finding",
    "goal",
    "idea",
    "limitation",
    "motivation",
    "note",
    "point",
    "problem",
    "purpose",
    "quote",
    "rationale",
    "reason",
    "report",
    "result",
    "sentence",
    "snippet",
    "statement",
    "summary",
    "support",
    "text",
    "why",
];

/// `chunk_ids` and `chunkIds` are `chunk`, `id`.
fn field_words(field: &str) -> Vec<String> {
    let mut spaced = String::new();
    for c in field.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if c.is_alphanumeric() { c } else { ' ' });
    }
    spaced
        .split_whitespace()
        .map(|word| super::words::singular(&word.to_lowercase()))
        .collect()
}

impl Scope {
    /// The same question for one passage; a passage that answers a question of its own brings it along.
    fn only(&self, passage: &Passage) -> Scope {
        Scope {
            question: passage.topic.clone().unwrap_or_else(|| self.question.clone()),
            passages: vec![passage.clone()],
        }
    }

    fn asked(&self) -> Question {
        Question::over(&self.question, &self.passages)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.passages
            .iter()
            .flat_map(|passage| passage.title.iter().chain(&passage.sentences).map(String::as_str))
    }

    /// The question together with a field's name.
    fn asked_for(&self, name: &str) -> Question {
        let asked = format!("{} {}", field_words(name).join(" "), self.question);
        Question::over(&asked, &self.passages)
    }
}

/// The passages that hold enough of the question; reports to a lead are all relevant.
fn relevant(scope: &Scope) -> Vec<&Passage> {
    let asked = scope.asked();
    let is_relevant = |passage: &&Passage| passage.topic.is_some() || asked.is_answered_by(passage);
    scope.passages.iter().filter(is_relevant).collect()
}

fn is_answered(scope: &Scope) -> bool {
    !relevant(scope).is_empty()
}

fn best_sentences(name: &str, scope: &Scope) -> Vec<String> {
    let picks = scope.asked_for(name).best(&scope.passages);
    picks
        .iter()
        .map(|pick| scope.passages[pick.passage].sentences[pick.sentence].clone())
        .collect()
}

/// The passage that the best sentence comes from, or else the first that is relevant.
fn best_passage(scope: &Scope) -> Option<&Passage> {
    let asked = scope.asked();
    let ranked = asked.ranked(&scope.passages);
    let answered = ranked
        .iter()
        .map(|pick| &scope.passages[pick.passage])
        .find(|passage| asked.is_answered_by(passage));
    answered.or_else(|| relevant(scope).into_iter().next())
}

fn text(role: Role, name: &str, scope: &Scope) -> Option<String> {
    match role {
        Role::Id => best_passage(scope)?.id.clone(),
        Role::Title => best_passage(scope).and_then(|passage| passage.title.clone().or_else(|| passage.id.clone())),
        Role::Question => Some(scope.question.clone()),
        Role::Address => address(name, scope),
        Role::Name => named(name, scope).or_else(|| prose(name, scope)),
        Role::Prose => prose(name, scope).or_else(|| Some(NO_PASSAGE.to_owned())),
    }
}

/// The best sentence. A report to a lead was chosen already, so its first sentence does as well.
fn prose(name: &str, scope: &Scope) -> Option<String> {
    let asked = scope.asked_for(name);
    let ranked = asked.ranked(&scope.passages);
    let best = ranked.iter().find(|pick| {
        let passage = &scope.passages[pick.passage];
        passage.topic.is_some() || scope.asked().is_answered_by(passage)
    });
    let first = || {
        scope
            .passages
            .iter()
            .find(|passage| passage.topic.is_some())
            .and_then(|passage| passage.sentences.first())
    };
    best.map(|pick| &scope.passages[pick.passage].sentences[pick.sentence])
        .or_else(first)
        .cloned()
}

/// The first address in the relevant evidence. A field about code takes one where code is kept, or one
/// whose sentence speaks of code.
fn address(name: &str, scope: &Scope) -> Option<String> {
    let about_code = field_words(name)
        .iter()
        .any(|word| matches!(word.as_str(), "code" | "repository" | "repo" | "github"));
    let relevant = relevant(scope);
    let sentences: Vec<&String> = relevant.iter().flat_map(|passage| &passage.sentences).collect();
    let found = |wanted: &dyn Fn(&str, &str) -> bool| {
        sentences.iter().find_map(|sentence| {
            addresses(sentence)
                .into_iter()
                .find(|address| wanted(sentence, address))
        })
    };
    if !about_code {
        return found(&|_, _| true);
    }
    let hosts = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"];
    let speaks_of_code = |sentence: &str| {
        words(sentence)
            .iter()
            .any(|word| matches!(stem(&word.text.to_lowercase()).as_str(), "cod" | "code"))
    };
    found(&|_, address| hosts.iter().any(|host| address.contains(host)))
        .or_else(|| found(&|sentence, _| speaks_of_code(sentence)))
}

fn addresses(sentence: &str) -> Vec<String> {
    let starts = sentence.match_indices("http").map(|(at, _)| &sentence[at..]);
    let whole = starts.filter(|rest| rest.starts_with("https://") || rest.starts_with("http://"));
    whole
        .map(|rest| {
            let end = rest
                .find(|c: char| c.is_whitespace() || "<>\"'`{}|\\^[]".contains(c))
                .unwrap_or(rest.len());
            let address = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?']);
            let closed = if address.contains('(') {
                address
            } else {
                address.trim_end_matches(')')
            };
            closed.trim_end_matches(['.', ',', ';']).to_owned()
        })
        .collect()
}

/// The name that stands nearest to one of the field's words in the evidence: for `dataset`, the
/// `PaperSearchQA` of “a dataset called PaperSearchQA”.
fn named(name: &str, scope: &Scope) -> Option<String> {
    let field: Vec<String> = field_words(name).iter().map(|word| stem(word)).collect();
    let relevant = relevant(scope);
    let texts = relevant
        .iter()
        .flat_map(|passage| passage.title.iter().chain(&passage.sentences));
    let nearest = texts.filter_map(|text| nearest_name(text, &field));
    nearest.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

fn nearest_name(text: &str, field: &[String]) -> Option<(usize, String)> {
    let words = words(text);
    let nouns: Vec<usize> = (0..words.len())
        .filter(|n| field.contains(&stem(&words[*n].text.to_lowercase())))
        .collect();
    let names = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.is_name_by_form() && word.text.chars().any(char::is_alphabetic));
    let distance = |at: usize| nouns.iter().map(|noun| noun.abs_diff(at)).min();
    let near = names.filter_map(|(at, word)| Some((distance(at)?, word)));
    near.min_by_key(|(distance, _)| *distance)
        .map(|(distance, word): (usize, &Word<'_>)| (distance, word.text.to_owned()))
}

/// Whether the evidence holds enough of the words that are asked about. Fields with words of their own
/// (`has_code`) ask about those; `supported`, `found` and the like ask about the question.
fn is_supported(name: &str, scope: &Scope) -> bool {
    const OF_THE_QUESTION: &[&str] = &[
        "support", "answer", "found", "tru", "correct", "hold", "confirm", "ye", "result", "verdict", "valid", "match",
        "is", "relevant", "value", "ok",
    ];
    let own: Vec<String> = field_words(name)
        .into_iter()
        .filter(|word| !super::words::is_stop_word(word) && !OF_THE_QUESTION.contains(&stem(word).as_str()))
        .collect();
    if own.is_empty() {
        let asked = scope.asked();
        return scope
            .passages
            .iter()
            .any(|passage| asked.passage_coverage(passage) >= SUPPORTED_COVERAGE);
    }
    let own = own.join(" ");
    let relevant = relevant(scope);
    relevant.iter().any(|passage| {
        Question::new(&own, passage.sentences.iter().map(String::as_str)).passage_coverage(passage)
            >= SUPPORTED_COVERAGE
    })
}

/// The number nearest to the field's words in the best sentence that has a number.
fn number(name: &str, scope: &Scope, fits: fn(f64) -> bool) -> Option<Value> {
    let field: Vec<String> = field_words(name).iter().map(|word| stem(word)).collect();
    let asked = scope.asked_for(name);
    let candidates = asked.ranked(&scope.passages).into_iter().filter_map(|pick| {
        let passage = &scope.passages[pick.passage];
        if passage.topic.is_none() && !scope.asked().is_answered_by(passage) {
            return None;
        }
        let sentence = &passage.sentences[pick.sentence];
        let words = words(sentence);
        let nouns: Vec<usize> = (0..words.len())
            .filter(|n| field.contains(&stem(&words[*n].text.to_lowercase())))
            .collect();
        let fitting = numbers(sentence).into_iter().filter(|found| fits(found.value));
        let distance = |at: usize| nouns.iter().map(|noun| noun.abs_diff(at)).min().unwrap_or(usize::MAX);
        fitting
            .min_by_key(|found| distance(found.word))
            .map(|found| (nouns.is_empty(), found.value))
    });
    // a sentence with the field's word comes before a better one without it
    let mut candidates: Vec<(bool, f64)> = candidates.collect();
    candidates.sort_by_key(|(without, _)| *without);
    candidates.first().and_then(|(_, value)| to_value(*value))
}

/// The choice that the evidence speaks of: in the best sentences first, then anywhere, then in the question.
fn choice(choices: &[String], name: &str, scope: &Scope) -> Option<String> {
    let best = best_sentences(name, scope).join("\n");
    let all = scope.texts().collect::<Vec<_>>().join("\n");
    let in_text = |text: &str| {
        let text: Vec<String> = words(text).iter().map(|word| stem(&word.text.to_lowercase())).collect();
        let count = |choice: &&String| {
            let wanted: Vec<String> = field_words(choice).iter().map(|word| stem(word)).collect();
            let found = if wanted.is_empty() {
                0
            } else {
                text.windows(wanted.len()).filter(|run| **run == wanted[..]).count()
            };
            (found > 0).then_some(found)
        };
        // the most frequent one; of several, the first that was declared
        let counted = choices
            .iter()
            .rev()
            .filter_map(|choice| Some((count(&choice)?, choice)));
        counted
            .max_by_key(|(count, _)| *count)
            .map(|(_, choice)| choice.clone())
    };
    in_text(&best).or_else(|| in_text(&all)).or_else(|| {
        if is_answered(scope) {
            in_text(&scope.question)
        } else {
            None
        }
    })
}
