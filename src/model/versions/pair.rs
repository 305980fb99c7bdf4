//! Which message of one run stands beside which of another: by kind, by its way, by how many of
//! that kind and way came before.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::delivery::DeliveryKind;
use crate::model::exchange::Step;
use crate::model::payload;
use crate::model::run::{Entry, Run, What};
use crate::model::scheme::METHOD_DATA;
use crate::model::trace::Part;
use crate::model::{Lane, exchange};

/// Messages of one run that are compared. Our choice: more than any flow has.
const MESSAGES: usize = 400;
/// Messages that are no part of the protocol.
const OWN: [&str; 2] = [METHOD_DATA, "Fault"];

/// One message in each run that has it.
pub(super) struct Found {
    pub(super) title: String,
    pub(super) way: String,
    pub(super) kind: &'static str,
    pub(super) places: Vec<Option<(usize, Part)>>,
    pub(super) bodies: Vec<Option<Value>>,
}

/// What makes two messages the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Scheme(&'static str, Lane, Lane, usize),
    /// The last call for a step: how often one asks is a matter of time.
    Call(Step, Part),
    Callback(usize),
}

/// The messages of each run that belong together, in the order in which they happened.
pub(super) fn groups(runs: &[&Run]) -> Vec<Found> {
    let own: Vec<Vec<(Key, &Entry)>> = runs.iter().map(|run| keyed(run)).collect();
    let mut order: Vec<Key> = Vec::new();
    for list in &own {
        merge(&mut order, list.iter().map(|(key, _)| *key));
    }
    // The protocol first: calls are looked at only where they differ.
    let (protocol, calls): (Vec<Key>, Vec<Key>) = order.into_iter().partition(|key| matches!(key, Key::Scheme(..)));
    let several: HashMap<&str, usize> = protocol.iter().fold(HashMap::new(), |mut most, key| {
        if let Key::Scheme(kind, _, _, at) = key {
            let known = most.entry(*kind).or_insert(0);
            *known = (*known).max(*at);
        }
        most
    });
    let maps: Vec<HashMap<Key, &Entry>> = own.into_iter().map(|list| list.into_iter().collect()).collect();
    let found = protocol.into_iter().chain(calls).map(|key| {
        let rows: Vec<Option<&Entry>> = maps.iter().map(|map| map.get(&key).copied()).collect();
        let part = if let Key::Call(_, part) = key { part } else { Part::Request };
        let bodies = rows.iter().map(|row| row.and_then(|row| body(row, part))).collect::<Vec<_>>();
        let (title, way, kind) = words(key, rows.iter().flatten().next().copied(), &several);
        let places = rows.iter().map(|row| row.map(|row| (row.number, part))).collect();
        Found { title, way, kind, places, bodies }
    });
    // What is no JSON anywhere cannot be compared by its members.
    found.filter(|found| found.bodies.iter().any(Option::is_some)).collect()
}

fn keyed(run: &Run) -> Vec<(Key, &Entry)> {
    let mut counts: HashMap<(&str, Lane, Lane), usize> = HashMap::new();
    let mut count = |kind, from, to| {
        let next = counts.entry((kind, from, to)).or_insert(0);
        *next += 1;
        *next - 1
    };
    let mut keys = Vec::new();
    for entry in run.entries.iter() {
        if keys.len() >= MESSAGES {
            break;
        }
        match &entry.what {
            What::Scheme(message) if !OWN.contains(&message.kind) => {
                let at = count(message.kind, message.from, message.to);
                keys.push((Key::Scheme(message.kind, message.from, message.to, at), entry));
            }
            What::Exchange(exchange) if exchange.from == Lane::Merchant && exchange.step != Step::Token => {
                keys.extend([Part::Request, Part::Response].map(|part| (Key::Call(exchange.step, part), entry)));
            }
            What::Delivery(delivery) if delivery.kind == DeliveryKind::Callback => {
                let at = count("callback", entry.from, entry.to);
                keys.push((Key::Callback(at), entry));
            }
            _ => (),
        }
    }
    keys
}

/// Takes the keys of one more run into the order: a new one stands behind the one before it.
fn merge(order: &mut Vec<Key>, keys: impl Iterator<Item = Key>) {
    let mut behind = 0;
    for key in keys {
        match order.iter().position(|known| *known == key) {
            Some(at) => behind = at + 1,
            None => {
                order.insert(behind, key);
                behind += 1;
            }
        }
    }
}

fn body(entry: &Entry, part: Part) -> Option<Value> {
    let bytes = match &entry.what {
        What::Scheme(message) => &message.body,
        What::Delivery(delivery) => &delivery.body,
        What::Exchange(exchange) if part == Part::Request => &exchange.request.body,
        What::Exchange(exchange) => &exchange.response()?.body,
        _ => return None,
    };
    payload::tree(bytes).filter(Value::is_object)
}

/// Title, way, and the protocol's name of the message.
fn words(key: Key, row: Option<&Entry>, several: &HashMap<&str, usize>) -> (String, String, &'static str) {
    let way = |from: Lane, to: Lane| format!("{} to {}", from.name(), to.name());
    match key {
        Key::Scheme(kind, from, to, at) => {
            let many = several.get(kind).is_some_and(|most| *most > 0);
            let title = if many { format!("{kind} {}", at + 1) } else { kind.to_owned() };
            (title, way(from, to), kind)
        }
        Key::Call(step, part) => {
            let line = match row.map(|row| &row.what) {
                Some(What::Exchange(exchange)) => method(exchange),
                _ => String::new(),
            };
            let side = if part == Part::Request { "request" } else { "answer" };
            (format!("{}, {side}", step.name()), line, "")
        }
        Key::Callback(0) => ("Callback".to_owned(), way(Lane::Sessions, Lane::Callback), ""),
        Key::Callback(at) => (format!("Callback {}", at + 1), way(Lane::Sessions, Lane::Callback), ""),
    }
}

/// `POST /sessions`, ids left out.
fn method(exchange: &exchange::Exchange) -> String {
    let path = exchange.path().split('?').next().unwrap_or_default();
    let parts = path.split('/').map(|part| if part.starts_with("sid_") { "{id}" } else { part });
    format!("{} {}", exchange.request.method, parts.collect::<Vec<_>>().join("/"))
}
