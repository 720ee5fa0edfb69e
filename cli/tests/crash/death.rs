//! Where a process dies: at which write to the journals, and on which side of it.

use async_trait::async_trait;
use std::fmt;
use std::io::Write as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use troupe_core::id::RunId;
use troupe_core::port::Error;
use troupe_core::port::journal::{Append, Entry, Journal, RunHeader, RunRecord};
use troupe_store::Store;

/// Which side of the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// What happened is not on the disk.
    Before,
    /// It may be.
    During,
    /// It is, and nobody has heard.
    After,
}

impl Moment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Before, Self::During, Self::After];
}

/// A place to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    /// At which write of the process, from 1.
    pub write: u64,
    pub moment: Moment,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.moment {
            Moment::Before => "before",
            Moment::During => "during",
            Moment::After => "after",
        };
        write!(f, "{word}:{}", self.write)
    }
}

impl FromStr for Death {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, write) = text.split_once(':').ok_or("no `:`")?;
        let known = Moment::ALL.into_iter().map(|moment| Self {
            write: write.parse().unwrap_or_default(),
            moment,
        });
        let mut same = known.filter(|death| death.to_string().starts_with(word));
        same.next().ok_or_else(|| format!("`{word}` is no moment"))
    }
}

/// What a process says when it has come to its end: whoever hears it kills it.
pub const READY: &str = "ready to die";

/// The store, until a certain write.
pub struct Mortal {
    pub store: Store,
    death: Option<Death>,
    writes: AtomicU64,
}

impl Mortal {
    pub fn new(store: Store, death: Option<Death>) -> Self {
        Self {
            store,
            death,
            writes: AtomicU64::new(0),
        }
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    async fn write(&self, write: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let death = self.death.filter(|death| death.write == number);
        match death.map(|death| death.moment) {
            None => write.await,
            Some(Moment::Before) => wait().await,
            Some(Moment::During) => {
                say_ready();
                write.await
            }
            Some(Moment::After) => {
                write.await?;
                wait().await
            }
        }
    }
}

fn say_ready() {
    println!("{READY}");
    let _ = std::io::stdout().flush();
}

/// Everything else in the process goes on, as it would.
async fn wait() -> Result<(), Error> {
    say_ready();
    std::future::pending().await
}

#[async_trait]
impl Journal for Mortal {
    async fn create(&self, header: RunHeader) -> Result<(), Error> {
        self.write(self.store.create(header)).await
    }
    async fn append(&self, append: Append) -> Result<(), Error> {
        self.write(self.store.append(append)).await
    }
    async fn load(&self, run: &RunId) -> Result<Vec<Entry>, Error> {
        self.store.load(run).await
    }
    async fn run(&self, run: &RunId) -> Result<RunRecord, Error> {
        self.store.run(run).await
    }
    async fn remove(&self, run: &RunId) -> Result<(), Error> {
        self.store.remove(run).await
    }
    async fn runs(&self, limit: u32) -> Result<Vec<RunRecord>, Error> {
        self.store.runs(limit).await
    }
}
