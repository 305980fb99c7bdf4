//! The one writer: takes records from the journal, commits them in groups, and answers
//! each only after the commit.
//!
//! A commit that fails is final for its group: the connection is thrown away, and the
//! next group begins with a fresh, checked one; with a new history, if SQLite says that
//! the old one is damaged. Source: trust.md R50, R53, R57.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::{Shared, StoreError, db};
use crate::bus::{Posting, Record, Refused};
use crate::model::delivery::Seq;

/// Records in one commit. Those that come while one is written form the next group, so
/// nobody waits for a timer.
const GROUP: usize = 64;

pub(super) struct Writer {
    path: PathBuf,
    /// `None` after a failed commit.
    connection: Option<Connection>,
    launch: i64,
    shared: Arc<Shared>,
}

impl Writer {
    pub(super) fn new(path: PathBuf, connection: Connection, launch: i64, shared: Arc<Shared>) -> Self {
        Self { path, connection: Some(connection), launch, shared }
    }

    /// Works until stopped, then writes what is queued.
    pub(super) fn run(mut self, mut postings: Receiver<Posting>, stop: &CancellationToken) {
        while let Some(first) = pollster::block_on(async {
            tokio::select! { biased; posting = postings.recv() => posting, () = stop.cancelled() => None }
        }) {
            self.work(first, &mut postings);
        }
        postings.close();
        while let Ok(first) = postings.try_recv() {
            self.work(first, &mut postings);
        }
    }

    fn work(&mut self, first: Posting, postings: &mut Receiver<Posting>) {
        let more = std::iter::from_fn(|| postings.try_recv().ok());
        let (records, told): (Vec<_>, Vec<_>) = std::iter::once(first).chain(more.take(GROUP - 1)).unzip();
        let kept = self.commit(&records);
        if let Err(refused) = &kept {
            tracing::error!(%refused, "records were not saved");
        }
        for (at, told) in told.into_iter().enumerate() {
            let answer = match &kept {
                Ok(places) => places.get(at).copied().ok_or_else(|| Refused("it has no place".into())),
                Err(refused) => Err(refused.clone()),
            };
            told.send(answer).ok(); // whoever asked may have gone; the record is kept
        }
    }

    fn commit(&mut self, records: &[Record]) -> Result<Vec<Seq>, Refused> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.reopen().map_err(|error| Refused(error.problem().line()))?,
        };
        match db::write(&mut connection, records, &self.shared.redactor(), self.launch) {
            Ok(places) => {
                self.connection = Some(connection);
                Ok(places)
            }
            Err(error) => {
                drop(connection); // the file is not moved under an open one
                if db::is_damage(&error) {
                    self.begin_anew(error.to_string());
                }
                Err(Refused(error.to_string()))
            }
        }
    }

    /// Does not wait for the check at opening: it leaves large files out.
    fn begin_anew(&mut self, why: String) {
        match db::begin_anew(&self.path, why) {
            Ok((connection, problem)) => {
                self.connection = Some(connection);
                self.shared.report(problem);
            }
            Err(error) => tracing::error!(%error, "the damaged history could not be replaced"), // tried again
        }
    }

    fn reopen(&self) -> Result<Connection, StoreError> {
        let (connection, problem) = db::open(&self.path)?;
        if let Some(problem) = problem {
            self.shared.report(problem);
        }
        Ok(connection)
    }
}
