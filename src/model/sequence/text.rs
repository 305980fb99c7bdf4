//! The diagram in characters: for a terminal, a ticket or a mail, at most 120 columns wide,
//! and for Mermaid. Whatever the words are, they stay on their line and within their message.

use std::fmt::Write as _;

use super::{Arrow, Diagram, Ghost, Kind, one_line, seconds};
use crate::model::Lane;

/// Widest line, characters.
pub const WIDTH: usize = 120;
/// Characters for the time, before the first lane.
const TIME: usize = 9;
/// Characters from lane to lane.
const LANE: usize = (WIDTH - TIME) / 6;

/// Where a lane's line stands.
fn column(lane: Lane) -> usize {
    let place = Lane::ALL.iter().position(|one| *one == lane).unwrap_or(0);
    TIME + LANE / 2 + place * LANE
}

/// One line, with the lanes drawn.
struct Line(Vec<char>);

impl Line {
    fn blank() -> Self {
        Self(vec![' '; WIDTH])
    }

    fn lanes() -> Self {
        let mut line = Self::blank();
        Lane::ALL.into_iter().for_each(|lane| line.set(column(lane), '│'));
        line
    }

    fn set(&mut self, at: usize, c: char) {
        if let Some(place) = self.0.get_mut(at) {
            *place = c;
        }
    }

    /// The text from a column on, further left where it would not fit, cut where nothing helps.
    fn put(&mut self, at: usize, text: &str) {
        let room = WIDTH - TIME - 1;
        let mut text: Vec<char> = text.chars().collect();
        if text.len() > room {
            text.truncate(room - 1);
            text.push('…');
        }
        let at = at.min(WIDTH - text.len()).max(TIME);
        self.set(at.saturating_sub(1), ' ');
        self.set(at + text.len(), ' ');
        for (place, c) in text.into_iter().enumerate() {
            self.set(at + place, c);
        }
    }

    fn centre(&mut self, at: usize, text: &str) {
        let length = text.chars().count();
        self.put(at.saturating_sub(length / 2), text);
    }

    fn time(&mut self, text: &str) {
        let text: Vec<char> = text.chars().take(TIME - 1).collect();
        let at = TIME - 1 - text.len();
        for (place, c) in text.into_iter().enumerate() {
            self.set(at + place, c);
        }
    }

    fn arrow(&mut self, from: Lane, to: Lane, stroke: [char; 2], heads: [char; 2]) {
        let (a, b) = (column(from), column(to));
        for (count, at) in (a.min(b) + 1..a.max(b)).enumerate() {
            self.set(at, stroke[count % 2]);
        }
        if a < b {
            self.set(b - 1, heads[1]);
        } else {
            self.set(b + 1, heads[0]);
        }
    }

    fn push_to(self, text: &mut String) {
        let line: String = self.0.into_iter().collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// The diagram as lines of text.
pub fn text(diagram: &Diagram) -> String {
    let mut text = format!("{}\n\n", one_line(&diagram.title));
    let mut head = Line::blank();
    Lane::ALL.into_iter().for_each(|lane| head.centre(column(lane), lane.name()));
    head.push_to(&mut text);
    Line::lanes().push_to(&mut text);
    diagram.arrows.iter().for_each(|arrow| arrow_lines(&mut text, arrow));
    for deadline in &diagram.deadlines {
        let left = deadline.left(diagram.now);
        let words = if diagram.held { "clock held".into() } else { deadline.words(left) };
        let mut line = Line::lanes();
        line.put(TIME + 1, &format!("{}: {words}. {}", deadline.name, deadline.end));
        line.push_to(&mut text);
    }
    if let Some(now) = diagram.open {
        let mut line = Line::blank();
        line.time(&seconds(now));
        (TIME..WIDTH - 4).for_each(|at| line.set(at, '─'));
        line.put(WIDTH - 3, "now");
        line.push_to(&mut text);
    }
    for (place, ghost) in diagram.ghosts.iter().enumerate() {
        ghost_lines(&mut text, ghost, place == 0);
    }
    text
}

fn arrow_lines(text: &mut String, arrow: &Arrow) {
    let left = column(arrow.from).min(column(arrow.to));
    let mut line = Line::lanes();
    line.time(&seconds(arrow.at));
    match arrow.kind {
        Kind::Note => {
            line.put(left + 2, &format!("* {}", arrow.label()));
            line.push_to(text);
        }
        Kind::Wait => {
            let took = arrow.took.map_or("goes on".into(), |took| format!("{:.1} s", took.as_secs_f32()));
            line.put(left + 2, &format!("{}, {took}", arrow.label()));
            line.push_to(text);
            let mut line = Line::lanes();
            line.arrow(arrow.from, arrow.to, ['·', '·'], ['·', '·']);
            line.push_to(text);
        }
        Kind::Message | Kind::Hidden => {
            line.put(left + 2, &arrow.label());
            line.push_to(text);
            let mut line = Line::lanes();
            let stroke = if arrow.kind == Kind::Hidden { '┄' } else { '─' };
            if arrow.from == arrow.to {
                line.set(left + 1, '◄');
            } else {
                line.arrow(arrow.from, arrow.to, [stroke; 2], ['◄', '►']);
            }
            line.push_to(text);
        }
    }
    for finding in &arrow.findings {
        let mut line = Line::lanes();
        line.put(column(arrow.to) + 2, &format!("! {}", one_line(finding)));
        line.push_to(text);
    }
    if let Some(status) = &arrow.status {
        let mut line = Line::lanes();
        line.centre(column(Lane::Sessions), &format!("[{}]", one_line(status)));
        line.push_to(text);
    }
}

fn ghost_lines(text: &mut String, ghost: &Ghost, first: bool) {
    let mut line = Line::lanes();
    if first {
        line.time("expected");
    }
    line.put(column(ghost.from).min(column(ghost.to)) + 2, &ghost.label());
    line.push_to(text);
    let mut line = Line::lanes();
    line.arrow(ghost.from, ghost.to, ['-', ' '], ['<', '>']);
    line.push_to(text);
}

/// The diagram in Mermaid's language.
pub fn mermaid(diagram: &Diagram) -> String {
    let mut text = format!("---\ntitle: {}\n---\nsequenceDiagram\n", yaml(&diagram.title));
    for lane in Lane::ALL {
        let _ = writeln!(text, "    participant {} as {}", lane.letter(), entities(lane.name()));
    }
    let mut say = |line: String| text.extend(["    ", &line, "\n"]);
    for arrow in &diagram.arrows {
        let (from, to) = (arrow.from.letter(), arrow.to.letter());
        let words = entities(&format!("{} {}", seconds(arrow.at), arrow.label()));
        say(match arrow.kind {
            Kind::Note if from == to => format!("Note over {from}: {words}"),
            Kind::Note | Kind::Wait => format!("Note over {from},{to}: {words}"),
            Kind::Hidden => format!("{from}-->>{to}: {words}"),
            Kind::Message => format!("{from}->>{to}: {words}"),
        });
        for finding in &arrow.findings {
            say(format!("Note right of {to}: {}", entities(finding)));
        }
        if let Some(status) = &arrow.status {
            say(format!("Note over S: {}", entities(status)));
        }
    }
    for ghost in &diagram.ghosts {
        let words = entities(&format!("expected {}", ghost.label()));
        say(format!("{}--){}: {words}", ghost.from.letter(), ghost.to.letter()));
    }
    text
}

/// A title that YAML reads as a text.
fn yaml(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Words that Mermaid does not act on: what means something to it goes as its number.
fn entities(text: &str) -> String {
    let mut safe = String::new();
    for c in one_line(text).chars() {
        if matches!(c, ';' | ':' | '#' | '<' | '>' | '%' | '"' | '&' | '`' | '\\') {
            let _ = write!(safe, "#{};", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::model::Stamp;
    use crate::model::deadline::Deadline;

    fn arrow(from: Lane, to: Lane, words: &str) -> Arrow {
        Arrow {
            at: Duration::from_millis(18),
            took: Some(Duration::from_millis(41)),
            from,
            to,
            kind: Kind::Message,
            words: words.into(),
            note: String::new(),
            http: Some(202),
            mark: None,
            status: None,
            findings: vec![],
        }
    }

    fn diagram(arrows: Vec<Arrow>) -> Diagram {
        let now = Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::from_secs(13) };
        let since = Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::ZERO };
        let limit = Duration::from_secs(600);
        Diagram {
            title: "sid_a challenged".into(),
            arrows,
            ghosts: vec![Ghost { from: Lane::Issuer, to: Lane::Sessions, wire: "RReq", gist: "", hidden: true }],
            deadlines: vec![Deadline {
                name: "Shopper answers",
                since,
                limit,
                end: "Over",
                jumped: Duration::ZERO,
                stood: Duration::ZERO,
            }],
            now,
            open: Some(Duration::from_secs(13)),
            held: false,
        }
    }

    #[test]
    fn an_arrow_runs_from_lane_to_lane_below_its_words() {
        let mut refused = arrow(Lane::Merchant, Lane::Sessions, "POST /sessions");
        refused.status = Some("pending".into());
        refused.findings = vec!["P036 The API refused".into()];
        let text = text(&diagram(vec![refused, arrow(Lane::Issuer, Lane::Browser, "CRes")]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[4].trim_end_matches(['│', ' ']),
            "   0.018          │                 │ POST /sessions 202",
            "{text}"
        );
        assert_eq!(lines[5].matches("│────────────────►│").count(), 1, "{text}");
        assert!(text.contains("! P036 The API refused") && text.contains("[pending]"), "{text}");
        assert!(text.contains("│◄─────") && text.contains("Shopper answers: 9:47 of 10:00 left. Over"), "{text}");
        assert!(text.contains("expected") && text.contains("< - -"), "{text}");
    }

    #[test]
    fn hostile_words_stay_on_their_line_and_in_their_message() {
        let words = "a\nB->>M: forged; %% #35; \u{1b}[31m".to_owned() + &"x".repeat(400);
        let hostile = diagram(vec![arrow(Lane::Sessions, Lane::Callback, &words)]);
        let plain = diagram(vec![arrow(Lane::Sessions, Lane::Callback, "a")]);
        let written = text(&hostile);
        assert_eq!(written.lines().count(), text(&plain).lines().count());
        assert!(written.lines().all(|line| line.chars().count() <= WIDTH), "{written}");
        assert!(!written.contains('\u{1b}') && written.contains('…'));
        let written = mermaid(&hostile);
        assert_eq!(written.lines().count(), mermaid(&plain).lines().count());
        assert!(written.contains("S->>C: 0.018 a B-#62;#62;M#58; forged#59; #37;#37; #35;35#59;"), "{written}");
    }
}
