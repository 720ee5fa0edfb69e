//! Owns the reading of dictionaries: definitions become sentences about their headword, as an
//! encyclopedia would open, and some become the questions that such a sentence answers.

use super::collect::hash;
use super::sentences;

/// Headword and indented body of each entry of a `dictd` file.
fn entries(content: &str) -> Vec<(String, Vec<String>)> {
    let mut entries: Vec<(String, Vec<String>)> = Vec::new();
    for line in content.lines() {
        let indented = line.starts_with([' ', '\t']);
        match entries.last_mut() {
            Some((_, body)) if indented || line.is_empty() => body.push(line.trim().to_owned()),
            _ if line.is_empty() => {}
            _ => entries.push((line.trim().to_owned(), Vec::new())),
        }
    }
    entries
}

/// One sense of a WordNet entry.
struct Sense<'a> {
    head: &'a str,
    noun: bool,
    gloss: String,
    examples: Vec<String>,
}

fn senses(content: &str) -> Vec<(String, bool, String)> {
    let mut all = Vec::new();
    for (head, body) in entries(content) {
        let mut noun = false;
        for line in body {
            let (label, text) = line.split_once(": ").unwrap_or(("", &line));
            let number = label.rsplit(' ').next().unwrap_or_default();
            if !label.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
                if label.len() > number.len() {
                    noun = label.starts_with("n ");
                }
                all.push((head.clone(), noun, text.to_owned()));
            } else if let Some((_, _, last)) = all.last_mut() {
                last.push(' ');
                last.push_str(&line);
            }
        }
    }
    all
}

fn parse<'a>(head: &'a str, noun: bool, text: &str) -> Sense<'a> {
    let text = without_brackets(text);
    let mut parts = text.split('"');
    let gloss = parts
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches([';', ' '])
        .to_owned();
    let examples = parts.step_by(2).map(str::to_owned).collect();
    Sense {
        head,
        noun,
        gloss,
        examples,
    }
}

fn is_name(head: &str) -> bool {
    head.contains(' ') && head.starts_with(|first: char| first.is_uppercase())
}

/// Definitions and example sentences.
pub fn wordnet(content: &str, texts: &mut Vec<String>) {
    for (head, noun, text) in senses(content) {
        let sense = parse(&head, noun, &text);
        let choice = hash(sense.gloss.bytes()) % 4;
        let verb = if is_name(&head) && choice < 2 { "was" } else { "is" };
        let definition = match (sense.noun, choice) {
            (true, 0..3) => format!("{} {verb} {}.", sense.head, sense.gloss),
            (true, _) => capitalised(&sense.gloss) + ".",
            (false, _) => format!("{}: {}", sense.head, sense.gloss),
        };
        // A synonym's entry repeats the gloss: keep it under one headword in four.
        if sentences::is_prose(&definition) && hash(definition.bytes()) % 4 != 0 {
            texts.push(definition);
        }
        texts.extend(sense.examples.into_iter().filter(|text| sentences::is_prose(text)));
    }
}

/// Questions after things (`What is X?`) and after names by their description.
pub fn wordnet_questions(content: &str, texts: &mut Vec<String>) {
    for (head, noun, text) in senses(content) {
        let sense = parse(&head, noun, &text);
        if !sense.noun || sense.gloss.len() < 12 {
            continue;
        }
        let description = ["a ", "an ", "the "]
            .iter()
            .find_map(|article| sense.gloss.strip_prefix(article))
            .unwrap_or(&sense.gloss);
        let person = is_name(&head) && sense.gloss.contains("who ");
        let question = match hash(sense.gloss.bytes()) % 6 {
            0 if person => format!("Who was {head}?"),
            0 => format!("What is {head}?"),
            1 | 2 => format!("What is the name of the {description}?"),
            3 if person => format!("Who was the {description}?"),
            3 => format!("Which {description}?"),
            4 => format!("Is {head} {}?", sense.gloss),
            _ => format!("What {description}?"),
        };
        if question.len() <= 300 {
            texts.push(question);
        }
    }
}

/// FOLDOC, the Jargon File and their like: prose below a headword.
pub fn headed(content: &str, texts: &mut Vec<String>) {
    for (head, body) in entries(content) {
        for (at, paragraph) in body.split(|line| line.is_empty()).enumerate() {
            let text = without_brackets(&paragraph.join(" "));
            let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
            // The Jargon File and the Devil's Dictionary open with the word itself.
            let prose = if at == 0 && !head.ends_with('.') && head.len() < 40 {
                format!("{}: {}", head.trim_matches(':'), text.trim())
            } else if at == 0 {
                format!("{head} {}", text.trim())
            } else {
                text.to_owned()
            };
            sentences::of_paragraphs(&[prose], texts);
        }
    }
}

/// The 1913 Webster: definitions under their headword, and its quotations.
pub fn webster(content: &str, texts: &mut Vec<String>) {
    for (head, body) in entries(content) {
        let word = head.split(" \\").next().unwrap_or_default().to_owned();
        let mut body = body;
        body.insert(0, head);
        for (at, paragraph) in body.split(|line| line.is_empty()).enumerate() {
            let text = without_brackets(&paragraph.join(" "));
            // The author of a quotation follows it after a dash.
            let text = text.split(" --").next().unwrap_or_default();
            let text = text.trim_start_matches(|c: char| c.is_ascii_digit() || "(). ".contains(c));
            let definition = after_grammar(text.rsplit('\\').next().unwrap_or_default());
            if at == 0 || hash(text.bytes()) % 2 == 0 {
                let opening = format!("{word}: {definition}");
                sentences::of_paragraphs(&[opening], texts);
            } else {
                sentences::of_paragraphs(&[definition], texts);
            }
        }
    }
}

/// Drops leading marks such as `, n.`, `v. t.` and `(Bot.)`.
fn after_grammar(text: &str) -> String {
    let words = text.split_whitespace();
    let is_mark = |word: &&str| word.starts_with([',', '(']) || word.ends_with(['.', ',', ';', ')']) && word.len() < 8;
    words.skip_while(is_mark).collect::<Vec<_>>().join(" ")
}

/// Drops `[...]` and `<...>`, and keeps the inside of `{...}`.
fn without_brackets(text: &str) -> String {
    let mut depth = 0usize;
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '[' | '<' => depth += 1,
            ']' | '>' => depth = depth.saturating_sub(1),
            '{' | '}' => {}
            _ if depth == 0 => plain.push(character),
            _ => {}
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
