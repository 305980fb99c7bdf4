//! Where in a page a template puts its values, checked when it is loaded.
//!
//! Hides: enough of HTML's grammar to know text from attribute from script. Promises:
//! each `{{ … }}` stands where escaping holds, with the filter that the place asks for;
//! everything else is a [`Fault`]. Does not follow `include`: a part is a page of its own
//! that begins in text. Source: trust.md R18.

/// Attributes whose value is an address.
const ADDRESSES: &[&str] = &["href", "src", "action", "formaction", "data", "poster", "cite", "ping", "xlink:href"];
/// Attributes whose value is code, markup, a style or a command.
const CODE: &[&str] = &["style", "srcdoc", "srcset", "content", "http-equiv", "type", "target"];
/// What takes part of the engine's escaping away.
const LOOSENING: &[&str] = &["autoescape", "tojson", "|safe", "| safe"];

/// Why a template is not safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Outside of quotes, or as a name.
    #[error("a value inside a tag must stand in a quoted attribute")]
    Unquoted,
    /// `on…`, `style`, `srcdoc` and the like.
    #[error("this attribute is code or markup: put the value into a data- attribute")]
    Code,
    /// An address that a value decides.
    #[error("an address must begin with a path of ours, or with {{{{ value|href }}}}")]
    Address,
    /// A value further on in an address.
    #[error("a value inside an address must end with |urlencode")]
    AddressPart,
    /// In a script or style, a value that is not data.
    #[error("a script takes values only as {{{{ value|tojson }}}} in type=\"application/json\"; a style takes none")]
    Script,
    /// `tojson` where its quotes would end something.
    #[error("tojson belongs into a script element of type application/json, and nowhere else")]
    Json,
    /// In a comment, a doctype.
    #[error("a comment takes no values")]
    Comment,
    /// `autoescape` and others.
    #[error("escaping cannot be switched off")]
    Loosened,
    /// `{{` without `}}`, a tag or element that does not end.
    #[error("something that was begun does not end")]
    Unfinished,
}

/// Checks a template; the line of the first fault counts from 1.
pub(super) fn check(source: &str) -> Result<(), (usize, Fault)> {
    let mut reader = Reader { rest: source, place: Place::Text };
    reader.run().map_err(|fault| {
        let read = source.len() - reader.rest.len();
        (source[..read].matches('\n').count() + 1, fault)
    })
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Text,
    /// Inside `<name …>`; `json` once `type="application/json"` was read.
    Tag {
        name: String,
        json: bool,
    },
    /// Inside a quoted value, with what was read of it.
    Value {
        tag: String,
        json: bool,
        attribute: String,
        quote: char,
        text: String,
    },
    /// Inside `<script>` or `<style>`.
    Raw {
        name: String,
        json: bool,
    },
    Comment,
}

struct Reader<'a> {
    rest: &'a str,
    place: Place,
}

impl Reader<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        while !self.rest.is_empty() {
            if let Some(after) = self.rest.strip_prefix("{{") {
                let end = after.find("}}").ok_or(Fault::Unfinished)?;
                self.expression(after[..end].trim_matches(['-', '+']).trim())?;
                self.rest = &after[end + 2..];
            } else if let Some(after) = self.rest.strip_prefix("{%") {
                let end = after.find("%}").ok_or(Fault::Unfinished)?;
                if LOOSENING.iter().any(|word| after[..end].contains(word)) {
                    return Err(Fault::Loosened);
                }
                self.rest = &after[end + 2..];
            } else if let Some(after) = self.rest.strip_prefix("{#") {
                self.rest = &after[after.find("#}").ok_or(Fault::Unfinished)? + 2..];
            } else {
                self.html();
            }
        }
        if self.place == Place::Text { Ok(()) } else { Err(Fault::Unfinished) }
    }

    /// One step through the HTML.
    fn html(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Text);
        self.place = match place {
            Place::Text => self.text(),
            Place::Tag { name, json } => self.tag(name, json),
            Place::Value { tag, json, attribute, quote, text } => self.value(tag, json, attribute, quote, text),
            Place::Raw { name, json } => {
                let end = format!("</{name}");
                if self.rest.get(..end.len()).is_some_and(|start| start.eq_ignore_ascii_case(&end)) {
                    self.skip(end.len());
                    Place::Tag { name: String::new(), json: false }
                } else {
                    self.skip(1);
                    Place::Raw { name, json }
                }
            }
            Place::Comment if self.rest.starts_with("-->") => {
                self.skip(3);
                Place::Text
            }
            Place::Comment => {
                self.skip(1);
                Place::Comment
            }
        };
    }

    fn text(&mut self) -> Place {
        if self.rest.starts_with("<!--") {
            self.skip(4);
            return Place::Comment;
        }
        let tag = self.rest.strip_prefix('<').map(|after| after.strip_prefix('/').unwrap_or(after));
        match tag {
            Some(after) if after.starts_with(|first: char| first.is_ascii_alphabetic() || "!{".contains(first)) => {
                let closing = self.rest.starts_with("</");
                let name: String = after.chars().take_while(|c| !c.is_whitespace() && !"/>{".contains(*c)).collect();
                self.skip(if closing { 2 } else { 1 } + name.len());
                // A closing tag opens nothing.
                Place::Tag { name: if closing { String::new() } else { name.to_ascii_lowercase() }, json: false }
            }
            _ => {
                self.skip(1);
                Place::Text
            }
        }
    }

    fn tag(&mut self, name: String, json: bool) -> Place {
        if self.rest.starts_with('>') {
            self.skip(1);
            return if matches!(name.as_str(), "script" | "style") { Place::Raw { name, json } } else { Place::Text };
        }
        let attribute: String =
            self.rest.chars().take_while(|c| !c.is_whitespace() && !"=>/\"'{".contains(*c)).collect();
        self.skip(attribute.len());
        let after = self.rest.trim_start();
        let value = after.strip_prefix('=').map(str::trim_start).filter(|_| !attribute.is_empty());
        match value.and_then(|value| value.chars().next().filter(|quote| "\"'".contains(*quote)).zip(Some(value))) {
            Some((quote, value)) => {
                self.rest = &value[1..];
                let attribute = attribute.to_ascii_lowercase();
                Place::Value { tag: name, json, attribute, quote, text: String::new() }
            }
            None => {
                if attribute.is_empty() {
                    self.skip(1);
                }
                Place::Tag { name, json }
            }
        }
    }

    fn value(&mut self, tag: String, json: bool, attribute: String, quote: char, mut text: String) -> Place {
        let next = self.skip(1);
        if next == Some(quote) {
            let json = json || (attribute == "type" && text.eq_ignore_ascii_case("application/json"));
            return Place::Tag { name: tag, json };
        }
        text.extend(next);
        Place::Value { tag, json, attribute, quote, text }
    }

    /// Moves on by at least `bytes`, to the next character; the first one passed.
    fn skip(&mut self, bytes: usize) -> Option<char> {
        let first = self.rest.chars().next();
        let mut end = bytes.min(self.rest.len());
        while !self.rest.is_char_boundary(end) {
            end += 1;
        }
        self.rest = &self.rest[end..];
        first
    }

    /// One `{{ … }}` in its place.
    fn expression(&mut self, expression: &str) -> Result<(), Fault> {
        let (subject, filter) = split(expression);
        if expression.contains("tojson") {
            let fits = matches!(&self.place, Place::Raw { name, json: true } if name == "script");
            return if fits && subject && filter == "tojson" { Ok(()) } else { Err(Fault::Json) };
        }
        if expression.replace(' ', "").contains("|safe") {
            return Err(Fault::Loosened);
        }
        match &mut self.place {
            Place::Text => Ok(()),
            Place::Tag { .. } => Err(Fault::Unquoted),
            Place::Raw { .. } => Err(Fault::Script),
            Place::Comment => Err(Fault::Comment),
            Place::Value { attribute, .. } if attribute.starts_with("on") || CODE.contains(&attribute.as_str()) => {
                Err(Fault::Code)
            }
            Place::Value { attribute, text, .. } if ADDRESSES.contains(&attribute.as_str()) => {
                let start = text.trim_start();
                let ours =
                    start.strip_prefix('/').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
                let verdict = match filter {
                    "href" if start.is_empty() && subject => Ok(()),
                    "urlencode" if subject && (ours || start.starts_with(['?', '#'])) => Ok(()),
                    // Behind an address that was filtered, what follows is a part of it.
                    "urlencode" if subject && start.starts_with('\u{fffd}') && start.contains(['?', '#']) => Ok(()),
                    _ if ours || start.starts_with(['?', '#', '\u{fffd}']) => Err(Fault::AddressPart),
                    _ => Err(Fault::Address),
                };
                text.push('\u{fffd}');
                verdict
            }
            Place::Value { text, .. } => {
                text.push('\u{fffd}');
                Ok(())
            }
        }
    }
}

/// Whether the subject is a plain name, so that its last filter covers all of it; and that filter.
fn split(expression: &str) -> (bool, &str) {
    let plain = |text: &str| text.trim().chars().all(|c| c.is_ascii_alphanumeric() || "_.[]".contains(c));
    match expression.rsplit_once('|') {
        Some((subject, filter)) => (subject.split('|').all(plain), filter.trim()),
        None => (plain(expression), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_only_where_escaping_holds() {
        for (source, fault) in [
            ("<a title={{ v }}>", Fault::Unquoted),
            ("<a {{ v }}>", Fault::Unquoted),
            ("<{{ v }}>", Fault::Unquoted),
            ("<a title = {{ v }}>", Fault::Unquoted),
            ("<a x='1' {{ v }}='2'>", Fault::Unquoted),
            ("<a onclick=\"f('{{ v }}')\">", Fault::Code),
            ("<a ONCLICK=\"f('{{ v }}')\">", Fault::Code),
            ("<a style=\"color:{{ v }}\">", Fault::Code),
            ("<iframe srcdoc='{{ v }}'>", Fault::Code),
            ("<meta http-equiv=refresh content=\"0;{{ v }}\">", Fault::Code),
            ("<a href=\"{{ v }}\">", Fault::Address),
            ("<a HREF = '{{ v }}'>", Fault::Address),
            ("<a href=\"{{ v|urlencode }}\">", Fault::Address),
            ("<a href=\"javascript:{{ v|urlencode }}\">", Fault::Address),
            ("<a href=\"/{{ v|urlencode }}\">", Fault::Address),
            ("<a href=\"https://{{ v|urlencode }}/\">", Fault::Address),
            ("<a href=\"{{ a ~ b|href }}\">", Fault::Address),
            ("<a href=\"/x?{{ v }}\">", Fault::AddressPart),
            ("<a href=\"{{ v|href }}{{ w }}\">", Fault::AddressPart),
            ("<script>let x = '{{ v }}'</script>", Fault::Script),
            ("<script>let x = {{ v|tojson }}</script>", Fault::Json),
            ("<script type=\"application/json\">{{ v }}</script>", Fault::Script),
            ("<script type='application/json'>{{ a ~ v|tojson }}</script>", Fault::Json),
            ("<style>a { color: {{ v }} }</style>", Fault::Script),
            ("<p title=\"{{ v|tojson }}\">", Fault::Json),
            ("<p>{{ v|tojson }}</p>", Fault::Json),
            ("<!-- {{ v }} -->", Fault::Comment),
            ("{% autoescape false %}{{ v }}{% endautoescape %}", Fault::Loosened),
            ("{% set x = v|tojson %}", Fault::Loosened),
            ("{{ v|safe }}", Fault::Loosened),
            ("{{ v | safe }}", Fault::Loosened),
            ("{{ v", Fault::Unfinished),
            ("<p title=\"", Fault::Unfinished),
            ("<script>", Fault::Unfinished),
        ] {
            assert_eq!(check(source), Err((1, fault)), "{source}");
        }
        assert_eq!(check("<p>\n{{ v }}\n<a title={{ v }}>").map_err(|(line, _)| line), Err(3));
    }

    #[test]
    fn ordinary_pages_are_fine() {
        for source in [
            "<!doctype html><html lang=\"en\"><title>{{ v }}</title><p>{{ a ~ b }} 1 < 2, é</p></html>",
            "<script nonce=\"{{ nonce }}\">if (a < b) { f('</p>') }</script><p>{{ v }}</p>",
            "<script nonce='{{ nonce }}' type=\"application/json\" id=x>{{ v.w|tojson }}</script>",
            "<SCRIPT type='application/json'>{{ v | tojson }}</SCRIPT>",
            "<a href=\"{{ v|href }}\">x</a><a href='/x/{{ v|urlencode }}?q={{ w|urlencode }}'>y</a><a href=\"?p={{ n|urlencode }}\">",
            "<form method=post action=\"{{ v|href }}\"><input name=creq value=\"{{ creq }}\"></form>",
            "{# {{ nothing }} #}{% for x in xs %}<li class='{{ x }}' data-x=\"{{ x }}\">{{ x }}</li>{% endfor %}",
            "<p{% if v %} class=\"x\"{% endif %}>{{ v }}</p><!-- a > b --><br/>",
            "<style nonce=\"{{ nonce }}\">a > b { color: red }</style>",
        ] {
            assert_eq!(check(source), Ok(()), "{source}");
        }
    }
}
