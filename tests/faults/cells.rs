//! The matrix: for each hop and each kind a scenario of the right shape, with values that make
//! the fault matter, and the states in which it may end.

use serde_json::{Value, json};
use sessions_console::model::deck;
use sessions_console::model::scenario::{Fault, FaultKind, Hop, Scenario};

/// One session with one kind of fault.
pub struct Cell {
    pub hop: Hop,
    pub kind: FaultKind,
    pub name: String,
    pub scenario: Scenario,
    /// Where the session may end.
    pub ends: &'static [&'static str],
    /// Done by the API's own door, which tells nobody; planned for the whole sandbox.
    pub door: Option<Fault>,
    /// Webhooks go to the run's own callback address.
    pub webhooks: bool,
    /// The records can show nothing of it.
    pub silent: bool,
}

/// All of them.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for hop in Hop::ALL {
        for kind in hop.kinds() {
            for fault in faults(hop, *kind) {
                cells.push(cell(fault));
            }
        }
    }
    cells
}

/// The same sessions without a fault, and one with a fault that no browser can have.
pub fn clean() -> Vec<Cell> {
    let calm = |hop| cell(Fault { times: 0, ..Fault::new(hop, FaultKind::Drop) });
    let mut unsigned = calm(Hop::Cres);
    unsigned.scenario.faults = vec![Fault::new(Hop::Cres, FaultKind::BadSignature)];
    vec![calm(Hop::Areq), calm(Hop::Creq), calm(Hop::Vereq), unsigned]
}

fn cell(fault: Fault) -> Cell {
    let (hop, kind) = (fault.hop, fault.kind);
    let detail =
        fault.field.clone().or_else(|| Some(format!("{} {}", fault.method.as_deref()?, fault.path.as_deref()?)));
    let name = [Some(hop.word().to_owned()), Some(kind.word().to_owned()), detail];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let file = format!("id = \"CELL\"\nname = \"{name}\"\n{}\n[expect]\nstatus = \"approved\"\n", shape(hop, kind));
    let mut scenario = deck::read("cell.toml", &file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (ends, silent) = (ends(&fault), silent(&fault));
    let door = (hop == Hop::Api).then(|| fault.clone());
    scenario.faults.extend(Some(fault).filter(|_| door.is_none()));
    let webhooks = (hop, kind) == (Hop::Callback, FaultKind::BadSignature); // callbacks are not signed
    Cell { hop, kind, name, scenario, ends, door, webhooks, silent }
}

/// A session that passes the hop.
fn shape(hop: Hop, kind: FaultKind) -> &'static str {
    match hop {
        // Only what an app gets is signed.
        Hop::Cres if kind == FaultKind::BadSignature => {
            "channel = \"app\"\nshopper = [\"enter_offered\"]\n[issuer]\nares = { transStatus = \"C\" }\n"
        }
        Hop::Creq | Hop::Cres | Hop::RreqDs | Hop::Rreq | Hop::RresDs | Hop::Rres => {
            "shopper = [\"enter_offered\"]\n[issuer]\nares = { transStatus = \"C\" }\n[issuer.challenge]\n\
             first_creq_seconds = 30\n"
        }
        Hop::Vereq | Hop::Veres | Hop::Pareq | Hop::Pares => {
            "shopper = [\"enter_offered\"]\n[body]\n\"/amount\" = 123321\n[issuer]\n[issuer.legacy]\nveres = \"Y\"\n\
             pares = \"Y\"\n"
        }
        _ => "[issuer]\nares = { transStatus = \"Y\" }\n",
    }
}

/// Longer than any server waits for an answer. Source: emv-3ds.md 1.9.
const OVER_THE_TIMER: u64 = 12_000;
/// Longer than the 3DS Method's 10 s. Source: emv-3ds.md 1.9.
const OVER_THE_METHOD: u64 = 11_000;
/// Longer than these scenarios wait for the first CReq.
const OVER_THE_FIRST_CREQ: u64 = 35_000;
/// Real time: so long that an answer counts as slow.
const SLOW_FOR_REAL: u64 = 3_100;

/// The faults of one kind at a hop: one, or one for each member that is worth it.
fn faults(hop: Hop, kind: FaultKind) -> Vec<Fault> {
    let plain = Fault { times: 9, ..Fault::new(hop, kind) };
    let slow = match hop {
        Hop::Api | Hop::Callback => SLOW_FOR_REAL,
        Hop::Method => OVER_THE_METHOD,
        Hop::Creq => OVER_THE_FIRST_CREQ,
        _ => OVER_THE_TIMER,
    };
    let faults = match kind {
        FaultKind::DelayMs | FaultKind::SlowDrip if matches!(hop, Hop::Api | Hop::Callback) => {
            vec![Fault { delay_ms: slow, times: 1, ..plain }]
        }
        FaultKind::DelayMs | FaultKind::SlowDrip => vec![Fault { delay_ms: slow, ..plain }],
        FaultKind::Status => vec![Fault { status: Some(503), ..plain }],
        FaultKind::RemoveField => {
            removed(hop).iter().map(|name| Fault { field: Some((*name).into()), ..plain.clone() }).collect()
        }
        FaultKind::SetField => {
            let set =
                |(name, value): (&str, Value)| Fault { field: Some(name.into()), value: Some(value), ..plain.clone() };
            changed(hop).into_iter().map(set).collect()
        }
        _ => vec![plain],
    };
    let at = |method: &str, path: &str| {
        let fault = |fault: &Fault| Fault { method: Some(method.into()), path: Some(path.into()), ..fault.clone() };
        faults.iter().map(fault).collect::<Vec<_>>()
    };
    if hop != Hop::Api {
        return faults;
    }
    [
        ("PUT", "/sessions/*/collect-data"),
        ("POST", "/sessions"),
        ("GET", "/sessions/*"),
        ("POST", "/sessions/*/complete"),
    ]
    .into_iter()
    .flat_map(|(method, path)| at(method, path))
    .collect()
}

fn removed(hop: Hop) -> &'static [&'static str] {
    match hop {
        Hop::Preq => &["messageVersion", "threeDSServerTransID"],
        Hop::Pres => &["cardRangeData", "messageVersion"],
        Hop::Method => &["threeDSServerTransID"],
        Hop::Areq | Hop::AreqAcs => &["acctNumber", "threeDSServerTransID"],
        Hop::AresDs | Hop::Ares => &["transStatus", "acsTransID", "eci", "authenticationValue"],
        Hop::Creq => &["acsTransID", "threeDSServerTransID"],
        Hop::Cres => &["transStatus", "acsTransID", "threeDSSessionData"],
        Hop::RreqDs | Hop::Rreq => &["transStatus", "acsTransID", "authenticationValue"],
        Hop::RresDs | Hop::Rres => &["resultsStatus", "messageType"],
        Hop::Vereq => &["pan"],
        Hop::Veres => &["enrolled", "url"],
        Hop::Pareq => &["xid", "purchAmount"],
        Hop::Pares => &["status", "xid", "Signature"],
        Hop::Callback => &["session_id", "status"],
        Hop::Api => &[],
    }
}

fn changed(hop: Hop) -> Vec<(&'static str, Value)> {
    let id = "00000000-0000-4000-8000-000000000000";
    match hop {
        Hop::Preq => vec![("messageType", json!("XReq")), ("messageVersion", json!("9.9.9"))],
        Hop::Pres => vec![("dsStartProtocolVersion", json!(2)), ("messageVersion", json!("9.9.9"))],
        Hop::Method => vec![("threeDSServerTransID", json!(id))],
        Hop::Areq | Hop::AreqAcs => vec![("deviceChannel", json!("09")), ("messageVersion", json!("9.9.9"))],
        Hop::AresDs | Hop::Ares => {
            vec![("transStatus", json!("Z")), ("transStatus", json!("N")), ("dsTransID", json!(id)), ("eci", json!(7))]
        }
        Hop::Creq => vec![("challengeWindowSize", json!("09")), ("messageVersion", json!("2.1.0"))],
        Hop::Cres => vec![
            ("transStatus", json!("N")),
            ("transStatus", json!("Z")),
            ("acsTransID", json!(id)),
            ("threeDSSessionData", json!("c2hvcA")),
        ],
        Hop::RreqDs | Hop::Rreq => {
            vec![("transStatus", json!("Z")), ("transStatus", json!("N")), ("dsTransID", json!(id))]
        }
        Hop::RresDs | Hop::Rres => vec![("resultsStatus", json!("09")), ("messageVersion", json!("2.1.0"))],
        Hop::Vereq => vec![("pan", json!(""))],
        Hop::Veres => vec![("enrolled", json!("X")), ("enrolled", json!("N"))],
        Hop::Pareq => vec![("xid", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA=")), ("purchAmount", json!("1"))],
        Hop::Pares => vec![("status", json!("N")), ("purchAmount", json!("1"))],
        Hop::Callback => vec![("status", json!("declined")), ("session_id", json!("sid_aaaaaaaaaaaaaaaaaaaaaaaaaa"))],
        Hop::Api => Vec::new(),
    }
}

/// Where a session with this fault may end: never approved where the result could not be taken.
fn ends(fault: &Fault) -> &'static [&'static str] {
    use FaultKind::{BadBase64, Close, DelayMs, Drop, Duplicate, Reorder, SlowDrip, Status};
    let value = fault.value.as_ref().and_then(Value::as_str);
    let connection = matches!(fault.kind, Drop | Close | Status);
    let late = matches!(fault.kind, DelayMs | SlowDrip);
    match (fault.hop, fault.kind) {
        // A shop whose calls fail goes no further, whatever became of the session.
        (Hop::Api, _) if fault.path.as_deref() == Some("/sessions") && !late => &["no session"],
        (Hop::Api, _) if fault.path.as_deref() == Some("/sessions/*/collect-data") && !late => &["pending"],
        (Hop::Areq, Duplicate) => &["unavailable"], // the refusal of the second comes before the answer to the first
        (Hop::Areq | Hop::AreqAcs | Hop::AresDs | Hop::Ares, Duplicate | Reorder) => &["approved"],
        // Optional, or only known from here on.
        (Hop::AresDs | Hop::Ares, FaultKind::RemoveField) if fault.field.as_deref() == Some("eci") => &["approved"],
        (Hop::Ares, FaultKind::SetField) if fault.field.as_deref() == Some("dsTransID") => &["approved"],
        (Hop::Areq | Hop::AreqAcs | Hop::AresDs | Hop::Ares, _) => &["unavailable"],
        (Hop::Creq, Duplicate | BadBase64) => &["approved"],
        (Hop::Creq, _) => &["expired"],
        (Hop::RreqDs | Hop::Rreq, Duplicate | Reorder) => &["approved"],
        (Hop::RreqDs | Hop::Rreq, _) if late => &["approved"],
        (Hop::RreqDs | Hop::Rreq, _) if connection => &["expired"],
        (Hop::RreqDs | Hop::Rreq, _) => &["unavailable", "expired"],
        (Hop::Veres, FaultKind::SetField) if value == Some("N") => &["attempted"],
        (Hop::Vereq | Hop::Veres, _) => &["unavailable"],
        (Hop::Pareq | Hop::Pares, BadBase64) => &["approved"],
        (Hop::Pareq | Hop::Pares, _) if late => &["approved"],
        (Hop::Pareq, FaultKind::SetField) if fault.field.as_deref() == Some("purchAmount") => &["unavailable"],
        (Hop::Pareq, _) => &["expired"],
        (Hop::Pares, _) if connection => &["expired"],
        (Hop::Pares, _) => &["unavailable"],
        (Hop::Cres, FaultKind::BadSignature) => &["unavailable"], // the app's SDK cannot open it
        // What the browser brings, receipts, card ranges, fingerprints and callbacks decide nothing.
        (Hop::Api | Hop::Preq | Hop::Pres | Hop::Method | Hop::Cres | Hop::RresDs | Hop::Rres | Hop::Callback, _) => {
            &["approved"]
        }
    }
}

/// Cells of which the records can show nothing but the sandbox's own row, and why.
fn silent(fault: &Fault) -> bool {
    // A «not enrolled» that was put in on the way is, to its receiver, one like any other.
    fault.hop == Hop::Veres && fault.value.as_ref().and_then(Value::as_str) == Some("N")
}
