//! From text to a question; or to what is wrong with it, where, and what would be right.

use std::ops::Range;
use std::time::Duration;

use regex::bytes::{Regex, RegexBuilder};

use super::words::{self, Form, KEYS, Key};
use super::{Compare, End, Node, Place, Term};

/// How deep parentheses may lie. Our choice.
const DEEPEST: usize = 32;
/// Longest filter, in bytes. Our choice.
const LONGEST: usize = 2000;

/// Why a filter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The part that is wrong, in bytes; empty at the end if something is missing.
    pub range: Range<usize>,
    /// What is wrong and what would be right, one sentence.
    pub message: String,
}

impl Mistake {
    fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, message: message.into() }
    }
}

pub(super) fn parse(text: &str) -> Result<Option<Node>, Mistake> {
    if text.len() > LONGEST {
        return Err(Mistake::new(0..text.len(), format!("A filter has at most {LONGEST} bytes")));
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    parser.space();
    if parser.rest().is_empty() {
        return Ok(None);
    }
    let node = parser.any()?;
    match parser.rest() {
        "" => Ok(Some(node)),
        _ => Err(Mistake::new(parser.at..parser.at + 1, "This parenthesis closes nothing; take it away")),
    }
}

/// Operators, longer ones first.
const OPERATORS: [&str; 9] = [">=", "<=", "!=", "!~", ":", "=", "~", "<", ">"];

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn takes(&mut self, sign: &str) -> bool {
        let there = self.rest().starts_with(sign);
        self.at += if there { sign.len() } else { 0 };
        there
    }

    /// True, and gone past, if this word stands here alone.
    fn takes_word(&mut self, word: &str) -> bool {
        let length = bare_length(self.rest());
        let there = self.rest()[..length].eq_ignore_ascii_case(word);
        if there {
            self.at += length;
            self.space();
        }
        there
    }

    fn any(&mut self) -> Result<Node, Mistake> {
        let mut nodes = vec![self.all()?];
        while self.takes_word("or") {
            nodes.push(self.all()?);
        }
        Ok(joined(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, Mistake> {
        let mut nodes = Vec::new();
        loop {
            self.space();
            let before = self.at;
            let ends = self.rest().is_empty() || self.rest().starts_with(')');
            if ends || self.takes_word("or") {
                self.at = before;
                break;
            }
            if !nodes.is_empty() && self.takes_word("and") {
                self.missing("and", before)?;
            }
            nodes.push(self.one()?);
        }
        if nodes.is_empty() {
            return Err(Mistake::new(
                self.at..self.at,
                "Something to ask for is missing here, for example status>=400",
            ));
        }
        Ok(joined(nodes, Node::All))
    }

    /// A mistake if nothing follows a joining word.
    fn missing(&self, word: &str, start: usize) -> Result<(), Mistake> {
        let ends = self.rest().is_empty() || self.rest().starts_with(')');
        let message = || format!("«{word}» wants something after it; in quotes it is searched as text");
        if ends { Err(Mistake::new(start..start + word.len(), message())) } else { Ok(()) }
    }

    fn one(&mut self) -> Result<Node, Mistake> {
        let start = self.at;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Mistake::new(
                start..start + 1,
                format!("More than {DEEPEST} levels; take some parentheses away"),
            ));
        }
        let node = if self.rest().starts_with('-') && self.rest()[1..].starts_with(|c: char| !c.is_whitespace()) {
            self.at += 1;
            Node::Not(Box::new(self.one()?))
        } else if self.takes_word("not") {
            self.missing("not", start)?;
            Node::Not(Box::new(self.one()?))
        } else if self.takes("(") {
            let node = self.any()?;
            if !self.takes(")") {
                return Err(Mistake::new(start..start + 1, "This parenthesis is not closed; put ) at its end"));
            }
            node
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn term(&mut self) -> Result<Node, Mistake> {
        let start = self.at;
        let letters = self.rest().len() - self.rest().trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let name = &self.rest()[..letters];
        let after = &self.rest()[letters..];
        let operator = OPERATORS.into_iter().find(|sign| after.starts_with(sign));
        let address = after.starts_with("://");
        let Some(operator) = operator.filter(|_| letters > 0 && !address) else {
            let (text, range) = self.value()?;
            return search(Place::Everything, &text, range);
        };
        let place = start..start + letters;
        let Some(key) = words::key(name) else { return Err(unknown_key(name, place)) };
        self.at = place.end + operator.len();
        let (value, range) = self.value()?;
        if value.is_empty() {
            return Err(Mistake::new(start..self.at, format!("{name}{operator} what? {}", example(key))));
        }
        let node = keyed(key, operator, &value, range, place.end..place.end + operator.len())?;
        let compared = matches!(node, Node::Term(Term::Http(..) | Term::Took(..) | Term::At(..)));
        Ok(if operator.starts_with('!') && !compared { Node::Not(Box::new(node)) } else { node })
    }

    /// A word, or what stands in quotes; and where.
    fn value(&mut self) -> Result<(String, Range<usize>), Mistake> {
        let start = self.at;
        if !self.takes("\"") {
            self.at += bare_length(self.rest());
            return Ok((self.text[start..self.at].to_owned(), start..self.at));
        }
        let mut text = String::new();
        let mut signs = self.rest().char_indices();
        while let Some((place, sign)) = signs.next() {
            match sign {
                '"' => {
                    self.at += place + 1;
                    return Ok((text, start..self.at));
                }
                '\\' => text.extend(signs.next().map(|(_, sign)| sign)),
                sign => text.push(sign),
            }
        }
        Err(Mistake::new(start..self.text.len(), "This quotation is not closed; put \" at its end"))
    }
}

/// Up to a space, a parenthesis or a quotation mark.
fn bare_length(text: &str) -> usize {
    text.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(text.len())
}

/// One needs no joint; of several the cheap ones are asked first.
fn joined(mut nodes: Vec<Node>, join: impl Fn(Vec<Node>) -> Node) -> Node {
    nodes.sort_by_key(Node::cost);
    match nodes.len() {
        1 => nodes.remove(0),
        _ => join(nodes),
    }
}

fn unknown_key(name: &str, range: Range<usize>) -> Mistake {
    let near = words::nearest(name, KEYS.iter().map(|key| key.name));
    let advice = near.map_or_else(
        || format!("Keys are {}", KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")),
        |near| format!("Did you mean {near}?"),
    );
    Mistake::new(range, format!("There is no key «{name}». {advice} In quotes it is searched as text."))
}

fn example(key: &Key) -> String {
    match key.form {
        Form::Status => "A number such as 404, 4xx, or a word such as challenged".into(),
        Form::Time => "A time such as 200ms, 1.5s or 2min".into(),
        Form::Rule => "A rule such as P007 or L28".into(),
        Form::Text => "The text that you look for".into(),
        _ => format!("One of {}", listed(key)),
    }
}

fn listed(key: &Key) -> String {
    const MOST: usize = 8;
    let more = if key.values.len() > MOST { "…" } else { "" };
    let known: Vec<&str> = key.values.iter().take(MOST).copied().collect();
    format!("{}{more}", known.join(", "))
}

fn keyed(key: &Key, operator: &str, value: &str, range: Range<usize>, sign: Range<usize>) -> Result<Node, Mistake> {
    let sizes = matches!(operator, "<" | "<=" | ">" | ">=");
    let wrong = || {
        let near = words::nearest(value, key.values.iter().copied());
        let advice = near.map_or_else(|| example(key), |near| format!("Did you mean {near}?"));
        Mistake::new(range.clone(), format!("«{value}» is nothing that {} can be. {advice}", key.name))
    };
    let number = value.parse::<u16>().ok().filter(|_| key.form == Form::Status);
    if sizes && key.form != Form::Time && number.is_none() {
        let message = match key.form {
            Form::Status => "Only a number can be more or less: status>=400; for a word write status:challenged".into(),
            _ => format!("{} has no order; write {}{}", key.name, key.name, key.usual),
        };
        return Err(Mistake::new(sign, message));
    }
    let term = match key.form {
        Form::Status => match (number, class(value)) {
            (Some(number), _) => Term::Http(compare(operator), number),
            (None, Some(hundreds)) => Term::HttpClass(hundreds),
            (None, None) if value.starts_with(|c: char| c.is_ascii_digit()) => return Err(wrong()),
            (None, None) => Term::Status(words::plain(value)),
        },
        Form::Lane => {
            let end = match key.name {
                "from" => End::From,
                "to" => End::To,
                _ => End::Either,
            };
            Term::Lane(end, words::lane(value).ok_or_else(wrong)?)
        }
        Form::Step => Term::Step(words::step(value).ok_or_else(wrong)?),
        Form::Method => Term::Method(value.to_owned()),
        Form::Time => {
            let time = time(value).ok_or_else(wrong)?;
            let compare = compare(operator);
            if key.name == "at" { Term::At(compare, time) } else { Term::Took(compare, time) }
        }
        Form::Kind => Term::Kind(Some(value.to_lowercase()).filter(|kind| words::is_kind(kind)).ok_or_else(wrong)?),
        Form::Has => Term::Has(words::has(value).ok_or_else(wrong)?),
        Form::Is => Term::Is(words::is(value).ok_or_else(wrong)?),
        Form::Rule => Term::Rule(value.to_owned()),
        Form::Text => {
            let place = match key.name {
                "path" => Place::Path,
                "header" => Place::Header,
                "note" => Place::Note,
                _ => Place::Body,
            };
            return search(place, value, range);
        }
    };
    Ok(Node::Term(term))
}

fn compare(operator: &str) -> Compare {
    match operator {
        "<" => Compare::Less,
        "<=" => Compare::AtMost,
        ">" => Compare::More,
        ">=" => Compare::AtLeast,
        "!=" | "!~" => Compare::Differs,
        _ => Compare::Equal,
    }
}

/// `4xx`.
fn class(value: &str) -> Option<u16> {
    let digit = value.to_lowercase().strip_suffix("xx")?.parse().ok()?;
    (1..6).contains(&digit).then_some(digit)
}

/// `200ms`, `1.5s`, `2min`.
fn time(value: &str) -> Option<Duration> {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = value[..value.len() - unit.len()].parse().ok()?;
    let seconds = match unit.to_lowercase().as_str() {
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "s" | "sec" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        _ if number == 0.0 => 0.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

fn search(place: Place, text: &str, range: Range<usize>) -> Result<Node, Mistake> {
    let needle: Result<Regex, _> = RegexBuilder::new(&regex::escape(text)).case_insensitive(true).build();
    match needle {
        Ok(needle) => Ok(Node::Term(Term::Text(place, needle))),
        Err(_) => Err(Mistake::new(range, "This text is too long to be searched; take a part of it")),
    }
}
