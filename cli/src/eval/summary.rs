//! Scores become means, intervals, comparisons and thresholds: a pure function of what was measured.

use super::judge::{Judge, Verdict};
use super::measure::Measured;
use super::suite::Suite;
use super::trial::Ready;
use indexmap::IndexMap;
use serde::Serialize;
use std::collections::BTreeMap;
use troupe_core::metric::{self, Interval, Paired};

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The suite's name.
    pub suite: String,
    /// How many questions.
    pub questions: usize,
    /// Trials of each.
    pub trials: u32,
    /// The seed of the intervals.
    pub seed: u64,
    /// Who judged.
    pub judge: Option<Judged>,
    /// What answered.
    pub variants: Vec<Variant>,
    /// Every later variant against the first.
    pub comparisons: Vec<Comparison>,
    /// What was asked of the means.
    pub thresholds: Vec<Threshold>,
    /// Every trial.
    pub runs: Vec<Trial>,
    /// The first metric that lies in 0..=1.
    #[serde(skip)]
    pub first_share: Option<String>,
}

/// The judge.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// Its model.
    pub model: String,
    /// The hashes of its workflows by what they judge: prompt, model and settings.
    pub fingerprints: BTreeMap<&'static str, String>,
    /// How often it failed, or could not be understood.
    pub failed: usize,
}

/// A variant's means.
#[derive(Debug, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// The hash of its workflow.
    pub fingerprint: String,
    /// Runs.
    pub runs: usize,
    /// Runs that failed: wrong by every measure of answers.
    pub failed: usize,
    /// Means by metric.
    pub metrics: IndexMap<String, Score>,
    /// Means by group and metric.
    pub groups: BTreeMap<String, IndexMap<String, Score>>,
    /// Tool calls of all runs by name.
    pub tools: BTreeMap<String, u64>,
}

/// A metric of some questions.
#[derive(Debug, Serialize)]
pub struct Score {
    /// The mean over questions of the mean over trials (avg@k), with its interval; none where nothing is scored.
    #[serde(flatten)]
    pub interval: Option<Interval>,
    /// Questions with a score.
    pub scored: usize,
    /// Questions that nobody could score: they are in no mean.
    pub unscored: usize,
    /// max@k: the mean over questions of the best trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
    /// pass@k: the share of questions with a perfect trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<f64>,
}

/// Two variants on the questions that both have a score for.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The metric.
    pub metric: String,
    /// The first variant.
    pub first: String,
    /// The other one.
    pub second: String,
    /// The second minus the first.
    #[serde(flatten)]
    pub paired: Paired,
}

/// A least mean.
#[derive(Debug, Serialize)]
pub struct Threshold {
    /// The variant.
    pub variant: String,
    /// The metric.
    pub metric: String,
    /// The mean; none where nothing is scored, which is not good enough.
    pub mean: Option<f64>,
    /// What it must be.
    pub least: f64,
    /// Whether it is.
    pub met: bool,
}

/// A trial as the report lists it.
#[derive(Debug, Serialize)]
pub struct Trial {
    variant: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    trial: u32,
    run: String,
    succeeded: bool,
    answer: String,
    gold: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    scores: IndexMap<String, Option<f64>>,
}

impl Summary {
    /// Sums up all trials of a suite.
    pub fn of(
        suite: &Suite,
        ready: &[Ready<'_>],
        judge: Option<&Judge<'_>>,
        questions: usize,
        all: &[Measured],
    ) -> Self {
        let variants = ready
            .iter()
            .enumerate()
            .map(|(at, ready)| variant(suite, ready, &own(all, at)));
        let variants: Vec<Variant> = variants.collect();
        let judged = judge.map(|judge| Judged {
            model: judge.model().to_owned(),
            fingerprints: judge
                .fingerprints()
                .map(|(task, print)| (task, print.to_owned()))
                .collect(),
            failed: all.iter().map(|one| one.judge_failures).sum(),
        });
        Self {
            suite: suite.name.clone(),
            questions,
            trials: suite.trials,
            seed: suite.seed,
            judge: judged,
            comparisons: comparisons(suite, ready, all),
            thresholds: thresholds(suite, &variants),
            runs: all.iter().map(|one| trial(ready, one)).collect(),
            first_share: suite
                .metrics
                .iter()
                .find(|metric| metric.is_share())
                .map(|metric| metric.name()),
            variants,
        }
    }
}

fn own(all: &[Measured], variant: usize) -> Vec<&Measured> {
    all.iter().filter(|one| one.variant == variant).collect()
}

fn trial(ready: &[Ready<'_>], one: &Measured) -> Trial {
    Trial {
        variant: ready[one.variant].name.to_owned(),
        id: one.id.clone(),
        group: one.group.clone(),
        trial: one.trial,
        run: one.run.clone(),
        succeeded: one.succeeded,
        answer: one.answer.clone(),
        gold: one.golds.clone(),
        verdict: one.verdict,
        scores: one.scores.clone(),
    }
}

fn variant(suite: &Suite, ready: &Ready<'_>, own: &[&Measured]) -> Variant {
    let mut tools = BTreeMap::new();
    for (tool, calls) in own.iter().flat_map(|one| &one.tools) {
        *tools.entry(tool.clone()).or_default() += calls;
    }
    let mut groups: BTreeMap<String, Vec<&Measured>> = BTreeMap::new();
    for one in own {
        if let Some(group) = &one.group {
            groups.entry(group.clone()).or_default().push(one);
        }
    }
    Variant {
        name: ready.name.to_owned(),
        fingerprint: ready.loaded.workflow.fingerprint.clone(),
        runs: own.len(),
        failed: own.iter().filter(|one| !one.succeeded).count(),
        metrics: scores(suite, own),
        groups: groups
            .into_iter()
            .map(|(group, own)| (group, scores(suite, &own)))
            .collect(),
        tools,
    }
}

/// The trials of every question, all of them or none: a missing one makes no smaller k.
fn by_question<'a>(own: &[&'a Measured], metric: &str) -> IndexMap<&'a str, Option<Vec<f64>>> {
    let mut questions: IndexMap<&str, Option<Vec<f64>>> = IndexMap::new();
    for one in own {
        let trials = questions.entry(&one.id).or_insert_with(|| Some(Vec::new()));
        match (trials.as_mut(), one.scores.get(metric).copied().flatten()) {
            (Some(trials), Some(score)) => trials.push(score),
            _ => *trials = None,
        }
    }
    questions
}

fn scores(suite: &Suite, own: &[&Measured]) -> IndexMap<String, Score> {
    let score = |metric: &super::Metric| {
        let name = metric.name();
        let questions = by_question(own, &name);
        let scored: Vec<&Vec<f64>> = questions.values().flatten().collect();
        let of =
            |fold: fn(&[f64]) -> Option<f64>| -> Vec<f64> { scored.iter().filter_map(|trials| fold(trials)).collect() };
        let is_repeated = suite.trials > 1 && metric.is_share();
        let mean = |fold| {
            Some(of(fold))
                .filter(|_| is_repeated)
                .and_then(|scores| metric::average(&scores))
        };
        let score = Score {
            interval: metric::bootstrap(&of(metric::average), suite.seed),
            scored: scored.len(),
            unscored: questions.len() - scored.len(),
            best: mean(metric::best),
            passed: mean(metric::passed),
        };
        (name, score)
    };
    suite.metrics.iter().map(score).collect()
}

fn comparisons(suite: &Suite, ready: &[Ready<'_>], all: &[Measured]) -> Vec<Comparison> {
    let first = own(all, 0);
    let mut comparisons = Vec::new();
    for (at, other) in ready.iter().enumerate().skip(1) {
        let second = own(all, at);
        for metric in &suite.metrics {
            let name = metric.name();
            let (left, right) = (by_question(&first, &name), by_question(&second, &name));
            let mean = |trials: &Option<Vec<f64>>| trials.as_deref().and_then(metric::average);
            let both = left
                .iter()
                .filter_map(|(id, trials)| Some((mean(trials)?, mean(right.get(id)?)?)));
            let (left, right): (Vec<f64>, Vec<f64>) = both.unzip();
            comparisons.extend(metric::paired(&left, &right, suite.seed).map(|paired| Comparison {
                metric: name,
                first: ready[0].name.to_owned(),
                second: other.name.to_owned(),
                paired,
            }));
        }
    }
    comparisons
}

fn thresholds(suite: &Suite, variants: &[Variant]) -> Vec<Threshold> {
    let of = |variant: &Variant| {
        let of = suite.thresholds.iter().map(|(metric, least)| {
            let name = metric.name();
            let mean = variant
                .metrics
                .get(&name)
                .and_then(|score| score.interval)
                .map(|interval| interval.mean);
            Threshold {
                variant: variant.name.clone(),
                metric: name,
                mean,
                least: *least,
                met: mean.is_some_and(|mean| mean >= *least),
            }
        });
        of.collect::<Vec<_>>()
    };
    variants.iter().flat_map(of).collect()
}
