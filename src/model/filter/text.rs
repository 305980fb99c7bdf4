//! What of a row is searched: everything that was captured, as it came, and what the user
//! wrote beside it.

use std::io::Write as _;

use regex::bytes::Regex;

use super::Place;
use crate::model::Problem;
use crate::model::exchange::Headers;
use crate::model::run::{Entry, What};

/// True if the text stands in this place of the row.
pub(super) fn holds(entry: &Entry, place: Place, needle: &Regex, scratch: &mut Vec<u8>) -> bool {
    scratch.clear();
    match place {
        Place::Path => path(entry).is_some_and(|path| needle.is_match(path.as_bytes())),
        Place::Note => needle.is_match(entry.remark.note.as_bytes()),
        Place::Body => in_bodies(entry, needle),
        Place::Header => {
            headers_of(entry).into_iter().flatten().for_each(|headers| write_headers(headers, scratch));
            needle.is_match(scratch)
        }
        Place::Everything => {
            write_words(entry, scratch);
            needle.is_match(scratch) || in_bodies(entry, needle)
        }
    }
}

fn in_bodies(entry: &Entry, needle: &Regex) -> bool {
    bodies(entry).into_iter().flatten().any(|body| needle.is_match(body))
}

/// How many bytes a search of this row reads, roughly.
pub fn bytes_of(entry: &Entry) -> usize {
    const HEAD: usize = 512;
    HEAD + bodies(entry).into_iter().flatten().map(<[u8]>::len).sum::<usize>()
}

/// The bodies of a row: sent and received.
pub(super) fn bodies(entry: &Entry) -> [Option<&[u8]>; 2] {
    match &entry.what {
        What::Exchange(exchange) => {
            [Some(exchange.request.body.as_ref()), exchange.response().map(|answer| answer.body.as_ref())]
        }
        What::Delivery(delivery) => [Some(delivery.body.as_ref()), None],
        What::Scheme(message) => [Some(message.body.as_ref()), None],
        _ => [None, None],
    }
}

/// The HTTP method of a row.
pub(super) fn method(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Exchange(exchange) => Some(&exchange.request.method),
        What::Delivery(delivery) => Some(&delivery.method),
        _ => None,
    }
}

fn path(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Exchange(exchange) => Some(exchange.path()),
        What::Delivery(delivery) => Some(&delivery.target),
        _ => None,
    }
}

fn headers_of(entry: &Entry) -> [Option<&Headers>; 2] {
    match &entry.what {
        What::Exchange(exchange) => {
            [Some(&exchange.request.headers), exchange.response().map(|answer| &answer.headers)]
        }
        What::Delivery(delivery) => [Some(&delivery.headers), None],
        _ => [None, None],
    }
}

fn write_headers(headers: &Headers, out: &mut Vec<u8>) {
    for (name, value) in headers {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    }
}

/// All but the bodies, a line for each part.
fn write_words(entry: &Entry, out: &mut Vec<u8>) {
    let line = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    };
    line(out, &entry.remark.note);
    line(out, entry.status.as_ref().map_or("", |status| status.word()));
    line(out, entry.step().map_or("", |step| step.name()));
    match &entry.what {
        What::Exchange(exchange) => {
            line(out, &exchange.request.method);
            line(out, &exchange.request.url);
            write_status(exchange.status(), out);
            if let Err(problem) = &exchange.outcome {
                write_problem(problem, out);
            }
        }
        What::Delivery(delivery) => {
            line(out, delivery.kind.name());
            line(out, delivery.verdict.word());
            line(out, &delivery.method);
            line(out, &delivery.target);
            write_status(Some(delivery.answered), out);
        }
        What::Scheme(message) => {
            line(out, message.kind);
            line(out, &message.gist);
        }
        What::Phone(message) => {
            line(out, &message.sender);
            line(out, &message.text);
        }
        What::Noted(_, words) => line(out, words),
        What::Failed(_, problem) => write_problem(problem, out),
        What::Wait(_) | What::Skipped(_) | What::Paused(_) | What::Cancelled => (),
    }
    headers_of(entry).into_iter().flatten().for_each(|headers| write_headers(headers, out));
}

fn write_status(status: Option<u16>, out: &mut Vec<u8>) {
    if let Some(status) = status {
        writeln!(out, "{status}").ok(); // writing to memory does not fail
    }
}

fn write_problem(problem: &Problem, out: &mut Vec<u8>) {
    let lines = [&problem.summary].into_iter().chain(&problem.causes);
    for text in lines {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}
