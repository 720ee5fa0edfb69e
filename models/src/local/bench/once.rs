//! What is done once for many tokens: a model is loaded, a prompt is forked.

use super::Bench;
use crate::local::decoder::{Batch, Piece};
use crate::local::engine::{Job, Sampler, Scheduler, Settings, Work, Writer};
use crate::local::failed;
use crate::local::language::words;
use crate::local::shelf::Files;
use crate::local::tensors;
use serde::Serialize;
use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::unbounded_channel;
use troupe_core::port::Error;
use troupe_core::sampling::Sampling;

/// Forks that are timed together.
const FORKS: usize = 1_000;

/// What loading took, the files being in the system's memory already.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loading {
    /// Bytes of the files with weights.
    pub bytes: u64,
    /// Seconds of the clock for reading them once, to no end.
    pub reading: f64,
    /// Seconds of the clock until the decoder could be used.
    pub loading: f64,
    /// Seconds of the clock that the first step takes longer than the second one: weights are laid out then.
    pub laying_out: f64,
    /// Seconds of the clock for its words and its grammars, which are read beside the weights.
    pub words: f64,
}

impl Bench {
    /// Loads a model, and reads its files beside it.
    ///
    /// # Errors
    /// As of any use of it.
    pub fn loaded(files: &Files) -> Result<(Self, Loading), Error> {
        let trouble = |error| failed(&files.path().display().to_string(), error);
        // The first time brings them into memory.
        read(files).map_err(trouble)?;
        let begun = Instant::now();
        let bytes = read(files).map_err(trouble)?;
        let reading = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        let bench = Self::open(files)?;
        let loading = begun.elapsed().as_secs_f64();
        let steps = bench.thread.install(|| bench.first_steps());
        let [first, second] = steps.map_err(|error| failed(&bench.label, error))?;
        let begun = Instant::now();
        drop(black_box(words(&bench.label, files)?));
        let words = begun.elapsed().as_secs_f64();
        let loading = Loading {
            bytes,
            reading,
            loading,
            laying_out: first - second,
            words,
        };
        Ok((bench, loading))
    }

    /// Seconds of the clock for each of two steps of one token.
    fn first_steps(&self) -> Result<[f64; 2], String> {
        let mut session = Arc::clone(&self.decoder).session(1)?;
        let mut step = |begin: usize| {
            let piece = Piece {
                tokens: &[0],
                begin,
                blocks: &[0],
                wanted: 0..1,
                tapped: false,
            };
            let begun = Instant::now();
            black_box(session.step(&Batch::new([piece], None))?);
            Ok::<f64, String>(begun.elapsed().as_secs_f64())
        };
        Ok([step(0)?, step(1)?])
    }

    /// Seconds of the clock for one more answer of a prompt that was read, its first token aside: it shares all blocks.
    ///
    /// # Errors
    /// When there is no memory for the prompt.
    pub fn forking(&self, prompt: usize) -> Result<f64, Error> {
        let seconds = self.thread.install(|| self.forked(prompt));
        seconds.map_err(|error| failed(&self.label, error))
    }

    fn forked(&self, prompt: usize) -> Result<f64, String> {
        let settings = Settings {
            cache_tokens: 2 * prompt + 64,
            context: prompt + 32,
            sequences: 1,
            step_tokens: self.step_tokens,
            threads: 1,
        };
        let mut scheduler = Scheduler::new(Arc::clone(&self.decoder), settings)?;
        let prompt = self.noise(0, prompt);
        let mut listeners = Vec::new();
        let mut writer = || {
            let (listener, events) = unbounded_channel();
            listeners.push(events);
            Writer {
                sampler: Sampler::new(Sampling::default().forced(), &prompt, 0),
                constraint: None,
                ends: Vec::new(),
                most: 8,
                listener,
            }
        };
        let (first, others) = (writer(), (0..FORKS).map(|_| writer()).collect::<Vec<_>>());
        scheduler.submit(Job {
            prompt: prompt.clone(),
            work: Work::Write(vec![first]),
            branch: None,
        });
        while !scheduler.is_idle() && scheduler.writing() == 0 {
            scheduler.step();
        }
        let begun = Instant::now();
        for writer in others {
            black_box(scheduler.fork(0, writer));
        }
        Ok(begun.elapsed().as_secs_f64() / FORKS as f64)
    }
}

/// Reads the weights, and says how many bytes they have.
fn read(files: &Files) -> std::io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    for path in weights(files)? {
        let mut file = File::open(path)?;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => bytes += read as u64,
            }
        }
        black_box(&buffer);
    }
    Ok(bytes)
}

fn weights(files: &Files) -> std::io::Result<Vec<PathBuf>> {
    match files {
        Files::Folder(folder) => tensors::parts(folder).map_err(std::io::Error::other),
        Files::Gguf(path) => Ok(vec![path.clone()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::shelf;

    #[test]
    fn what_is_read_is_what_is_loaded_and_a_prompt_can_be_forked() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/src/local/fixtures");
        let files = shelf::find("talker", &[place.into()]).expect("a fixture");
        let (bench, loading) = Bench::loaded(&files).expect("a model");
        let weights = files.folder().join("model.safetensors");
        assert_eq!(loading.bytes, std::fs::metadata(weights).expect("a file").len());
        bench.forking(40).expect("room");
    }
}
