//! The sequence diagram for others: of a recorded run, and as a picture. The picture: SVG, whole, in the colours that are handed in. Promises:
//! well-formed XML whatever the words are, and nothing in it acts: no script, no link.

use std::fmt::Write as _;

use super::text;
use crate::model::run::{Entry, Run};
use crate::model::sequence::{Arrow, Diagram, Ghost, Kind, one_line, seconds};
use crate::model::{Lane, Stamp};

/// Width of the picture, points.
const WIDTH: f32 = 1000.0;
/// Where the lanes begin, points.
const TIME: f32 = 72.0;
/// From lane to lane, points.
const LANE: f32 = (WIDTH - TIME - 12.0) / 6.0;
/// Title and heads, points.
const HEAD: f32 = 92.0;
/// Height of a step, points. Source: design.md, «Numbers».
const STEP: f32 = 37.0;
/// What a status or a finding adds, points.
const MORE: f32 = 24.0;
/// What a deadline takes, points.
const DEADLINE: f32 = 26.0;
/// Width of a character of 12 points in Hack.
const CHAR: f32 = 7.23;
/// Longest label, characters: those that fit the picture.
const LONGEST: usize = 124;

/// Colours as `#rrggbb`, by meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inks {
    /// What everything stands on.
    pub ground: String,
    /// Cards and lane heads.
    pub card: String,
    /// Lines that separate.
    pub line: String,
    /// What is read.
    pub text: String,
    /// What is quiet.
    pub muted: String,
    /// The present.
    pub accent: String,
    /// What needs a look: text and its ground.
    pub warning: (String, String),
    /// Each lane's own: ink and tint, in the order of [`Lane::ALL`].
    pub lanes: [(String, String); 6],
}

/// The diagram of a run that is over. `show` makes text from elsewhere harmless.
pub fn recorded(run: &Run, show: impl Fn(&str) -> String) -> Diagram {
    let arrow = |(entry, line): (&Entry, text::Line)| Arrow {
        at: entry.at.since(run.started),
        took: entry.took,
        from: entry.from,
        to: entry.to,
        kind: Kind::of(entry.class(), entry.is_wait(), (entry.from, entry.to)),
        words: show(&line.what),
        note: show(&entry.remark.note),
        http: line.http,
        mark: None,
        status: line.status.as_deref().map(&show),
        findings: line.findings.iter().map(|said| show(&format!("{} {}", said.rule, said.title))).collect(),
    };
    let title = run.session().map_or_else(
        || "Session, not created in this recording".to_owned(),
        |session| show(&format!("{} {}", session.id.0, session.status.word())),
    );
    Diagram {
        title,
        arrows: run.entries.iter().zip(text::lines(run)).map(arrow).collect(),
        ghosts: Vec::new(),
        deadlines: Vec::new(),
        now: Stamp { mono: run.started.mono + run.length(), ..run.started },
        open: None,
        held: false,
    }
}

/// The diagram as an SVG document.
pub fn svg(diagram: &Diagram, inks: &Inks) -> String {
    let mut page = Page { body: String::new(), y: HEAD, inks };
    diagram.arrows.iter().for_each(|arrow| page.arrow(arrow));
    for deadline in &diagram.deadlines {
        let left = deadline.left(diagram.now);
        let words = if diagram.held { "clock held".into() } else { deadline.words(left) };
        let line = format!("{}: {words}. {}", deadline.name, deadline.end);
        page.label(WIDTH / 2.0, page.y + 13.0, &line, &inks.text);
        page.y += DEADLINE;
    }
    if let Some(now) = diagram.open {
        let y = page.y + 8.0;
        page.line((12.0, y), (WIDTH - 12.0, y), &inks.accent, 1.0, "");
        page.text(12.0, y - 4.0, "start", &inks.accent, &format!("{:.1} s", now.as_secs_f32()));
        page.text(WIDTH - 12.0, y - 4.0, "end", &inks.accent, "now");
        page.y += 20.0;
    }
    diagram.ghosts.iter().for_each(|ghost| page.ghost(ghost));
    let height = page.y + 20.0;
    let Page { body, .. } = page;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"Hack, monospace\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/>\n",
        inks.ground
    );
    let mut head = Page { body: String::new(), y: 0.0, inks };
    head.heads(&diagram.title, height);
    svg.extend([head.body.as_str(), &body, "</svg>\n"]);
    svg
}

fn place(lane: Lane) -> usize {
    Lane::ALL.iter().position(|one| *one == lane).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss)] // six lanes
fn x(lane: Lane) -> f32 {
    TIME + LANE * (place(lane) as f32 + 0.5)
}

struct Page<'a> {
    body: String,
    y: f32,
    inks: &'a Inks,
}

impl<'a> Page<'a> {
    fn ink(&self, lane: Lane) -> &'a str {
        self.inks.lanes.get(place(lane)).map_or("", |(ink, _)| ink.as_str())
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: &str, width: f32, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\" fill=\"none\"{more}/>"
        );
    }

    fn text(&mut self, x: f32, y: f32, anchor: &str, colour: &str, words: &str) {
        let words = escaped(words);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" xml:space=\"preserve\">{words}</text>"
        );
    }

    fn rect(&mut self, at: (f32, f32), size: (f32, f32), fill: &str, more: &str) {
        let ((x, y), (w, h)) = (at, size);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill=\"{fill}\"{more}/>"
        );
    }

    /// Words on a patch of the ground, about this middle, within the picture.
    #[allow(clippy::cast_precision_loss)] // at most `LONGEST`
    fn label(&mut self, middle: f32, y: f32, words: &str, colour: &str) {
        let words = cut(words);
        let width = words.chars().count() as f32 * CHAR;
        let middle = middle.clamp(TIME + width / 2.0, (WIDTH - 8.0 - width / 2.0).max(TIME + width / 2.0));
        let ground = &self.inks.ground;
        self.rect((middle - width / 2.0 - 4.0, y - 12.0), (width + 8.0, 16.0), ground, "");
        self.text(middle, y, "middle", colour, &words);
    }

    fn heads(&mut self, title: &str, height: f32) {
        let inks = self.inks;
        self.text(12.0, 26.0, "start", &inks.text, &cut(title));
        for lane in Lane::ALL {
            let (x, ink) = (x(lane), self.ink(lane));
            self.line((x, 80.0), (x, height - 12.0), ink, 1.0, " opacity=\"0.4\"");
            let (left, width) = (x - LANE / 2.0 + 4.0, LANE - 8.0);
            self.rect((left, 44.0), (width, 32.0), &inks.card, &format!(" rx=\"5\" stroke=\"{}\"", inks.line));
            self.line((left + 2.0, 75.0), (left + width - 2.0, 75.0), ink, 2.0, "");
            self.text(x, 64.0, "middle", &inks.text, lane.name());
        }
    }

    fn arrow(&mut self, arrow: &Arrow) {
        let inks = self.inks;
        let (from, to, y) = (x(arrow.from), x(arrow.to), self.y + 25.0);
        let middle = f32::midpoint(from, to);
        let quiet = arrow.kind == Kind::Hidden;
        let colour = if quiet { &inks.muted } else { &inks.text };
        let label = match (arrow.kind, arrow.took) {
            (Kind::Wait, Some(took)) => format!("{}, {:.1} s", arrow.label(), took.as_secs_f32()),
            _ => arrow.label(),
        };
        self.text(TIME - 12.0, y + 4.0, "end", &inks.muted, &seconds(arrow.at));
        let ink = if arrow.findings.is_empty() { self.ink(arrow.from) } else { &inks.warning.0 };
        match arrow.kind {
            Kind::Note => self.label(middle, y, &label, &inks.muted),
            Kind::Wait => {
                self.label(middle, self.y + 15.0, &label, colour);
                for lane in [arrow.from, arrow.to] {
                    let ink = self.ink(lane);
                    self.rect((x(lane) - 5.0, self.y + 4.0), (10.0, STEP - 6.0), ink, " rx=\"3\"");
                }
            }
            Kind::Message | Kind::Hidden => {
                self.label(middle, self.y + 15.0, &label, colour);
                let (width, more) = if quiet { (1.2, " opacity=\"0.62\"") } else { (1.6, "") };
                let back = if to < from { 1.0 } else { -1.0 };
                self.line((from, y), (to + back * 7.0, y), ink, width, more);
                let _ = writeln!(
                    self.body,
                    "<path d=\"M{:.1} {y:.1}l{:.1} -4v8z\" fill=\"{ink}\"{more}/><circle cx=\"{from:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{ink}\"{more}/>",
                    to + back,
                    back * 8.0
                );
            }
        }
        self.y += STEP;
        for finding in &arrow.findings {
            let words = format!("! {finding}");
            self.note(x(arrow.to), &words, &inks.warning.0, &inks.warning.1);
        }
        if let Some(status) = &arrow.status {
            self.note(x(Lane::Sessions), status, &inks.text, &inks.card);
        }
    }

    /// Words on a ground of their own, in a line below a step.
    #[allow(clippy::cast_precision_loss)] // at most `LONGEST`
    fn note(&mut self, middle: f32, words: &str, ink: &str, tint: &str) {
        let words = cut(words);
        let width = words.chars().count() as f32 * CHAR + 16.0;
        let middle = middle.clamp(width / 2.0 + 8.0, (WIDTH - 8.0 - width / 2.0).max(width / 2.0 + 8.0));
        self.rect((middle - width / 2.0, self.y), (width, 19.0), tint, &format!(" rx=\"9\" stroke=\"{ink}\""));
        self.text(middle, self.y + 13.5, "middle", ink, &words);
        self.y += MORE;
    }

    fn ghost(&mut self, ghost: &Ghost) {
        let inks = self.inks;
        let (from, to, y) = (x(ghost.from), x(ghost.to), self.y + 25.0);
        self.label(f32::midpoint(from, to), self.y + 15.0, &ghost.label(), &inks.muted);
        self.line((from, y), (to, y), &inks.muted, 1.2, " stroke-dasharray=\"5 4\"");
        let back = if to < from { 7.0 } else { -7.0 };
        self.line((to + back, y - 4.0), (to, y), &inks.muted, 1.2, "");
        self.line((to + back, y + 4.0), (to, y), &inks.muted, 1.2, "");
        self.y += STEP;
    }
}

fn cut(words: &str) -> String {
    let words = one_line(words);
    if words.chars().count() <= LONGEST {
        return words;
    }
    words.chars().take(LONGEST - 1).chain(std::iter::once('…')).collect()
}

/// Text inside an element. What XML cannot hold is shown as a replacement.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\u{FFFE}' | '\u{FFFF}' => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    fn inks() -> Inks {
        let ink = |colour: &str| colour.to_owned();
        Inks {
            ground: ink("#000000"),
            card: ink("#111111"),
            line: ink("#222222"),
            text: ink("#ffffff"),
            muted: ink("#999999"),
            accent: ink("#0000ff"),
            warning: (ink("#ffff00"), ink("#333300")),
            lanes: std::array::from_fn(|_| (ink("#00ff00"), ink("#003300"))),
        }
    }

    #[test]
    fn every_word_is_text_and_the_document_is_whole() {
        let now = Stamp { wall: Timestamp::UNIX_EPOCH, mono: Duration::from_secs(3) };
        let arrow = Arrow {
            at: Duration::from_millis(18),
            took: None,
            from: Lane::Merchant,
            to: Lane::Sessions,
            kind: Kind::Message,
            words: "</text><script>alert(1)</script>&\n\u{1}".into(),
            note: String::new(),
            http: Some(403),
            mark: None,
            status: Some("\"><x".into()),
            findings: vec!["P036 refused".into()],
        };
        let (ghosts, deadlines, open) = (vec![], vec![], Some(Duration::from_secs(3)));
        let diagram = Diagram { title: "sid_a".into(), arrows: vec![arrow], ghosts, deadlines, now, open, held: false };
        let svg = svg(&diagram, &inks());
        let mut reader = quick_xml::Reader::from_str(&svg);
        let mut names = Vec::new();
        loop {
            match reader.read_event().expect("well formed") {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(element) | quick_xml::events::Event::Empty(element) => {
                    names.push(String::from_utf8_lossy(element.name().as_ref()).into_owned());
                }
                _ => (),
            }
        }
        assert!(
            names.iter().all(|name| ["svg", "rect", "path", "text", "circle"].contains(&name.as_str())),
            "{names:?}"
        );
        assert!(svg.contains("P036 refused") && svg.contains("&lt;script&gt;"));
    }
}
