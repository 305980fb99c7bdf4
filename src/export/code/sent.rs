//! What a recorded request carries, cut into what stands in the code and what a variable
//! stands for. The same for every language.

use crate::model::exchange::{Exchange, Headers, Step};

/// What stands in the place of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Secrets {
    /// An environment variable, always.
    #[default]
    Variables,
    /// The value, where the record has it in clear: the embedded sandbox made it. What the
    /// record masks stays a variable.
    Recorded,
}

/// An environment variable that the code reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `ACCESS_TOKEN`.
    pub name: String,
    /// What it stands for, in words.
    pub meaning: String,
    /// The record has its value in clear.
    pub recorded: bool,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// As it stands.
    Text(&'a str),
    /// The value of this variable.
    Variable(String),
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// There is none.
    Nothing,
    /// UTF-8.
    Text(Vec<Part<'a>>),
    /// Anything else.
    Bytes(&'a [u8]),
}

/// A request, ready to be written down.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub method: &'a str,
    pub url: &'a str,
    /// In order and spelling of the record, without what libraries make by themselves.
    pub headers: Vec<(&'a str, Vec<Part<'a>>)>,
    pub content: Content<'a>,
}

/// What every library makes from address and body.
const MADE: [&str; 3] = ["host", "content-length", "transfer-encoding"];

impl<'a> Sent<'a> {
    pub fn of(exchange: &'a Exchange, secrets: Secrets) -> Self {
        let request = &exchange.request;
        let headers = lines(&request.headers).map(|(name, value)| (name, header_parts(name, value, secrets))).collect();
        let content = match std::str::from_utf8(&request.body) {
            Ok("") => Content::Nothing,
            Ok(text) => Content::Text(body_parts(exchange.step, text, secrets)),
            Err(_) => Content::Bytes(&request.body),
        };
        Self { method: &request.method, url: &request.url, headers, content }
    }

    /// True if the request has a header of this name.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Names of headers that a library adds by itself and the record does not have.
    pub fn unwanted<'n>(&self, added: &[&'n str]) -> Vec<&'n str> {
        added.iter().copied().filter(|name| !self.has(name)).collect()
    }

    /// The headers for libraries that take each name once: equal names joined, as RFC 9110
    /// 5.3 allows.
    pub fn joined(&self) -> Vec<(&'a str, Vec<Part<'a>>)> {
        let mut joined: Vec<(&str, Vec<Part<'_>>)> = Vec::new();
        for (name, value) in &self.headers {
            match joined.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((known, before)) => {
                    before.push(Part::Text(if known.eq_ignore_ascii_case("cookie") { "; " } else { ", " }));
                    before.extend(value.iter().cloned());
                }
                None => joined.push((*name, value.clone())),
            }
        }
        joined
    }

    /// True if a library that writes addresses its own way would change this one: dot
    /// segments, percent-codes that need not be (RFC 3986 6.2.2).
    pub fn odd_address(&self) -> bool {
        let unreserved = |code: &str| {
            let byte = code.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
            byte.is_none_or(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        self.url.contains("/.") || self.url.split('%').skip(1).any(unreserved)
    }

    /// True if the code reads a variable.
    pub fn reads_variables(&self) -> bool {
        let body = match &self.content {
            Content::Text(parts) => parts.as_slice(),
            Content::Nothing | Content::Bytes(_) => &[],
        };
        let all = self.headers.iter().flat_map(|(_, parts)| parts).chain(body);
        all.into_iter().any(|part| matches!(part, Part::Variable(_)))
    }
}

/// The header lines that are written. What HTTP cannot carry was never sent: it can only
/// come from a file.
fn lines(headers: &Headers) -> impl Iterator<Item = (&str, &str)> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(move |(name, value)| {
        !name.is_empty()
            && name.chars().all(token)
            && !value.contains(['\r', '\n', '\0'])
            && !MADE.iter().any(|made| name.eq_ignore_ascii_case(made))
    })
}

/// The variables that the code of an exchange reads, each once.
pub fn variables(exchange: &Exchange) -> Vec<Variable> {
    let mut found: Vec<Variable> = Vec::new();
    let mut add = |name: String, meaning: String, value: &str| {
        if !found.iter().any(|known| known.name == name) {
            found.push(Variable { name, meaning, recorded: in_clear(value) });
        }
    };
    for (name, value) in lines(&exchange.request.headers) {
        if let Some((prefix, variable)) = secret_header(name, value) {
            let meaning = match variable.as_str() {
                "ACCESS_TOKEN" => "the access token".to_owned(),
                "CREDENTIALS" => "key id and secret, joined by a colon, as base64".to_owned(),
                "SESSION_SECRET" => "the session's secret".to_owned(),
                _ => format!("the value of the header {name}"),
            };
            add(variable, meaning, &value[prefix..]);
        }
    }
    if let Ok(text) = std::str::from_utf8(&exchange.request.body)
        && let Some((start, end)) = secret_field(exchange.step, text)
    {
        add(CLIENT_SECRET.to_owned(), "the access key's secret, form-encoded".to_owned(), &text[start..end]);
    }
    found
}

/// Values of the address and the body that the record holds as masks only: the code sends
/// the mask, until somebody puts the value in.
pub fn masks(exchange: &Exchange) -> bool {
    let body = &exchange.request.body;
    let variable = std::str::from_utf8(body).ok().and_then(|text| secret_field(exchange.step, text));
    let (start, end) = variable.unwrap_or_default();
    let rest = [&body[..start], &body[end..]];
    exchange.masked > 0
        && (!in_clear(&exchange.request.url)
            || rest.iter().any(|part| part.windows(MASK.len()).any(|run| run == MASK.as_bytes())))
}

/// As little as the redactor leaves of a short secret. Source: `model::redact`.
const MASK: &str = "***";
const CLIENT_SECRET: &str = "CLIENT_SECRET";

fn in_clear(value: &str) -> bool {
    !value.is_empty() && !value.contains(MASK)
}

fn header_parts<'a>(name: &str, value: &'a str, secrets: Secrets) -> Vec<Part<'a>> {
    match secret_header(name, value) {
        Some((prefix, _)) if secrets == Secrets::Recorded && in_clear(&value[prefix..]) => vec![Part::Text(value)],
        Some((0, variable)) => vec![Part::Variable(variable)],
        Some((prefix, variable)) => vec![Part::Text(&value[..prefix]), Part::Variable(variable)],
        None if value.is_empty() => Vec::new(),
        None => vec![Part::Text(value)],
    }
}

/// The variable that stands for a secret header value, and the length of the clear text
/// before it.
fn secret_header(name: &str, value: &str) -> Option<(usize, String)> {
    const WORDS: [&str; 5] = ["secret", "token", "api-key", "apikey", "password"];
    let small = name.to_ascii_lowercase();
    let after = |scheme: &str| {
        let start = value.get(..scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(scheme.len())
    };
    match small.as_str() {
        _ if value.is_empty() => None,
        "authorization" | "proxy-authorization" => Some(match (after("bearer "), after("basic ")) {
            (Some(prefix), _) => (prefix, "ACCESS_TOKEN".into()),
            (_, Some(prefix)) => (prefix, "CREDENTIALS".into()),
            _ => (0, "SESSION_SECRET".into()),
        }),
        "cookie" => Some((0, "COOKIE".into())),
        _ if WORDS.iter().any(|word| small.contains(word)) => {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            let digit = name.starts_with(|c: char| c.is_ascii_digit());
            Some((0, if digit { "_" } else { "" }.chars().chain(name.chars().map(letter)).collect()))
        }
        _ => None,
    }
}

/// Where the token request's secret stands.
fn secret_field(step: Step, text: &str) -> Option<(usize, usize)> {
    const NAME: &str = "client_secret=";
    let starts = |at: &usize| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'&');
    let found = text.match_indices(NAME).map(|(at, _)| at).find(starts)?;
    let start = found + NAME.len();
    let end = text[start..].find('&').map_or(text.len(), |length| start + length);
    (step == Step::Token && end > start).then_some((start, end))
}

fn body_parts(step: Step, text: &str, secrets: Secrets) -> Vec<Part<'_>> {
    match secret_field(step, text) {
        Some((start, end)) if secrets == Secrets::Variables || !in_clear(&text[start..end]) => {
            let after = Some(&text[end..]).filter(|rest| !rest.is_empty()).map(Part::Text);
            [Part::Text(&text[..start]), Part::Variable(CLIENT_SECRET.into())].into_iter().chain(after).collect()
        }
        _ => vec![Part::Text(text)],
    }
}
