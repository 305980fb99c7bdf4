//! A comparison as text for others: a table of Markdown for each message, or plain lines.

use std::fmt::Write as _;

use super::{Comparison, Group, Row, Sign};

/// What is shown of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sieve {
    /// Only what differs, where it first does.
    pub differs: bool,
    /// Without ids, times and keys.
    pub lasting: bool,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { differs: true, lasting: true }
    }
}

impl Sieve {
    /// True if a row is shown.
    pub fn shows(self, row: &Row) -> bool {
        match row.sign {
            _ if self.differs && row.repeats => false,
            Sign::Same => !self.differs,
            Sign::New(_) => !self.lasting,
            Sign::Differs => true,
        }
    }

    /// True if a message is shown, with these of its rows.
    pub fn shows_group(self, group: &Group, rows: usize) -> bool {
        rows > 0 || group.lacking() || group.note.is_some() && !self.differs
    }
}

impl Comparison {
    /// The messages with the rows that are shown, and why they differ, as Markdown.
    pub fn markdown(&self, name: &str, sieve: Sieve) -> String {
        let words: Vec<&str> = self.columns.iter().map(|column| column.word.as_str()).collect();
        let mut text = format!("## {} on {}\n", cell(name), words.join(", "));
        self.each(sieve, |group, rows| {
            let _ = write!(text, "\n### {}, {}\n", cell(&group.title), cell(&group.way));
            if let Some(note) = group.note {
                let _ = write!(text, "\n{note}\n");
            }
            if rows.is_empty() {
                return;
            }
            let _ =
                write!(text, "\n| Field | {} | Why |\n|---|{}---|\n", words.join(" | "), "---|".repeat(words.len()));
            for row in rows {
                let _ = write!(text, "| {} |", cell(&full_name(row)));
                for value in &row.cells {
                    let _ = write!(text, " {} |", value.as_deref().map_or_else(|| "–".to_owned(), code));
                }
                let why: Vec<&str> = row.why.iter().map(|rule| rule.says).collect();
                let _ = writeln!(text, " {} |", why.join(" "));
            }
        });
        text
    }

    /// The same as plain lines.
    pub fn plain(&self, name: &str, sieve: Sieve) -> String {
        let words: Vec<&str> = self.columns.iter().map(|column| column.word.as_str()).collect();
        let mut text = format!("{name} on {}\n", words.join(", "));
        self.each(sieve, |group, rows| {
            let _ = write!(text, "\n{}, {}\n", group.title, group.way);
            if let Some(note) = group.note {
                let _ = writeln!(text, "  {note}");
            }
            for row in rows {
                let _ = writeln!(text, "  {}", full_name(row));
                for (column, value) in words.iter().zip(&row.cells) {
                    let _ = writeln!(text, "    {column}  {}", value.as_deref().unwrap_or("–"));
                }
                for rule in &row.why {
                    let _ = writeln!(text, "    {}", rule.says);
                }
            }
        });
        text
    }

    /// Each message that has something to show.
    fn each<'a>(&'a self, sieve: Sieve, mut take: impl FnMut(&'a Group, Vec<&'a Row>)) {
        for group in &self.groups {
            let rows: Vec<&Row> = group.rows.iter().filter(|row| sieve.shows(row)).collect();
            if sieve.shows_group(group, rows.len()) {
                take(group, rows);
            }
        }
    }
}

/// `authenticationType / authenticationMethod`.
pub fn full_name(row: &Row) -> String {
    row.later.map_or_else(|| row.name.clone(), |later| format!("{} / {later}", row.name))
}

/// Text inside a table of Markdown: nothing in it may end the cell or the line, or be read as
/// a tag.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A value as code inside a table: a fence longer than any inside, bars escaped.
fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    let inner: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{fence}{space}{}{space}{fence}", inner.replace('|', "\\|"))
}
