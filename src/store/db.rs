//! The history file: how SQLite is set up, what the tables hold, rows in and out.
//! Source: trust.md R8 (size), R33 (masks), R51, R57.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row, Transaction, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{StoreError, files};
use crate::bus::Record;
use crate::model::delivery::{Delivery, DeliveryKind, Seq, Verdict};
use crate::model::exchange::{Exchange, Step};
use crate::model::redact::Redactor;
use crate::model::{Problem, RunId, SessionId, Stamp};

/// The history's name in the data folder.
pub(super) const FILE: &str = "history.db";
/// Files larger than this are not read through at the start, in bytes: it would take longer
/// than two seconds (R57).
const CHECKED_AT_START: u64 = 64 * 1024 * 1024;
/// One change of the schema per entry; `user_version` counts those that were made.
const MIGRATIONS: &[&str] = &[include_str!("schema1.sql")];

/// Opens the history; a damaged one is moved aside, and why is said.
pub(super) fn open(path: &Path) -> Result<(Connection, Option<Problem>), StoreError> {
    let why = match open_checked(path) {
        Ok(connection) => return Ok((connection, None)),
        Err(Fault::Other(error)) => return Err(error),
        Err(Fault::Damaged(why)) => why,
    };
    let aside = files::move_aside(path).map_err(|source| StoreError::Aside { path: path.to_owned(), source })?;
    for tail in ["-wal", "-shm"] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(tail);
            name
        };
        fs::rename(beside(path), beside(&aside)).ok(); // there need not be one
    }
    tracing::warn!(aside = %aside.display(), why, "the history was damaged");
    let problem = Problem {
        summary: "The history was damaged, so a new one was begun".into(),
        causes: vec![why],
        hint: Some(format!("The damaged file is kept as {}", aside.display())),
    };
    match open_checked(path) {
        Ok(connection) => Ok((connection, Some(problem))),
        Err(Fault::Other(error)) => Err(error),
        Err(Fault::Damaged(why)) => {
            let source = std::io::Error::other(why);
            Err(StoreError::Aside { path: path.to_owned(), source })
        }
    }
}

enum Fault {
    Damaged(String),
    Other(StoreError),
}

fn open_checked(path: &Path) -> Result<Connection, Fault> {
    let sort = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Damaged(source.to_string()),
        _ => Fault::Other(StoreError::Database { path: path.to_owned(), source }),
    };
    let made = files::private().read(true).write(true).create(true).truncate(false).open(path);
    let size = made.and_then(|file| file.metadata()).map(|metadata| metadata.len());
    let io = |source| Fault::Other(StoreError::Dir { dir: path.to_owned(), source });
    let size = size.map_err(io)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sort)?;
    set_up(&connection).map_err(sort)?;
    let found = migrate(&mut connection).map_err(sort)?;
    if found > MIGRATIONS.len() as i64 {
        return Err(Fault::Other(StoreError::Newer { path: path.to_owned(), found }));
    }
    if size <= CHECKED_AT_START {
        let check = |row: &Row<'_>| row.get::<_, String>(0);
        let said = connection.query_row("PRAGMA quick_check(1)", [], check).map_err(sort)?;
        if said != "ok" {
            return Err(Fault::Damaged(said));
        }
    }
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA max_page_count = 262144;", // of 4 KiB: 1 GiB (R8)
    )
}

/// Makes the changes that are missing, all or none; returns the schema's number.
fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(usize::MAX));
    let change = connection.transaction()?;
    let mut now = found;
    for step in missing {
        change.execute_batch(step)?;
        now += 1;
        change.pragma_update(None, "user_version", now)?;
    }
    change.commit()?;
    Ok(now)
}

/// Writes records in one transaction; returns each one's place after the commit.
pub(super) fn write(
    connection: &mut Connection,
    records: &[Record],
    redactor: &Redactor,
    launch: i64,
) -> rusqlite::Result<Vec<Seq>> {
    let change = connection.transaction()?;
    let mut places = Vec::with_capacity(records.len());
    for record in records {
        let seq = match record {
            Record::Delivery(delivery) => {
                let seq = place(&change, "delivery", launch, delivery.run, Some(delivery.at))?;
                insert_delivery(&change, seq, delivery, redactor)?;
                seq
            }
            Record::Intent(run, step, what) => {
                let seq = place(&change, "intent", launch, Some(*run), None)?;
                let text = redactor.mask_text(what);
                let mut insert = change.prepare_cached("INSERT INTO intents (seq, step, what) VALUES (?, ?, ?)")?;
                insert.execute(params![seq, word(*step), text])?;
                seq
            }
            Record::Exchange(run, exchange) => {
                let seq = place(&change, "exchange", launch, *run, Some(exchange.started))?;
                insert_exchange(&change, seq, exchange)?;
                seq
            }
        };
        places.push(Seq(u64::try_from(seq).unwrap_or_default())); // AUTOINCREMENT counts up from 1
    }
    change.commit()?;
    Ok(places)
}

fn place(
    change: &Transaction<'_>,
    kind: &str,
    launch: i64,
    run: Option<RunId>,
    at: Option<Stamp>,
) -> rusqlite::Result<i64> {
    let at = at.unwrap_or_else(crate::clock::stamp);
    let mono = i64::try_from(at.mono.as_nanos()).unwrap_or(i64::MAX);
    let run = run.map(|run| run.0.cast_signed());
    let mut insert =
        change.prepare_cached("INSERT INTO records (kind, launch, run, wall, mono_ns) VALUES (?, ?, ?, ?, ?)")?;
    insert.execute(params![kind, launch, run, at.wall.to_string(), mono])?;
    Ok(change.last_insert_rowid())
}

fn word(step: Step) -> String {
    json!(step).as_str().unwrap_or_default().to_owned()
}

fn insert_delivery(
    change: &Transaction<'_>,
    seq: i64,
    delivery: &Delivery,
    redactor: &Redactor,
) -> rusqlite::Result<()> {
    let (head, body) = (redactor.mask(&delivery.head), redactor.mask(&delivery.body));
    let spans = |spans: &[std::ops::Range<usize>]| json!(spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>());
    let masks = json!({ "head": spans(&head.spans), "body": spans(&body.spans) }).to_string();
    let mut insert = change.prepare_cached(
        "INSERT INTO deliveries (seq, kind, session, peer, method, target, headers, head, body, masks,
             body_sha256, verdict, answered) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        seq,
        json!(delivery.kind).as_str(),
        delivery.session.as_ref().map(|session| &session.0),
        delivery.peer.to_string(),
        delivery.method,
        redactor.mask_text(&delivery.target),
        json!(redactor.mask_headers(&delivery.headers).0).to_string(),
        head.bytes,
        body.bytes,
        masks,
        Sha256::digest(&delivery.body).as_slice(),
        json!(delivery.verdict).to_string(),
        delivery.answered,
    ])?;
    Ok(())
}

fn insert_exchange(change: &Transaction<'_>, seq: i64, exchange: &Exchange) -> rusqlite::Result<()> {
    let response = exchange.response();
    let problem = exchange.outcome.as_ref().err().map(Problem::line);
    let timing = &exchange.timing;
    let mut insert = change.prepare_cached(
        "INSERT INTO exchanges (seq, step, method, url, request_headers, request_body, status, version,
             response_headers, response_body, dropped_bytes, problem, wait_us, total_us, masked)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        seq,
        word(exchange.step),
        exchange.request.method,
        exchange.request.url,
        json!(exchange.request.headers).to_string(),
        exchange.request.body.as_ref(),
        response.map(|r| r.status),
        response.map(|r| &r.version),
        response.map(|r| json!(r.headers).to_string()),
        response.map(|r| r.body.as_ref()),
        response.map(|r| r.dropped_bytes.cast_signed()),
        problem,
        i64::try_from(timing.wait.as_micros()).unwrap_or(i64::MAX),
        i64::try_from(timing.total.as_micros()).unwrap_or(i64::MAX),
        exchange.masked as i64,
    ])?;
    Ok(())
}

/// The newest deliveries, oldest first. Rows that cannot be understood are left out and logged.
pub(super) fn deliveries(path: &Path, limit: usize, launch: i64) -> rusqlite::Result<Vec<Delivery>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    let mut select = connection.prepare(
        "SELECT r.seq, r.launch, r.run, r.wall, r.mono_ns, d.kind, d.session, d.peer, d.method, d.target,
             d.headers, d.head, d.body, d.verdict, d.answered
         FROM deliveries d JOIN records r ON r.seq = d.seq ORDER BY d.seq DESC LIMIT ?",
    )?;
    let mut rows = select.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match delivery(row, launch).optional() {
            Ok(Some(delivery)) => found.push(delivery),
            Ok(None) => (),
            Err(error) => tracing::warn!(%error, "a delivery of the history cannot be read"),
        }
    }
    found.reverse();
    Ok(found)
}

fn delivery(row: &Row<'_>, launch: i64) -> rusqlite::Result<Delivery> {
    let ours = row.get::<_, i64>("launch")? == launch;
    let mono = if ours { row.get::<_, i64>("mono_ns")? } else { 0 };
    let kind: String = row.get("kind")?;
    let run = row.get::<_, Option<i64>>("run")?.filter(|_| ours);
    Ok(Delivery {
        seq: Seq(row.get::<_, i64>("seq")?.cast_unsigned()),
        at: Stamp { wall: read(row, "wall")?, mono: Duration::from_nanos(mono.unsigned_abs()) },
        kind: serde_json::from_value::<DeliveryKind>(json!(kind)).map_err(foreign)?,
        run: run.map(|run| RunId(run.cast_unsigned())),
        session: row.get::<_, Option<String>>("session")?.map(SessionId),
        peer: read(row, "peer")?,
        method: row.get("method")?,
        target: row.get("target")?,
        headers: serde_json::from_str(&row.get::<_, String>("headers")?).map_err(foreign)?,
        head: Bytes::from(row.get::<_, Vec<u8>>("head")?),
        body: Bytes::from(row.get::<_, Vec<u8>>("body")?),
        verdict: serde_json::from_str::<Verdict>(&row.get::<_, String>("verdict")?).map_err(foreign)?,
        answered: row.get("answered")?,
    })
}

fn read<T: std::str::FromStr>(row: &Row<'_>, column: &str) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get::<_, String>(column)?.parse().map_err(foreign)
}

fn foreign(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
