//! Text → query. Columns are counted in characters of the text as it was given.

use regex::{Regex, RegexBuilder};

use super::{Fault, Op, Operand, Path, Query, Segment, Selector, Test, is_singular};

/// Deepest nesting of filters and brackets in a query. Our choice.
const MAX_NESTING: usize = 32;
/// Largest whole number in a query, either sign. Source: RFC 9535, 2.1 (I-JSON).
const MAX_INTEGER: i64 = (1 << 53) - 1;
/// Largest compiled regular expression, in bytes. Our choice.
const MAX_PATTERN: usize = 1 << 20;

pub(super) fn strict(text: &str) -> Result<Path, Fault> {
    let mut parser = Parser::new(text, 0, false);
    parser.take('$', "«$», where a query begins")?;
    parser.path(text.to_owned())
}

pub(super) fn tolerant(text: &str) -> Result<Path, Fault> {
    let trimmed = text.trim();
    let offset = text.chars().take_while(|c| c.is_whitespace()).count();
    let mut parser = Parser::new(trimmed, offset, true);
    match parser.peek() {
        Some('$' | '@') => {
            parser.at += 1;
            parser.path(format!("${}", &trimmed[1..]))
        }
        None | Some('.' | '[') => parser.path(format!("${trimmed}")),
        Some(_) => parser.led(format!("$.{trimmed}")),
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    /// Characters before the first one.
    offset: usize,
    tolerant: bool,
    nesting: usize,
    absolute: usize,
}

/// What a function gives. Source: RFC 9535, 2.4.1.
enum Called {
    Value(Operand),
    Logical(Test),
}

impl Parser {
    fn new(text: &str, offset: usize, tolerant: bool) -> Self {
        Self { chars: text.chars().collect(), at: 0, offset, tolerant, nesting: 0, absolute: 0 }
    }

    fn path(mut self, text: String) -> Result<Path, Fault> {
        let segments = self.segments(true)?;
        Ok(Path { text, segments, absolute: self.absolute })
    }

    /// A path that begins with a name.
    fn led(mut self, text: String) -> Result<Path, Fault> {
        let selector = self.dotted()?;
        let mut segments = vec![Segment { deep: false, selectors: vec![selector] }];
        segments.extend(self.segments(true)?);
        Ok(Path { text, segments, absolute: self.absolute })
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn looks_at(&self, word: &str) -> bool {
        word.chars().enumerate().all(|(n, c)| self.chars.get(self.at + n) == Some(&c))
    }

    fn ate(&mut self, word: &str) -> bool {
        let there = self.looks_at(word);
        if there {
            self.at += word.chars().count();
        }
        there
    }

    fn take(&mut self, c: char, expected: &'static str) -> Result<(), Fault> {
        if self.peek() != Some(c) {
            return Err(self.here(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }

    /// A fault at what stands here.
    fn here(&self, expected: &'static str) -> Fault {
        let wrong = match self.peek() {
            None => "the text ends".to_owned(),
            Some(c) if c.is_control() => format!("a control character (U+{:04X})", u32::from(c)),
            Some(' ') => "a blank".to_owned(),
            Some(c) => format!("«{c}»"),
        };
        self.fault(self.at, wrong, expected)
    }

    fn fault(&self, at: usize, wrong: String, expected: &'static str) -> Fault {
        Fault { column: self.offset + at + 1, wrong, expected }
    }

    /// Segments up to what is none. `whole`: nothing may follow.
    fn segments(&mut self, whole: bool) -> Result<Vec<Segment>, Fault> {
        let mut segments = Vec::new();
        loop {
            let before = self.at;
            self.blank();
            if self.ate("..") {
                let selectors = if self.peek() == Some('[') { self.bracket()? } else { vec![self.dotted()?] };
                segments.push(Segment { deep: true, selectors });
            } else if self.ate(".") {
                segments.push(Segment { deep: false, selectors: vec![self.dotted()?] });
            } else if self.peek() == Some('[') {
                segments.push(Segment { deep: false, selectors: self.bracket()? });
            } else {
                self.at = before;
                if whole && self.at < self.chars.len() {
                    return Err(self.here("«.», «..», «[» or the end"));
                }
                return Ok(segments);
            }
        }
    }

    /// What follows a dot.
    fn dotted(&mut self) -> Result<Selector, Fault> {
        if self.ate("*") {
            return Ok(Selector::Wild);
        }
        let start = self.at;
        let odd = |c: char| c.is_ascii_digit() || c == '-';
        while let Some(c) = self.peek() {
            let letter = c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
            let later = c.is_ascii_digit() && self.at > start;
            if !(letter || later || (self.tolerant && odd(c))) {
                break;
            }
            self.at += 1;
        }
        if self.at == start {
            return Err(self.here("a name or «*»; other names go into brackets: ['3ds']"));
        }
        Ok(Selector::Name(self.chars[start..self.at].iter().collect()))
    }

    fn bracket(&mut self) -> Result<Vec<Selector>, Fault> {
        self.take('[', "«[»")?;
        let mut selectors = Vec::new();
        loop {
            self.blank();
            selectors.push(self.selector()?);
            self.blank();
            if self.ate("]") {
                return Ok(selectors);
            }
            self.take(',', "«,» or «]»")?;
        }
    }

    fn selector(&mut self) -> Result<Selector, Fault> {
        match self.peek() {
            Some('\'' | '"') => Ok(Selector::Name(self.quoted()?)),
            Some('*') => {
                self.at += 1;
                Ok(Selector::Wild)
            }
            Some('?') => {
                self.at += 1;
                self.blank();
                Ok(Selector::Filter(Box::new(self.any()?)))
            }
            Some('-' | ':' | '0'..='9') => self.index_or_slice(),
            _ => Err(self.here("a name in quotes, a number, «*», a slice like «0:3» or a filter «?…»")),
        }
    }

    fn index_or_slice(&mut self) -> Result<Selector, Fault> {
        let start = self.integer_if_any()?;
        let before = self.at;
        self.blank();
        if !self.ate(":") {
            self.at = before;
            return match start {
                Some(index) => Ok(Selector::Index(index)),
                None => Err(self.here("a whole number")),
            };
        }
        self.blank();
        let end = self.integer_if_any()?;
        let mut step = 1;
        let before = self.at;
        self.blank();
        if self.ate(":") {
            self.blank();
            step = self.integer_if_any()?.unwrap_or(1);
        } else {
            self.at = before;
        }
        Ok(Selector::Slice { start, end, step })
    }

    fn integer_if_any(&mut self) -> Result<Option<i64>, Fault> {
        let start = self.at;
        self.ate("-");
        let digits = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        if self.at == start {
            return Ok(None);
        }
        let text: String = self.chars[start..self.at].iter().collect();
        if self.at == digits {
            return Err(self.here("a digit"));
        }
        let zero = self.chars[digits] == '0';
        if zero && (self.at > digits + 1 || digits > start) {
            return Err(self.fault(start, format!("«{text}»"), "a whole number without leading zeros"));
        }
        match text.parse::<i64>() {
            Ok(number) if number.abs() <= MAX_INTEGER => Ok(Some(number)),
            _ => Err(self.fault(start, format!("«{text}»"), "a whole number within ±9007199254740991")),
        }
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let quote = self.peek().unwrap_or('\'');
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(self.fault(start, "the quote is not closed".into(), "the same quote at its end")),
                Some(c) if c == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => {
                    self.at += 1;
                    text.push(self.escape(quote)?);
                }
                Some(c) if u32::from(c) < 0x20 => return Err(self.here("a printable character, or an escape")),
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, quote: char) -> Result<char, Fault> {
        const ESCAPES: &str = "one of \\b \\f \\n \\r \\t \\/ \\\\ \\uXXXX or the quote";
        let c = match self.peek() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(c @ ('/' | '\\')) => c,
            Some(c) if c == quote => c,
            Some('u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.here(ESCAPES)),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let high = self.hex()?;
        let lone = |parser: &Self| parser.fault(start, "half of a surrogate pair".into(), "both halves, high then low");
        let code = match high {
            0xd800..=0xdbff => {
                if !self.ate("\\u") {
                    return Err(lone(self));
                }
                let low = self.hex()?;
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(lone(self));
                }
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| lone(self))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|c| c.to_digit(16)).ok_or_else(|| self.here("a hex digit"))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.here("fewer than 32 levels of brackets"));
        }
        let done = read(self);
        self.nesting -= 1;
        done
    }

    /// `a || b`.
    fn any(&mut self) -> Result<Test, Fault> {
        self.nested(|parser| {
            let mut tests = vec![parser.all()?];
            while parser.sign("||")? {
                tests.push(parser.all()?);
            }
            Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Any(tests) })
        })
    }

    fn all(&mut self) -> Result<Test, Fault> {
        let mut tests = vec![self.basic()?];
        while self.sign("&&")? {
            tests.push(self.basic()?);
        }
        Ok(if tests.len() == 1 { tests.remove(0) } else { Test::All(tests) })
    }

    /// `&&` or `||`, with the blanks around it; half of one is a fault.
    fn sign(&mut self, sign: &'static str) -> Result<bool, Fault> {
        let before = self.at;
        self.blank();
        if self.ate(sign) {
            self.blank();
            return Ok(true);
        }
        if self.peek() == sign.chars().next() {
            return Err(self.here(if sign == "&&" { "«&&»" } else { "«||»" }));
        }
        self.at = before;
        Ok(false)
    }

    fn basic(&mut self) -> Result<Test, Fault> {
        if self.peek() == Some('!') {
            self.at += 1;
            self.blank();
            let test = if self.peek() == Some('(') { self.bracketed()? } else { self.test()? };
            return Ok(Test::Not(Box::new(test)));
        }
        if self.peek() == Some('(') {
            return self.bracketed();
        }
        self.test_or_comparison()
    }

    fn bracketed(&mut self) -> Result<Test, Fault> {
        self.take('(', "«(»")?;
        self.blank();
        let test = self.any()?;
        self.blank();
        self.take(')', "«)», «&&» or «||»")?;
        Ok(test)
    }

    /// What stands after `!` without brackets: a query or a function that says yes or no.
    fn test(&mut self) -> Result<Test, Fault> {
        let start = self.at;
        match self.peek() {
            Some('@' | '$') => Ok(Test::Exists(self.query()?)),
            Some('a'..='z') => match self.function()? {
                Called::Logical(test) => Ok(test),
                Called::Value(_) => {
                    Err(self.fault(start, "a value".into(), "a query, match(…) or search(…) after «!»"))
                }
            },
            _ => Err(self.here("a query («@.name»), match(…), search(…) or «(» after «!»")),
        }
    }

    fn test_or_comparison(&mut self) -> Result<Test, Fault> {
        let start = self.at;
        let left = match self.peek() {
            Some('@' | '$') => {
                let query = self.query()?;
                match self.operator()? {
                    None => return Ok(Test::Exists(query)),
                    Some(op) => {
                        return {
                            let left = self.one(start, query)?;
                            self.compare(left, op)
                        };
                    }
                }
            }
            _ => match self.value_or_function()? {
                Called::Logical(test) => {
                    if self.operator()?.is_some() {
                        let wrong = "a comparison with match(…) or search(…)".into();
                        return Err(self.fault(start, wrong, "the function alone: it is the test"));
                    }
                    return Ok(test);
                }
                Called::Value(operand) => operand,
            },
        };
        match self.operator()? {
            Some(op) => self.compare(left, op),
            None => Err(self.here("a comparison: == != < <= > >=")),
        }
    }

    fn compare(&mut self, left: Operand, op: Op) -> Result<Test, Fault> {
        let start = self.at;
        let right = match self.peek() {
            Some('@' | '$') => {
                let query = self.query()?;
                self.one(start, query)?
            }
            _ => match self.value_or_function()? {
                Called::Value(operand) => operand,
                Called::Logical(_) => {
                    return Err(self.fault(start, "a function that says yes or no".into(), "a value to compare with"));
                }
            },
        };
        Ok(Test::Compare(left, op, right))
    }

    /// A query as a value: it must name one place.
    fn one(&self, start: usize, query: Query) -> Result<Operand, Fault> {
        if is_singular(&query.segments) {
            return Ok(Operand::One(query));
        }
        let wrong = "a query that can find several values".into();
        Err(self.fault(start, wrong, "names and indices only, or value(…) or count(…) around it"))
    }

    fn operator(&mut self) -> Result<Option<Op>, Fault> {
        const OPS: [(&str, Op); 6] = [
            ("==", Op::Equal),
            ("!=", Op::Unequal),
            ("<=", Op::LessOrEqual),
            (">=", Op::GreaterOrEqual),
            ("<", Op::Less),
            (">", Op::Greater),
        ];
        let before = self.at;
        self.blank();
        for (sign, op) in OPS {
            if self.ate(sign) {
                self.blank();
                return Ok(Some(op));
            }
        }
        if self.peek() == Some('=') {
            return Err(self.here("«==»"));
        }
        self.at = before;
        Ok(None)
    }

    fn query(&mut self) -> Result<Query, Fault> {
        let absolute = self.peek() == Some('$');
        self.at += 1;
        let segments = self.nested(|parser| parser.segments(false))?;
        let absolute = absolute.then(|| {
            self.absolute += 1;
            self.absolute - 1
        });
        Ok(Query { absolute, segments })
    }

    fn value_or_function(&mut self) -> Result<Called, Fault> {
        const EXPECTED: &str = "a query («@.name»), a text in quotes, a number, true, false, null or a function";
        let word = |parser: &Self, word: &str| {
            let after = parser.chars.get(parser.at + word.len());
            parser.looks_at(word) && !after.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '('))
        };
        match self.peek() {
            Some('\'' | '"') => Ok(Called::Value(Operand::Text(self.quoted()?))),
            Some('-' | '0'..='9') => Ok(Called::Value(Operand::Number(self.number()?))),
            Some('a'..='z') => {
                for (name, operand) in
                    [("true", Operand::Bool(true)), ("false", Operand::Bool(false)), ("null", Operand::Null)]
                {
                    if word(self, name) {
                        self.at += name.len();
                        return Ok(Called::Value(operand));
                    }
                }
                self.function()
            }
            _ => Err(self.here(EXPECTED)),
        }
    }

    fn number(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.ate("-");
        let digits = self.at;
        self.digits()?;
        if self.chars[digits] == '0' && self.at > digits + 1 {
            return Err(self.fault(start, "a leading zero".into(), "a number without it"));
        }
        if self.ate(".") {
            self.digits()?;
        }
        if self.ate("e") || self.ate("E") {
            let _ = self.ate("+") || self.ate("-");
            self.digits()?;
        }
        Ok(self.chars[start..self.at].iter().collect())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some('0'..='9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.here("a digit")) } else { Ok(()) }
    }

    fn function(&mut self) -> Result<Called, Fault> {
        const FUNCTIONS: &str = "length(…), count(…), value(…), match(…, …) or search(…, …)";
        let start = self.at;
        while matches!(self.peek(), Some('a'..='z' | '0'..='9' | '_')) {
            self.at += 1;
        }
        let name: String = self.chars[start..self.at].iter().collect();
        if !matches!(name.as_str(), "length" | "count" | "value" | "match" | "search") {
            return Err(self.fault(start, format!("«{name}»"), FUNCTIONS));
        }
        self.take('(', "«(» directly after the function's name")?;
        self.blank();
        let called = self.nested(|parser| parser.arguments(&name))?;
        self.blank();
        self.take(')', "«)»")?;
        Ok(called)
    }

    fn arguments(&mut self, name: &str) -> Result<Called, Fault> {
        Ok(match name {
            "length" => Called::Value(Operand::Length(Box::new(self.argument()?))),
            "count" => Called::Value(Operand::Count(self.nodes()?)),
            "value" => Called::Value(Operand::Value(self.nodes()?)),
            _ => {
                let text = self.argument()?;
                self.blank();
                self.take(',', "«,» and a regular expression")?;
                self.blank();
                let start = self.at;
                let pattern = self.argument()?;
                let whole = name == "match";
                let ready = match &pattern {
                    Operand::Text(pattern) => Some(self.pattern(start, pattern, whole)?),
                    _ => None,
                };
                Called::Logical(Test::Matches { text, pattern, whole, ready })
            }
        })
    }

    fn pattern(&self, start: usize, pattern: &str, whole: bool) -> Result<Regex, Fault> {
        compiled(pattern, whole).map_err(|error| {
            let words = error.to_string();
            let reason = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            self.fault(start, format!("the pattern is wrong ({reason})"), "a regular expression")
        })
    }

    /// An argument that is a value.
    fn argument(&mut self) -> Result<Operand, Fault> {
        let start = self.at;
        match self.peek() {
            Some('@' | '$') => {
                let query = self.query()?;
                self.one(start, query)
            }
            _ => match self.value_or_function()? {
                Called::Value(operand) => Ok(operand),
                Called::Logical(_) => Err(self.fault(start, "a function that says yes or no".into(), "a value")),
            },
        }
    }

    /// An argument that is a query.
    fn nodes(&mut self) -> Result<Query, Fault> {
        match self.peek() {
            Some('@' | '$') => self.query(),
            _ => Err(self.here("a query that begins with «@» or «$»")),
        }
    }
}

/// A pattern as the standard means it: `.` is anything but a line end. Source: RFC 9485.
pub(super) fn compiled(pattern: &str, whole: bool) -> Result<Regex, regex::Error> {
    let mut text = String::with_capacity(pattern.len() + 16);
    let (mut escaped, mut class) = (false, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '.' if !class => {
                text.push_str("[^\\n\\r]");
                continue;
            }
            _ => (),
        }
        text.push(c);
    }
    let text = if whole { format!(r"\A(?:{text})\z") } else { text };
    RegexBuilder::new(&text).size_limit(MAX_PATTERN).build()
}
