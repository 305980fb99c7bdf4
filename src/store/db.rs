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
use crate::model::exchange::{Exchange, Headers, Step};
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
    begin_anew(path, why).map(|(connection, problem)| (connection, Some(problem)))
}

/// True if an error says that the file itself is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Moves a damaged history aside, however large it is, and begins a new one; says so.
pub(super) fn begin_anew(path: &Path, why: String) -> Result<(Connection, Problem), StoreError> {
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
        Ok(connection) => Ok((connection, problem)),
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
    let sort = |source: rusqlite::Error| match is_damage(&source) {
        true => Fault::Damaged(source.to_string()),
        false => Fault::Other(StoreError::Database { path: path.to_owned(), source }),
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
            Record::Delivery(delivery) => match correct(&change, launch, delivery)? {
                Some(seq) => seq,
                None => {
                    let seq = place(&change, "delivery", launch, delivery.run, Some(delivery.at))?;
                    insert_delivery(&change, seq, delivery, redactor)?;
                    seq
                }
            },
            Record::Intent(run, step, what) => {
                let seq = place(&change, "intent", launch, Some(*run), None)?;
                let text = redactor.mask_text(what);
                let mut insert = change.prepare_cached("INSERT INTO intents (seq, step, what) VALUES (?, ?, ?)")?;
                insert.execute(params![seq, word(*step), text])?;
                seq
            }
            Record::Exchange(run, exchange) => {
                let seq = place(&change, "exchange", launch, *run, Some(exchange.started))?;
                insert_exchange(&change, seq, exchange, redactor)?;
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

/// A delivery that has its place already was answered otherwise than was decided when it
/// was stored: its row is told so. `None` if there is no such row, as after damage.
fn correct(change: &Transaction<'_>, launch: i64, delivery: &Delivery) -> rusqlite::Result<Option<i64>> {
    if delivery.seq == Seq(0) {
        return Ok(None);
    }
    let seq = delivery.seq.0.cast_signed();
    let mono = i64::try_from(delivery.at.mono.as_nanos()).unwrap_or(i64::MAX);
    let mut update = change.prepare_cached(
        "UPDATE deliveries SET answered = ?2 WHERE seq = ?1
             AND EXISTS (SELECT 1 FROM records WHERE seq = ?1 AND launch = ?3 AND mono_ns = ?4)",
    )?;
    let changed = update.execute(params![seq, delivery.answered, launch, mono])?;
    Ok((changed == 1).then_some(seq))
}

/// Masks what a body says: it may be a card number (R33).
fn mask_verdict(verdict: &Verdict, redactor: &Redactor) -> Verdict {
    match verdict {
        Verdict::Swapped { named } => Verdict::Swapped { named: SessionId(redactor.mask_text(&named.0)) },
        other => other.clone(),
    }
}

/// Header lines as JSON; names are masked too, for a sender chooses them freely.
fn mask_headers(headers: &Headers, redactor: &Redactor) -> String {
    let headers = redactor.mask_headers(headers).0.into_iter();
    json!(headers.map(|(name, value)| (redactor.mask_text(&name), value)).collect::<Headers>()).to_string()
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
        delivery.session.as_ref().map(|session| redactor.mask_text(&session.0)),
        delivery.peer.to_string(),
        redactor.mask_text(&delivery.method),
        redactor.mask_text(&delivery.target),
        mask_headers(&delivery.headers, redactor),
        head.bytes,
        body.bytes,
        masks,
        Sha256::digest(&delivery.body).as_slice(),
        json!(mask_verdict(&delivery.verdict, redactor)).to_string(),
        delivery.answered,
    ])?;
    Ok(())
}

/// The client has masked heads and bodies; all other text is masked here.
fn insert_exchange(
    change: &Transaction<'_>,
    seq: i64,
    exchange: &Exchange,
    redactor: &Redactor,
) -> rusqlite::Result<()> {
    let response = exchange.response();
    let problem = exchange.outcome.as_ref().err().map(|problem| redactor.mask_text(&problem.line()));
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
        redactor.mask_text(&exchange.request.url),
        mask_headers(&exchange.request.headers, redactor),
        exchange.request.body.as_ref(),
        response.map(|r| r.status),
        response.map(|r| &r.version),
        response.map(|r| mask_headers(&r.headers, redactor)),
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
