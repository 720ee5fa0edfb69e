//! Group commit: one task owns the one writing connection and commits whatever is ready at once.
//!
//! Callers encode in their own tasks, send an order and wait. The task takes every order that is ready,
//! reads where the runs stand, decides each order on its own, writes the accepted ones in one
//! transaction, forces it to disk once, and answers all. SQLite admits one writing transaction at a
//! time, so where a run stands cannot change between reading and writing, whichever process writes.

use crate::blob::Blob;
use crate::database::Database;
use crate::fault;
use crate::segment::Segment;
use plan::{Plan, Refusal};
use sqlx::{Connection, SqliteConnection};
use std::collections::HashMap;
use tokio::sync::{mpsc, oneshot};
use troupe_core::id::RunId;
use troupe_core::port::blob::Digest;
use troupe_core::port::journal::RunHeader;
use troupe_core::port::{Error, ErrorKind};

mod plan;
mod statement;

pub(crate) use plan::{Position, missing};

/// Orders of one group: beyond this the cost of a commit is spread thin enough.
const GROUP_ORDERS: usize = 512;
/// Bytes of one group, so that a flood of large appends neither fills memory nor delays the small ones.
const GROUP_BYTES: usize = 16 << 20;
/// Orders that wait while a group is written; callers beyond wait to send.
const WAITING: usize = 1024;

/// A new run.
#[derive(Debug)]
pub(crate) struct Opening {
    /// What it begins with, `sources` aside.
    pub(crate) header: RunHeader,
    /// The sources, as JSON.
    pub(crate) sources: Blob,
    /// How far it is, as JSON.
    pub(crate) progress: String,
}

/// An encoded append.
#[derive(Debug)]
pub(crate) struct Batch {
    /// To which run.
    pub(crate) run: RunId,
    /// The sequence that its first event must get.
    pub(crate) first: u64,
    /// When, in milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
    /// The events.
    pub(crate) segment: Segment,
    /// How far the run is afterwards, as JSON.
    pub(crate) progress: String,
}

/// What the writer is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Opens a run's journal.
    Create(Box<Opening>),
    /// Appends a batch.
    Append(Box<Batch>),
    /// Leaves a word, as JSON, for a run.
    Post { run: RunId, word: String },
    /// Forgets a run's words up to a number.
    Settle { run: RunId, number: u64 },
    /// Keeps a content, and when that was asked for.
    Keep { blob: Blob, at_ms: u64 },
    /// Keeps the answer to a question in place of an older one.
    Answer { question: Digest, at_ms: u64, answer: Blob },
}

impl Request {
    /// The runs that the request is about: where they stand decides it.
    fn runs(&self) -> impl Iterator<Item = &RunId> {
        let (run, past) = match self {
            Self::Create(opening) => {
                let forked = opening.header.forked.as_ref();
                (Some(&opening.header.run), forked.map(|fork| &fork.run))
            }
            Self::Append(batch) => (Some(&batch.run), None),
            Self::Post { run, .. } | Self::Settle { run, .. } => (Some(run), None),
            Self::Keep { .. } | Self::Answer { .. } => (None, None),
        };
        run.into_iter().chain(past)
    }

    fn bytes(&self) -> usize {
        let (own, blobs) = match self {
            Self::Create(opening) => (0, std::slice::from_ref(&opening.sources)),
            Self::Append(batch) => (batch.segment.bytes.len(), batch.segment.blobs.as_slice()),
            Self::Post { word, .. } => (word.len(), [].as_slice()),
            Self::Settle { .. } => (0, [].as_slice()),
            Self::Keep { blob, .. } | Self::Answer { answer: blob, .. } => (0, std::slice::from_ref(blob)),
        };
        own + blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>()
    }
}

struct Order {
    request: Request,
    answer: oneshot::Sender<Result<(), Error>>,
}

enum Command {
    Order(Order),
    Close(oneshot::Sender<()>),
}

/// The way to the writing task, which ends when all of these are gone or [`Handle::close`] was called.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    commands: mpsc::Sender<Command>,
}

impl Handle {
    /// Waits until the request is on disk. When the caller stops waiting it may still get there.
    pub(crate) async fn request(&self, request: Request) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        let order = Command::Order(Order { request, answer });
        self.commands.send(order).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Writes what was asked for before, empties the log into the database and ends the task.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        // Either fails when the task has ended already, which is what is wanted.
        if self.commands.send(Command::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the store is closed: open it again")
}

/// Starts the writing task on an open connection.
pub(crate) fn spawn(database: Database, connection: SqliteConnection) -> Handle {
    let (commands, received) = mpsc::channel(WAITING);
    let writer = Writer {
        database,
        connection: Some(connection),
    };
    tokio::spawn(writer.run(received));
    Handle { commands }
}

struct Writer {
    database: Database,
    /// None after a failure: what a failed transaction left behind is not worth knowing.
    connection: Option<SqliteConnection>,
}

impl Writer {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut closing = Vec::new();
        while let Some(command) = commands.recv().await {
            // Those whom the last commit answered are about to ask again: let them into this group.
            tokio::task::yield_now().await;
            let orders = gather(command, &mut commands, &mut closing);
            if !closing.is_empty() {
                commands.close();
            }
            self.perform(orders).await;
        }
        if let Some(mut connection) = self.connection.take() {
            // Another process may be reading: then its log is emptied by whoever closes last.
            let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&mut connection)
                .await;
            let _ = connection.close().await;
        }
        for done in closing {
            let _ = done.send(());
        }
    }

    async fn perform(&mut self, orders: Vec<Order>) {
        let (requests, answers): (Vec<_>, Vec<_>) =
            orders.into_iter().map(|order| (order.request, order.answer)).unzip();
        match self.commit(&requests).await {
            Ok(verdicts) => answer(verdicts, answers),
            // One that is too large for the room that is left must not take the others along.
            Err(error) if fault::is_about_size(&error) && requests.len() > 1 => {
                for (request, sender) in requests.iter().zip(answers) {
                    let alone = std::slice::from_ref(request);
                    match self.commit(alone).await {
                        Ok(verdicts) => answer(verdicts, vec![sender]),
                        Err(error) => drop(sender.send(Err(self.database.fault(&error)))),
                    }
                }
            }
            Err(error) => {
                for sender in answers {
                    drop(sender.send(Err(self.database.fault(&error))));
                }
            }
        }
    }

    /// Writes a group, and gives up the connection when that fails.
    async fn commit(&mut self, requests: &[Request]) -> Result<Vec<Result<(), Refusal>>, sqlx::Error> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.database.connect().await?,
        };
        match write(&mut connection, requests).await {
            Ok(verdicts) => {
                self.connection = Some(connection);
                Ok(verdicts)
            }
            Err(error) => {
                // Closing rolls back; an error of that would be the same trouble again.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }
}

/// Takes what is ready, up to the limits of a group.
fn gather(
    first: Command,
    commands: &mut mpsc::Receiver<Command>,
    closing: &mut Vec<oneshot::Sender<()>>,
) -> Vec<Order> {
    let mut orders = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(command) = next {
        match command {
            Command::Order(order) => {
                bytes += order.request.bytes();
                orders.push(order);
            }
            Command::Close(done) => closing.push(done),
        }
        next = (orders.len() < GROUP_ORDERS && bytes < GROUP_BYTES)
            .then(|| commands.try_recv().ok())
            .flatten();
    }
    orders
}

fn answer(verdicts: Vec<Result<(), Refusal>>, answers: Vec<oneshot::Sender<Result<(), Error>>>) {
    for (verdict, sender) in verdicts.into_iter().zip(answers) {
        // Nobody may be waiting any more.
        let _ = sender.send(verdict.map_err(Refusal::explain));
    }
}

async fn write(
    connection: &mut SqliteConnection,
    requests: &[Request],
) -> Result<Vec<Result<(), Refusal>>, sqlx::Error> {
    let runs: Vec<&str> = requests.iter().flat_map(Request::runs).map(RunId::as_str).collect();
    let mut positions: HashMap<String, Position> = statement::begin(connection, &runs).await?;
    let mut verdicts = Vec::with_capacity(requests.len());
    let mut plan = Plan::default();
    let mut wrote = false;
    for request in requests {
        let verdict = match request {
            Request::Append(batch) => plan.accept(positions.get_mut(batch.run.as_str()), batch),
            Request::Create(opening) => create(connection, &mut positions, opening).await?,
            Request::Post { run, word } => match positions.get(run.as_str()) {
                Some(position) => {
                    statement::insert_word(connection, position.key, word).await?;
                    Ok(())
                }
                None => Err(Refusal::Missing(run.clone())),
            },
            Request::Settle { run, number } => {
                if let Some(position) = positions.get(run.as_str()) {
                    statement::delete_words(connection, position.key, *number).await?;
                }
                Ok(())
            }
            Request::Keep { blob, at_ms } => {
                statement::keep(connection, blob, *at_ms).await?;
                Ok(())
            }
            Request::Answer {
                question,
                at_ms,
                answer,
            } => {
                statement::keep_answer(connection, question, *at_ms, answer).await?;
                Ok(())
            }
        };
        wrote |= verdict.is_ok() && !matches!(request, Request::Append(_));
        verdicts.push(verdict);
    }
    statement::insert_blobs(connection, &plan.blobs()).await?;
    statement::insert_segments(connection, &plan.segments()).await?;
    match (wrote, plan.changes()) {
        (false, changes) if changes.is_empty() => statement::rollback(connection).await?,
        (_, changes) => statement::update_runs_and_commit(connection, &changes).await?,
    }
    Ok(verdicts)
}

/// Writes a run that does not exist yet, with the past that it shares.
async fn create(
    connection: &mut SqliteConnection,
    positions: &mut HashMap<String, Position>,
    opening: &Opening,
) -> Result<Result<(), Refusal>, sqlx::Error> {
    let header = &opening.header;
    let past = match plan::past(header, |run| positions.get(run.as_str()).copied()) {
        Ok(past) => past,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let key = statement::insert_run(connection, opening, past).await?;
    let next = past.map_or(0, |past| past.next);
    positions.insert(header.run.as_str().to_owned(), Position { key, next });
    Ok(Ok(()))
}
