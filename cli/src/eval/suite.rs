//! A suite file: which questions go to which workflows, and what is scored.

mod metric;

pub use metric::{Metric, Part, TableMetric};

use super::dataset::Source;
use crate::exit::Usage;
use crate::report;
use crate::settings::Settings;
use std::path::{Path, PathBuf};
use troupe_core::diagnostic::Span;
use troupe_core::expression::{Expression, Template};
use troupe_dsl::data::{Field, Item, Reading};

/// What a suite asks for. Paths are absolute or seen from the suite's folder.
#[derive(Debug, Default)]
pub struct Suite {
    /// Its name: a part of what names its runs.
    pub name: String,
    /// The questions.
    pub dataset: Source,
    /// What answers them; two or more are compared.
    pub variants: Vec<Variant>,
    /// The workflow's inputs, over `row`.
    pub inputs: Vec<(String, Template)>,
    /// The answer, over `outputs`, `row` and `run`.
    pub answer: Option<Expression>,
    /// A gold text or a list of them, over `row`.
    pub gold: Option<Expression>,
    /// The ids of the chunks that hold the answer, over `row`.
    pub gold_chunks: Option<Expression>,
    /// The criteria that an answer is checked against, over `row`.
    pub rubric: Option<Expression>,
    /// The gold table and the rules that it is compared by, over `row`.
    pub table: Option<GoldTable>,
    /// Runs of every question.
    pub trials: u32,
    /// Runs at once.
    pub parallel: usize,
    /// The model that judges.
    pub judge: Option<JudgeModel>,
    /// What is scored, in the order of the report.
    pub metrics: Vec<Metric>,
    /// The least means that are good enough.
    pub thresholds: Vec<(Metric, f64)>,
    /// The seed of the intervals.
    pub seed: u64,
}

/// Where the right table is, and how it is compared.
#[derive(Debug)]
pub struct GoldTable {
    /// The path of a .csv file, seen from the suite's folder, or a list of rows.
    pub gold: Expression,
    /// Columns, keys and measures; text is read as JSON.
    pub rules: Expression,
    /// The suite's folder.
    pub folder: PathBuf,
}

/// A model that judges, as a workflow's `models` would have it.
#[derive(Debug)]
pub struct JudgeModel {
    /// `provider/name`.
    pub model: String,
    /// Where it is served.
    pub base_url: Option<String>,
    /// The name of its key.
    pub api_key: Option<String>,
}

/// A workflow with its models.
#[derive(Debug)]
pub struct Variant {
    /// How the report calls it.
    pub name: String,
    /// The file or folder.
    pub workflow: PathBuf,
    /// Models put behind aliases: `alias=provider/name`.
    pub models: Vec<String>,
    /// Inputs beside the suite's own.
    pub inputs: Vec<(String, Template)>,
}

const KEYS: [&str; 18] = [
    "suite",
    "name",
    "dataset",
    "workflow",
    "variants",
    "inputs",
    "answer",
    "gold",
    "gold_chunks",
    "rubric",
    "table",
    "trials",
    "parallel",
    "judge",
    "metrics",
    "thresholds",
    "seed",
    "models",
];

impl Suite {
    /// Reads a suite; whatever is wrong is told on stderr, all at once.
    pub fn load(path: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let bytes =
            std::fs::read(path).map_err(|error| Usage::error(format!("{} cannot be read: {error}", path.display())))?;
        let (mut reading, root) = Reading::open(&path.display().to_string(), &bytes);
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut suite = Self {
            trials: 1,
            parallel: 4,
            ..Self::default()
        };
        if let Some(root) = root {
            suite.read(&mut reading, &root, folder);
        }
        let compiled = reading.finish();
        report::diagnostics(&compiled, settings);
        if compiled.has_errors() {
            let count = report::count(&compiled.diagnostics);
            return Err(Usage::error(format!("{} cannot be run: {count}", path.display())));
        }
        Ok(suite)
    }

    fn read(&mut self, reading: &mut Reading, root: &Item, folder: &Path) {
        let fields = reading.fields(root, "a suite", &KEYS);
        let mut models = Vec::new();
        let mut workflow = None;
        for Field { key, span, item } in &fields {
            match key.as_str() {
                "suite" if item.number() != Some(1.0) => {
                    reading.wrong(
                        item.span(),
                        "this version reads suites of version 1",
                        "write `suite: 1`",
                    );
                }
                "name" => self.name = text(reading, item, "`name`"),
                "dataset" => self.dataset = dataset(reading, item, *span, folder),
                "workflow" => workflow = Some(folder.join(text(reading, item, "`workflow`"))),
                "models" => models = pairs(reading, item),
                "variants" => self.variants = variants(reading, item, folder),
                "inputs" => self.inputs = inputs(reading, item),
                "answer" => self.answer = reading.expression(item, "answer", &["outputs", "row", "run"]),
                "gold" => self.gold = reading.expression(item, "gold", &["row"]),
                "gold_chunks" => self.gold_chunks = reading.expression(item, "gold_chunks", &["row"]),
                "rubric" => self.rubric = reading.expression(item, "rubric", &["row"]),
                "table" => self.table = table(reading, item, *span, folder),
                "trials" => self.trials = whole(reading, item, "`trials`") as u32,
                "parallel" => self.parallel = whole(reading, item, "`parallel`") as usize,
                "judge" => self.judge = judge(reading, item, *span),
                "metrics" => self.metrics = metric::list(reading, item),
                "thresholds" => self.thresholds = metric::thresholds(reading, item),
                "seed" => self.seed = whole_from(0.0, reading, item, "`seed`"),
                _ => {}
            }
        }
        let has = |key: &str| fields.iter().any(|field| field.key == key);
        for (key, about) in [
            ("suite", "the version of the form, 1"),
            ("name", "names the suite's runs"),
            ("dataset", "the questions: `{ file: questions.jsonl, id: row.id }`"),
            ("answer", "which output is the answer, such as `outputs.answer`"),
        ] {
            if !has(key) {
                reading.missing(root.span(), "a suite", key, about);
            }
        }
        match workflow {
            Some(workflow) if self.variants.is_empty() => self.variants.push(Variant {
                name: "default".to_owned(),
                workflow,
                models,
                inputs: Vec::new(),
            }),
            Some(_) => reading.wrong(
                root.span(),
                "`workflow` and `variants` exclude each other",
                "leave one of them out",
            ),
            None if !has("variants") => {
                reading.missing(
                    root.span(),
                    "a suite",
                    "workflow",
                    "the file that answers, or several under `variants`",
                );
            }
            None => {}
        }
        if self.metrics.is_empty() {
            self.metrics = self.usual_metrics();
        }
        self.check_needs(reading, &fields, root.span());
    }

    /// What can be scored with what the suite says.
    fn usual_metrics(&self) -> Vec<Metric> {
        let mut metrics = Vec::new();
        if self.gold.is_some() {
            metrics.extend([Metric::ExactMatch, Metric::TokenF1, Metric::ContainAcc]);
            metrics.extend(self.judge.as_ref().map(|_| Metric::LlmAcc));
        }
        if self.gold_chunks.is_some() {
            metrics.extend([Metric::Recall(5), Metric::FullSupport(5), Metric::Mrr]);
        }
        if self.rubric.is_some() {
            metrics.extend([Metric::Rubric, Metric::RubricShare]);
        }
        if self.table.is_some() {
            metrics.extend(
                [
                    TableMetric::Item(Part::F1),
                    TableMetric::Row(Part::F1),
                    TableMetric::Success,
                ]
                .map(Metric::Table),
            );
        }
        metrics.extend([Metric::RetrievedTokens, Metric::TotalTokens, Metric::Loops]);
        metrics
    }

    fn check_needs(&mut self, reading: &mut Reading, fields: &[Field], root: Span) {
        let at = fields
            .iter()
            .find(|field| field.key == "metrics")
            .map_or(root, |field| field.span);
        for metric in self
            .metrics
            .iter()
            .chain(self.thresholds.iter().map(|(metric, _)| metric))
        {
            let Some(needs) = metric.needs().filter(|key| !self.says(key)) else {
                continue;
            };
            reading.missing(at, &format!("`{}`", metric.name()), needs, "what is right, over `row`");
        }
        for (metric, _) in &self.thresholds {
            if !self.metrics.contains(metric) {
                self.metrics.push(*metric);
            }
        }
    }
}

impl Suite {
    /// Whether it says what is right in this way.
    fn says(&self, key: &str) -> bool {
        match key {
            "gold" => self.gold.is_some(),
            "gold_chunks" => self.gold_chunks.is_some(),
            "rubric" => self.rubric.is_some(),
            _ => self.table.is_some(),
        }
    }
}

fn text(reading: &mut Reading, item: &Item, what: &str) -> String {
    match item.text() {
        Some(text) => text.to_owned(),
        None => {
            reading.wrong(
                item.span(),
                format!("{what} is text, and this is {}", item.describe()),
                "write one word or a quoted text",
            );
            String::new()
        }
    }
}

fn whole(reading: &mut Reading, item: &Item, what: &str) -> u64 {
    whole_from(1.0, reading, item, what)
}

fn whole_from(least: f64, reading: &mut Reading, item: &Item, what: &str) -> u64 {
    let number = item
        .number()
        .filter(|n| n.fract() == 0.0 && (least..=10_000.0).contains(n));
    if number.is_none() {
        let message = format!("{what} is a whole number from {least}, and this is {}", item.describe());
        reading.wrong(item.span(), message, format!("write {least} to 10000"));
    }
    number.unwrap_or(least) as u64
}

fn dataset(reading: &mut Reading, item: &Item, span: Span, folder: &Path) -> Source {
    let mut source = Source::default();
    let fields = reading.fields(item, "a dataset", &["file", "id", "group", "limit", "where"]);
    for Field { key, item, .. } in &fields {
        match key.as_str() {
            "file" => source.file = folder.join(text(reading, item, "`file`")),
            "id" => source.id = reading.expression(item, "id", &["row"]),
            "group" => source.group = reading.expression(item, "group", &["row"]),
            "where" => source.wanted = reading.expression(item, "where", &["row"]),
            "limit" => source.limit = Some(whole(reading, item, "`limit`") as usize),
            _ => {}
        }
    }
    for (key, about) in [
        ("file", "a .jsonl or .csv file"),
        ("id", "what names a question, such as `row.id`"),
    ] {
        if fields.iter().all(|field| field.key != key) {
            reading.missing(span, "a dataset", key, about);
        }
    }
    source
}

fn pairs(reading: &mut Reading, item: &Item) -> Vec<String> {
    let entries = reading.entries(item, "`models`");
    let pair = |field: &Field| format!("{}={}", field.key, text(reading, &field.item, "a model"));
    entries.iter().map(pair).collect()
}

fn inputs(reading: &mut Reading, item: &Item) -> Vec<(String, Template)> {
    let entries = reading.entries(item, "`inputs`");
    let input = |field: &Field| Some((field.key.clone(), reading.template(&field.item, &["row"])?));
    entries.iter().filter_map(input).collect()
}

fn variants(reading: &mut Reading, item: &Item, folder: &Path) -> Vec<Variant> {
    let entries = reading.entries(item, "`variants`");
    let mut variants = Vec::new();
    for variant in &entries {
        let mut read = Variant {
            name: variant.key.clone(),
            workflow: PathBuf::new(),
            models: Vec::new(),
            inputs: Vec::new(),
        };
        let fields = reading.fields(&variant.item, "a variant", &["workflow", "models", "inputs"]);
        for Field { key, item, .. } in &fields {
            match key.as_str() {
                "workflow" => read.workflow = folder.join(text(reading, item, "`workflow`")),
                "models" => read.models = pairs(reading, item),
                _ => read.inputs = inputs(reading, item),
            }
        }
        if fields.iter().all(|field| field.key != "workflow") {
            reading.missing(variant.span, "a variant", "workflow", "the file that answers");
        }
        variants.push(read);
    }
    variants
}

fn table(reading: &mut Reading, item: &Item, span: Span, folder: &Path) -> Option<GoldTable> {
    let fields = reading.fields(item, "a table", &["gold", "rules"]);
    let mut read = |key: &str, about: &str| match fields.iter().find(|field| field.key == key) {
        Some(field) => reading.expression(&field.item, key, &["row"]),
        None => {
            reading.missing(span, "a table", key, about);
            None
        }
    };
    let gold = read("gold", "a .csv file or a list of rows, over `row`");
    let rules = read("rules", "columns, keys and measures, such as `row.evaluation`");
    Some(GoldTable {
        gold: gold?,
        rules: rules?,
        folder: folder.to_owned(),
    })
}

fn judge(reading: &mut Reading, item: &Item, span: Span) -> Option<JudgeModel> {
    let fields = reading.fields(item, "a judge", &["model", "base_url", "api_key"]);
    let of = |key: &str| fields.iter().find(|field| field.key == key);
    let Some(field) = of("model") else {
        reading.missing(span, "a judge", "model", "`provider/name`");
        return None;
    };
    let model = text(reading, &field.item, "`model`");
    if !model.contains('/') {
        reading.wrong(
            field.item.span(),
            format!("`{model}` names no model"),
            "write `provider/name`",
        );
    }
    let mut given = |key: &str| of(key).map(|field| text(reading, &field.item, &format!("`{key}`")));
    Some(JudgeModel {
        model,
        base_url: given("base_url"),
        api_key: given("api_key"),
    })
}
